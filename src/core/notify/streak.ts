// When a rule is in alarm, as a pure function of how the ticks of a job ended: members that know the
// same ends come to the same messages. Retries are one end; ends that a rule does not count change
// nothing.

import type { ExecutionId } from '../ids.ts'
import type { ExecutionRecord } from '../execution/record.ts'
import type { ParentEnd } from '../graph/verdict.ts'
import { countedBy, type BadEvent, type NotifyRule } from './rule.ts'

/** How one execution ended; a range of ticks that did not run is one entry with their number. */
export interface Ended {
  readonly execution: ExecutionId
  readonly dueMs: number
  readonly end: BadEvent | 'success' | 'other'
  readonly count: number
  readonly endedMs: number
  /** Running time of a success. */
  readonly tookMs: number | null
}

/** Where a rule stands after some ends. */
export interface Standing {
  readonly isAlarm: boolean
  readonly bad: number
  readonly good: number
  /** Equal ends in a row. */
  readonly equal: number
  readonly wasBad: boolean | null
  /** Ends so far, and at which of them the alarm came or went, newest last. */
  readonly seen: number
  readonly changes: readonly number[]
  readonly isFlapping: boolean
  /** Of the alarm. */
  readonly sinceMs: number
  readonly execution: ExecutionId | null
  /** The newest bad end. */
  readonly badEnd: BadEvent | null
}

/** A message that an end makes due. */
export interface Change {
  readonly event: BadEvent | 'recovered' | 'flapping'
  readonly ended: Ended
  readonly streak: number
}

export const calm: Standing = {
  isAlarm: false,
  bad: 0,
  good: 0,
  equal: 0,
  wasBad: null,
  seen: 0,
  changes: [],
  isFlapping: false,
  sinceMs: 0,
  execution: null,
  badEnd: null,
}

/** More changes than this within `flapWindow` ends are flapping, until so many equal ends. */
const flapChanges = 4
const flapWindow = 24
const flapCalm = 6

/** What an end is to a rule: bad, good, or nothing. */
export function isBadTo(rule: NotifyRule, { end }: Ended): boolean | null {
  if (end === 'success') return false
  if (end === 'other') return null
  const counted = countedBy(rule)
  return counted.includes(end) || (end === 'timeout' && counted.includes('failure')) ? true : null
}

/** One end later. */
export function stand(
  rule: NotifyRule,
  before: Standing,
  ended: Ended,
): { readonly after: Standing; readonly change?: Change } {
  const isBad = isBadTo(rule, ended)
  if (isBad === null) return { after: before }
  const { count } = ended
  const bad = isBad ? before.bad + count : 0
  const good = isBad ? 0 : before.good + count
  const equal = before.wasBad === isBad ? before.equal + count : count
  const seen = before.seen + count
  const isAlarm = before.isAlarm ? good < rule.recoverAfter : bad >= rule.after
  const isChange = isAlarm !== before.isAlarm
  const recent = before.changes.filter((at) => seen - at < flapWindow)
  const changes = isChange ? [...recent, seen] : recent
  const starts = !before.isFlapping && changes.length > flapChanges
  const ends = before.isFlapping && equal >= flapCalm
  const isFlapping = starts || (before.isFlapping && !ends)
  const begun = isChange && isAlarm
  const after: Standing = {
    isAlarm,
    bad,
    good,
    equal,
    wasBad: isBad,
    seen,
    changes: ends ? [] : changes.slice(-flapChanges - 1),
    isFlapping,
    sinceMs: begun ? ended.endedMs : before.sinceMs,
    execution: begun ? ended.execution : before.execution,
    badEnd: isBad ? (ended.end as BadEvent) : before.badEnd,
  }
  const isSettled = isAlarm === isBad && !isFlapping
  const isTold = starts || ((ends || isChange) && isSettled)
  if (!isTold) return { after }
  const state = isBad ? (ended.end as BadEvent) : 'recovered'
  return { after, change: { event: starts ? 'flapping' : state, ended, streak: bad } }
}

/** All ends in their order. */
export function standAfter(
  rule: NotifyRule,
  base: Standing,
  ends: readonly Ended[],
): { readonly standing: Standing; readonly changes: readonly Change[] } {
  const changes: Change[] = []
  let standing = base
  for (const ended of ends) {
    const { after, change } = stand(rule, standing, ended)
    standing = after
    if (change !== undefined) changes.push(change)
  }
  return { standing, changes }
}

/** The end of an execution; `end` speaks for its slots, a range of ticks for itself. */
export function endedBy(record: ExecutionRecord, end: ParentEnd | undefined): Ended {
  const { outcome, reason } = end === undefined || record.count > 1 ? record : end
  const endedMs = end?.endedMs ?? record.endedMs ?? record.throughMs
  const { startedMs, execution, dueMs, count } = record
  const isSuccess = outcome === 'success'
  const tookMs = isSuccess && startedMs !== null ? Math.max(0, endedMs - startedMs) : null
  return { execution, dueMs, end: wordOf(outcome, reason), count, endedMs, tookMs }
}

function wordOf(outcome: ParentEnd['outcome'] | null, reason: string): Ended['end'] {
  switch (outcome) {
    case 'success':
    case 'missed':
    case 'no-eligible-node':
    case 'lost':
      return outcome
    case 'unknown':
      return 'lost'
    case 'failure':
    case 'partial':
      return reason === 'timeout' ? 'timeout' : 'failure'
    case 'skipped-overlap':
    case 'skipped-upstream':
      return 'skipped'
    default:
      return 'other'
  }
}
