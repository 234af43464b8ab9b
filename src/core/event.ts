// What the core hears. Every event carries the two clocks of its arrival: `monoMs` for waits and
// timeouts, `wallMs` only as an input of cluster time.

import type { AttemptId, ExecutionId, JobName, MemberId } from './ids.ts'
import type { Calendar, Definition } from './jobs/definition.ts'
import type { Ask } from './execution/order.ts'
import type { Tally } from './execution/tally.ts'
import type { Policy } from './trust/policy.ts'
import type { Facts } from './placement/where.ts'
import type { Channel, DurableSelf, Protocol, Topic, Write } from './effect.ts'

/** What the store holds at start, as it was written. */
export interface Loaded {
  readonly self: DurableSelf | undefined
  readonly seen: Uint8Array | undefined
  readonly intents: Iterable<Uint8Array>
  /**
   * Records that may still matter, oldest first: those not ended, those of ticks after their job's
   * watermark, dispatches of the last 24 h, and the newest of each job.
   */
  readonly records: Iterable<Uint8Array>
  readonly watermarks: Iterable<readonly [JobName, number]>
  readonly members: Iterable<Uint8Array>
  /** Registers by key; undefined: some were lost, so this store must not vote any more. */
  readonly registers: Iterable<readonly [string, Uint8Array]> | undefined
  /** Totals of the stored history, so that counters survive a restart. */
  readonly counts: Counts
  readonly tallies: Iterable<Tally>
  /** Rows of the notifications by key. */
  readonly notices: Iterable<readonly [string, Uint8Array]>
}

export interface Counts {
  readonly started: number
  readonly succeeded: number
  readonly failed: number
  readonly takeovers: number
  readonly duplicates: number
  readonly missed: number
  readonly skipped: number
}

/** A user's intention, validated in form. */
export type Command =
  | {
      readonly kind: 'putJob'
      readonly name: JobName
      readonly definition: Definition
      /** ETag that the job must have; `'*'` = must exist, `'none'` = must not exist; absent = whatever. */
      readonly ifMatch?: string
    }
  | {
      readonly kind: 'putCalendar'
      readonly calendar: string
      readonly value: Calendar
      readonly ifMatch?: string
    }
  | { readonly kind: 'removeCalendar'; readonly calendar: string; readonly ifMatch?: string }
  | { readonly kind: 'removeJob'; readonly name: JobName; readonly ifMatch?: string }
  | {
      readonly kind: 'pauseJob'
      readonly name: JobName
      readonly note: string
      readonly untilMs: number | null
    }
  | { readonly kind: 'resumeJob'; readonly name: JobName }
  /** Run now; the same key means the same execution. */
  | {
      readonly kind: 'dispatch'
      readonly name: JobName
      readonly key: string
      readonly ask?: Ask
    }
  /** Run an execution once more; replays of its tick with a number below `from` are used. */
  | {
      readonly kind: 'rerun'
      readonly execution: ExecutionId
      readonly name: JobName
      readonly key: string
      readonly from: number
    }
  | {
      readonly kind: 'stopExecution'
      readonly execution: ExecutionId
      readonly attempt?: AttemptId
    }
  /** Announce that this node goes: it owns ticks for `leadMs` more, then it has left. */
  | { readonly kind: 'leave'; readonly leadMs: number }
  /** A member takes nothing new, or takes work again. */
  | { readonly kind: 'cordon'; readonly member: MemberId; readonly isCordoned: boolean }
  /** Stop everything that runs here. */
  | { readonly kind: 'stopRunning' }

export type ExecutionReport =
  | { readonly kind: 'started'; readonly attempt: AttemptId; readonly pid: number }
  | {
      readonly kind: 'ended'
      readonly attempt: AttemptId
      readonly reason: EndReason
      readonly exit: number | null
      readonly detail: string
      /** It still ran when it was asked to stop: what it exits with then is no success. */
      readonly isStopped?: true
      readonly outputBytes: number
      readonly outputDropped: number
      /** What went wrong without failing the attempt. */
      readonly warning?: string
      /** What it said in MESHCRON_RESULT_FILE, else its last line; at most `resultBytesMax`. */
      readonly result?: Uint8Array
    }

/**
 * How an attempt ended. `spawn`: nothing ran; `expect`: an answer was not the expected one;
 * `executor-missing`: this node has no such plugin any more; `policy`: its owner does not allow it.
 */
export type EndReason =
  | 'exit'
  | 'signal'
  | 'spawn'
  | 'expect'
  | 'output-limit'
  | 'memory-limit'
  | 'executor-missing'
  | 'policy'

interface At {
  readonly monoMs: number
  readonly wallMs: number
}

export type Event = At &
  (
    | { readonly kind: 'loaded'; readonly loaded: Loaded; readonly addresses: readonly string[] }
    /** `lagMs`: how late the wake came after queued input was read. */
    | { readonly kind: 'wake'; readonly lagMs: number }
    | { readonly kind: 'link'; readonly peer: MemberId; readonly up: boolean }
    | {
        readonly kind: 'message'
        readonly from: MemberId
        readonly channel: Channel
        readonly bytes: Uint8Array
      }
    | {
        readonly kind: 'gossip'
        readonly id: number
        readonly from: MemberId
        readonly topic: Topic
        readonly bytes: Uint8Array
      }
    | {
        readonly kind: 'request'
        readonly id: number
        readonly from: MemberId
        readonly protocol: Protocol
        readonly bytes: Uint8Array
      }
    /** `bytes` undefined: no answer came. */
    | { readonly kind: 'response'; readonly id: number; readonly bytes: Uint8Array | undefined }
    | { readonly kind: 'command'; readonly id: number; readonly command: Command }
    | { readonly kind: 'execution'; readonly report: ExecutionReport }
    /** Nothing of these writes was stored; nothing of `unstarted` was started. */
    | {
        readonly kind: 'storeFailed'
        readonly reason: string
        readonly writes: readonly Write[]
        readonly unstarted: readonly AttemptId[]
      }
    | { readonly kind: 'storeRecovered' }
    /** How a message to people went; `failure` undefined: it was delivered. */
    | { readonly kind: 'notified'; readonly id: number; readonly failure: string | undefined }
    /** What this machine is like now. */
    | { readonly kind: 'facts'; readonly facts: Facts }
    /** What this node's owner allows from now on. */
    | { readonly kind: 'policy'; readonly policy: Policy }
  )
