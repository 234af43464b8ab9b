// The last outcome of each job and how often it came in a row, out of the stored history. What was
// found is kept until the job has news.

import type { Job } from '../../adapters/http/schema.ts'
import { isRan, isSettled } from '../../core/execution/ledger.ts'
import type { ExecutionRecord, Outcome } from '../../core/execution/record.ts'
import type { JobName } from '../../core/ids.ts'
import type { ExecutionRow } from '../../ports/store.ts'
import { nameOf, toInstant, type Scene } from './scene.ts'

/** What a job's answer tells of its past. */
export type Past = Pick<Job, 'last' | 'streak'>

const jobsMax = 16_384
const pagesMax = 6
const firstPageRows = 20
const nextPageRows = 200

export class JobHistory {
  readonly #scene: Scene
  readonly #known = new Map<JobName, Past>()

  constructor(scene: Scene) {
    this.#scene = scene
  }

  /** The job has a new record. */
  forget(job: JobName): void {
    this.#known.delete(job)
  }

  of(job: JobName): Past {
    let past = this.#known.get(job)
    if (past === undefined) {
      past = this.#find(job)
      if (this.#known.size >= jobsMax) this.#known.delete(this.#known.keys().next().value!)
      this.#known.set(job, past)
    }
    return past
  }

  #find(job: JobName): Past {
    let last: ExecutionRecord | undefined
    let outcome: Outcome | undefined
    let count = 0
    for (const execution of this.#ended(job)) {
      last ??= execution
      outcome ??= execution.outcome!
      if (execution.outcome !== outcome) break
      count += 1
    }
    if (last === undefined || outcome === undefined) return { last: null, streak: null }
    return { last: this.#toLast(last), streak: { outcome, count } }
  }

  #toLast(record: ExecutionRecord): NonNullable<Job['last']> {
    return {
      execution: record.execution,
      scheduledAt: toInstant(record.dueMs),
      node: record.executor,
      nodeName: nameOf(this.#scene.node, record.executor),
      outcome: record.outcome!,
      reason: record.reason,
    }
  }

  /** Executions that ran to an end, newest first, each by the worst of its slots. */
  *#ended(job: JobName): Generator<ExecutionRecord> {
    let worst: ExecutionRecord | undefined
    let isOpen = false
    for (const { record } of this.#rows(job)) {
      if (worst !== undefined && record.execution !== worst.execution) {
        if (!isOpen && isRan(worst)) yield worst
        worst = undefined
        isOpen = false
      }
      isOpen ||= !isSettled(record)
      if (worst === undefined || isWorse(record, worst)) worst = record
    }
    if (worst !== undefined && !isOpen && isRan(worst)) yield worst
  }

  *#rows(job: JobName): Generator<ExecutionRow> {
    let cursor: string | undefined
    for (let page = 0; page < pagesMax; page += 1) {
      const limit = page === 0 ? firstPageRows : nextPageRows
      const query = { job, limit, ...(cursor === undefined ? {} : { cursor }) }
      const found = this.#scene.store.executions(query)
      yield* found.rows
      cursor = found.cursor
      if (cursor === undefined) return
    }
  }
}

const isWorse = (a: ExecutionRecord, b: ExecutionRecord): boolean =>
  isRan(a) && (!isRan(b) || (a.outcome !== 'success' && b.outcome === 'success'))
