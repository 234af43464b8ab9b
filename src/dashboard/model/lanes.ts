// Executions as bars in lanes: one lane per node or one per job. Bars of a lane that overlap lie in
// rows below each other. What did not run has a lane of its own among the nodes.

import type { ExecutionItem } from '../answers.ts'
import { isNotRun, toneOfExecution, type Tone } from './outcome.ts'
import { keyOf } from './shelf.ts'

export interface Bar {
  readonly key: string
  readonly item: ExecutionItem
  readonly fromMs: number
  /** Undefined while it runs. */
  readonly toMs: number | undefined
  readonly tone: Tone
  readonly row: number
}

/** A lane that is wanted, whether or not something lies in it. */
export interface LaneHead {
  readonly key: string
  readonly label: string
  /** State of the member or the job. */
  readonly state: string
  readonly path: readonly string[]
}

export interface Lane extends LaneHead {
  /** By their begin. */
  readonly bars: readonly Bar[]
  readonly rows: number
  /** So that a search by begin misses no long bar. */
  readonly longestMs: number
}

export type Grouping = 'node' | 'job'

/** The lane of ticks that nobody ran. */
export const notRunKey = '(not run)'
/** More of them lie in the last row on top of each other. */
const rowsMax = 4

/** Lays every item into its lane; items of a lane that nobody wants are left out. */
export function layLanes(
  items: readonly ExecutionItem[],
  heads: readonly LaneHead[],
  by: Grouping,
  nowMs: number,
): readonly Lane[] {
  const byLane = new Map<string, ExecutionItem[]>(heads.map(({ key }) => [key, []]))
  for (const item of items) byLane.get(laneKey(item, by))?.push(item)
  return heads.map((head) => layLane(head, byLane.get(head.key)!, nowMs))
}

/** The lane of an execution. */
export function laneKey(item: ExecutionItem, by: Grouping): string {
  if (by === 'job') return item.job
  return isNotRun(item) || item.node === null ? notRunKey : item.node
}

function layLane(head: LaneHead, items: readonly ExecutionItem[], nowMs: number): Lane {
  const spans = items.map(spanOf).sort((a, b) => a.fromMs - b.fromMs)
  const ends: number[] = []
  let longestMs = 0
  const bars = spans.map((span): Bar => {
    const free = ends.findIndex((endMs) => endMs <= span.fromMs)
    const row = free === -1 ? Math.min(ends.length, rowsMax - 1) : free
    const endMs = span.toMs ?? nowMs
    ends[row] = Math.max(ends[row] ?? 0, endMs)
    longestMs = Math.max(longestMs, endMs - span.fromMs)
    return { ...span, row }
  })
  return { ...head, bars, rows: Math.max(1, ends.length), longestMs }
}

function spanOf(item: ExecutionItem): Omit<Bar, 'row'> {
  const due = Date.parse(item.scheduledAt)
  const common = { key: keyOf(item), item, tone: toneOfExecution(item) }
  if (isNotRun(item)) return { ...common, fromMs: due, toMs: Date.parse(item.through) }
  const fromMs = item.startedAt === null ? due : Date.parse(item.startedAt)
  const ended = item.finishedAt === null ? undefined : Date.parse(item.finishedAt)
  return { ...common, fromMs, toMs: item.state === 'ended' ? (ended ?? fromMs) : undefined }
}

/** Index of the first bar that may still reach into what begins at `fromMs`. */
export function firstVisible({ bars, longestMs }: Lane, fromMs: number): number {
  let low = 0
  let high = bars.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (bars[middle]!.fromMs < fromMs - longestMs) low = middle + 1
    else high = middle
  }
  return low
}

/** How long executions of each job usually take: the median of those that are known. */
export function typicalDurations(items: readonly ExecutionItem[]): ReadonlyMap<string, number> {
  const byJob = new Map<string, number[]>()
  for (const { job, startedAt, finishedAt, outcome } of items) {
    if (startedAt === null || finishedAt === null || outcome !== 'success') continue
    const known = byJob.get(job) ?? []
    if (known.length < 25) known.push(Date.parse(finishedAt) - Date.parse(startedAt))
    byJob.set(job, known)
  }
  return new Map([...byJob].map(([job, all]) => [job, median(all)]))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
