import type { ErrorCode } from './errors.ts'

/** An expected refusal: `code` is what callers branch on, the texts are for people. */
export interface Refusal {
  readonly code: ErrorCode
  /** What is wrong, and why. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }

export const ok = <T>(value: T): Result<T> => ({ ok: true, value })

export const refuse = (code: ErrorCode, message: string, hint: string): Result<never> => ({
  ok: false,
  refusal: { code, message, hint },
})
