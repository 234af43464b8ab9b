// The dead-man watch: what should have been heard and was not. It looks at schedule and ledger alone,
// not at what the planner of this node made of them, so that it also notices when nobody acted.

import type { JobName } from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import type { OverdueTick } from '../scheduler/misfire.ts'
import { nextTick } from '../scheduler/tick.ts'

export interface AbsenceWorld {
  /** Planned start and cutoff of a tick. */
  judge(job: Job, dueMs: number): OverdueTick
  /** Whether it has an outcome or somebody has claimed it. */
  isDecided(job: Job, tick: OverdueTick): boolean
  /** A tick of which nothing was heard in time. */
  absent(job: Job, dueMs: number): void
}

/** After its cutoff a tick has this long to be heard of. */
const graceMs = 60_000
/** Ticks of one job looked at in one step: a job of every second has no more. */
const ticksMax = 64

export class Absence {
  readonly #world: AbsenceWorld
  /** Per job the newest tick looked at, and of which generation. */
  readonly #looked = new Map<JobName, { readonly generation: number; dueMs: number }>()

  constructor(world: AbsenceWorld) {
    this.#world = world
  }

  /** Looks at the ticks of the jobs that are watched; others are forgotten. */
  look(jobs: readonly Job[], nowMs: number): void {
    for (const job of jobs) this.#lookAt(job, nowMs)
    if (this.#looked.size === jobs.length) return
    const names = new Set(jobs.map(({ name }) => name))
    for (const name of this.#looked.keys()) if (!names.has(name)) this.#looked.delete(name)
  }

  #lookAt(job: Job, nowMs: number): void {
    const { name, generation, groups } = job
    let looked = this.#looked.get(name)
    if (looked?.generation !== generation) {
      // what was due before we watched, the catch-up has judged
      looked = { generation, dueMs: nowMs }
      this.#looked.set(name, looked)
    }
    for (let i = 0; i < ticksMax; i++) {
      const dueMs = nextTick(name, groups.timing, looked.dueMs)
      if (dueMs === undefined) return
      const tick = this.#world.judge(job, dueMs)
      if (nowMs < tick.cutoffMs + graceMs) return
      looked.dueMs = dueMs
      if (!this.#world.isDecided(job, tick)) this.#world.absent(job, dueMs)
    }
  }
}
