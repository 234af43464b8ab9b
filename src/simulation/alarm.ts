// The alarm of one machine. One that is put off keeps its place in the queue and looks again when it
// comes up: most wakes are put off many times.

import type { Timeline } from './timeline.ts'

export class Alarm {
  readonly #timeline: Timeline
  readonly #ring: () => void
  #wantedMs = Infinity
  #plannedMs = Infinity

  constructor(timeline: Timeline, ring: () => void) {
    this.#timeline = timeline
    this.#ring = ring
  }

  get isDue(): boolean {
    return this.#wantedMs <= this.#timeline.nowMs
  }

  /** Replaces the one before. */
  set(afterMs: number): void {
    this.#wantedMs = this.#timeline.nowMs + Math.max(0, afterMs)
    if (this.#plannedMs > this.#wantedMs) this.#plan()
  }

  /** What came up while nothing ran was not heard. */
  resume(): void {
    if (!this.isDue && this.#wantedMs < this.#plannedMs) this.#plan()
  }

  /** Ends it; answers how late it is. */
  take(): number {
    const lateMs = Math.max(0, Math.round(this.#timeline.nowMs - this.#wantedMs))
    this.clear()
    return lateMs
  }

  clear(): void {
    this.#wantedMs = Infinity
    this.#plannedMs = Infinity
  }

  #plan(): void {
    const plannedMs = this.#wantedMs
    this.#plannedMs = plannedMs
    this.#timeline.at(plannedMs, () => {
      if (this.#plannedMs !== plannedMs) return
      this.#plannedMs = Infinity
      if (this.isDue) this.#ring()
      else if (this.#wantedMs < Infinity) this.#plan()
    })
  }
}
