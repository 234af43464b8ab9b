// How often the ticks of each job ran, and ran well, how often it began lately, and how its last ticks
// ended: more history than the ledger keeps. Every member counts what it hears.

import type { JobName } from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import { limits } from '../limits.ts'

/** Executions that began in one minute of the clock and in one day of UTC. */
interface Starts {
  readonly minute: number
  readonly inMinute: number
  readonly day: number
  readonly inDay: number
}

/** How a tick ended that ran. */
export interface TickEnd {
  readonly dueMs: number
  readonly isFailure: boolean
}

/** Executions of ticks that came to a ran outcome after all their retries. */
export interface Tally {
  readonly job: JobName
  readonly generation: number
  readonly runs: number
  readonly successes: number
  readonly starts?: Starts
  /** The newest ones, in the order of T; only of jobs that are paused for failures. */
  readonly ends?: readonly TickEnd[]
}

const minuteMs = 60_000
const dayMs = 86_400_000

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

  /** What an earlier generation of the name still tells is no longer asked for. */
  #change(job: JobName, generation: number, change: (tally: Tally) => Partial<Tally>): void {
    if (generation < (this.#byJob.get(job)?.generation ?? 0)) return
    const tally = this.of(job, generation)
    this.#byJob.set(job, { ...tally, ...change(tally) })
  }

  add(
    job: JobName,
    generation: number,
    more: { readonly runs: number; readonly successes: number },
  ): void {
    this.#change(job, generation, ({ runs, successes }) => ({
      runs: runs + more.runs,
      successes: successes + more.successes,
    }))
  }

  /** An execution began. */
  began(job: JobName, generation: number, atMs: number): void {
    const minute = Math.floor(atMs / minuteMs)
    const day = Math.floor(atMs / dayMs)
    this.#change(job, generation, ({ starts }) => {
      const isOld = starts !== undefined && minute < starts.minute
      const inDay = (starts?.day === day ? starts.inDay : 0) + 1
      if (isOld) return day === starts.day ? { starts: { ...starts, inDay } } : {}
      const inMinute = (starts?.minute === minute ? starts.inMinute : 0) + 1
      return { starts: { minute, inMinute, day, inDay } }
    })
  }

  /** Whether as many executions of a job have begun as may in this minute or day. */
  isRateReached({ name, generation, groups }: Job, nowMs: number): boolean {
    const { maxStartsPerMinute, maxStartsPerDay } = groups.delivery
    const { starts } = this.of(name, generation)
    if (starts === undefined) return false
    const inMinute = starts.minute === Math.floor(nowMs / minuteMs) ? starts.inMinute : 0
    const inDay = starts.day === Math.floor(nowMs / dayMs) ? starts.inDay : 0
    return inMinute >= (maxStartsPerMinute ?? Infinity) || inDay >= (maxStartsPerDay ?? Infinity)
  }

  /** A tick ended, or is now known to have ended otherwise. */
  ended(job: JobName, generation: number, end: TickEnd): void {
    this.#change(job, generation, ({ ends = [] }) => {
      const others = ends.filter(({ dueMs }) => dueMs !== end.dueMs)
      const all = [...others, end].sort((a, b) => a.dueMs - b.dueMs)
      return { ends: all.slice(-limits.failuresInRowMax) }
    })
  }

  /** The first so many of the failures in a row that came last, after an instant; undefined: they are fewer. */
  failuresInRow(
    job: JobName,
    generation: number,
    { count, afterMs }: { readonly count: number; readonly afterMs: number },
  ): readonly TickEnd[] | undefined {
    let row: readonly TickEnd[] = []
    for (const end of this.of(job, generation).ends ?? []) {
      if (end.dueMs <= afterMs) continue
      row = end.isFailure ? [...row, end] : []
    }
    return row.length < count ? undefined : row.slice(0, count)
  }
}
