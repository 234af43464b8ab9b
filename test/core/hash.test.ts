import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fmix64, hash64, hex64, parseHex64, SCALE_MAX, scale } from '../../src/core/hash.ts'

const MASK = (1n << 64n) - 1n

function slowMix(x: bigint): bigint {
  x ^= x >> 33n
  x = (x * 0xff51afd7ed558ccdn) & MASK
  x ^= x >> 33n
  x = (x * 0xc4ceb9fe1a85ec53n) & MASK
  return x ^ (x >> 33n)
}

function slowHash(text: string): bigint {
  let h = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text))
    h = ((h ^ BigInt(byte)) * 0x100000001b3n) & MASK
  return slowMix(h)
}

const golden: readonly (readonly [string, string])[] = [
  ['', 'efd01f60ba992926'],
  ['a', '82a2a958a9bece5b'],
  ['backup', '1b092ac59cb39a76'],
  ['rotate-logs', '0cc97566e301464e'],
  ['ops.rotate-logs', '5d43ed702c1b467b'],
  ['D|backup|order-17', 'fb82253e0bccd2ed'],
  ['C|report|backup@1767236400000', '6068f22b14138752'],
]

test('hash64 gives the golden values of the reference', () => {
  for (const [text, hex] of golden) assert.equal(hex64(hash64(text)), hex, text)
})

test('hash64 equals the plain BigInt definition for any text, lone surrogates included', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (text) => {
      assert.equal(hash64(text), slowHash(text))
    }),
    { numRuns: 500 },
  )
  for (const text of [
    '\ud800',
    'a\udc00b',
    '\ud83d\ude00',
    '\ud800\ud83d\ude00',
    'é€𝄞',
    '\ud800é',
  ]) {
    assert.equal(hash64(text), slowHash(text), JSON.stringify(text))
  }
})

test('fmix64 equals the plain BigInt definition', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: MASK }), (x) => assert.equal(fmix64(x), slowMix(x))),
    { numRuns: 1000 },
  )
})

test('scale is exact over its whole range and stays below n', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: MASK }),
      fc.integer({ min: 0, max: SCALE_MAX }),
      (h, n) => {
        assert.equal(BigInt(scale(h, n)), ((h >> 32n) * BigInt(n)) >> 32n)
      },
    ),
    { numRuns: 1000 },
  )
  assert.equal(scale(MASK, 60), 59)
  assert.equal(scale(0n, 60), 0)
  assert.throws(() => scale(0n, -1))
  assert.throws(() => scale(0n, 1.5))
})

test('hex64 and parseHex64 are inverse and refuse other forms', () => {
  assert.equal(hex64(0n), '0000000000000000')
  assert.equal(parseHex64('00000000000000ff'), 255n)
  for (const text of ['', 'ff', '00000000000000FF', '0x000000000000ff', '00000000000000ff0']) {
    assert.equal(parseHex64(text), undefined, text)
  }
})
