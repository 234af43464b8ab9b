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
 * units of 1/2^24, built with integers. The rule is: a before b if cost_a · w_b < cost_b · w_a. The sort
 * reads one number per member instead, cost / w, and that is the same rule: with cost ≤ 2^30 and
 * w ≤ 2^10 two different quotients differ by more than 2^-40 of their size, a division rounds by at
 * most 2^-53 and, unlike a logarithm, IEEE 754 fixes every bit of it.
 *
 * Equal weights need no cost: it never grows with the score, so the upper 53 bits of the score order
 * them. Members equal in that number (a rare event) are compared by the whole score, then by id.
 */
import { createWords, fromWords, hashWords, mixWords, toWords } from '../hash.ts'
import { invariant } from '../invariant.ts'

/** Version of this algorithm; a node that does not implement a job's version is no candidate for it. */
export const hashVersion = 1

/** Weight 1.0: weights count sixteenths. */
export const weightUnit = 16

/** Largest weight. */
export const weightMax = 1024

/** What is ranked; each kind has its own independent order. */
export type RankKind =
  | 'tick'
  | 'job'
  | 'key'
  | 'shard'
  | 'home'
  | 'watch'
  | 'relay'
  | 'zone'
  | 'notify'

/** A member to rank. */
export interface Weighted {
  readonly id: string
  /** Share in sixteenths, 1 … 1024. */
  readonly weight: number
}

/** Members made ready for many rankings; valid as long as ids and weights do not change. */
export interface Prepared {
  readonly rows: readonly Row[]
  /** False: all weights are equal. */
  readonly isMixed: boolean
}

interface Row {
  readonly id: string
  readonly weight: number
  readonly hash: Hash
}

/** The halves of a member's hash as signed numbers, which engines store without a box. */
interface Hash {
  readonly high: number
  readonly low: number
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
  const rows: Row[] = []
  let isMixed = false
  for (const { id, weight } of members) {
    invariant(isWeight(weight), 'a weight is an integer in 1 … 1024')
    rows.push({ id, weight, hash: hashMember(id) })
    isMixed ||= weight !== rows[0]!.weight
  }
  return { rows, isMixed }
}

/** rankMembers over prepared members. */
export function rankPrepared(key: string, members: Prepared): readonly string[] {
  const { rows } = members
  const count = rows.length
  const isFew = count <= FEW
  const numbers = isFew ? fewNumbers : new Float64Array(count)
  fillNumbers(key, members, numbers)
  const order = new Array<number>(count)
  for (let i = 0; i < count; i++) order[i] = i
  const isBefore = (a: number, b: number): boolean => {
    const left = numbers[a]!
    const right = numbers[b]!
    return left < right || (left === right && winsTie(key, rows[a]!.id, rows[b]!.id))
  }
  if (isFew) sortFew(order, isBefore)
  else order.sort((a, b) => (isBefore(a, b) ? -1 : 1))
  const ranked = new Array<string>(count)
  for (let i = 0; i < count; i++) ranked[i] = rows[order[i]!]!.id
  return ranked
}

/** Who acts first, without sorting the rest; undefined when there are no members. */
export function firstPrepared(key: string, members: Prepared): string | undefined {
  const { rows } = members
  const numbers = rows.length <= FEW ? fewNumbers : new Float64Array(rows.length)
  fillNumbers(key, members, numbers)
  let best = 0
  for (let i = 1; i < rows.length; i++) {
    const left = numbers[i]!
    const right = numbers[best]!
    if (left < right || (left === right && winsTie(key, rows[i]!.id, rows[best]!.id))) best = i
  }
  return rows[best]?.id
}

/** The score of one member under a key: what `explain` shows. */
export function scoreMember(key: string, memberId: string): bigint {
  hashWords(key, words)
  const hash = hashMember(memberId)
  words[0]! ^= hash.high
  words[1]! ^= hash.low
  mixWords(words)
  return fromWords(words)
}

/** −log2(score / 2^64) in units of 1/2^24. */
export function costOf(score: bigint): number {
  const halves = toWords(score)
  return cost(halves[0]!, halves[1]!)
}

/** Up to this many members insertion sort and a reused array beat a sort that allocates. */
const FEW = 64
const fewNumbers = new Float64Array(FEW)
const words = createWords()

function isWeight(weight: number): boolean {
  return Number.isInteger(weight) && weight >= 1 && weight <= weightMax
}

/** One number per member, smallest first: cost / weight, or the negated upper 53 bits of the score. */
function fillNumbers(key: string, members: Prepared, out: Float64Array): void {
  const { rows, isMixed } = members
  hashWords(key, words)
  const keyHigh = words[0]!
  const keyLow = words[1]!
  for (let i = 0; i < rows.length; i++) {
    const { hash, weight } = rows[i]!
    words[0] = hash.high ^ keyHigh
    words[1] = hash.low ^ keyLow
    mixWords(words)
    const high = words[0]
    const low = words[1]
    out[i] = isMixed ? cost(high, low) / weight : -(high * 0x20_0000 + (low >>> 11))
  }
}

function winsTie(key: string, a: string, b: string): boolean {
  const scoreA = scoreMember(key, a)
  const scoreB = scoreMember(key, b)
  return scoreA === scoreB ? a < b : scoreA > scoreB
}

function sortFew(order: number[], isBefore: (a: number, b: number) => boolean): void {
  for (let i = 1; i < order.length; i++) {
    let at = i
    while (at > 0 && isBefore(i, order[at - 1]!)) {
      order[at] = order[at - 1]!
      at--
    }
    order[at] = i
  }
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
const memberHashes = new Map<string, Hash>()
const MEMBER_HASHES_MAX = 8192

function hashMember(id: string): Hash {
  let hash = memberHashes.get(id)
  if (hash === undefined) {
    const halves = createWords()
    hashWords(`hrw|member|${id}`, halves)
    hash = { high: halves[0]! | 0, low: halves[1]! | 0 }
    if (memberHashes.size >= MEMBER_HASHES_MAX) memberHashes.clear()
    memberHashes.set(id, hash)
  }
  return hash
}
