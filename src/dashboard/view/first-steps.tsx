// What an empty place teaches.

import type { VNode } from 'preact'
import { commands } from '../model/command.ts'
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
export function JoinLine(): VNode {
  return (
    <Panel title="One node is a working cluster. Two survive the loss of one.">
      <p>
        <a href={hrefOf(['members'])}>Invite a machine</a>, or make a token in a terminal and give
        it to <code>meshcron start --join</code> there:
      </p>
      <CommandLine command={commands.invite()} />
    </Panel>
  )
}
