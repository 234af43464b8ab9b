import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  capHlc,
  compareHlc,
  encodeHlc,
  type Hlc,
  hlcAheadMaxMs,
  HybridClock,
  isFarAhead,
  readHlc,
} from '../../../src/core/clock/hybrid.ts'
import { decode, encode } from '../../../src/core/wire/cbor.ts'
import { read } from '../../../src/core/wire/read.ts'

const stamp: fc.Arbitrary<Hlc> = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 200_000 }), fc.constant(2 ** 48 - 1)),
    fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(0xffff)),
  )
  .map(([ms, counter]) => ({ ms, counter }))
const now = fc.integer({ min: 0, max: 200_000 })

test('stamps follow time, and count on when time stands still or goes back', () => {
  const clock = new HybridClock()
  assert.deepEqual(clock.tick(100.9), { ms: 100, counter: 0 })
  assert.deepEqual(clock.tick(100), { ms: 100, counter: 1 })
  assert.deepEqual(clock.tick(50), { ms: 100, counter: 2 })
  assert.deepEqual(clock.tick(101), { ms: 101, counter: 0 })
  assert.deepEqual(new HybridClock({ ms: 7, counter: 0xffff }).tick(7), { ms: 8, counter: 0 })
  assert.deepEqual(new HybridClock().tick(-5), { ms: 0, counter: 1 })
})

test('a stamp made after another was received is later than it, unless that was far ahead', () => {
  const clock = new HybridClock()
  assert.equal(clock.receive({ ms: 60_100, counter: 4 }, 100), 'fine')
  assert.deepEqual(clock.tick(100), { ms: 60_100, counter: 5 })
  assert.equal(clock.receive({ ms: 60_102, counter: 0 }, 101), 'farAhead')
  assert.deepEqual(clock.last, { ms: 60_101, counter: 0xffff })
  assert.deepEqual(clock.tick(101), { ms: 60_102, counter: 0 })
})

test('stamps only ever grow, and no peer moves the clock more than a minute ahead', () => {
  const step = fc.record({ nowMs: now, remote: fc.option(stamp, { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const clock = new HybridClock()
      let latestMs = 0
      for (const { nowMs, remote } of steps) {
        latestMs = Math.max(latestMs, nowMs)
        const before = clock.last
        if (remote === undefined) assert.ok(compareHlc(clock.tick(nowMs), before) > 0)
        else {
          const verdict = clock.receive(remote, nowMs)
          assert.equal(verdict === 'farAhead', remote.ms > nowMs + 60_000)
          assert.ok(compareHlc(clock.last, before) >= 0)
          if (verdict === 'fine') assert.ok(compareHlc(clock.tick(nowMs), remote) > 0)
        }
        assert.ok(clock.last.ms <= latestMs + hlcAheadMaxMs + steps.length)
      }
    }),
  )
})

test('capping keeps the order of stamps and changes only those far ahead', () => {
  fc.assert(
    fc.property(stamp, stamp, now, (x, y, nowMs) => {
      const [low, high] = compareHlc(x, y) <= 0 ? [x, y] : [y, x]
      assert.ok(compareHlc(capHlc(low, nowMs), capHlc(high, nowMs)) <= 0)
      if (!isFarAhead(x, nowMs)) assert.equal(capHlc(x, nowMs), x)
      else assert.equal(capHlc(x, nowMs).ms, nowMs + 60_000)
    }),
  )
})

test('a stamp is the pair [ms, counter] on the wire', () => {
  fc.assert(
    fc.property(stamp, (x) => {
      const decoded = decode(encode(encodeHlc(x)), { bytesMax: 16 })
      assert.ok(decoded.ok)
      assert.deepEqual(read(readHlc, decoded.value), { ok: true, value: x })
    }),
  )
  for (const bad of [null, [], [1], [2 ** 48, 0], [0, 65536], [-1, 0], ['1', 0]]) {
    assert.equal(read(readHlc, bad).ok, false)
  }
})
