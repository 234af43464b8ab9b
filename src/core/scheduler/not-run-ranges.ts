// Runs of equal ticks that do not run, while a job is paused or a calendar forbids it: one record
// stands for the whole run. It is written with the first tick, and again now and then as it grows.

import type { NotRunOutcome } from '../execution/record.ts'
import type { JobName } from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import type { OverdueTick } from './misfire.ts'

/** Why a tick does not run. */
export interface Refusal {
  readonly outcome: NotRunOutcome
  readonly reason: string
}

interface Range extends Refusal {
  readonly fromMs: number
  toMs: number
  count: number
  writtenAtMs: number
}

export type WriteRange = (
  job: Job,
  range: { readonly fromMs: number; readonly toMs: number; readonly count: number },
  refusal: Refusal,
) => void

const writeEveryMs = 60_000

export class NotRunRanges {
  readonly #ranges = new Map<JobName, Range>()
  readonly #write: WriteRange

  constructor(write: WriteRange) {
    this.#write = write
  }

  /** A tick of a job does not run. */
  add(job: Job, dueMs: number, refusal: Refusal, nowMs: number): void {
    let range = this.#ranges.get(job.name)
    if (range?.outcome !== refusal.outcome || range.reason !== refusal.reason) {
      this.close(job)
      range = { ...refusal, fromMs: dueMs, toMs: dueMs, count: 0, writtenAtMs: -Infinity }
      this.#ranges.set(job.name, range)
    }
    range.count += 1
    range.toMs = dueMs
    if (nowMs - range.writtenAtMs < writeEveryMs) return
    range.writtenAtMs = nowMs
    this.#write(job, range, range)
  }

  /** Ticks of the job run again: what the last record lacks is written. */
  close(job: Job): void {
    const range = this.#ranges.get(job.name)
    this.#ranges.delete(job.name)
    if (range !== undefined && range.count > 1) this.#write(job, range, range)
  }

  drop(name: JobName): void {
    this.#ranges.delete(name)
  }
}

/** The refusal of a tick that a calendar denies. */
export function blackoutOf({ deniedBy }: OverdueTick): Refusal | undefined {
  return deniedBy === undefined ? undefined : { outcome: 'blackout', reason: deniedBy }
}
