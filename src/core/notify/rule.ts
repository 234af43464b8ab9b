// What somebody wants to hear about, and through which channel.

import { hash64, hex64 } from '../hash.ts'

/** How a tick may end badly; a rule that names one of them is in alarm from the n-th in a row on. */
export type BadEvent = 'failure' | 'timeout' | 'lost' | 'missed' | 'no-eligible-node' | 'skipped'
export const badEvents: readonly BadEvent[] = [
  'failure',
  'timeout',
  'lost',
  'missed',
  'no-eligible-node',
  'skipped',
]

/** What a job can tell of. */
export type JobEvent =
  | BadEvent
  | 'started'
  | 'success'
  | 'retrying'
  | 'late-start'
  | 'long-run'
  | 'recovered'
  | 'flapping'
  | 'paused'
  | 'duplicate'
  | 'conflict'
export const jobEvents: readonly JobEvent[] = [
  ...badEvents,
  'started',
  'success',
  'retrying',
  'late-start',
  'long-run',
  'recovered',
  'flapping',
  'paused',
  'duplicate',
  'conflict',
]

/** What a member can tell of the fleet. */
export type FleetEvent = 'member-down' | 'clock-bad' | 'isolated' | 'disk-low' | 'engine-skew'
export const fleetEvents: readonly FleetEvent[] = [
  'member-down',
  'clock-bad',
  'isolated',
  'disk-low',
  'engine-skew',
]

export type NoticeEvent = JobEvent | FleetEvent

export interface NotifyRule {
  readonly on: readonly NoticeEvent[]
  /** Name of a channel; the owners of the nodes say what it is. */
  readonly via: string
  /** Bad ticks in a row before the alarm, and good ones before it is over. */
  readonly after: number
  readonly recoverAfter: number
  /** While the alarm lasts, one more message each time; null: none. */
  readonly remindMs: number | null
  /** Calendar that silences the rule while it denies; null: none. */
  readonly mute: string | null
  /** Lateness from which a start is late. */
  readonly lateStartMs: number
  /** Running time from which a run is long; null: `factor` alone says. */
  readonly overMs: number | null
  /** Multiple of the usual running time, in tenths. */
  readonly factorTenths: number
}

/** What a job says about notifications. */
export interface Notify {
  readonly rules: readonly NotifyRule[]
  /** A success is missed when the last one is older; null: each tick is looked for. */
  readonly expectEveryMs: number | null
}

export const noNotify: Notify = { rules: [], expectEveryMs: null }

/** What a rule is called: equal rules are one, whoever wrote them and in whatever place. */
export function ruleKey(rule: NotifyRule): string {
  const { on, via, after, recoverAfter, remindMs, mute, lateStartMs, overMs, factorTenths } = rule
  const parts = [[...on].sort().join(), via, after, recoverAfter, remindMs, mute]
  return hex64(hash64(JSON.stringify([...parts, lateStartMs, overMs, factorTenths])))
}

/** The bad ends that a rule counts; one that asks for recoveries alone counts all but skipped ones. */
export function countedBy({ on }: NotifyRule): readonly BadEvent[] {
  const named = badEvents.filter((event) => on.includes(event))
  if (named.length > 0) return named
  const isAboutState = on.includes('recovered') || on.includes('flapping')
  return isAboutState ? badEvents.filter((event) => event !== 'skipped') : []
}

/** Whether the last ends of a job matter to a rule. */
export const needsHistory = (rule: NotifyRule): boolean =>
  countedBy(rule).length > 0 || rule.on.includes('long-run')

/** Whether a rule says anything about jobs. */
export const isAboutJobs = ({ on }: NotifyRule): boolean =>
  on.some((event) => (jobEvents as readonly string[]).includes(event))
