import type { MemberId } from '../../core/ids.ts'
import { forgetOldest, TokenBuckets } from '../../core/token-buckets.ts'

/** What refusals need from outside. */
export interface RefusalsComponents {
  readonly clock: { monoMs(): number }
  /** Hears of refusals, of each kind a few and then one per second. */
  readonly report: (from: MemberId | null, what: string, reason: string) => void
}

/** How long a peer is kept away: `firstMs`, doubling each time up to `maxMs`. */
export interface Sentence {
  readonly firstMs: number
  readonly maxMs: number
}

/** For a peer with which the core wants no connection now. */
export const unwanted: Sentence = { firstMs: 30_000, maxMs: 600_000 }
/** For a peer that sent what no member sends. */
export const offender: Sentence = { firstMs: 600_000, maxMs: 86_400_000 }

const strikesMax = 5
const strikesWithinMs = 3_600_000
const peersMax = 1_024

/** Counts refused input, tells of it at a bounded rate, and knows whom to keep away. */
export class Refusals {
  readonly #components: RefusalsComponents
  readonly #reports = new TokenBuckets({ perSecond: 1, burst: 5 })
  readonly #strikes = new Map<MemberId, number[]>()
  readonly #kept = new Map<MemberId, { untilMs: number; lengthMs: number }>()
  #count = 0

  constructor(components: RefusalsComponents) {
    this.#components = components
  }

  /** How much was refused. */
  get count(): number {
    return this.#count
  }

  /** Counts one refusal. */
  refuse(from: MemberId | null, what: string, reason: string): void {
    this.#count += 1
    this.note(from, what, reason)
  }

  /** Tells of something that is not counted here. */
  note(from: MemberId | null, what: string, reason: string): void {
    const { clock, report } = this.#components
    if (this.#reports.take(what, clock.monoMs())) report(from, what, reason)
  }

  /** Counts input that no honest member sends; true when the peer must go. */
  strike(from: MemberId, what: string, reason: string): boolean {
    this.refuse(from, what, reason)
    const nowMs = this.#components.clock.monoMs()
    const recent = (this.#strikes.get(from) ?? []).filter((atMs) => nowMs - atMs < strikesWithinMs)
    recent.push(nowMs)
    this.#strikes.set(from, recent)
    forgetOldest(this.#strikes, peersMax)
    if (recent.length < strikesMax) return false
    this.#strikes.delete(from)
    return true
  }

  /** Keeps a peer away for a while. */
  keepAway(peer: MemberId, { firstMs, maxMs }: Sentence): void {
    const nowMs = this.#components.clock.monoMs()
    const before = this.#kept.get(peer)
    // who behaved for as long as it was away starts anew
    const isRepeated = before !== undefined && nowMs - before.untilMs < before.lengthMs
    const lengthMs = isRepeated ? Math.min(maxMs, Math.max(firstMs, 2 * before.lengthMs)) : firstMs
    this.#kept.delete(peer)
    this.#kept.set(peer, { untilMs: nowMs + lengthMs, lengthMs })
    forgetOldest(this.#kept, peersMax)
  }

  /** Whether the peer is kept away now. */
  isKeptAway(peer: MemberId): boolean {
    const kept = this.#kept.get(peer)
    return kept !== undefined && this.#components.clock.monoMs() < kept.untilMs
  }
}
