import type { ExecutionId, JobName, MemberId, Slot } from '../ids.ts'
import type { Hlc } from '../clock/hybrid.ts'
import type { Order } from './order.ts'

/** How far an attempt has come; a later phase replaces an earlier one. */
export type Phase = 'queued' | 'claimed' | 'running' | 'ended'

export const phases: readonly Phase[] = ['queued', 'claimed', 'running', 'ended']

/** Outcomes of executions that ran, and of ticks that did not. */
export type RanOutcome = 'success' | 'failure' | 'cancelled' | 'lost' | 'unknown'
export type NotRunOutcome =
  | 'skipped-overlap'
  | 'missed'
  | 'paused'
  | 'no-eligible-node'
  | 'superseded'
  | 'capped'
  | 'blackout'
  | 'skipped-upstream'
export type Outcome = RanOutcome | NotRunOutcome

export const ranOutcomes: readonly RanOutcome[] = [
  'success',
  'failure',
  'cancelled',
  'lost',
  'unknown',
]
export const notRunOutcomes: readonly NotRunOutcome[] = [
  'skipped-overlap',
  'missed',
  'paused',
  'no-eligible-node',
  'superseded',
  'capped',
  'blackout',
  'skipped-upstream',
]

/** What made an executor start. */
export type Why = 'on-time' | 'takeover' | 'catch-up' | 'dispatch' | 'retry' | 'queue'

/**
 * One fact about one attempt, signed by the member that says it and replicated to all. A record
 * without a run (`attempt` 0) covers the ticks from `dueMs` to `throughMs`, `count` of them.
 */
export interface ExecutionRecord {
  readonly execution: ExecutionId
  readonly job: JobName
  readonly generation: number
  /** Nominal instant of the tick, or of the dispatch, in UTC milliseconds. */
  readonly dueMs: number
  readonly slot: Slot
  readonly attempt: number
  readonly phase: Phase
  /** The member that runs it; null while queued and when nothing ran. */
  readonly executor: MemberId | null
  readonly trigger: 'schedule' | 'dispatch' | 'graph'
  /** Of a child: the execution that its graph began with. */
  readonly root?: ExecutionId
  /** What the command told those after it; only where there are any. */
  readonly result?: Uint8Array
  readonly why: Why
  readonly rank: number
  readonly claimedMs: number | null
  readonly startedMs: number | null
  readonly endedMs: number | null
  readonly outcome: Outcome | null
  /** Why it ended so: `exit`, `signal`, `timeout`, `spawn`, `down`, `policy`, `deadline` … */
  readonly reason: string
  readonly exit: number | null
  /** When the attempt after this failed one is planned; of a queued child, when its first one is. */
  readonly nextAttemptAtMs: number | null
  /** Orders ticks and attempts; handed to the command. */
  readonly fence: number
  readonly outputBytes: number
  readonly outputDropped: number
  readonly throughMs: number
  readonly count: number
  /** What somebody asked for; absent of ticks. */
  readonly order?: Order
  /** Of what was queued by its job's overlap policy: no start after this instant. */
  readonly cutoffMs?: number
}

/** A record as it is stored and sent: the signed bytes are kept as they were received. */
export interface StoredRecord {
  readonly record: ExecutionRecord
  readonly author: MemberId
  /** The process that claimed: another one means that the executor restarted. */
  readonly startId: string
  readonly actor: string
  readonly seq: number
  readonly hlc: Hlc
  readonly bytes: Uint8Array
}

/** What of a record says whether it tells more than another one about the same attempt and executor. */
export interface Told extends Pick<
  ExecutionRecord,
  'phase' | 'count' | 'executor' | 'outcome' | 'dueMs'
> {
  readonly author: string
  readonly actor: string
  readonly seq: number
}

export function toldBy({ record, author, actor, seq }: StoredRecord): Told {
  const { phase, count, executor, outcome, dueMs } = record
  return { phase, count, executor, outcome, dueMs, author, actor, seq }
}

/** Which record of an attempt and executor stands: memory and stores keep the same one everywhere. */
export function tellsMore(a: Told, b: Told): boolean {
  const phase = phases.indexOf(a.phase) - phases.indexOf(b.phase)
  if (phase !== 0) return phase > 0
  if (a.count !== b.count) return a.count > b.count
  const byItself = Number(isOwnEnd(a)) - Number(isOwnEnd(b))
  if (byItself !== 0) return byItself > 0
  // a dispatch said twice was due at the first of them
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs
  // two said the same: one of them stands, the same one on every member
  if (a.author !== b.author) return a.author < b.author
  return a.actor === b.actor ? a.seq > b.seq : a.actor < b.actor
}

/** The executor's own word on how it ended, not somebody's `lost` or `unknown`. */
const isOwnEnd = ({ author, executor, outcome }: Told): boolean =>
  author === executor && outcome !== 'lost' && outcome !== 'unknown'
