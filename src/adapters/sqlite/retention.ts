/**
 * History is bounded per job, by number and by age. Failures are kept longer, because they are what
 * somebody looks for later: to an age of their own, and counted by themselves, or the successes of a job
 * that runs every second would push them out within minutes. A slot goes as a whole with its verdict. What may still decide something is never removed: attempts that did not
 * end, ticks after the job's watermark, dispatches whose key is remembered, the newest of each job.
 */
import { limits } from '../../core/limits.ts'
import type { Database, Row, Value } from './database.ts'
import type { History } from './history.ts'

export interface Retention {
  /** Slots of executions kept per job, and as many failed ones; more need more disk. */
  readonly runsPerJobMax: number
  /** Age of what is kept. */
  readonly ageMsMax: number
  /** The same for what ended neither with success nor without a run. */
  readonly failureAgeMsMax: number
}

export const retentionDefault: Retention = {
  runsPerJobMax: 1_000,
  ageMsMax: 30 * 86_400_000,
  failureAgeMsMax: 90 * 86_400_000,
}

/** What a job's definition says; null or absent: the node's default. */
export type RetentionOf = (
  job: string,
) => { readonly runs: number | null; readonly ageMs: number | null } | undefined

/** Jobs looked at and rows removed in one slice: a few milliseconds. */
const jobsPerSlice = 64
const rowsPerSlice = 100
const failed = "state IN ('failure', 'lost', 'unknown')"

export class Pruner {
  readonly #database: Database
  readonly #history: History
  readonly #retention: Retention
  #lastJob = ''

  constructor(database: Database, history: History, retention: Retention) {
    this.#database = database
    this.#history = history
    this.#retention = retention
  }

  /** Removes one slice of what may go, inside a transaction; answers how many rows. */
  slice(nowMs: number, of: RetentionOf): number {
    let removed = 0
    for (let jobs = 0; jobs < jobsPerSlice; jobs++) {
      const job = this.#database
        .prepare('SELECT job FROM record WHERE job > ? ORDER BY job LIMIT 1')
        .get(this.#lastJob)?.['job'] as string | undefined
      if (job === undefined) {
        this.#lastJob = ''
        break
      }
      const ids = this.#outdated(job, nowMs, of(job), rowsPerSlice - removed)
      this.#history.remove(ids)
      removed += ids.length
      if (removed >= rowsPerSlice) break
      this.#lastJob = job
    }
    return removed
  }

  #outdated(
    job: string,
    nowMs: number,
    wanted: ReturnType<RetentionOf>,
    limit: number,
  ): readonly number[] {
    const runs = wanted?.runs ?? this.#retention.runsPerJobMax
    const ageMs = wanted?.ageMs ?? this.#retention.ageMsMax
    const failureAgeMs = Math.max(ageMs, this.#retention.failureAgeMsMax)
    const newest = this.#number('SELECT max(due) AS n FROM record WHERE job = ?', job)
    const decided = this.#number('SELECT due AS n FROM watermark WHERE job = ?', job)
    const overflowOf = (rule: string): number =>
      this.#number(
        `SELECT due AS n FROM record WHERE job = ? AND head = 1 AND ${rule}
         ORDER BY due DESC, place DESC LIMIT 1 OFFSET ?`,
        job,
        runs,
      )
    // A record that belongs to no tick has no watermark to wait for.
    return this.#database
      .prepare(
        `SELECT id FROM record WHERE job = ?1 AND due < ?2 AND phase = 'ended'
           AND (origin <> 'schedule' AND due < ?3 OR origin = 'schedule' AND through <= ?4)
           AND (due <= ?5 OR due < ?6)
           AND (due <= ?7 OR due < ?8 OR NOT EXISTS (
             SELECT 1 FROM record AS verdict WHERE verdict.execution = record.execution
               AND verdict.slot = record.slot AND verdict.head = 1 AND verdict.${failed}))
         ORDER BY due LIMIT ?9`,
      )
      .all(
        job,
        newest,
        nowMs - limits.dispatchMemoryMs,
        decided,
        overflowOf('TRUE'),
        nowMs - ageMs,
        overflowOf(failed),
        nowMs - failureAgeMs,
        limit,
      )
      .map((row) => row['id'] as number)
  }

  #number(sql: string, ...values: readonly Value[]): number {
    const row: Row | undefined = this.#database.prepare(sql).get(...values)
    return typeof row?.['n'] === 'number' ? row['n'] : -1
  }
}
