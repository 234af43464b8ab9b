/**
 * Weighted rendezvous hashing: the order in which members are asked to run something, computed by
 * each member alone from the same facts, without a message (docs/design, "Ranking"; hashVersion 1).
 *
 * Each pair (key, member) gets a pseudo-random score; the greatest acts first. When a member leaves,
 * only what it ranked first for moves; when one joins, only what it now ranks first for. With weights
 * the score u in (0, 1) becomes an exponential cost −log2(u) / weight and the smallest acts first:
 * that makes each member's share exactly proportional to its weight (Mosharaf, Schindelhauer).
 *
 * A floating-point logarithm may differ in its last bit between engines and CPUs, and two members that
 * disagree about one bit both start a job or both wait. So the logarithm is a table of 1024 segments in
 * units of 1/2^24, built with integers, and costs are compared by cross-multiplication: cost ≤ 2^30,
 * weight ≤ 2^10, product < 2^53, nothing is rounded. Equal weights need no cost at all, because the
 * cost never grows with the score: that path compares scores only, the order is the same.
 */
import { createWords, fromWords, hashWords, mixWords, toWords, type Words } from '../hash.ts'
import { invariant } from '../invariant.ts'

/** Version of this algorithm; a node that does not implement a job's version is no candidate for it. */
export const hashVersion = 1

/** Weight 1.0: weights count sixteenths. */
export const weightUnit = 16

/** Largest weight. */
export const weightMax = 1024

/** What is ranked; each kind has its own independent order. */
export type RankKind = 'tick' | 'job' | 'key' | 'shard' | 'home' | 'watch' | 'relay' | 'zone'

/** A member to rank. */
export interface Weighted {
  readonly id: string
  /** Share in sixteenths, 1 … 1024. */
  readonly weight: number
}

/** Members made ready for many rankings; valid as long as ids and weights do not change. */
export interface Prepared {
  readonly ids: readonly string[]
  /** Upper and lower halves of each member's hash. */
  readonly high: Uint32Array
  readonly low: Uint32Array
  /** Weights, or undefined when all are equal. */
  readonly weights: Float64Array | undefined
}

/** The key under which members are ranked for one thing. */
export function rankKey(kind: RankKind, text: string): string {
  return `hrw|${kind}|${text}`
}

/** All members, the one that acts first in front; the order of the input does not matter. */
export function rankMembers(key: string, members: readonly Weighted[]): readonly string[] {
  return rankPrepared(key, prepareMembers(members))
}

/** Looks up hashes and weights once, for callers that rank the same members under many keys. */
export function prepareMembers(members: readonly Weighted[]): Prepared {
  const count = members.length
  const ids: string[] = []
  const high = new Uint32Array(count)
  const low = new Uint32Array(count)
  const weights = new Float64Array(count)
  let isMixed = false
  for (let i = 0; i < count; i++) {
    const { id, weight } = members[i]!
    invariant(isWeight(weight), 'a weight is an integer in 1 … 1024')
    const hash = hashMember(id)
    ids.push(id)
    high[i] = hash[0]!
    low[i] = hash[1]!
    weights[i] = weight
    isMixed ||= weight !== weights[0]
  }
  return { ids, high, low, weights: isMixed ? weights : undefined }
}

/** rankMembers over prepared members. */
export function rankPrepared(key: string, members: Prepared): readonly string[] {
  const count = members.ids.length
  const scored = scoreAll(key, members)
  const order = new Array<number>(count)
  if (count > INSERTION_MAX) {
    for (let i = 0; i < count; i++) order[i] = i
    order.sort((a, b) => (isBefore(scored, a, b) ? -1 : 1))
  } else {
    for (let i = 0; i < count; i++) {
      let at = i
      while (at > 0 && isBefore(scored, i, order[at - 1]!)) {
        order[at] = order[at - 1]!
        at--
      }
      order[at] = i
    }
  }
  const ranked = new Array<string>(count)
  for (let i = 0; i < count; i++) ranked[i] = members.ids[order[i]!]!
  return ranked
}

/** Who acts first, without sorting the rest; undefined when there are no members. */
export function firstPrepared(key: string, members: Prepared): string | undefined {
  const scored = scoreAll(key, members)
  let best = 0
  for (let i = 1; i < members.ids.length; i++) if (isBefore(scored, i, best)) best = i
  return members.ids[best]
}

/** The score of one member under a key: what `explain` shows. */
export function scoreMember(key: string, memberId: string): bigint {
  const words = createWords()
  hashWords(key, words)
  const hash = hashMember(memberId)
  words[0]! ^= hash[0]!
  words[1]! ^= hash[1]!
  mixWords(words)
  return fromWords(words)
}

/** −log2(score / 2^64) in units of 1/2^24. */
export function costOf(score: bigint): number {
  const words = toWords(score)
  return cost(words[0]!, words[1]!)
}

/** Above this many members a comparison sort beats insertion. */
const INSERTION_MAX = 64

function isWeight(weight: number): boolean {
  return Number.isInteger(weight) && weight >= 1 && weight <= weightMax
}

interface Scored extends Prepared {
  readonly scoreHigh: Uint32Array
  readonly scoreLow: Uint32Array
  /** Costs, when weights differ. */
  readonly costs: Float64Array | undefined
}

function scoreAll(key: string, members: Prepared): Scored {
  const { ids, high, low, weights } = members
  const count = ids.length
  const words = createWords()
  hashWords(key, words)
  const keyHigh = words[0]!
  const keyLow = words[1]!
  const scoreHigh = new Uint32Array(count)
  const scoreLow = new Uint32Array(count)
  const costs = weights === undefined ? undefined : new Float64Array(count)
  for (let i = 0; i < count; i++) {
    words[0] = high[i]! ^ keyHigh
    words[1] = low[i]! ^ keyLow
    mixWords(words)
    scoreHigh[i] = words[0]!
    scoreLow[i] = words[1]!
    if (costs !== undefined) costs[i] = cost(words[0]!, words[1]!)
  }
  return { ids, high, low, weights, scoreHigh, scoreLow, costs }
}

function isBefore(s: Scored, a: number, b: number): boolean {
  if (s.costs !== undefined) {
    const left = s.costs[a]! * s.weights![b]!
    const right = s.costs[b]! * s.weights![a]!
    if (left !== right) return left < right
  }
  const highA = s.scoreHigh[a]!
  const highB = s.scoreHigh[b]!
  if (highA !== highB) return highA > highB
  const lowA = s.scoreLow[a]!
  const lowB = s.scoreLow[b]!
  if (lowA !== lowB) return lowA > lowB
  return s.ids[a]! < s.ids[b]!
}

const ONE = 1 << 24

function cost(high: number, low: number): number {
  if (high === 0 && low === 0) return 64 * ONE
  let zeros = Math.clz32(high)
  let normal = high // upper half of the score with its leading zeros shifted out
  if (zeros === 32) {
    normal = low << Math.clz32(low)
    zeros += Math.clz32(low)
  } else if (zeros > 0) {
    normal = (high << zeros) | (low >>> (32 - zeros))
  }
  const table = logarithms()
  const segment = (normal >>> 21) & 0x3ff
  const fraction = (normal >>> 7) & 0x3fff
  const from = table[segment]!
  return (zeros + 1) * ONE - (from + (((table[segment + 1]! - from) * fraction) >>> 14))
}

let table: Uint32Array | undefined

/** T[i] = floor(2^24 · log2(1 + i/1024)), bit by bit through repeated squaring; built at first use. */
export function logarithms(): Uint32Array {
  if (table !== undefined) return table
  table = new Uint32Array(1025)
  for (let i = 0; i < 1024; i++) {
    let x = BigInt(1024 + i) << 53n
    let bits = 0
    for (let bit = 0; bit < 24; bit++) {
      x = (x * x) >> 63n
      bits *= 2
      if (x >= 1n << 64n) {
        x >>= 1n
        bits += 1
      }
    }
    table[i] = bits
  }
  table[1024] = ONE
  return table
}

/** A member's hash never changes, so a bounded memo changes nothing but the time it takes. */
const memberHashes = new Map<string, Words>()
const MEMBER_HASHES_MAX = 8192

function hashMember(id: string): Words {
  let hash = memberHashes.get(id)
  if (hash === undefined) {
    hash = createWords()
    hashWords(`hrw|member|${id}`, hash)
    if (memberHashes.size >= MEMBER_HASHES_MAX) memberHashes.clear()
    memberHashes.set(id, hash)
  }
  return hash
}
