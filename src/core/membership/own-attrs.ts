// What this node offers to jobs. A change acts from an instant announced ahead, so that all members
// rank a tick alike; only that it accepts nothing acts at once, because it then declines by itself.

import type { Facts } from '../placement/where.ts'
import type { Attrs } from './node-record.ts'

/** A number that moved by less than this share of itself is told as it was: free space never rests. */
const noticeableShare = 0.1

export class OwnAttrs {
  #attrs: Attrs
  #before: Attrs | null = null
  #fromMs = 0

  constructor(attrs: Attrs) {
    this.#attrs = attrs
  }

  /** The newest, in force or announced. */
  get newest(): Attrs {
    return this.#attrs
  }

  /** As they stand in the node's record. */
  get announced(): {
    readonly attrs: Attrs
    readonly attrsFromMs: number
    readonly prevAttrs: Attrs | null
  } {
    return { attrs: this.#attrs, attrsFromMs: this.#fromMs, prevAttrs: this.#before }
  }

  /** Announces a change that acts from `fromMs`, cluster time. */
  change(change: Partial<Attrs>, nowMs: number, fromMs: number): void {
    // what was announced and is not in force yet is replaced: what is in force goes on until then
    if (nowMs >= this.#fromMs) this.#before = this.#attrs
    this.#attrs = { ...this.#attrs, ...change }
    this.#fromMs = fromMs
  }

  /** At once; true when it changes something. */
  setAccepts(accepts: boolean): boolean {
    if (this.#attrs.accepts === accepts) return false
    this.#attrs = { ...this.#attrs, accepts }
    this.#before &&= { ...this.#before, accepts }
    return true
  }
}

/** Whether facts differ enough from those told before to be told again. */
export function areNews(told: Facts, facts: Facts): boolean {
  const names = Object.keys(facts)
  if (names.length !== Object.keys(told).length) return true
  return names.some((name) => {
    const [before, after] = [told[name], facts[name]]
    if (typeof before !== 'number' || typeof after !== 'number') return before !== after
    return Math.abs(after - before) > noticeableShare * Math.abs(before)
  })
}
