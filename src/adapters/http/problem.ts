import { errors } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Refusal } from '../../core/result.ts'
import type { Problem } from './schema.ts'

/** What a problem says beyond its refusal. */
export interface ProblemExtras {
  /** Where HTTP has a status of its own for it: 405, 415, 429 … */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Members of the document, as with 412. */
  readonly members?: Pick<Problem, 'expected' | 'current' | 'currentDocument'>
}

/** The document that stands for a refusal. */
export function problemOf(refusal: Refusal, extras: ProblemExtras = {}): Problem {
  const { meaning, status } = errors[refusal.code]
  return {
    type: `urn:meshcron:error:${refusal.code}`,
    title: meaning,
    status: extras.status ?? status,
    detail: refusal.message,
    code: refusal.code,
    hint: refusal.hint,
    docs: `docs/reference/errors.md#${refusal.code.toLowerCase()}`,
    ...extras.members,
  }
}

/** The answer that stands for a refusal. */
export function refuseWith(refusal: Refusal, extras: ProblemExtras = {}): Response {
  const problem = problemOf(refusal, extras)
  return new Response(`${JSON.stringify(problem)}\n`, {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', ...extras.headers },
  })
}

/** A refusal that the adapter itself makes while it reads a request. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused'
  readonly refusal: Refusal
  readonly extras: ProblemExtras

  constructor(code: ErrorCode, message: string, hint: string, extras: ProblemExtras = {}) {
    super(message)
    this.refusal = { code, message, hint }
    this.extras = extras
  }

  get response(): Response {
    return refuseWith(this.refusal, this.extras)
  }
}
