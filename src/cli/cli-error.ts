import { errors } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Result } from '../core/result.ts'

/** Ends a command with a message; what happened is told by `code`. */
export class CliError extends Error {
  override readonly name = 'CliError'
  /** An MC_ code; of a newer daemon perhaps one that is not known here. */
  readonly code: string
  readonly hint: string

  constructor(code: ErrorCode | (string & {}), message: string, hint: string) {
    super(message)
    this.code = code
    this.hint = hint
  }

  get exit(): number {
    return this.code in errors ? errors[this.code as ErrorCode].exit : 1
  }
}

/** A wrong use of the command line. */
export function usage(message: string, hint: string): CliError {
  return new CliError('MC_BAD_INPUT', message, hint)
}

/** The value, or its refusal as an error. */
export function valueOf<T>(result: Result<T>): T {
  if (result.ok) return result.value
  const { code, message, hint } = result.refusal
  throw new CliError(code, message, hint)
}
