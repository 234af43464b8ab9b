// While the store cannot be written the node claims nothing and takes no writes. What the failed
// transactions held is kept, within a bound, and tried again; what is beyond the bound is pulled from
// other members later, because the stored version vector does not cover it.

import type { Effect, Write } from './effect.ts'
import { limits } from './limits.ts'
import type { Refusal } from './result.ts'
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

  /** What a command hears meanwhile. */
  get refusal(): Refusal | undefined {
    if (this.reason === undefined) return undefined
    return {
      code: 'MC_STORE_FAILED',
      message: `the store cannot be written: ${this.reason}`,
      hint: 'free or repair the disk of this node, or ask another member',
    }
  }

  failed(reason: string): void {
    this.#reason = reason
    this.#triedAtMs = this.#turn.monoMs
  }

  /** What is to be tried again. */
  keep(writes: readonly Write[]): void {
    this.#unstored = [...this.#unstored, ...writes].slice(0, limits.unstoredWritesMax)
  }

  recovered(): void {
    this.#reason = undefined
    this.#retry()
  }

  /**
   * The effects of a step, with what is not stored yet before what it stores itself: a version
   * vector must not reach the disk before the writes that it covers.
   */
  complete(effects: readonly Effect[]): readonly Effect[] {
    if (this.#unstored.length === 0 || !effects.some(({ kind }) => kind === 'persist')) {
      return effects
    }
    const writes = this.#unstored
    this.#unstored = []
    return [{ kind: 'persist', durability: 'full', writes, isAgain: true }, ...effects]
  }

  /** Tries again now and then; the first success is told as `storeRecovered`. */
  wake(): void {
    if (this.#reason === undefined || this.#turn.monoMs - this.#triedAtMs < retryMs) return
    this.#triedAtMs = this.#turn.monoMs
    this.#retry()
  }

  /** An occasion for `complete`; nothing to store is no occasion. */
  #retry(): void {
    this.#turn.emit({ kind: 'persist', durability: 'full', writes: [], isAgain: true })
  }
}
