// Small charts in SVG.

import type { VNode } from 'preact'
import type { Minute } from '../model/summary.ts'
import type { Tone } from '../model/outcome.ts'

/** Ticks per minute of an hour; what went wrong stands on top. */
export function HourBars(props: { minutes: readonly Minute[] }): VNode {
  const { minutes } = props
  const top = Math.max(1, ...minutes.map(({ good, bad }) => good + bad))
  const scale = 22 / top
  return (
    <svg
      class="hour-bars"
      viewBox="0 0 180 24"
      preserveAspectRatio="none"
      role="img"
      aria-label="ticks per minute in the last hour"
    >
      {minutes.map(({ good, bad }, i) => (
        <g key={i}>
          <rect x={i * 3} y={24 - good * scale} width="2" height={good * scale} class="fill-ok" />
          <rect
            x={i * 3}
            y={24 - (good + bad) * scale}
            width="2"
            height={bad * scale}
            class="fill-bad"
          />
        </g>
      ))}
    </svg>
  )
}

/** Ticks per minute of the hour to come, on a scale that several lanes share. */
export function MinuteBars(props: {
  minutes: readonly number[]
  top: number
  label: string
}): VNode {
  const scale = 13 / props.top
  return (
    <svg viewBox="0 0 360 16" preserveAspectRatio="none" role="img" aria-label={props.label}>
      <path d="M0 15.5h360" class="base" />
      {props.minutes.map((n, i) => (
        <rect key={i} x={i * 6 + 0.5} y={15 - n * scale} width="5" height={n * scale} />
      ))}
    </svg>
  )
}

/** One mark per execution, oldest first. */
export function Spark(props: {
  marks: readonly { readonly key: string; readonly tone: Tone; readonly title: string }[]
}): VNode {
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${props.marks.length * 5} 14`}
      width={props.marks.length * 5}
      height="14"
      role="img"
      aria-label={`last outcomes: ${props.marks.map(({ title }) => title).join(', ')}`}
    >
      {props.marks.map(({ key, tone, title }, i) => (
        <rect
          key={key}
          x={i * 5}
          y={tone === 'ok' ? 4 : 1}
          width="3.4"
          height={tone === 'ok' ? 8 : 12}
          class={`fill-${tone}`}
        >
          <title>{title}</title>
        </rect>
      ))}
    </svg>
  )
}
