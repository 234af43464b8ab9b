// Whether a child starts, waits or never will, from what is known of the jobs that it is after.

import { isRan, isSettled, type Ledger } from '../execution/ledger.ts'
import type { Outcome, StoredRecord } from '../execution/record.ts'
import { everySlot, type ExecutionId, type JobName, type Slot } from '../ids.ts'
import type { Edge, Join } from '../jobs/definition.ts'

/** How an execution ended over all its slots. */
export interface ParentEnd {
  readonly job: JobName
  readonly execution: ExecutionId
  readonly outcome: Outcome | 'partial'
  readonly reason: string
  readonly endedMs: number
  readonly slots: readonly Slot[]
  /** The records that say so. */
  readonly records: readonly StoredRecord[]
}

/** One edge and the end of its parent; undefined while that is open. */
export interface EdgeState {
  readonly edge: Edge
  readonly end: ParentEnd | undefined
}

export type Verdict =
  | { readonly kind: 'waits' }
  | { readonly kind: 'starts' | 'never'; readonly because: readonly ParentEnd[] }

const ranBadly: readonly ParentEnd['outcome'][] = ['failure', 'partial', 'lost', 'unknown']

/** Whether an edge holds, now that its parent has ended. */
export function holds(
  on: Edge['on'],
  { outcome, reason }: Pick<ParentEnd, 'outcome' | 'reason'>,
): boolean {
  const isCancelled = outcome === 'cancelled'
  const hasRun = outcome === 'success' || isCancelled || ranBadly.includes(outcome)
  switch (on) {
    case 'success':
      return outcome === 'success'
    case 'failure':
      return ranBadly.includes(outcome) || (isCancelled && ['timeout', 'shutdown'].includes(reason))
    case 'complete':
      return hasRun
    case 'missed':
      return !hasRun && outcome !== 'skipped-upstream'
  }
}

/** Judges the edges whose parents belong to the run of the root; there is at least one. */
export function judgeJoin(join: Join, edges: readonly EdgeState[]): Verdict {
  const words = { all: edges.length, any: 1 }
  const wanted = Math.min(typeof join === 'number' ? join : words[join], edges.length)
  const ended = edges.filter(({ end }) => end !== undefined)
  const held = ended.filter(({ edge, end }) => holds(edge.on, end!)).map(({ end }) => end!)
  if (held.length >= wanted) {
    const first = held.toSorted((a, b) => a.endedMs - b.endedMs).slice(0, wanted)
    return { kind: 'starts', because: first }
  }
  const isHopeless = held.length + edges.length - ended.length < wanted
  if (!isHopeless) return { kind: 'waits' }
  const failed = ended.filter(({ edge, end }) => !holds(edge.on, end!)).map(({ end }) => end!)
  return { kind: 'never', because: failed }
}

/** How an execution ended as far as this node knows; undefined while one of its slots is open. */
export function endOf(ledger: Ledger, job: JobName, execution: ExecutionId): ParentEnd | undefined {
  const slots = ledger.slots(execution).filter((slot) => slot !== everySlot)
  const records = slots.map((slot) => ledger.newest(execution, slot)!)
  return records.length === 0 ? undefined : endFrom(job, execution, records)
}

export function endFrom(
  job: JobName,
  execution: ExecutionId,
  records: readonly StoredRecord[],
): ParentEnd | undefined {
  if (!records.every(({ record }) => isSettled(record))) return undefined
  const ran = records.filter(({ record }) => isRan(record))
  const speakers = ran.length > 0 ? ran : records
  const bad = speakers.find(({ record }) => record.outcome !== 'success')
  const isPartial = bad !== undefined && speakers.some((one) => one.record.outcome === 'success')
  const { outcome, reason } = (bad ?? speakers[0]!).record
  return {
    job,
    execution,
    outcome: isPartial ? 'partial' : outcome!,
    reason,
    endedMs: Math.max(...records.map(({ record }) => record.endedMs ?? record.dueMs)),
    slots: records.map(({ record }) => record.slot),
    records,
  }
}
