// What a job is, in its normalised form: every default filled in, every duration in whole
// milliseconds, every instant in milliseconds of UTC. The groups are the unit of merging:
// finer merging would create a schedule that nobody wrote.

import type { JobName } from '../ids.ts'
import type { Notify } from '../notify/rule.ts'
import type { Seat } from '../register/register.ts'
/** After so many executions the job is over. */
export interface Limit {
  readonly of: 'runs' | 'successes'
  readonly count: number
  readonly afterwards: 'pause' | 'delete'
}

/** A calendar that a job obeys. */
export interface CalendarRef {
  readonly name: string
  /** `shift`: a denied start moves to the end of the denial if that is before the next tick. */
  readonly onDeny: 'skip' | 'shift'
  /** What happens to an execution that is open when starts become denied. */
  readonly atEnd: 'finish' | 'cancel'
}

/** What a rule covers: half-open intervals of local time, `[from, to)`. Days count from 1970-01-01. */
export type Cover =
  | { readonly form: 'dates'; readonly days: readonly number[] }
  /** The same days each year, both included: month · 100 + day. */
  | {
      readonly form: 'yearly'
      readonly spans: readonly { readonly from: number; readonly to: number }[]
    }
  /** Minutes of the day; `toMinute` at or before `fromMinute` is on the next day. */
  | {
      readonly form: 'daily'
      readonly fromMinute: number
      readonly toMinute: number
      /** Days on which it begins, 0 is Sunday; all when empty. */
      readonly weekdays: readonly number[]
    }
  | { readonly form: 'cron'; readonly pattern: string; readonly forMs: number }
  /** Instants, or readings of the local clock as if it showed UTC. */
  | {
      readonly form: 'range'
      readonly from: { readonly ms: number; readonly isLocal: boolean }
      readonly to: { readonly ms: number; readonly isLocal: boolean }
    }

export interface CalendarRule {
  readonly kind: 'deny' | 'allow'
  readonly cover: Cover
}

/** When starts are denied. */
export interface Calendar {
  readonly timezone: string
  readonly rules: readonly CalendarRule[]
}

/** A job after another: on which of its outcomes. */
export interface Edge {
  readonly job: JobName
  readonly on: 'success' | 'failure' | 'complete' | 'missed'
}

/** How many edges have to hold: all of those that the root reaches, one, or so many. */
export type Join = 'all' | 'any' | number

/** When the job has ticks, or after which jobs it starts. */
export interface Timing {
  /** At least one entry, each a form of docs/reference/schedule.md: cron, `@every`, `@at`, `@manually` … */
  readonly schedule: readonly string[]
  /** IANA name, always explicit. */
  readonly timezone: string
  readonly dst: 'cron' | 'skip' | 'strict'
  readonly startAtMs: number | null
  readonly endAtMs: number | null
  readonly jitterMs: number
  /** `member`: where every member has its own slot, each has a jitter of its own. */
  readonly jitterPer: 'job' | 'member'
  readonly limit: Limit | null
  readonly calendars: readonly CalendarRef[]
  /** The calendar `freeze` of the fleet does not apply. */
  readonly ignoreFreeze: boolean
  /** Empty: it has a schedule. Else its schedule is `@manually`. */
  readonly after: readonly Edge[]
  readonly join: Join
  /** From the end that it waited for to its start. */
  readonly delayMs: number
  /** Phase of `@every`: instant of the write that set the interval; ticks exist only after it. */
  readonly anchorMs: number
}

/** The timing of a job that acts: its generation may begin later. */
export interface ActingTiming extends Timing {
  /** No ticks before this instant. */
  readonly fromMs?: number
}

/** What is run, and the profile of the node's owner that it runs under; absent: `default`. */
export type Run = Executed & { readonly profile?: string }

type Executed =
  | { readonly kind: 'exec'; readonly argv: readonly string[] }
  | { readonly kind: 'shell'; readonly script: string }
  | {
      readonly kind: 'http'
      readonly method: string
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
      /** Status codes that count as success; empty means 200 to 299. */
      readonly expect: readonly number[]
      /** A text that the answer must hold; null: whatever. */
      readonly expectContains: string | null
      /** A regular expression that the answer must match. */
      readonly expectMatches: string | null
      /** JSON map from JSON pointers to the values that the answer must have there. */
      readonly expectJson: string | null
    }
  | {
      readonly kind: 'mqtt'
      readonly url: string
      readonly topic: string
      readonly payload: string
      readonly qos: 0 | 1 | 2
      readonly retain: boolean
      /** Empty: none. */
      readonly username: string
      readonly password: string
    }
  | {
      readonly kind: 'plugin'
      readonly name: string
      /** JSON map, in canonical form. */
      readonly config: string
    }

/** The executor that a node must have to run this, as node records name it. */
export const executorOf = (run: Run): string =>
  run.kind === 'plugin' ? `plugin:${run.name}` : run.kind

/** The profile under which it runs. */
export const profileOf = ({ profile }: Pick<Run, 'profile'>): string => profile ?? 'default'

/** What one parameter may be. */
export interface ParamRule {
  readonly required: boolean
  /** null: none. */
  readonly default: string | null
  /** Form of the whole value; null: any. */
  readonly pattern: string | null
  /** The only values; empty: any. */
  readonly enum: readonly string[]
  readonly secret: false
}

/** Parameters by name. */
export type Params = Readonly<Record<string, ParamRule>>

/** What the job does. */
export interface Action {
  readonly run: Run
  readonly params: Params
  readonly env: Readonly<Record<string, string>>
  /** Per attempt; null means none. */
  readonly timeoutMs: number | null
  /** Of a slot, over all attempts and waits; null means none. */
  readonly totalTimeoutMs: number | null
  /** From TERM to KILL. */
  readonly killAfterMs: number
  /** Exit statuses that count as success. */
  readonly successCodes: readonly number[]
  /** Output of one attempt; null: no limit, head and tail are kept. */
  readonly outputMaxBytes: number | null
  /** What happens to an attempt that prints more. */
  readonly onOutputMax: 'kill' | 'warn'
  /** Memory of all processes of one attempt together; null: no limit. */
  readonly memoryMaxBytes: number | null
}

/**
 * What picks the member: each tick anew, the job's name, so that it stays where it is, or the value of a
 * label, so that jobs that share it share a member.
 */
export type Affinity = 'tick' | 'job' | `key:${string}`

/** Where the job may run: `every` makes one slot per matching member instead of one for the fleet. */
export interface Placement {
  readonly tags: Readonly<Record<string, string>>
  readonly every: boolean
  /** Slots on distinct members. */
  readonly count: number
  /** Whether a slot that nobody could take makes the execution partial. */
  readonly countStrict: boolean
  /** Slots that may share a member; null: `count` of them on distinct ones. */
  readonly shards: number | null
  /** With `every`: whether a member that comes before the cutoff runs the latest tick. */
  readonly lateJoiners: boolean
  /** Between the starts of the slots. */
  readonly staggerMs: number
  /** Condition on what members tell of themselves; null: none. */
  readonly where: string | null
  readonly affinity: Affinity
}

export interface Misfire {
  readonly policy: 'skip' | 'latest' | 'all'
  /** null: half of the interval, at most 1 h, at least 5 s. */
  readonly deadlineMs: number | null
  /** Ticks that `all` runs at most, the newest ones. */
  readonly max: number
}

/** Exit statuses from … to. */
export type ExitCause = `exit ${number}-${number}`
/** `failure`: however it failed, a timeout aside; `spawn`: only if nothing ran. */
export type RetryCause = 'failure' | 'timeout' | 'lost' | 'spawn' | ExitCause

export interface Retry {
  /** Number of re-tries, so attempts ≤ max + 1. */
  readonly max: number
  readonly backoff: 'fixed' | 'exponential' | 'fibonacci'
  readonly baseMs: number
  readonly capMs: number
  /** Share of the wait that may be taken off, in 1/1000. */
  readonly jitterPermille: number
  readonly on: readonly RetryCause[]
  readonly where: 'same' | 'other' | 'any'
}

/** What is promised about starts, as it was written. */
export interface Promised {
  readonly mode: 'at-least-once' | 'at-most-once'
  /** Members by name or id, and `key=value` for those with a tag; their votes decide who starts. */
  readonly roster: readonly string[]
  /** `hold`: a side of a partition with fewer than half of the eligible members starts nothing. */
  readonly minority: 'run' | 'hold'
}

/** How hard the fleet tries, and what it does when a tick meets another execution. */
export interface Delivery {
  readonly promised: Promised
  readonly overlap: 'skip' | 'allow' | 'queue-one' | 'queue-all' | 'cancel-other' | 'kill-other'
  /** How long an execution whose member is down counts as open; null: 2 × timeout, else 5 min. */
  readonly orphanGraceMs: number | null
  /** Parameter whose value narrows what counts as another execution; null: none. */
  readonly overlapKey: string | null
  /** Executions that may begin in one minute of the clock, and in one day of UTC; null: any number. */
  readonly maxStartsPerMinute: number | null
  readonly maxStartsPerDay: number | null
  /** Failures in a row that pause the job; null: however many. */
  readonly pauseOnFailure: number | null
  readonly misfire: Misfire
  readonly retry: Retry
  /** Wait per better-ranked alive member; null: the profile's. */
  readonly graceMs: number | null
}

/** False wins over true when two writes are concurrent: the safe side. */
export interface Enabled {
  readonly enabled: boolean
  readonly note: string
  /** Resumes by itself at this instant; null: when somebody resumes it. */
  readonly untilMs: number | null
}

export interface Meta {
  /** Name for people; empty: the job's name. */
  readonly displayName: string
  readonly ownerName: string
  readonly ownerEmail: string
  readonly description: string
  readonly labels: Readonly<Record<string, string>>
  /** Executions kept in history, by number; null: the node's default. */
  readonly retentionRuns: number | null
  readonly retentionMs: number | null
}

/** Belongs to the generation: another roster or another promise is another generation. */
export interface Life {
  readonly state: 'live' | 'deleted'
  /** Who votes on each start of an at-most-once job, by member; empty: nobody has to. */
  readonly seats: readonly Seat[]
  /** The generation has no ticks before this instant. */
  readonly fromMs: number
}

/** The field groups of what is replicated and the type of each group's value. */
export interface Groups {
  readonly life: Life
  readonly enabled: Enabled
  readonly timing: Timing
  readonly action: Action
  readonly placement: Placement
  readonly delivery: Delivery
  readonly notify: Notify
  readonly meta: Meta
  /** The only group of a calendar beside `life`; a job has none. */
  readonly calendar: Calendar
}

export type GroupName = keyof Groups

/** The groups of a job. */
export const groupNames: readonly GroupName[] = [
  'life',
  'enabled',
  'timing',
  'action',
  'placement',
  'delivery',
  'notify',
  'meta',
]

/** Every group that is stored. */
export const storedGroups: readonly GroupName[] = [...groupNames, 'calendar']

/** The groups a user's document describes; `life` and `enabled` have verbs of their own too. */
export type Definition = Omit<Groups, 'life' | 'calendar'>
