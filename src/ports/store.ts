import type { Write } from '../core/effect.ts'
import type { Loaded } from '../core/event.ts'
import type { Cursor, SeenVector } from '../core/clock/version-vector.ts'
import type { ExecutionRecord } from '../core/execution/record.ts'

/** Thrown by `commit`: nothing of the transaction was written. */
export interface StoreError extends Error {
  readonly code: 'MC_STORE_FAILED' | 'MC_STORE_CORRUPT'
  /** `full` may pass when space returns, `readonly` when the file can be written again; `io` never does. */
  readonly cause: unknown
  readonly failure: 'full' | 'readonly' | 'io'
}

export interface ExecutionQuery {
  readonly job?: string
  /** A phase (`running`) or an outcome (`failure`). */
  readonly state?: string
  /** Due at or after this instant. */
  readonly sinceMs?: number
  readonly limit: number
  /** As answered by the page before. */
  readonly cursor?: string
}

/** One slot of one execution: its newest attempt, and whether two members started one attempt of it. */
export interface ExecutionRow {
  readonly record: ExecutionRecord
  readonly duplicate: boolean
}

export interface ExecutionPage {
  /** Newest due instant first. */
  readonly rows: readonly ExecutionRow[]
  /** Undefined on the last page. */
  readonly cursor: string | undefined
}

/** What somebody lacks: all that is not in `seen`, after a place in the order of (actor, seq). */
export interface Lack {
  readonly seen: SeenVector
  readonly cursor: Cursor | null
}

export interface RecordsPage {
  readonly records: readonly Uint8Array[]
  /** Where to go on; null on the last page. */
  readonly next: Cursor | null
}

/**
 * Durable state of one node. One process at a time; opening a second time fails with
 * MC_DATA_DIR_LOCKED. Each row carries a hash that is checked when it is loaded.
 */
export interface Store {
  /** 16 hex digits, made when the store was created: names the durable state. */
  readonly epoch: string
  /** Rows dropped at load because their hash did not match; they are pulled again from peers. */
  readonly damaged: number
  load(): Loaded
  /** One transaction. `full`: on the disk when it returns. Throws {@link StoreError}. */
  commit(writes: readonly Write[], durability: 'full' | 'normal'): void
  executions(query: ExecutionQuery): ExecutionPage
  /** Every attempt of the execution's slots, oldest first; empty when it is not known. */
  attempts(execution: string): readonly ExecutionRow[]
  /** Records that are lacked, ordered by (actor, seq), up to `bytesMax` bytes in all. */
  recordsAfter(lack: Lack, bytesMax: number): RecordsPage
  close(): void
}
