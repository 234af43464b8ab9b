import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom, next64 } from '../../src/core/random.ts'

test('the same seed gives the same numbers, pinned', () => {
  const random = createRandom(1n)
  const drawn = [random.next32(), random.next32(), random.next32(), random.next32()]
  assert.deepEqual(drawn, [134068811, 3960009159, 496131404, 3458293659])
  assert.equal(createRandom(1n).next32(), drawn[0])
  assert.notEqual(createRandom(2n).next32(), drawn[0])
  assert.equal(createRandom(1n + (1n << 64n)).next32(), drawn[0])
})

test('the stream follows the published recurrence of xoshiro128**', () => {
  // An independent, slow form on BigInt, fed with the state that seeding must produce.
  const M64 = (1n << 64n) - 1n
  const mix = (x: bigint): bigint => {
    x = ((x ^ (x >> 33n)) * 0xff51afd7ed558ccdn) & M64
    x = ((x ^ (x >> 33n)) * 0xc4ceb9fe1a85ec53n) & M64
    return x ^ (x >> 33n)
  }
  const M = 0xffff_ffffn
  const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & M
  const one = mix((77n + 0x9e3779b97f4a7c15n) & M64)
  const two = mix((77n + 2n * 0x9e3779b97f4a7c15n) & M64)
  const s = [one >> 32n, one & M, two >> 32n, two & M]
  const random = createRandom(77n)
  for (let i = 0; i < 1000; i++) {
    const want = (rotl((s[1]! * 5n) & M, 7n) * 9n) & M
    const t = (s[1]! << 9n) & M
    s[2]! ^= s[0]!
    s[3]! ^= s[1]!
    s[1]! ^= s[2]!
    s[0]! ^= s[3]!
    s[2]! ^= t
    s[3] = rotl(s[3]!, 11n)
    assert.equal(BigInt(random.next32()), want, `draw ${i}`)
  }
})

test('below is even over small and odd ranges', () => {
  const random = createRandom(3n)
  for (const n of [2, 3, 7, 10, 1000]) {
    const counts = new Array<number>(n).fill(0)
    const draws = 200 * n
    for (let i = 0; i < draws; i++) counts[random.below(n)]! += 1
    const chi = counts.reduce((sum, c) => sum + (c - 200) ** 2 / 200, 0)
    assert.ok(chi < n + 6 * Math.sqrt(2 * n) + 10, `n=${n} chi=${chi}`)
  }
})

test('below and between stay in range up to 2^53', () => {
  const random = createRandom(4n)
  let wide = false
  for (let i = 0; i < 2000; i++) {
    const n = 2 ** random.between(0, 53)
    const value = random.below(n)
    assert.ok(Number.isSafeInteger(value) && value >= 0 && value < n)
    wide ||= value > 2 ** 52
    const around = random.between(-3, 3)
    assert.ok(around >= -3 && around <= 3)
  }
  assert.ok(wide)
  assert.equal(random.between(5, 5), 5)
  assert.throws(() => random.below(0))
  assert.throws(() => random.between(2, 1))
})

test('a fork depends on seed and label, not on what was drawn or forked before', () => {
  const fresh = createRandom(9n)
  const used = createRandom(9n)
  used.bytes(100)
  used.fork('disk')
  assert.equal(next64(fresh.fork('net')), next64(used.fork('net')))
  assert.notEqual(next64(fresh.fork('net')), next64(fresh.fork('disk')))
  assert.notEqual(next64(fresh.fork('net')), next64(createRandom(10n).fork('net')))
  assert.notEqual(next64(fresh.fork('a').fork('b')), next64(fresh.fork('b').fork('a')))
})

test('bytes gives the asked length and all byte values', () => {
  const random = createRandom(5n)
  for (const n of [0, 1, 3, 4, 5, 16]) assert.equal(random.bytes(n).length, n)
  assert.equal(new Set(random.bytes(8192)).size, 256)
})
