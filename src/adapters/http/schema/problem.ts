import Type from 'typebox'
import { closed, mapOf, anything, text, whole } from './typed.ts'
import type { SchemaOf } from './typed.ts'

/** An error answer as of RFC 9457. */
export interface Problem {
  /** URI of the kind of error: `urn:meshcron:error:MC_UNKNOWN_JOB`. */
  readonly type: string
  /** What the code means. */
  readonly title: string
  readonly status: number
  /** What is wrong here, and why. */
  readonly detail: string
  /** What callers branch on. */
  readonly code: string
  /** What to do about it. */
  readonly hint: string
  /** Where the code is described. */
  readonly docs: string
  /** With status 412: the version that was asked for, the one that there is, and its document. */
  readonly expected?: string
  readonly current?: string
  readonly currentDocument?: Readonly<Record<string, unknown>>
}

/** Schema of {@link Problem}. */
export const problemSchema: SchemaOf<Problem> = closed(
  {
    type: text,
    title: text,
    status: whole,
    detail: text,
    code: text,
    hint: text,
    docs: text,
    expected: Type.Optional(text),
    current: Type.Optional(text),
    currentDocument: Type.Optional(mapOf(anything)),
  },
  'Problem',
)
