// What is refused when the edges of a job are written.

import type { JobName } from '../ids.ts'
import type { Timing } from '../jobs/definition.ts'
import { refuse, type Result } from '../result.ts'
import type { Topology } from './topology.ts'

/** The refusal of edges that close a cycle, or whose parents could never meet in one run. */
export function refusalOfEdges(
  topology: Topology,
  name: JobName,
  { after, join }: Timing,
  isLive: (name: JobName) => boolean,
): Result<never> | undefined {
  if (after.length === 0) return undefined
  const path = topology.closes(name, after)
  if (path !== undefined) {
    const message = `after: this closes a cycle: ${path.join(' → ')}`
    return refuse('MC_CYCLE', message, 'take one of these edges out')
  }
  // what a parent that is not here yet is after, nobody can tell
  if (join !== 'all' || !after.every(({ job }) => isLive(job))) return undefined
  const [first, ...others] = after.map(({ job }) => topology.upstreamOf(job))
  const hasCommon = [...first!].some((job) => others.every((upstream) => upstream.has(job)))
  if (hasCommon) return undefined
  return refuse(
    'MC_BAD_INPUT',
    `join: ${after.map(({ job }) => job).join(', ')} have no common root job: all of them never end in one run`,
    'write join: any, or let them follow from one job',
  )
}

/** Jobs that these edges name and that are not there. */
export function missingParents(
  { after }: Timing,
  isLive: (name: JobName) => boolean,
): readonly string[] {
  return after
    .filter(({ job }) => !isLive(job))
    .map(({ job }) => `after: there is no job ${job} yet, so this edge never holds`)
}
