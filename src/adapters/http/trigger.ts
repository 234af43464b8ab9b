// Body of a request that starts a job.

import { randomBytes } from 'node:crypto'
import type { TSchema } from 'typebox'
import Type from 'typebox'
import { Value } from 'typebox/value'
import type { RunJob } from './api.ts'
import { refuseUnknownKey } from './body.ts'
import { RequestRefused } from './problem.ts'
import { closed, flag, oneOf, text } from './schema/typed.ts'

const known = ['params', 'overlap', 'respectCalendars', 'evenIfPaused', 'on']

/** Schema of the body. */
export const triggerBody: TSchema = closed(
  {
    params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    overlap: Type.Optional(oneOf('skip', 'allow')),
    respectCalendars: Type.Optional(flag),
    evenIfPaused: Type.Optional(flag),
    on: Type.Optional(text),
  },
  'Trigger',
)

/** Reads the body; values of parameters are judged by the job. */
export function readTrigger(body: unknown): RunJob {
  const value = body ?? {}
  if (Value.Check(triggerBody, value)) return value
  refuseUnknownKey(value, known)
  throw new RequestRefused(
    'MC_BAD_INPUT',
    'the body does not say how to run the job',
    'write {"params": {"name": "text"}, "overlap": "skip" or "allow", "on": "member"}, flags as true or false',
  )
}

/** The caller's key, or one of our own. */
export function readKey(request: Request): string {
  const key = request.headers.get('idempotency-key') ?? randomBytes(16).toString('hex')
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return key
  throw new RequestRefused(
    'MC_BAD_INPUT',
    'Idempotency-Key is not 1 to 255 printable ASCII characters',
    'send a random text, like a UUID',
  )
}
