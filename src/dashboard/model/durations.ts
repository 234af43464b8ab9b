// How long executions of a job took: a histogram, the percentiles, and the newest one by one.

import type { ExecutionItem } from '../answers.ts'
import { toneOfExecution, type Tone } from './outcome.ts'

export interface Took {
  readonly key: string
  readonly id: string
  readonly atMs: number
  readonly tookMs: number
  readonly tone: Tone
}

/** Executions that have ended, oldest first. */
export function tooksOf(items: readonly ExecutionItem[]): readonly Took[] {
  return items
    .flatMap((item): Took[] => {
      const { id, attempt, scheduledAt, startedAt, finishedAt } = item
      if (startedAt === null || finishedAt === null) return []
      const tookMs = Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt))
      const atMs = Date.parse(scheduledAt)
      return [{ key: `${id}|${attempt}`, id, atMs, tookMs, tone: toneOfExecution(item) }]
    })
    .sort((a, b) => a.atMs - b.atMs)
}

export interface Bin {
  readonly fromMs: number
  readonly toMs: number
  readonly good: number
  readonly bad: number
}

/** Bins of equal width up to a round number; where spans differ hundredfold each is twice the last. */
export function histogram(tooks: readonly Took[], binsMax = 16): readonly Bin[] {
  if (tooks.length === 0) return []
  const longest = Math.max(1, ...tooks.map(({ tookMs }) => tookMs))
  const shortest = Math.min(...tooks.map(({ tookMs }) => tookMs))
  const isWide = longest / Math.max(1, shortest) > 100
  const edges = isWide ? doublingEdges(shortest, longest, binsMax) : evenEdges(longest, binsMax)
  return edges.slice(1).map((toMs, i) => {
    const fromMs = edges[i]!
    const isLast = i === edges.length - 2
    const inside = tooks.filter(({ tookMs }) => tookMs >= fromMs && (tookMs < toMs || isLast))
    const bad = inside.filter(({ tone }) => tone !== 'ok').length
    return { fromMs, toMs, good: inside.length - bad, bad }
  })
}

function evenEdges(longest: number, binsMax: number): number[] {
  const rough = longest / binsMax
  const scale = 10 ** Math.floor(Math.log10(Math.max(1, rough)))
  const step = [1, 2, 5, 10].map((n) => n * scale).find((n) => n >= rough) ?? rough
  return Array.from({ length: Math.floor(longest / step) + 2 }, (_, i) => i * step)
}

function doublingEdges(shortest: number, longest: number, binsMax: number): number[] {
  const edges = [0]
  let edge = 2 ** Math.max(0, Math.ceil(Math.log2(longest)) - binsMax + 1)
  while (edge <= shortest) edge *= 2
  for (; edge <= longest * 2; edge *= 2) edges.push(edge)
  return edges
}

/** The value below which this share lies. */
export function percentile(tooks: readonly Took[], share: number): number | undefined {
  const sorted = tooks.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}
