// What runs amount to, in text: options first, then the verdict, lateness, and what was missed or
// doubled per million ticks, by cause.

import type { Counters, Violation } from './history.ts'
import type { Options } from './options.ts'
import type { Run } from './run.ts'

/** Several runs together. */
export interface Total {
  readonly seeds: number
  readonly hours: number
  readonly violations: number
  readonly stats: Counters
  readonly sometimes: Counters
}

export const nothing: Total = { seeds: 0, hours: 0, violations: 0, stats: {}, sometimes: {} }

/** Adds one run to others. */
export const add = (total: Total, run: Run, violations: number, stats: Counters): Total => ({
  seeds: total.seeds + 1,
  hours: total.hours + run.hours,
  violations: total.violations + violations,
  stats: sum(total.stats, stats),
  sometimes: sum(total.sometimes, run.sometimes),
})

/** Counters added up, name by name. */
export function sum(a: Counters, b: Counters): Counters {
  const out: Record<string, number> = { ...a }
  for (const [name, count] of Object.entries(b)) out[name] = (out[name] ?? 0) + count
  return out
}

/** The options of a run, one line each for what matters most. */
export function optionsText(options: Options): string {
  const { seed, profile, nodes, joiners, safetyMs, jobs, writesPerMinute, net, faults } = options
  const minutes = (ms: number): string => (ms / 60_000).toFixed(1)
  const joining = joiners > 0 ? ` and ${joiners} that join` : ''
  return [
    `seed ${seed}: ${profile}, ${nodes} nodes${joining}, ${minutes(safetyMs)} min of faults`,
    `  ${jobs} jobs in ${options.timezone} from ${new Date(options.startMs).toISOString()}, ` +
      `${writesPerMinute.toFixed(2)} writes/min`,
    ...(net.capacity === Infinity ? [] : [`  links carry ${net.capacity} bytes/s each way`]),
    `  delay ${net.delayMs.map((ms) => ms.toFixed(1)).join('–')} ms + ${net.tailMs.toFixed(1)}, ` +
      `loss ${(100 * net.loss).toFixed(1)} %, replay ${(100 * net.replay).toFixed(1)} %, ` +
      `clocks ±${Math.round(options.skewMs)} ms ±${Math.round(options.driftPpm)} ppm, ` +
      `fsync ${options.syncMs.toFixed(1)} ms`,
    `  faults: ${Object.keys(faults).join(', ') || 'none'}`,
  ].join('\n')
}

/** One line about how a run ended. */
export const verdictLine = (run: Run, violations: readonly Violation[]): string =>
  `${violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`} · ` +
  `${run.hours.toFixed(2)} cluster-hours · ${run.events} events · trace ${run.traceHash.slice(0, 16)}`

/** What a run cost each of its nodes. */
export function costLine({ options, hours, sent, convergedMs }: Run, cpuMs: number): string {
  const nodeSeconds = (options.nodes + options.joiners) * hours * 3_600
  const since = convergedMs === undefined ? 'never' : `within ${Math.round(convergedMs / 1_000)} s`
  return (
    `${Math.round(sent.bytes / nodeSeconds)} bytes/s and ` +
    `${(sent.frames / nodeSeconds).toFixed(1)} frames/s sent per node · ` +
    `${((100 * cpuMs) / (1_000 * nodeSeconds)).toFixed(3)} % of a processor per node, simulation included · ` +
    `all alike ${since} of the last fault`
  )
}

/** Lateness and what was missed or doubled, by cause. */
export function figuresText({ stats }: Pick<Total, 'stats'>): string {
  return [latenessText(stats), perMillionText(stats)].join('\n')
}

function latenessText(stats: Counters): string {
  const buckets = Object.entries(stats)
    .flatMap(([name, count]): readonly (readonly [number, number])[] => {
      const match = /^C1\.late\u2264(\d+)$/.exec(name)
      return match === null ? [] : [[Number(match[1]), count]]
    })
    .sort(([a], [b]) => a - b)
  const total = buckets.reduce((n, [, count]) => n + count, 0)
  const lines = buckets.map(([ms, count]) => {
    const share = total === 0 ? 0 : count / total
    const bar = '█'.repeat(Math.ceil(40 * share))
    return `  ≤ ${`${ms}`.padStart(9)} ms ${`${count}`.padStart(9)} ${bar}`
  })
  return [`lateness of ${total} starts`, ...lines].join('\n')
}

function perMillionText(stats: Counters): string {
  const classes = Object.keys(stats).flatMap((name) => /^C1\.obliged@(.+)$/.exec(name)?.[1] ?? [])
  const row = (label: string, suffix: string): string => {
    const ticks = stats[`C1.obliged${suffix}`] ?? 0
    const per = (name: string): string => {
      const count = stats[`${name}${suffix}`] ?? 0
      return `${ticks === 0 ? 0 : Math.round((1e6 * count) / ticks)}`.padStart(12)
    }
    const names = ['C1.missed', 'C1.missed.unexcused', 'C2.duplicates', 'C2.duplicates.unexcused']
    return `  ${label.padEnd(12)}${`${ticks}`.padStart(9)}${names.map(per).join('')}`
  }
  return [
    'per million ticks, delivery at-least-once; unexcused ones are broken promises',
    '                  ticks      missed   unexcused     doubled   unexcused',
    row('all', ''),
    ...classes.sort().map((name) => row(name, `@${name}`)),
  ].join('\n')
}
