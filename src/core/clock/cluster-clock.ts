/**
 * Cluster time: one time base for ticks although the members' clocks are wrong.
 *
 * The mean of all clocks would let one board that woke up in 1970 move everybody. So each clock is an
 * interval: what a heartbeat says about a peer's clock is uncertain by half its round trip, our own is
 * a point. The agreed interval is where most intervals overlap (Marzullo), if these are more than half
 * of the clocks and at least three (or all, in a smaller fleet). Clocks outside of it are wrong.
 *
 * All is kept relative to the monotonic clock, never to the wall clock: when our own wall clock is
 * stepped, only our own point moves, and what was measured about the peers stays true.
 *
 * Of a link the sample with the shortest round trip in 60 s counts, because its interval is narrowest.
 * Two samples of one steady clock must overlap, whatever the network did; if a new one lies apart from
 * a kept one, the peer's clock was stepped, and the older sample is dropped at once.
 *
 * clusterMs = monoMs + base. `base` follows the middle of the agreed interval, or our own clock where
 * there is none: up to 250 ms by slewing at 500 ppm (time never stands still or goes back), by a step
 * beyond. What a step means for ticks is the caller's matter.
 */
import { invariant } from '../invariant.ts'

/**
 * - `synced`, `drifting`: own wall clock within 250 ms, 2 s of the agreed interval.
 * - `skewed`: further off; cluster time is used, but others go first.
 * - `unsynced`: more than 60 s off and cluster time not yet proven for 60 s, or nothing known but a wall
 *   clock from before this program was built: owns no time-triggered ticks.
 * - `disputed`: there are peers, but no agreed interval; own clock is used.
 * - `alone`: no peers, or too few to judge and none that objects; own clock is used.
 */
export type ClockState = 'synced' | 'drifting' | 'skewed' | 'unsynced' | 'disputed' | 'alone'

/** What one heartbeat says about a peer's clock. */
export interface ClockSample {
  /** Peer's wall clock minus ours. */
  readonly offsetMs: number
  readonly rttMs: number
}

/** Both clocks of one instant. */
export interface ClockReading {
  readonly monoMs: number
  readonly wallMs: number
}

/** Cluster time and how far to trust it. */
export interface ClusterTime {
  readonly clusterMs: number
  readonly state: ClockState
  /** Own wall clock minus cluster time, within 32 bits. */
  readonly offsetMs: number
  /** How far off it may be if the agreeing clocks are right; without them, the farthest clock. */
  readonly errorMs: number
  readonly stepped: 'no' | 'forward' | 'backward'
}

/** A closed interval on the axis wall − mono. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** A sample is used this long; longer would keep stepped clocks, shorter lose the best round trip. */
export const sampleAgeMaxMs = 60_000

/** Added to both ends of a peer's interval: scheduling and rounding of both sides. */
export const sampleMarginMs = 2

/** Own wall clock this close to the agreed interval is `synced`; also the largest slewed correction. */
export const syncedMaxMs = 250

/** Own wall clock this close is `drifting`. */
export const driftingMaxMs = 2_000

/** Beyond this a node waits until it has followed the agreed interval for `followedMs`. */
export const unsyncedBeyondMs = 60_000

/** How long an agreed interval must have been followed without a step. */
export const followedMs = 60_000

/** Slewing: 500 ppm, what operating systems use; 250 ms take 500 s. */
export const slewRate = 0.0005

/** Samples kept per link. */
const SAMPLES_MAX = 16
const I32_MAX = 0x7fff_ffff

interface Overlap extends Interval {
  readonly count: number
}

interface Kept extends Interval {
  readonly monoMs: number
  readonly rttMs: number
}

/**
 * The overlap that most intervals share, and how many; undefined for no intervals. Where several share
 * equally many, the one nearest to `near`, then the lower.
 */
export function findOverlap(intervals: readonly Interval[], near: number): Overlap | undefined {
  if (intervals.length === 0) return undefined
  // mostly all clocks agree
  const common = { low: highestLow(intervals), high: lowestHigh(intervals) }
  if (common.low <= common.high) return { ...common, count: intervals.length }
  let best: Overlap | undefined
  for (const { low } of intervals) {
    let count = 0
    let high = Infinity
    for (const other of intervals) {
      // closed intervals that touch overlap
      if (other.low > low || low > other.high) continue
      count += 1
      high = Math.min(high, other.high)
    }
    if (count < (best?.count ?? 1)) continue
    const found = { low, high, count }
    if (best === undefined || isBetter(found, best, near)) best = found
  }
  return best
}

function isBetter(a: Overlap, b: Overlap, near: number): boolean {
  if (a.count !== b.count) return a.count > b.count
  const nearer = distance(a, near) - distance(b, near)
  return nearer < 0 || (nearer === 0 && a.low < b.low)
}

function highestLow(intervals: readonly Interval[]): number {
  let highest = -Infinity
  for (const { low } of intervals) highest = Math.max(highest, low)
  return highest
}

function lowestHigh(intervals: readonly Interval[]): number {
  let lowest = Infinity
  for (const { high } of intervals) lowest = Math.min(lowest, high)
  return lowest
}

/** How far a point lies outside of an interval. */
function distance({ low, high }: Interval, point: number): number {
  return Math.max(low - point, point - high, 0)
}

/** Distance from `base` to the far end of what all agreeing peers allow; our own point proves nothing. */
function uncertainty(agreed: Interval, peers: readonly Interval[], base: number): number {
  const agreeing = peers.filter(({ low, high }) => low <= agreed.low && agreed.high <= high)
  return Math.max(base - highestLow(agreeing), lowestHigh(agreeing) - base)
}

function farthest(peers: readonly Interval[], base: number): number {
  return Math.max(0, ...peers.map((peer) => distance(peer, base)))
}

/** The clock of one node. */
export class ClusterClock {
  readonly #buildMs: number
  readonly #links = new Map<string, readonly Kept[]>()
  /** The best sample of each link, until a sample comes, goes or grows old. */
  #best: readonly Kept[] | undefined
  /** clusterMs − monoMs. */
  #base: number | undefined
  #advancedAtMs = 0
  /** Own wall − mono at the last reading. */
  #own = 0
  #followedSinceMs: number | undefined

  /** `buildMs`: when this program was built; no true clock shows an earlier time. */
  constructor(init: { readonly buildMs: number }) {
    this.#buildMs = init.buildMs
  }

  /** Notes what a heartbeat told; `reading` are the own clocks with which it was measured. */
  sample(memberId: string, sample: ClockSample, reading: ClockReading): void {
    const { monoMs, wallMs } = reading
    const rttMs = Math.max(sample.rttMs, 0)
    this.#own = wallMs - monoMs
    const middle = sample.offsetMs + this.#own
    const reach = rttMs / 2 + sampleMarginMs
    const added: Kept = { low: middle - reach, high: middle + reach, monoMs, rttMs }
    const before = this.#links.get(memberId) ?? []
    const kept = before.filter(
      (old) =>
        isYoung(old, monoMs) &&
        old.rttMs < rttMs && // an older sample that is no better will never be used
        old.low <= added.high &&
        added.low <= old.high,
    )
    if (kept.length >= SAMPLES_MAX) kept.pop()
    kept.push(added)
    this.#links.set(memberId, kept)
    if (kept[0] !== before[0]) this.#best = undefined
  }

  /** Drops what is known of a member that went; samples of a silent one expire by themselves. */
  forget(memberId: string): void {
    this.#links.delete(memberId)
    this.#best = undefined
  }

  /** A member's wall clock minus ours by its best sample; undefined when there is none. */
  offsetOf(memberId: string): number | undefined {
    const best = this.#links.get(memberId)?.[0]
    return best === undefined ? undefined : (best.low + best.high) / 2 - this.#own
  }

  /** Cluster time now. `aliveMembers` counts this node. Call it with monoMs that never goes back. */
  advance(now: ClockReading & { readonly aliveMembers: number }): ClusterTime {
    const { monoMs, wallMs, aliveMembers } = now
    invariant(monoMs >= this.#advancedAtMs, 'the monotonic clock went back')
    this.#own = wallMs - monoMs
    const peers = this.#bestSamples(monoMs)
    const own: Interval = { low: this.#own, high: this.#own }
    const sources = [own, ...peers]
    const overlap = findOverlap(sources, this.#base ?? this.#own)!
    const isMajority = overlap.count * 2 > sources.length
    const isPlausible = overlap.high + monoMs >= this.#buildMs
    const isEnough = sources.length >= Math.min(3, aliveMembers) && peers.length > 0
    const agreed = isMajority && isPlausible && isEnough ? overlap : undefined

    const target = this.#targetOf(agreed, monoMs)
    const stepped = this.#follow(target, monoMs)
    if (agreed === undefined) this.#followedSinceMs = undefined
    else if (stepped !== 'no') this.#followedSinceMs = monoMs
    else this.#followedSinceMs ??= monoMs

    const base = this.#base!
    const state =
      agreed === undefined
        ? this.#stateWithout(monoMs, peers.length > 0 && (isEnough || !isMajority))
        : this.#stateWith(agreed, monoMs)
    const error = agreed === undefined ? farthest(peers, base) : uncertainty(agreed, peers, base)
    return {
      clusterMs: Math.floor(monoMs + base),
      state,
      offsetMs: Math.max(-I32_MAX, Math.min(I32_MAX, Math.round(this.#own - base))),
      errorMs: Math.min(I32_MAX, Math.ceil(error)),
      stepped,
    }
  }

  /** The best sample of each link that has one; links without are dropped. */
  #bestSamples(monoMs: number): readonly Interval[] {
    // the best one is also the oldest of its link
    if (this.#best !== undefined && areYoung(this.#best, monoMs)) return this.#best
    const best: Kept[] = []
    for (const [memberId, kept] of this.#links) {
      const young = kept.filter((sample) => isYoung(sample, monoMs))
      if (young.length === 0) this.#links.delete(memberId)
      else {
        if (young.length < kept.length) this.#links.set(memberId, young)
        best.push(young[0]!)
      }
    }
    this.#best = best
    return best
  }

  /** Where `base` should be. A wall clock from before the build is worse than staying where we are. */
  #targetOf(agreed: Interval | undefined, monoMs: number): number {
    if (agreed !== undefined) return (agreed.low + agreed.high) / 2
    if (this.#base === undefined || this.#own + monoMs >= this.#buildMs) return this.#own
    return this.#base
  }

  #follow(target: number, monoMs: number): 'no' | 'forward' | 'backward' {
    const elapsedMs = monoMs - this.#advancedAtMs
    this.#advancedAtMs = monoMs
    if (this.#base === undefined) {
      this.#base = target
      return 'no'
    }
    const correction = target - this.#base
    if (Math.abs(correction) > syncedMaxMs) {
      this.#base = target
      return correction > 0 ? 'forward' : 'backward'
    }
    const most = elapsedMs * slewRate
    this.#base += Math.max(-most, Math.min(most, correction))
    return 'no'
  }

  #stateWith(agreed: Interval, monoMs: number): ClockState {
    const offMs = distance(agreed, this.#own)
    if (offMs <= syncedMaxMs) return 'synced'
    if (offMs <= driftingMaxMs) return 'drifting'
    const isFollowed = monoMs - this.#followedSinceMs! >= followedMs
    return offMs > unsyncedBeyondMs && !isFollowed ? 'unsynced' : 'skewed'
  }

  #stateWithout(monoMs: number, isContested: boolean): ClockState {
    if (this.#own + monoMs < this.#buildMs) return 'unsynced'
    return isContested ? 'disputed' : 'alone'
  }
}

function areYoung(samples: readonly Kept[], monoMs: number): boolean {
  for (const sample of samples) if (!isYoung(sample, monoMs)) return false
  return true
}

function isYoung(sample: Kept, monoMs: number): boolean {
  return monoMs - sample.monoMs < sampleAgeMaxMs
}
