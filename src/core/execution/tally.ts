// How often the ticks of each job ran, and ran well: more history than the ledger keeps.

import type { JobName } from '../ids.ts'

/** Executions of ticks that came to a ran outcome after all their retries. */
export interface Tally {
  readonly job: JobName
  readonly generation: number
  readonly runs: number
  readonly successes: number
}

export class Tallies {
  readonly #byJob = new Map<JobName, Tally>()

  constructor(stored: Iterable<Tally>) {
    for (const tally of stored) this.#byJob.set(tally.job, tally)
  }

  /** Another generation of a name counts from zero. */
  of(job: JobName, generation: number): Tally {
    const known = this.#byJob.get(job)
    return known?.generation === generation ? known : { job, generation, runs: 0, successes: 0 }
  }

  add(
    job: JobName,
    generation: number,
    more: { readonly runs: number; readonly successes: number },
  ): void {
    // what an earlier generation of the name still tells is no longer asked for
    if (generation < (this.#byJob.get(job)?.generation ?? 0)) return
    const { runs, successes } = this.of(job, generation)
    this.#byJob.set(job, {
      job,
      generation,
      runs: runs + more.runs,
      successes: successes + more.successes,
    })
  }
}
