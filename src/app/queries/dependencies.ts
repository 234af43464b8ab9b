// What a job is after and what is after it, and for one execution what that means.

import type { JobDependencies } from '../../adapters/http/schema.ts'
import type { ExecutionId, JobName } from '../../core/ids.ts'
import type { Job } from '../../core/jobs/catalog.ts'
import type { Node } from '../../core/node.ts'
import { holds } from '../../core/graph/verdict.ts'
import { toInstant } from './scene.ts'

export function dependenciesOf(node: Node, { name, groups }: Job): JobDependencies {
  const { topology } = node.executions.children
  const { after, join, delayMs } = groups.timing
  return {
    after: after.map(({ job, on }) => ({ job, on })),
    join,
    delayMs,
    before: [...topology.childrenOf(name)],
    cycle: topology.cycleOf(name)?.slice() ?? null,
  }
}

/** Of an execution that a graph started or skipped: its root, and how each parent ended. */
export function dependencyFacts(
  node: Node,
  job: Job,
  root: ExecutionId | undefined,
): readonly string[] {
  const { children } = node.executions
  const { after, join, delayMs } = job.groups.timing
  const cycle = children.topology.cycleOf(job.name)
  if (cycle !== undefined) {
    return [`its edges are suspended: ${cycle.join(', ')} are after each other`]
  }
  if (root === undefined) return ['the run that it belongs to is not known here any more']
  const facts = [`it belongs to the run of ${root}, and has the T of that`]
  const wanted = typeof join === 'number' ? `at least ${join}` : join
  if (after.length > 1) facts.push(`${wanted} of ${after.length} edges have to hold`)
  const ends = children.parentsOf({ job: job.name, root })
  for (const { job: parent, on } of after) facts.push(edgeFact(parent, on, ends))
  if (delayMs > 0) facts.push(`it is planned ${delayMs} ms after the end that it waited for`)
  return facts
}

function edgeFact(
  parent: JobName,
  on: Job['groups']['timing']['after'][number]['on'],
  ends: ReturnType<Node['executions']['children']['parentsOf']>,
): string {
  const end = ends.find(({ job }) => job === parent)
  const edge = `after ${parent} on ${on}`
  if (end === undefined) return `${edge}: it has not ended in this run, as far as is known here`
  const verdict = holds(on, end) ? 'holds' : 'does not hold'
  return `${edge}: ${verdict}, ${end.execution} ended ${end.outcome} at ${toInstant(end.endedMs)}`
}
