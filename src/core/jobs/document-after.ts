// `after: [{ job: backup, on: success }]`, `join: all | any | 2`, `delay: 30s`: what starts a job that has
// no schedule.

import type { JobName } from '../ids.ts'
import { limits } from '../limits.ts'
import { refuse, type Result } from '../result.ts'
import type { Edge, Join, Timing } from './definition.ts'
import { list, own } from './shape-collection.ts'
import { field, record } from './shape-record.ts'
import { bad, choice, integer, type Shape } from './shape.ts'

const example = 'write after: [{ job: backup, on: success }]'
const events = choice<Edge['on']>(['success', 'failure', 'complete', 'missed'])

/** The jobs whose ends start this one. */
export function edges(name: Shape<JobName>): Shape<readonly Edge[]> {
  const edge = record<Edge>({
    job: field('job', name, 'the job before this one'),
    on: field('on', events, 'the outcome that counts', 'success'),
  })
  return list(edge, { min: 0, max: limits.edgesMax, hint: example })
}

const words = choice<Join & string>(['all', 'any'])
const number = integer(1, limits.edgesMax)
const readJoin: Shape<Join>['parse'] = (value, path) => {
  if (typeof value === 'number') return number.parse(value, path)
  const read = words.parse(value, path)
  if (read.ok || typeof value === 'string') return read
  return bad(path, 'is neither a word nor a number', 'write all, any, or how many: join: 2')
}

/** How many of the edges have to hold. */
export const join: Shape<Join> = {
  parse: readJoin,
  check: readJoin,
  print: (value) => value,
  schema: { anyOf: [words.schema, number.schema] },
}

/** A job has exactly one of schedule and after; what belongs to after means nothing without it. */
export function checkStart(root: object): Result<never> | undefined {
  const has = (key: string): boolean => own(root as Record<string, unknown>, key) !== undefined
  if (!has('after')) {
    const orphan = ['join', 'delay'].find(has)
    return orphan === undefined
      ? undefined
      : refuse('MC_BAD_INPUT', `${orphan}: means nothing without after`, example)
  }
  if (!has('schedule')) return undefined
  const message = 'after: the job has a schedule too'
  return refuse('MC_BAD_INPUT', message, 'a job has exactly one of schedule and after')
}

/** The refusal of a list of edges that cannot be meant. */
export function checkEdges({ after, join: needed }: Timing): Result<never> | undefined {
  if (typeof needed !== 'number' || needed <= after.length) return undefined
  const message = `join: wants ${needed} of ${after.length} edges`
  return refuse('MC_BAD_INPUT', message, 'write at most as many as after has')
}
