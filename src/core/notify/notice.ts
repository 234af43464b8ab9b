// One message to people: what happened, in facts and in one line.

import { hash64, hex64 } from '../hash.ts'
import type { ExecutionId, JobName, MemberId } from '../ids.ts'
import type { NoticeEvent } from './rule.ts'

export interface Notice {
  /** 16 hex digits: who judges the same facts by the same rule gives the same id. */
  readonly id: string
  readonly event: NoticeEvent | 'test'
  /** A reminder that the alarm lasts. */
  readonly isReminder: boolean
  readonly atMs: number
  readonly job: JobName | null
  readonly timezone: string
  readonly execution: ExecutionId | null
  readonly dueMs: number | null
  /** The executor, or the member that it is about. */
  readonly member: MemberId | null
  readonly memberName: string
  readonly outcome: string
  readonly reason: string
  readonly attempts: number
  /** Bad ends in a row. */
  readonly streak: number
  /** What else was open on that member. */
  readonly others: readonly ExecutionId[]
}

/** The id of a message: of a rule about an execution, or about what stands in its place. */
export const noticeId = (rule: string, about: string, event: string): string =>
  hex64(hash64(`N|${rule}|${about}|${event}`))

export const emptyNotice: Omit<Notice, 'id' | 'event' | 'atMs'> = {
  isReminder: false,
  job: null,
  timezone: 'UTC',
  execution: null,
  dueMs: null,
  member: null,
  memberName: '',
  outcome: '',
  reason: '',
  attempts: 0,
  streak: 0,
  others: [],
}

const verbs: Readonly<Record<Notice['event'], string>> = {
  failure: 'failed',
  timeout: 'ran into its timeout',
  lost: 'was lost',
  missed: 'did not run',
  'no-eligible-node': 'had no node that may run it',
  skipped: 'was skipped',
  started: 'started',
  success: 'succeeded',
  retrying: 'failed and is tried again',
  'late-start': 'started late',
  'long-run': 'runs longer than usual',
  recovered: 'is well again',
  flapping: 'changes between good and bad: silence until it settles',
  paused: 'was paused',
  duplicate: 'was started twice',
  conflict: 'was edited twice at once',
  'member-down': 'is down',
  'clock-bad': 'has a clock that cannot be trusted',
  isolated: 'is cut off from the fleet',
  'disk-low': 'is short of disk space',
  'engine-skew': 'has another scheduler or time zone data than most',
  test: 'this is a test',
}

/** The message in one line. */
export function sentenceOf(notice: Notice): string {
  const { event, job, memberName, reason, streak, isReminder } = notice
  const who = job ?? (memberName === '' ? 'meshcron' : memberName)
  const where = job === null || memberName === '' ? '' : ` on ${memberName}`
  const why = reason === '' ? '' : ` (${reason})`
  const often = streak > 1 ? `, ${streak} in a row` : ''
  return `${isReminder ? 'still: ' : ''}${who} ${verbs[event]}${where}${why}${often}`
}
