// Jobs that end after so many runs, or pause after so many failures: what was counted is kept on disk, and
// who has reached a bound is told. All members count the same ends, so all come to the same words.

import { isRan, type Ledger } from '../execution/ledger.ts'
import type { ExecutionRecord } from '../execution/record.ts'
import { endOf, type ParentEnd } from '../graph/verdict.ts'
import type { JobName } from '../ids.ts'
import type { Catalog, Job } from '../jobs/catalog.ts'
import { formatInstant } from '../jobs/shape-time.ts'
import type { Turn } from '../turn.ts'
import type { Refusal } from './not-run-ranges.ts'

/** What becomes of a job that has reached a bound. */
export interface JobEnd {
  readonly job: Job
  readonly note: string
  readonly isDeleted: boolean
}

const failures: readonly ParentEnd['outcome'][] = ['failure', 'partial', 'lost']

export class JobLimits {
  readonly #turn: Turn
  readonly #ledger: Ledger
  readonly #catalog: Catalog
  /** Jobs of which something was counted since the last look. */
  readonly #touched = new Set<JobName>()

  constructor(components: { turn: Turn; ledger: Ledger; catalog: Catalog }) {
    this.#turn = components.turn
    this.#ledger = components.ledger
    this.#catalog = components.catalog
  }

  /** Why a job starts nothing more, as far as this node has heard. */
  refusalOf(job: Job): Refusal | undefined {
    if (this.isOver(job)) return { outcome: 'capped', reason: 'limit' }
    const note = this.#failureNote(job)
    return note === undefined ? undefined : { outcome: 'paused', reason: note }
  }

  /** Whether the job has reached its limit. */
  isOver({ name, generation, groups }: Job): boolean {
    const { limit } = groups.timing
    return limit !== null && this.#ledger.tallies.of(name, generation)[limit.of] >= limit.count
  }

  /** Why a job is paused for its failures since it was resumed last; undefined: it is not. */
  #failureNote({ name, generation, groups }: Job): string | undefined {
    const { pauseOnFailure: count } = groups.delivery
    if (count === null) return undefined
    const afterMs = this.#catalog.writtenMs(name, 'enabled')
    const row = this.#ledger.tallies.failuresInRow(name, generation, { count, afterMs })
    const [first, last] = [row?.[0], row?.at(-1)]
    if (first === undefined || last === undefined) return undefined
    const span = count === 1 ? '' : `from the tick of ${formatInstant(first.dueMs)} `
    return `${count} failed in a row, ${span}to the tick of ${formatInstant(last.dueMs)}`
  }

  /** The job was written, or a tick of it was decided. */
  touch({ name, groups: { timing, delivery } }: Job): void {
    const { maxStartsPerMinute, maxStartsPerDay, pauseOnFailure } = delivery
    const bounds = [timing.limit, maxStartsPerMinute, maxStartsPerDay, pauseOnFailure]
    if (bounds.some((bound) => bound !== null)) this.#touched.add(name)
  }

  /** A record told something new of the job. */
  recorded(job: Job, record: ExecutionRecord): void {
    this.touch(job)
    const { name, generation, groups } = job
    const isTick = record.trigger !== 'dispatch' && record.generation === generation
    if (groups.delivery.pauseOnFailure === null || !isTick || !isRan(record)) return
    const end = endOf(this.#ledger, name, record.execution)
    if (end === undefined) return
    const isFailure = failures.includes(end.outcome)
    this.#ledger.tallies.ended(name, generation, { dueMs: record.dueMs, isFailure })
  }

  /** Stores what was counted; answers the jobs that have reached a bound. */
  look(): readonly JobEnd[] {
    if (this.#touched.size === 0) return []
    const jobs = [...this.#touched].flatMap((name) => this.#catalog.live(name) ?? [])
    this.#touched.clear()
    const tallies = jobs.map((job) => this.#ledger.tallies.of(job.name, job.generation))
    const writes = tallies.map((tally) => ({ kind: 'tally', tally }) as const)
    this.#turn.emit({ kind: 'persist', durability: 'normal', writes })
    return jobs.flatMap((job) => this.#endOf(job) ?? [])
  }

  #endOf(job: Job): JobEnd | undefined {
    const { limit } = job.groups.timing
    if (limit !== null && this.isOver(job)) {
      const note = `limit of ${limit.count} ${limit.of} reached`
      return { job, note, isDeleted: limit.afterwards === 'delete' }
    }
    const note = this.#failureNote(job)
    return note === undefined ? undefined : { job, note, isDeleted: false }
  }
}
