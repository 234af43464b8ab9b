// What the core asks for. The effects of one step are carried out in the order of this file:
// persist, then send and publish, then start and stop, then everything else. If a commit fails,
// nothing after it happens and the node hears `storeFailed`.

import type { Cursor, SeenVector } from './clock/version-vector.ts'
import type { AttemptId, ExecutionId, JobName, MemberId, Slot } from './ids.ts'
import type { Action, Run } from './jobs/definition.ts'
import type { StoredRecord } from './execution/record.ts'
import type { Notice } from './notify/notice.ts'
import type { Tally } from './execution/tally.ts'
import type { Refusal } from './result.ts'
import type { Report } from './report.ts'

/** One row to write; the rows of one step are one transaction. */
export type Write =
  /** A signed write of a job's field groups; `id` is the hash of the bytes. */
  | {
      readonly kind: 'intent'
      readonly id: string
      readonly job: JobName
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'forgetIntent'; readonly id: string }
  /** An execution record; replaces the earlier phase of the same attempt and executor. */
  | { readonly kind: 'record'; readonly stored: StoredRecord }
  /** The version vector over everything stored, encoded. */
  | { readonly kind: 'seen'; readonly bytes: Uint8Array }
  /** Every tick of the job due at or before `dueMs` is decided. */
  | { readonly kind: 'watermark'; readonly job: JobName; readonly dueMs: number }
  /** How often the ticks of a job with a limit ran; replaces the earlier one. */
  | { readonly kind: 'tally'; readonly tally: Tally }
  /** What this node has promised or accepted in one register; `key` names the register. */
  | { readonly kind: 'register'; readonly key: string; readonly bytes: Uint8Array }
  /** A member's signed node record, for the address book and the next start. */
  | { readonly kind: 'member'; readonly member: MemberId; readonly bytes: Uint8Array }
  /** A row of the notifications, by key: a history, a message that waits, one that was sent; null: gone. */
  | { readonly kind: 'notice'; readonly key: string; readonly bytes: Uint8Array | null }
  /** This node's own durable numbers. */
  | { readonly kind: 'self'; readonly self: DurableSelf }

export interface DurableSelf {
  readonly incarnation: number
  /** From when this node is a candidate, cluster time; 0 when never announced. */
  readonly eligibleFromMs: number
  /** Last instant at which this node is known to have been alive, cluster time. */
  readonly aliveAtMs: number
  /** An operator wants it to take nothing new. Absent in stores of earlier versions. */
  readonly isCordoned?: boolean
}

/** Frames without an answer; `heartbeat` frames replace each other, `exec` frames keep their order. */
export type Channel = 'heartbeat' | 'exec'
export type Topic = 'member' | 'jobs'
/** Questions with one answer. */
export type Protocol = 'hello' | 'sync' | 'register'

/** What an executor needs to start one attempt. */
export interface Launch {
  readonly attempt: AttemptId
  readonly execution: ExecutionId
  readonly job: JobName
  readonly slot: Slot
  /** Placeholders are filled in already. */
  readonly run: Run
  /** Everything the command gets beside the executor's own allow-list. */
  readonly env: Readonly<Record<string, string>>
  /** What it reads from its standard input; absent: nothing. */
  readonly input?: string
  /** The planned instant, for the measure of lateness; cluster time. */
  readonly plannedMs: number
  readonly bounds: Bounds
}

/** What an attempt must keep to. */
export type Bounds = Pick<Action, 'outputMaxBytes' | 'onOutputMax' | 'memoryMaxBytes'>

export type Effect =
  | {
      readonly kind: 'persist'
      /** `full`: nothing of this step is said or started unless it is stored. */
      readonly durability: 'full' | 'normal'
      readonly writes: readonly Write[]
      /** What an earlier step failed to store: what this one says does not depend on it. */
      readonly isAgain?: true
    }
  | {
      readonly kind: 'send'
      readonly to: MemberId
      readonly channel: Channel
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'publish'; readonly topic: Topic; readonly bytes: Uint8Array }
  /** Ask a peer; the answer comes back as a `response` event with the same `id`. */
  | {
      readonly kind: 'request'
      readonly id: number
      readonly to: MemberId
      readonly protocol: Protocol
      readonly bytes: Uint8Array
      readonly timeoutMs: number
    }
  /** Answer to a `request` event. */
  | { readonly kind: 'respond'; readonly id: number; readonly bytes: Uint8Array }
  /** Answer with a page of the stored records that `seen` lacks, after `cursor`. */
  | {
      readonly kind: 'respondRecords'
      readonly id: number
      readonly seen: SeenVector
      readonly cursor: Cursor | null
    }
  /** Whether a gossiped message is passed on. */
  | {
      readonly kind: 'verdict'
      readonly id: number
      readonly verdict: 'accept' | 'ignore' | 'reject'
    }
  /** Serve all protocols to this peer from now on. */
  | { readonly kind: 'admit'; readonly peer: MemberId }
  /** Keep a connection to each of these for ever; replaces the previous list. */
  | { readonly kind: 'connect'; readonly targets: readonly Target[] }
  | { readonly kind: 'disconnect'; readonly peer: MemberId; readonly reason: string }
  /** Not after `untilMs`, monotonic: a disk or a machine that stood still may hold it up for long. */
  | { readonly kind: 'start'; readonly launch: Launch; readonly untilMs: number }
  /** TERM, and KILL after `killAfterMs`. */
  | { readonly kind: 'stop'; readonly attempt: AttemptId; readonly killAfterMs: number }
  /** Tell people; how it went comes back as a `notified` event with the same `id`. */
  | {
      readonly kind: 'notify'
      readonly id: number
      readonly channel: string
      /** More than one: a digest. */
      readonly notices: readonly Notice[]
    }
  /** Answer to a command. */
  | { readonly kind: 'reply'; readonly id: number; readonly reply: Reply }
  /** A `wake` is wanted at this monotonic instant; replaces the previous one. */
  | { readonly kind: 'wakeAt'; readonly monoMs: number }
  /** A fact for log, metric and event stream. */
  | { readonly kind: 'report'; readonly report: Report }

export interface Target {
  readonly member: MemberId
  readonly addresses: readonly string[]
}

export type Reply =
  | { readonly ok: true; readonly job?: JobName; readonly execution?: ExecutionId }
  | { readonly ok: false; readonly refusal: Refusal; readonly currentEtag?: string }
