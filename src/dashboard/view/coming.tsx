import type { VNode } from 'preact'
import type { Job } from '../answers.ts'
import { whoText } from '../model/outcome.ts'
import { Distance, Instant } from './pieces.tsx'

/** The next ticks of a job, each with who is predicted to run it. */
export function Coming(props: { ticks: Job['next']; jobZone: string }): VNode {
  return (
    <ol class="coming">
      {props.ticks.map(({ plannedAt, node, nodeName, deniedBy }) => (
        <li key={plannedAt}>
          <Instant ms={Date.parse(plannedAt)} jobZone={props.jobZone} />
          <span class={node === null ? 'tone-bad' : 'mono'}>
            {whoText({ node, nodeName, deniedBy })}
          </span>
          <span />
          <Distance ms={Date.parse(plannedAt)} />
        </li>
      ))}
    </ol>
  )
}
