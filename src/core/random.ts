/**
 * The seeded generator: the only source of chance in core, so that one seed replays one run.
 *
 * xoshiro128** (Blackman and Vigna): 128 bits of state in four 32-bit words, hence no BigInt and the
 * same numbers on every engine. The state is filled by mixing the seed, as its authors advise. Not
 * for secrets: ids and keys come from the driver's cryptographic source.
 */
import { createWords, fmix64, fromWords, hash64, mixWords, toWords } from './hash.ts'
import { invariant } from './invariant.ts'

/** A deterministic stream of numbers. */
export interface Random {
  /** An integer in 0 … 2^32−1. */
  next32(): number
  /** An integer in 0 … n−1, each equally likely; n from 1 to 2^53. */
  below(n: number): number
  /** An integer in a … b, both included. */
  between(a: number, b: number): number
  /** n independent bytes. */
  bytes(n: number): Uint8Array
  /** A stream that depends on this one's seed and the label only, never on how much was drawn. */
  fork(label: string): Random
}

/** Creates the generator of a seed, of which the lower 64 bits count. */
export function createRandom(seed: bigint): Random {
  return new Xoshiro(BigInt.asUintN(64, seed))
}

const TWO_32 = 0x1_0000_0000

class Xoshiro implements Random {
  readonly #seed: bigint
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: bigint) {
    this.#seed = seed
    const first = splitMix(seed, 1n)
    const second = splitMix(seed, 2n)
    this.#a = first[0]!
    this.#b = first[1]!
    this.#c = second[0]!
    this.#d = second[1]!
    // fmix64 is a bijection, so only one of the two halves can be zero: the state is never all zero
  }

  next32(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return scrambled
  }

  below(n: number): number {
    invariant(Number.isInteger(n) && n >= 1 && n <= 2 ** 53, 'below needs 1 <= n <= 2^53')
    const wide = n > TWO_32
    const range = wide ? 2 ** 53 : TWO_32
    const end = range - (range % n) // values from here on would favour the small results
    for (;;) {
      const drawn = wide ? (this.next32() >>> 11) * TWO_32 + this.next32() : this.next32()
      if (drawn < end) return drawn % n
    }
  }

  between(a: number, b: number): number {
    invariant(Number.isSafeInteger(a) && Number.isSafeInteger(b), 'between needs integers')
    return a + this.below(b - a + 1)
  }

  bytes(n: number): Uint8Array {
    const out = new Uint8Array(n)
    for (let i = 0; i < n; i += 4) {
      let word = this.next32()
      for (let j = i; j < n && j < i + 4; j++) {
        out[j] = word
        word >>>= 8
      }
    }
    return out
  }

  fork(label: string): Random {
    return new Xoshiro(fmix64(this.#seed ^ hash64(`fork|${label}`)))
  }
}

/** The n-th output of SplitMix64-like seeding, in halves. */
function splitMix(seed: bigint, n: bigint): Uint32Array {
  const words = toWords(BigInt.asUintN(64, seed + n * 0x9e3779b97f4a7c15n))
  mixWords(words)
  return words
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by))
}

/** One 64-bit draw, for ids and seeds. */
export function next64(random: Random): bigint {
  const words = createWords()
  words[0] = random.next32()
  words[1] = random.next32()
  return fromWords(words)
}
