import type { Effect } from './effect.ts'
import type { Report } from './report.ts'

/** The step in hand: its instant on each clock, and the effects so far. Shared by the parts of a node. */
export class Turn {
  /** Monotonic milliseconds: waits, timeouts, round trips. */
  monoMs = 0
  /** The system clock: an input of cluster time, nothing else. */
  wallMs = 0
  /** Cluster time: ticks, announcements, report times. */
  clusterMs = 0
  #effects: Effect[] = []

  emit(effect: Effect): void {
    this.#effects.push(effect)
  }

  report(report: Report): void {
    this.#effects.push({ kind: 'report', report })
  }

  /** The effects since the last call. */
  take(): Effect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }
}
