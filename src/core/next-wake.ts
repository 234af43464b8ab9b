// When the node is to be woken next: asked for again only when the instant has changed.

import type { Timers } from './limits.ts'
import type { Turn } from './turn.ts'

export class NextWake {
  readonly #turn: Turn
  readonly #timers: Timers
  #cameMs = 0
  #askedMs = -1

  constructor(components: { turn: Turn; timers: Timers }) {
    this.#turn = components.turn
    this.#timers = components.timers
  }

  /** A wake has come: the next one is asked for anew, were it for the same instant. */
  came(): void {
    this.#cameMs = this.#turn.monoMs
    this.#askedMs = -1
  }

  /** Asks for the earliest of these monotonic instants, and for a wake now and then anyway. */
  ask(...instants: readonly number[]): void {
    const next = Math.min(this.#cameMs + this.#timers.wakeMs, ...instants)
    if (next === this.#askedMs) return
    this.#askedMs = next
    this.#turn.emit({ kind: 'wakeAt', monoMs: next })
  }
}
