// What bounds the executions of a job beside its schedule: how often they start, how often they fail.

import { limits } from '../limits.ts'
import { refuse, type Result } from '../result.ts'
import { didYouMean } from '../suggest.ts'
import type { Delivery, Groups } from './definition.ts'
import { field, type Fields } from './shape-record.ts'
import { integer, nullable, text } from './shape.ts'

type Bounds = Pick<
  Delivery,
  'overlapKey' | 'maxStartsPerMinute' | 'maxStartsPerDay' | 'pauseOnFailure'
>

const starts = integer(1, 1_000_000)

export const bounds: Fields<Bounds> = {
  overlapKey: field(
    'overlapKey',
    nullable(
      text({
        name: 'the name of a parameter',
        hint: 'use a name of params',
        min: 1,
        max: 64,
        pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      }),
    ),
    'overlap looks only at executions with the same value of this parameter',
    null,
  ),
  maxStartsPerMinute: field(
    'maxStartsPerMinute',
    nullable(starts),
    'executions that begin in one minute; further ones end capped',
    null,
  ),
  maxStartsPerDay: field(
    'maxStartsPerDay',
    nullable(starts),
    'executions that begin in one day of UTC; further ones end capped',
    null,
  ),
  pauseOnFailure: field(
    'pauseOnFailure',
    nullable(integer(1, limits.failuresInRowMax)),
    'so many failures in a row pause the job',
    null,
  ),
}

/** Overlap can be narrowed only by a parameter that the job has. */
export function checkOverlapKey(
  { params }: Groups['action'],
  { overlapKey }: Bounds,
): Result<never> | undefined {
  const known = Object.keys(params)
  if (overlapKey === null || known.includes(overlapKey)) return undefined
  const all = known.length === 0 ? 'the job has no params' : `use one of: ${known.join(', ')}`
  const hint = didYouMean(overlapKey, known, all)
  return refuse('MC_BAD_INPUT', `overlapKey: no parameter ${overlapKey}`, hint)
}
