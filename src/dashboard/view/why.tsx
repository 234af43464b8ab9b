// Why this node: the ranking, who could not, and the sentences of the judgement.

import type { VNode } from 'preact'
import type { Explain } from '../answers.ts'
import { nodeText, toneOf } from '../model/outcome.ts'
import { Word } from './pieces.tsx'

export function Why(props: { explain: Explain; executor?: string | null }): VNode {
  const { rank, excluded, facts } = props.explain
  return (
    <div class="why">
      <ol class="ranking">
        {rank.map(({ id, name, state, score }, i) => (
          <li key={id} class={id === props.executor ? 'chosen' : ''}>
            <span class="quiet">{i + 1}</span>
            <span class="mono">{nodeText(id, name)}</span>
            <Word word={state} tone={toneOf(state)} />
            <span class="quiet number">{score === undefined ? '' : score.toPrecision(3)}</span>
          </li>
        ))}
        {excluded.map(({ id, name, reason }) => (
          <li key={id} class="out">
            <span class="quiet">–</span>
            <span class="mono">{nodeText(id, name)}</span>
            <span class="reason">{reason}</span>
          </li>
        ))}
      </ol>
      {rank.length === 0 && excluded.length === 0 ? <p class="quiet">nobody was there</p> : null}
      <details open={props.executor !== undefined}>
        <summary>how that was judged</summary>
        <ul>
          {facts.map((fact) => (
            <li key={fact}>{fact}</li>
          ))}
        </ul>
      </details>
    </div>
  )
}
