// C6: what was deleted stays deleted. A node that holds the deletion never shows or runs the job
// again, and nobody does once the deletion has had time to spread.

import type { Checker, Counters, History, Violation } from '../history.ts'
import { attemptsOf } from './attempts.ts'
import { jobsOf, type JobTruth, type Writing } from './definitions.ts'
import { groundOf } from './ground.ts'
import { samplesOf } from './samples.ts'

/** After so long every node that was connected has a deletion. */
export const spreadMs = 60_000

/** C6. */
export class ResurrectionChecker implements Checker {
  readonly name = 'C6'
  #deletions = 0

  get stats(): Counters {
    return { deletions: this.#deletions }
  }

  check(history: History): readonly Violation[] {
    this.#deletions = 0
    return [...jobsOf(history).values()].flatMap((truth) => [
      ...this.#shown(history, truth),
      ...ran(history, truth),
    ])
  }

  #shown(history: History, truth: JobTruth): readonly Violation[] {
    this.#deletions += truth.writes.filter(({ kind }) => kind === 'delete').length
    return samplesOf(history).flatMap(({ node, atMs, jobs }) => {
      const isLive = jobs.some(({ job, live }) => job === truth.name && live)
      // what was stored in this very moment may not have been looked at
      const life = truth.possibleAt('life', node, atMs - 1)
      const isOver = [life, truth.possibleAt('life', node, atMs)].every(
        (writes) => writes.length > 0 && writes.every(({ kind }) => kind === 'delete'),
      )
      if (!isLive || !isOver) return []
      return [violation(truth, atMs, `node ${node} shows it although it holds its deletion`)]
    })
  }
}

/** Starts after a deletion that had reached, or must have reached, the node. */
function ran(history: History, truth: JobTruth): readonly Violation[] {
  const deletions = truth.writes.filter(({ kind, durable }) => kind === 'delete' && durable)
  if (deletions.length === 0) return []
  return attemptsOf(history)
    .ofJob(truth.name)
    .flatMap(({ start }) => {
      const over = deletions.find((deletion) => {
        if (deletion.ackMs > start.atMs - spreadMs || isRevived(truth, deletion, start.atMs)) {
          return false
        }
        const { node, ackMs } = deletion
        return groundOf(history).hasPath(node, start.node, ackMs, ackMs + spreadMs)
      })
      if (over === undefined || start.number > 1) return []
      return [violation(truth, start.atMs, `node ${start.node} ran it long after its deletion`)]
    })
}

/** Whether somebody wrote the job who knew of the deletion, or did not know but wrote too. */
const isRevived = (truth: JobTruth, deletion: Writing, atMs: number): boolean =>
  truth.writes.some(
    (write) =>
      write.kind === 'put' && write.sentMs <= atMs && truth.supersedes(deletion, write) !== 'yes',
  )

const violation = (truth: JobTruth, atMs: number, message: string): Violation => ({
  property: 'C6',
  message,
  atMs,
  job: truth.name,
})
