import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../../../src/core/random.ts'
import { Fleet } from '../fleet.ts'
import { assertNoneMissed, assertOnceEach, assertOutcome, told } from './truth.ts'

test('each island runs every tick; after healing all agree and the doubled ones are counted', () => {
  const fleet = Fleet.running({ size: 5 })
  fleet.put(0, 'a', { schedule: '*/10 * * * * *', misfire: { deadline: '9s' } })
  fleet.run(15_000)
  const cutMs = fleet.nextTick(10_000, 1_000) - 3_000
  fleet.runTo(cutMs)
  const sides = [
    [0, 1, 2],
    [3, 4],
  ] as const
  fleet.islands(...sides)
  fleet.run(120_000)
  const healMs = fleet.nowMs
  fleet.heal()
  fleet.until('equal', 30_000, () => fleet.hasEqualDigests())
  fleet.run(60_000)
  let doubled = 0
  for (let dueMs = cutMs + 13_000; dueMs < healMs - 10_000; dueMs += 10_000) {
    const nodes = fleet.tick('a', dueMs).map(({ node }) => node)
    for (const side of sides) {
      const here = nodes.filter((node) => (side as readonly number[]).includes(node))
      assert.equal(here.length, 1, told(fleet, dueMs))
    }
    assertOutcome(fleet, 'a', dueMs, 'success')
    doubled += 1
  }
  const all = Map.groupBy(fleet.starts('a'), ({ execution }) => execution)
  const twice = [...all.values()].filter((starts) => starts.length === 2).length
  assert.ok(twice >= doubled)
  for (const node of fleet.up) {
    assert.equal(fleet.counts(node).duplicates, twice, `counted on ${node}`)
    const rows = fleet.storedTick(node, 'a', cutMs + 13_000)
    assert.deepEqual(
      rows.map(({ duplicate }) => duplicate),
      [true, true],
    )
  }
  assertOnceEach(fleet, 'a', 10_000, [
    Math.ceil((healMs + 15_000) / 10_000) * 10_000,
    fleet.nowMs - 2_000,
  ])
})

test('while one member sees both sides of a cut nothing is doubled', () => {
  const fleet = Fleet.running({ size: 5 })
  fleet.put(0, 'a', { schedule: '*/10 * * * * *', misfire: { deadline: '9s' } })
  fleet.run(15_000)
  const fromMs = fleet.nextTick(10_000, 1_000)
  // 0 and 1 on one side, 3 and 4 on the other, 2 reaches everybody
  for (const a of [0, 1]) for (const b of [3, 4]) fleet.cut(a, b)
  fleet.runTo(fromMs + 119_000)
  assertOnceEach(fleet, 'a', 10_000, [fromMs, fromMs + 110_000])
})

test('a job of every second misses nothing in ten minutes of random deaths and returns', () => {
  for (const seed of [11n, 12n, 13n]) {
    const random = createRandom(seed)
    const fleet = Fleet.running({ size: 4, seed })
    fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow', misfire: { deadline: '15s' } })
    fleet.run(10_000)
    const fromMs = fleet.nextTick(1_000)
    const endMs = fleet.nowMs + 600_000
    while (fleet.nowMs < endMs) {
      fleet.run(random.between(500, 9_000))
      const off = [0, 1, 2, 3].filter((node) => !fleet.up.includes(node))
      if (off.length > 0 && random.below(2) === 0) {
        fleet.start([off[random.below(off.length)]!])
      } else if (off.length < 2) {
        const node = fleet.up[random.below(fleet.up.length)]!
        if (random.below(2) === 0) fleet.kill(node)
        else fleet.powerOff(node)
      }
    }
    fleet.start([0, 1, 2, 3].filter((node) => !fleet.up.includes(node)))
    const toMs = Math.floor(fleet.nowMs / 1_000) * 1_000
    fleet.run(60_000)
    const extra = assertNoneMissed(fleet, 'a', 1_000, [fromMs, toMs])
    const all = Map.groupBy(fleet.starts('a'), ({ execution }) => execution)
    const twice = [...all.values()].filter((starts) => starts.length > 1)
    // only a claim that died with its executor before anybody received it is made again
    for (const starts of twice) {
      for (const [i, start] of starts.slice(1).entries()) {
        assert.notEqual(start.node, starts[i]!.node)
      }
    }
    assert.ok(extra <= 5, `seed ${seed}: ${extra} doubled`)
    assert.ok(fleet.isAliveEverywhere(0, 1, 2, 3))
  }
})
