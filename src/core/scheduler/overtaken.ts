// Ticks that a write came before: a node that slept, or is not ready yet, is handed an edit, a pause or a
// deletion before it has looked at what was due until then, and the new schedule knows nothing of it.

import type { Job } from '../jobs/catalog.ts'
import { limits } from '../limits.ts'
import { newestTicks } from './tick.ts'
import type { Track } from './track.ts'

/** A write reaches all members within this time; one that learns of it later looks at the past, too. */
export const learnMs = 5_000

interface Due {
  readonly job: Job
  /** Newest first. */
  readonly dues: readonly number[]
}

export class Overtaken {
  readonly #isEnabled: (job: Job) => boolean
  #waiting: (Due & { readonly atMs: number })[] = []

  constructor(isEnabled: (job: Job) => boolean) {
    this.#isEnabled = isEnabled
  }

  /** A job is now as given, undefined when it was deleted: keeps what was due before. */
  note(track: Track, job: Job | undefined, nowMs: number): void {
    const before = track.armed
    track.armed = job
    if (before === undefined || track.lookedMs < 0 || !this.#isEnabled(before)) return
    const { timing } = before.groups
    const isSame =
      job?.generation === before.generation && job.groups.timing.anchorMs === timing.anchorMs
    if (isSame && this.#isEnabled(job)) return
    const writtenMs = isSame ? undefined : job?.groups.timing.anchorMs
    const untilMs = Math.min(writtenMs ?? Infinity, nowMs)
    const dues = newestTicks(before.name, timing, track.lookedMs, untilMs, limits.catchUpTicksMax)
    if (dues.length === 0 || this.#waiting.length >= limits.untoldMax) return
    track.lookedMs = dues[0]!
    this.#waiting.push({ job: before, dues, atMs: nowMs + learnMs })
  }

  /** What is to be told by now: records of what others ran meanwhile have come. */
  take(nowMs: number): readonly Due[] {
    const due = this.#waiting.filter(({ atMs }) => atMs <= nowMs)
    this.#waiting = this.#waiting.filter(({ atMs }) => atMs > nowMs)
    return due
  }
}
