/**
 * Hybrid logical clock: cluster time with a counter, so that each write of a node, and each write it
 * makes after having read another, is later than what came before, even when time stands still.
 *
 * It breaks ties among concurrent writes and orders what people see. It never decides causality (that
 * is the version vector's), leases, or the identity of ticks.
 *
 * A member whose clock is years ahead must not win every tie for years, nor drag everybody's clock
 * along. So a stamp more than a minute ahead of own cluster time is stored as it is (it is signed), but
 * ordered as if it were a minute ahead, and does not move our clock further than that.
 */
import type { Cbor } from '../wire/cbor.ts'
import { type Reader, tuple, u16, u48 } from '../wire/read.ts'

/** A stamp. */
export interface Hlc {
  /** Cluster time, 48 bits. */
  readonly ms: number
  /** 16 bits. */
  readonly counter: number
}

/** How far ahead of own cluster time a stamp is believed; less would distrust honest members. */
export const hlcAheadMaxMs = 60_000

const MS_MAX = 2 ** 48 - 1
const COUNTER_MAX = 0xffff

/** Negative: a is earlier. */
export function compareHlc(a: Hlc, b: Hlc): number {
  return a.ms - b.ms || a.counter - b.counter
}

/** Whether a stamp is further ahead than it may be. */
export function isFarAhead(hlc: Hlc, nowMs: number): boolean {
  return hlc.ms > nowMs + hlcAheadMaxMs
}

/** The stamp by which to order: itself, or a minute from now for one that is further ahead. */
export function capHlc(hlc: Hlc, nowMs: number): Hlc {
  return isFarAhead(hlc, nowMs) ? stampOf(nowMs + hlcAheadMaxMs, COUNTER_MAX) : hlc
}

/** A stamp as [ms, counter]. */
export function encodeHlc(hlc: Hlc): Cbor {
  return [hlc.ms, hlc.counter]
}

const readPair = tuple<readonly [number, number]>(u48, u16)

/** Reads [ms, counter]. */
export const readHlc: Reader<Hlc> = (value) => {
  const [ms, counter] = readPair(value)
  return { ms, counter }
}

/** The clock of one node; every stamp is later than all before it. */
export class HybridClock {
  #last: Hlc

  /** Continues after `last`, the greatest stamp that was stored. */
  constructor(last: Hlc = { ms: 0, counter: 0 }) {
    this.#last = last
  }

  /** The greatest stamp made or taken over. */
  get last(): Hlc {
    return this.#last
  }

  /** A new stamp at cluster time `nowMs`. */
  tick(nowMs: number): Hlc {
    const now = stampOf(nowMs, 0)
    this.#last = compareHlc(now, this.#last) > 0 ? now : successor(this.#last)
    return this.#last
  }

  /** Takes note of a received stamp; `farAhead` is to be alarmed. */
  receive(remote: Hlc, nowMs: number): 'fine' | 'farAhead' {
    const believed = capHlc(remote, nowMs)
    if (compareHlc(believed, this.#last) > 0) this.#last = believed
    return isFarAhead(remote, nowMs) ? 'farAhead' : 'fine'
  }
}

function stampOf(ms: number, counter: number): Hlc {
  return { ms: Math.min(Math.max(Math.floor(ms), 0), MS_MAX), counter }
}

function successor({ ms, counter }: Hlc): Hlc {
  return counter < COUNTER_MAX ? { ms, counter: counter + 1 } : { ms: ms + 1, counter: 0 }
}
