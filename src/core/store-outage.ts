// While the store cannot be written the node claims nothing and takes no writes. What the failed
// transactions held is kept, within a bound, and tried again; what is beyond the bound is pulled from
// other members later, because the stored version vector does not cover it.

import type { Write } from './effect.ts'
import { limits } from './limits.ts'
import type { Turn } from './turn.ts'

const retryMs = 1_000

export class StoreOutage {
  readonly #turn: Turn
  #reason: string | undefined
  #unstored: Write[] = []
  #triedAtMs = 0

  constructor(components: { turn: Turn }) {
    this.#turn = components.turn
  }

  /** Why the store fails; undefined while it works. */
  get reason(): string | undefined {
    return this.#reason
  }

  failed(reason: string, writes: readonly Write[]): void {
    this.#reason = reason
    this.#unstored = [...this.#unstored, ...writes].slice(0, limits.unstoredWritesMax)
    this.#triedAtMs = this.#turn.monoMs
  }

  recovered(): void {
    this.#reason = undefined
  }

  /** Tries again now and then; the first success is told as `storeRecovered`. */
  wake(): void {
    if (this.#reason === undefined || this.#turn.monoMs - this.#triedAtMs < retryMs) return
    this.#triedAtMs = this.#turn.monoMs
    const writes = this.#unstored
    this.#unstored = []
    this.#turn.emit({ kind: 'persist', durability: 'full', writes })
  }
}
