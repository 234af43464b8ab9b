// The ticks ahead of all jobs. One timeline from now on is kept and follows the catalog, because
// status is asked for again and again; any other start needs a timeline of its own. Both are filled
// in slices, so that the node goes on beating while ten thousand schedules are looked at.

import { setImmediate } from 'node:timers/promises'
import { Timeline, type Run } from '../../core/forecast.ts'
import type { Job } from '../../core/jobs/catalog.ts'
import type { Scene } from './scene.ts'

const sliceJobs = 100
/** A clock that goes back by more than this makes the kept timeline lack ticks: it is made anew. */
const backMaxMs = 1_000

export class Timelines {
  readonly #scene: Scene
  #jobs: readonly Job[] = []
  #jobsDigest: bigint | undefined
  #kept = new Timeline()
  /** Catalog that the kept timeline holds; undefined: none. */
  #keptDigest: bigint | undefined
  /** Ticks up to here are gone from the kept timeline. */
  #keptAfterMs = -Infinity
  #following: Promise<void> | undefined

  constructor(scene: Scene) {
    this.#scene = scene
  }

  /** All live jobs by name; the same list until a definition changes. */
  jobs(): readonly Job[] {
    const { catalog } = this.#scene.node.replica
    if (catalog.digest !== this.#jobsDigest) {
      this.#jobs = catalog.jobs()
      this.#jobsDigest = catalog.digest
    }
    return this.#jobs
  }

  /** The ticks with fromMs ≤ T < toMs. */
  async between(fromMs: number, toMs: number, max: number): Promise<readonly Run[]> {
    const timeline = new Timeline()
    await fill(timeline, this.jobs(), fromMs - 1)
    return timeline.read(fromMs - 1, toMs, max)
  }

  /** The ticks after now, before `toMs`. */
  async ahead(toMs: number, max: number): Promise<readonly Run[]> {
    while (this.#following !== undefined) await this.#following
    if (this.#scene.nowMs() < this.#keptAfterMs - backMaxMs) {
      this.#kept = new Timeline()
      this.#keptDigest = undefined
      this.#keptAfterMs = -Infinity
    }
    if (this.#keptDigest !== this.#scene.node.replica.catalog.digest) {
      this.#following = this.#follow()
      try {
        await this.#following
      } finally {
        this.#following = undefined
      }
    }
    this.#keptAfterMs = Math.max(this.#keptAfterMs, this.#scene.nowMs())
    return this.#kept.read(this.#keptAfterMs, toMs, max)
  }

  /** Brings the kept timeline to what the catalog holds now. */
  async #follow(): Promise<void> {
    const timeline = this.#kept
    const jobs = this.jobs()
    const digest = this.#jobsDigest
    const names = new Set(jobs.map(({ name }) => name))
    for (const name of timeline.names()) if (!names.has(name)) timeline.delete(name)
    const changed = jobs.filter((job) => timeline.get(job.name) !== job)
    const afterMs = Math.max(this.#keptAfterMs, this.#scene.nowMs())
    await fill(timeline, changed, afterMs)
    this.#keptDigest = digest
  }
}

async function fill(timeline: Timeline, jobs: readonly Job[], afterMs: number): Promise<void> {
  for (const [i, job] of jobs.entries()) {
    if (i > 0 && i % sliceJobs === 0) await setImmediate()
    timeline.set(job, afterMs)
  }
}
