// C7: two executions of a job that must not overlap do not, where members can reach each other.

import type { Checker, Counters, History, Violation } from '../history.ts'
import { attemptsOf, type Run } from './attempts.ts'
import { jobsOf, type JobTruth, type Writing } from './definitions.ts'
import { groundOf } from './ground.ts'

/** Two starts this close together could not know of each other. */
const tellMs = 2_000

/** C7. */
export class OverlapChecker implements Checker {
  readonly name = 'C7'
  #counts = { overlaps: 0, excused: 0 }

  get stats(): Counters {
    return this.#counts
  }

  check(history: History): readonly Violation[] {
    this.#counts = { overlaps: 0, excused: 0 }
    return [...jobsOf(history).values()].flatMap((truth) => {
      const runs = attemptsOf(history).ofJob(truth.name)
      const violations: Violation[] = []
      let open: Run[] = []
      for (const second of runs) {
        open = open.filter(({ end }) => end === undefined || end.atMs > second.start.atMs)
        for (const first of open) {
          const found = this.#judge(history, truth, first, second)
          if (found !== undefined) violations.push(found)
        }
        open.push(second)
      }
      return violations
    })
  }

  #judge(history: History, truth: JobTruth, first: Run, second: Run): Violation | undefined {
    const [a, b] = [first.start, second.start]
    // one more attempt of an execution is the matter of other checks
    if (a.execution === b.execution || b.number > 1 || !mayNotOverlap(truth, second))
      return undefined
    // what runs and where it runs may come from two concurrent writes
    const isEvery = inForceAt(truth, second).some(({ definition }) => definition?.placement.every)
    if (isEvery && a.node !== b.node) return undefined
    this.#counts.overlaps += 1
    const ground = groundOf(history)
    const isNear = b.atMs - a.atMs < tellMs
    // a node that was started again has lost what ran before: it stops it, and says so
    const wasUp = ground.nodes[a.node]!.up.covers(a.atMs, b.atMs)
    const { settleMs } = history.scenery.timers
    const fromMs = Math.min(a.atMs - tellMs, (b.dueMs ?? b.atMs) - settleMs)
    const isTold = wasUp && !isNear && ground.hasPath(a.node, b.node, fromMs, b.atMs)
    // by a clock far ahead who was silent for seconds has been gone for long
    const isAhead = ground.nodes[b.node]!.skewed.meets(fromMs, b.atMs)
    if (!isTold || isAhead) {
      this.#counts.excused += 1
      return undefined
    }
    const message = `${b.attempt} began on node ${b.node} while ${a.attempt} ran on node ${a.node}`
    return { property: 'C7', message, atMs: b.atMs, job: b.job, execution: b.execution }
  }
}

const inForceAt = (truth: JobTruth, { start }: Run): readonly Writing[] =>
  truth.possibleAt('rest', start.node, start.atMs, tellMs)

/** Every definition that may have been in force on the node forbids it. */
function mayNotOverlap(truth: JobTruth, run: Run): boolean {
  const inForce = inForceAt(truth, run)
  const exclusive: readonly unknown[] = ['skip', 'queue-one', 'queue-all']
  return (
    inForce.length > 0 &&
    inForce.every(({ definition }) => exclusive.includes(definition?.delivery.overlap))
  )
}
