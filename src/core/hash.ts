/**
 * 64-bit mixing for ranks, ids and digests. Not cryptographic: it spreads, it does not protect.
 *
 * hash64 is FNV-1a over the UTF-8 bytes, then the MurmurHash3 finaliser. FNV alone leaves texts that
 * differ in their last characters close together (their upper bits agree), and both `scale` and the
 * ranking read upper bits; the finaliser makes every input bit reach every output bit.
 *
 * Every member must get the same bits, fast, for each (member, tick). BigInt would be exact but costs
 * an allocation per step, so the work is done on two unsigned 32-bit halves and BigInt appears only
 * at the edge. Products of halves stay below 2^53 or go through Math.imul, hence nothing is rounded.
 */
import { invariant } from './invariant.ts'

/** A 64-bit value as two unsigned halves, [0] upper and [1] lower: the form for hot loops. */
export type Words = Uint32Array

/** Allocates a zero value in halves. */
export function createWords(): Words {
  return new Uint32Array(2)
}

/** Splits a value below 2^64 into its halves. */
export function toWords(x: bigint): Words {
  const words = createWords()
  words[0] = Number(BigInt.asUintN(64, x) >> 32n)
  words[1] = Number(x & 0xffff_ffffn)
  return words
}

/** Joins two halves. */
export function fromWords(words: Words): bigint {
  return (BigInt(words[0]!) << 32n) | BigInt(words[1]!)
}

/** FNV-1a 64 over the UTF-8 form of the text, then fmix64 (docs/reference/schedule.md). */
export function hash64(text: string): bigint {
  const words = createWords()
  hashWords(text, words)
  return fromWords(words)
}

/** A 64-bit value as 8 bytes, upper first. */
export function toBytes64(x: bigint): Uint8Array {
  const words = toWords(x)
  const out = new Uint8Array(8)
  for (let i = 0; i < 8; i++) out[i] = words[i >> 2]! >>> (24 - 8 * (i & 3))
  return out
}

/** Reads what `toBytes64` made. */
export function fromBytes64(bytes: Uint8Array): bigint {
  const words = createWords()
  for (let i = 0; i < 8; i++) words[i >> 2] = (words[i >> 2]! << 8) | bytes[i]!
  return fromWords(words)
}

/** hash64 without BigInt: writes the result into `out`. */
export function hashWords(text: string, out: Words): void {
  out[0] = 0xcbf29ce4
  out[1] = 0x84222325
  for (let i = 0; i < text.length; i++) {
    let c = text.charCodeAt(i)
    if (c < 0x80) {
      mixByte(out, c)
      continue
    }
    if (c >= 0xd800 && c <= 0xdfff) {
      const next = c < 0xdc00 ? text.charCodeAt(i + 1) : 0
      if (next >= 0xdc00 && next <= 0xdfff) {
        c = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00)
        i++
      } else {
        c = 0xfffd // a lone surrogate has no UTF-8 form; every encoder writes U+FFFD
      }
    }
    if (c < 0x800) {
      mixByte(out, 0xc0 | (c >> 6))
    } else {
      if (c < 0x10000) {
        mixByte(out, 0xe0 | (c >> 12))
      } else {
        mixByte(out, 0xf0 | (c >> 18))
        mixByte(out, 0x80 | ((c >> 12) & 0x3f))
      }
      mixByte(out, 0x80 | ((c >> 6) & 0x3f))
    }
    mixByte(out, 0x80 | (c & 0x3f))
  }
  mixWords(out)
}

/** One FNV-1a step. The prime is 2^40 + 0x1b3: a small product, plus the lower half moved up by 8. */
function mixByte(h: Words, byte: number): void {
  const lo = (h[1]! ^ byte) >>> 0
  const low = lo * 0x1b3
  h[1] = low
  h[0] = Math.imul(h[0]!, 0x1b3) + Math.floor(low / 0x1_0000_0000) + (lo << 8)
}

/** The 64-bit finaliser of MurmurHash3: a bijection in which each input bit flips half the output. */
export function fmix64(x: bigint): bigint {
  const words = toWords(x)
  mixWords(words)
  return fromWords(words)
}

/** fmix64 in place, without BigInt. */
export function mixWords(words: Words): void {
  let hi = words[0]!
  let lo = words[1]!
  lo = (lo ^ (hi >>> 1)) >>> 0 // x ^= x >> 33
  hi = (Math.imul(hi, 0xed558ccd) + Math.imul(lo, 0xff51afd7) + mulHigh(lo, 0xed558ccd)) >>> 0
  lo = Math.imul(lo, 0xed558ccd)
  lo = (lo ^ (hi >>> 1)) >>> 0
  hi = (Math.imul(hi, 0x1a85ec53) + Math.imul(lo, 0xc4ceb9fe) + mulHigh(lo, 0x1a85ec53)) >>> 0
  lo = Math.imul(lo, 0x1a85ec53)
  words[0] = hi
  words[1] = lo ^ (hi >>> 1)
}

/** Upper 32 bits of the product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const aLo = a & 0xffff
  const aHi = a >>> 16
  const bLo = b & 0xffff
  const bHi = b >>> 16
  const mid = aHi * bLo + ((aLo * bLo) >>> 16)
  return aHi * bHi + (mid >>> 16) + ((aLo * bHi + (mid & 0xffff)) >>> 16)
}

/** Largest `n` for which `scale` is exact. */
export const SCALE_MAX: number = 2 ** 37

/** An integer in 0 … n−1 from the upper 32 bits of h: ((h >> 32) · n) >> 32. */
export function scale(h: bigint, n: number): number {
  invariant(Number.isInteger(n) && n >= 0 && n <= SCALE_MAX, 'scale needs 0 <= n <= 2^37')
  const upper = Number(BigInt.asUintN(64, h) >> 32n)
  const low = Math.floor(((upper & 0xffff) * n) / 0x10000)
  return Math.floor(((upper >>> 16) * n + low) / 0x10000)
}

/** The value as 16 lower-case hex digits. */
export function hex64(x: bigint): string {
  return BigInt.asUintN(64, x).toString(16).padStart(16, '0')
}

/** Reads exactly 16 lower-case hex digits; undefined for anything else. */
export function parseHex64(text: string): bigint | undefined {
  return /^[0-9a-f]{16}$/.test(text) ? BigInt(`0x${text}`) : undefined
}
