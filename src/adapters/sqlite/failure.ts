// What an error of SQLite or of the file system means to the store.

import type { ErrorCode } from '../../core/errors.ts'
import type { StoreError } from '../../ports/store.ts'

export type Failure = StoreError['failure']

/** Primary result codes of SQLite; extended ones carry more in their upper bits. */
const sqlite = {
  error: 1,
  busy: 5,
  readonly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  format: 24,
  notADatabase: 26,
} as const

/** `error`: a statement of ours that the tables do not fit. */
const damageCodes: readonly number[] = [
  sqlite.error,
  sqlite.corrupt,
  sqlite.format,
  sqlite.notADatabase,
]
/** The file ends inside a page. */
const shortRead = 522
const corruptIndex = 779
/**
 * A write or a truncation was refused: the file system has turned read-only, say. The transaction is
 * rolled back as a whole, so it may be tried again; after a failed sync nobody knows what is stored.
 */
const refusedWrites: readonly number[] = [778, 1_546]

/** A commit of which nothing was written. */
export class StoreFailure extends Error implements StoreError {
  override readonly name = 'StoreFailure'
  readonly code: StoreError['code']
  readonly failure: Failure
  override readonly cause: unknown

  constructor(code: StoreError['code'], failure: Failure, cause: unknown) {
    super(
      `the store failed (${failure}): ${cause instanceof Error ? cause.message : String(cause)}`,
    )
    this.code = code
    this.failure = failure
    this.cause = cause
  }
}

/** The store cannot be opened; `hint` says what to do. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError'
  readonly code: ErrorCode
  readonly hint: string

  constructor(code: ErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.hint = hint
  }
}

/** The primary result code of an error that SQLite made. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

/** Whether another connection holds the lock. */
export const isBusy = (error: unknown): boolean => resultCode(error) === sqlite.busy

/** Whether the content of the file is the reason, and not the disk, the rights or a lock. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error)
  const isShortRead =
    code === sqlite.ioError && (error as { errcode: number }).errcode === shortRead
  return isShortRead || (code !== undefined && damageCodes.includes(code))
}

/** An index lacks the row that is to be changed; the table itself is whole. */
export const isIndexDamage = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === corruptIndex

const isRefusedWrite = (error: unknown): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  refusedWrites.includes(error.errcode)

/** The port's error for an error of a commit; anything but SQLite's is a bug and stays what it is. */
export function storeFailure(error: unknown): unknown {
  if (isRefusedWrite(error)) return new StoreFailure('MC_STORE_FAILED', 'readonly', error)
  switch (resultCode(error)) {
    case undefined:
      return error
    case sqlite.full:
      return new StoreFailure('MC_STORE_FAILED', 'full', error)
    case sqlite.readonly:
    case sqlite.cannotOpen:
      return new StoreFailure('MC_STORE_FAILED', 'readonly', error)
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return new StoreFailure('MC_STORE_CORRUPT', 'io', error)
    default:
      return new StoreFailure('MC_STORE_FAILED', 'io', error)
  }
}
