// Which job is after which: who is in a cycle, and what belongs to the run of a root.
//
// A cycle is refused when it is written, but two concurrent edits may close one when they meet. Then
// the edges of every job of that strongly connected part are suspended, the same on every member,
// until an edit breaks it.

import { BoundedCache } from '../bounded-cache.ts'
import type { JobName } from '../ids.ts'
import type { Edge } from '../jobs/definition.ts'
import { limits } from '../limits.ts'

/** What is started from one root. */
export interface RunSet {
  /** The root's job and what follows from it, near ones first. */
  readonly members: ReadonlySet<JobName>
  /** Children of these that are too far or too many. */
  readonly beyond: ReadonlySet<JobName>
}

type Edges = readonly Pick<Edge, 'job'>[]

export class Topology {
  /** Of jobs that are after others. */
  readonly #parents = new Map<JobName, readonly JobName[]>()
  readonly #children = new Map<JobName, Set<JobName>>()
  #runSets = new BoundedCache<RunSet>(limits.runSetsCachedMax)
  #cycles: ReadonlyMap<JobName, readonly JobName[]> | undefined

  /** What a job is after from now on; nothing when it is gone. */
  set(name: JobName, edges: Edges): void {
    const parents = [...new Set(edges.map(({ job }) => job))].sort()
    const before = this.#parents.get(name) ?? []
    if (parents.join(' ') === before.join(' ')) return
    for (const parent of before) {
      const siblings = this.#children.get(parent)!
      siblings.delete(name)
      if (siblings.size === 0) this.#children.delete(parent)
    }
    if (parents.length === 0) this.#parents.delete(name)
    else this.#parents.set(name, parents)
    for (const parent of parents) {
      const siblings = this.#children.get(parent)
      if (siblings === undefined) this.#children.set(parent, new Set([name]))
      else siblings.add(name)
    }
    this.#cycles = undefined
    this.#runSets = new BoundedCache<RunSet>(limits.runSetsCachedMax)
  }

  parentsOf(name: JobName): readonly JobName[] {
    return this.#parents.get(name) ?? []
  }

  childrenOf(name: JobName): readonly JobName[] {
    return [...(this.#children.get(name) ?? [])].sort()
  }

  hasChildren(name: JobName): boolean {
    return this.#children.has(name)
  }

  /** The jobs of the strongly connected part that a job is in; undefined when it is in none. */
  cycleOf(name: JobName): readonly JobName[] | undefined {
    this.#cycles ??= cyclesOf(this.#parents)
    return this.#cycles.get(name)
  }

  /** The path that would lead back to a job if it were after these. */
  closes(name: JobName, edges: Edges): readonly JobName[] | undefined {
    const targets = new Set(edges.map(({ job }) => job))
    if (targets.has(name)) return [name, name]
    const cameFrom = new Map<JobName, JobName | undefined>([[name, undefined]])
    for (const job of cameFrom.keys()) {
      for (const child of this.childrenOf(job)) {
        if (cameFrom.has(child)) continue
        cameFrom.set(child, job)
        if (!targets.has(child)) continue
        const path: JobName[] = [name]
        for (let at: JobName | undefined = child; at !== undefined; at = cameFrom.get(at)) {
          path.unshift(at)
        }
        return path
      }
    }
    return undefined
  }

  /** A job and everything before it. */
  upstreamOf(name: JobName): ReadonlySet<JobName> {
    const found = new Set([name])
    for (const job of found) for (const parent of this.parentsOf(job)) found.add(parent)
    return found
  }

  /** What follows from a root of this job, as far as it may. */
  runSet(root: JobName): RunSet {
    let known = this.#runSets.get(root)
    if (known === undefined) {
      known = this.#spread(root)
      this.#runSets.set(root, known)
    }
    return known
  }

  #spread(root: JobName): RunSet {
    const depths = new Map([[root, 1]])
    const beyond = new Set<JobName>()
    for (const [job, depth] of depths) {
      for (const child of this.childrenOf(job)) {
        if (depths.has(child) || this.cycleOf(child) !== undefined) continue
        const hasRoom = depth < limits.graphDepthMax && depths.size < limits.graphRunsMax
        if (hasRoom) depths.set(child, depth + 1)
        else beyond.add(child)
      }
    }
    return { members: new Set(depths.keys()), beyond }
  }
}

/** Each job of a strongly connected part, with all jobs of that part; Tarjan, without recursion. */
function cyclesOf(
  parents: ReadonlyMap<JobName, readonly JobName[]>,
): ReadonlyMap<JobName, readonly JobName[]> {
  const found = new Map<JobName, readonly JobName[]>()
  const order = new Map<JobName, number>()
  const low = new Map<JobName, number>()
  const stack: JobName[] = []
  const onStack = new Set<JobName>()
  const enter = (job: JobName): { job: JobName; next: number } => {
    order.set(job, order.size)
    low.set(job, order.get(job)!)
    stack.push(job)
    onStack.add(job)
    return { job, next: 0 }
  }
  const lower = (job: JobName, to: number): void => void low.set(job, Math.min(low.get(job)!, to))
  for (const start of parents.keys()) {
    const calls = order.has(start) ? [] : [enter(start)]
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const { job } = call
      const parent = (parents.get(job) ?? [])[call.next]
      call.next += 1
      if (parent !== undefined) {
        if (!order.has(parent)) calls.push(enter(parent))
        else if (onStack.has(parent)) lower(job, order.get(parent)!)
        continue
      }
      calls.pop()
      const caller = calls.at(-1)
      if (caller !== undefined) lower(caller.job, low.get(job)!)
      if (low.get(job) !== order.get(job)) continue
      const part = stack.splice(stack.indexOf(job))
      for (const one of part) onStack.delete(one)
      const isCycle = part.length > 1 || (parents.get(job) ?? []).includes(job)
      if (isCycle) for (const one of part) found.set(one, part.toSorted())
    }
  }
  return found
}
