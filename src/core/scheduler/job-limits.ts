// Jobs that end after so many runs: what was counted is kept on disk, and who has reached it is told.

import type { Tallies } from '../execution/tally.ts'
import type { JobName } from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Turn } from '../turn.ts'

export class JobLimits {
  readonly #turn: Turn
  readonly #tallies: Tallies
  /** Jobs of which something was counted since the last look. */
  readonly #touched = new Set<JobName>()

  constructor(components: { turn: Turn; tallies: Tallies }) {
    this.#turn = components.turn
    this.#tallies = components.tallies
  }

  /** Whether the job has reached its limit, as far as this node has heard. */
  isOver({ name, generation, groups }: Job): boolean {
    const { limit } = groups.timing
    return limit !== null && this.#tallies.of(name, generation)[limit.of] >= limit.count
  }

  /** The job was written, or a tick of it was decided. */
  touch({ name, groups }: Job): void {
    if (groups.timing.limit !== null) this.#touched.add(name)
  }

  /** Stores what was counted; answers the jobs that are over. */
  look(live: (name: JobName) => Job | undefined): readonly Job[] {
    if (this.#touched.size === 0) return []
    const jobs = [...this.#touched].flatMap((name) => live(name) ?? [])
    this.#touched.clear()
    const tallies = jobs.map((job) => this.#tallies.of(job.name, job.generation))
    const writes = tallies.map((tally) => ({ kind: 'tally', tally }) as const)
    this.#turn.emit({ kind: 'persist', durability: 'normal', writes })
    return jobs.filter((job) => this.isOver(job))
  }
}
