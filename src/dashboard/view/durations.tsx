import type { VNode } from 'preact'
import type { ExecutionItem } from '../answers.ts'
import { histogram, percentile, tooksOf, type Bin, type Took } from '../model/durations.ts'
import { count } from '../model/health.ts'
import { hrefOf } from '../model/route.ts'
import { spanText } from '../model/time.ts'
import { Panel } from './pieces.tsx'

const width = 560
const height = 84

/** How long executions took: one by one, and how often. */
export function Durations(props: { items: readonly ExecutionItem[] }): VNode {
  const tooks = tooksOf(props.items)
  const [half, most, longest] = [0.5, 0.95, 1].map((share) => percentile(tooks, share))
  if (half === undefined) {
    return (
      <Panel title="Durations">
        <p class="quiet nothing">it has not run yet</p>
      </Panel>
    )
  }
  return (
    <Panel
      title="Durations"
      aside={
        <span class="quiet">
          p50 {spanText(half)} · p95 {spanText(most!)} · longest {spanText(longest!)}
        </span>
      }
    >
      <div class="durations">
        <figure>
          <OneByOne tooks={tooks} longest={longest!} />
          <figcaption class="quiet">the last {count(tooks.length, 'run')}, oldest left</figcaption>
        </figure>
        <figure>
          <Histogram bins={histogram(tooks)} />
          <figcaption class="quiet">how often it took how long</figcaption>
        </figure>
      </div>
    </Panel>
  )
}

function OneByOne(props: { tooks: readonly Took[]; longest: number }): VNode {
  const { tooks, longest } = props
  const step = width / Math.max(20, tooks.length)
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label="duration of each of the last runs"
    >
      <path d={`M0 ${height - 0.5}h${width}`} class="base" />
      {tooks.map(({ key, id, tookMs, tone }, i) => {
        const h = Math.max(1.5, (tookMs / Math.max(1, longest)) * (height - 8))
        return (
          <a
            key={key}
            href={hrefOf(['executions', id])}
            tabIndex={-1}
            aria-label={spanText(tookMs)}
          >
            <rect
              x={i * step}
              y={height - h}
              width={Math.max(1, step - 1)}
              height={h}
              class={`fill-${tone}`}
            >
              <title>{spanText(tookMs)}</title>
            </rect>
          </a>
        )
      })}
    </svg>
  )
}

function Histogram(props: { bins: readonly Bin[] }): VNode {
  const { bins } = props
  const top = Math.max(1, ...bins.map(({ good, bad }) => good + bad))
  const step = width / bins.length
  const scale = (height - 22) / top
  const floor = height - 14
  return (
    <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label="histogram of the durations">
      <path d={`M0 ${floor + 0.5}h${width}`} class="base" />
      {bins.map(({ fromMs, toMs, good, bad }, i) => (
        <g key={fromMs}>
          <title>{`${spanText(fromMs)} to ${spanText(toMs)}: ${good + bad}`}</title>
          <rect
            x={i * step + 1}
            y={floor - good * scale}
            width={step - 2}
            height={good * scale}
            class="fill-ok"
          />
          <rect
            x={i * step + 1}
            y={floor - (good + bad) * scale}
            width={step - 2}
            height={bad * scale}
            class="fill-bad"
          />
        </g>
      ))}
      <text x="0" y={height - 2}>
        {spanText(bins[0]?.fromMs ?? 0)}
      </text>
      <text x={width} y={height - 2} class="end">
        {spanText(bins.at(-1)?.toMs ?? 0)}
      </text>
    </svg>
  )
}
