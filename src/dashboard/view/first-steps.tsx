// What an empty place teaches.

import type { VNode } from 'preact'
import type { Status } from '../answers.ts'
import { hrefOf } from '../model/route.ts'
import { templates } from '../model/templates.ts'
import { CommandLine, Panel } from './pieces.tsx'

/** Without jobs: three that work as they are. */
export function Templates(): VNode {
  return (
    <Panel title="No jobs yet: begin with one of these">
      <div class="templates">
        {templates.map(({ name, title, about, command }) => (
          <article key={name}>
            <h3>
              <a data-row href={hrefOf(['new'], { template: name })}>
                {title}
              </a>
            </h3>
            <p class="quiet">{about}</p>
            <CommandLine command={command} />
          </article>
        ))}
      </div>
      <p>
        Or <a href={hrefOf(['new'])}>write one from nothing</a>.
      </p>
    </Panel>
  )
}

/** Alone: how the second node comes. */
export function JoinLine(props: { status: Status }): VNode {
  const address = props.status.self.addresses.find((one) => !one.includes('/127.')) ?? ''
  const [, host = 'HOST', port = '7171'] = /^\/\w+\/([^/]+)\/tcp\/(\d+)/.exec(address) ?? []
  return (
    <Panel title="One node is a working cluster. Two survive the loss of one.">
      <p>
        Copy <code>network.key</code> and <code>cluster.key</code> from the data directory of this
        node to the other machine, and start it there:
      </p>
      <CommandLine
        label="on the other machine"
        command={`meshcron start --peer ${host}:${port} --network-key network.key --cluster-key cluster.key`}
      />
    </Panel>
  )
}
