import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from '../fleet.ts'
import { assertOnceEach, assertOutcome, latenessMs, onlyStart } from './truth.ts'

/** A running fleet with a job of every second that has been there for long enough to be ranked. */
function fleetWithJob(size: number, fields: object = {}, seed = 1n): Fleet {
  const fleet = Fleet.running({ size, seed })
  fleet.put(0, 'a', { schedule: '*/10 * * * * *', misfire: { deadline: '20s' }, ...fields })
  fleet.run(15_000)
  return fleet
}

for (const size of [2, 3, 5]) {
  test(`of ${size} members, one whose process is killed before its tick is replaced within 2 s`, () => {
    for (const beforeMs of [5_000, 500, 50, 5]) {
      const fleet = fleetWithJob(size)
      const dueMs = fleet.tickRanked('a', 10_000, [1], 5_500)
      const next = fleet.rank(0, 'a', dueMs)[1]
      fleet.runTo(dueMs - beforeMs)
      fleet.kill(1)
      fleet.runTo(dueMs + 9_000)
      const start = onlyStart(fleet, 'a', dueMs)
      assert.equal(start.node, next)
      assert.ok(latenessMs(start, dueMs) <= 2_100, `${beforeMs}: ${latenessMs(start, dueMs)}`)
      assertOutcome(fleet, 'a', dueMs, 'success')
    }
  })

  test(`of ${size} members, one whose power goes before its tick is replaced within 5 s`, () => {
    for (const beforeMs of [5_000, 1_000, 500, 50, 5]) {
      const fleet = fleetWithJob(size)
      const dueMs = fleet.tickRanked('a', 10_000, [1], 5_500)
      fleet.runTo(dueMs - beforeMs)
      fleet.powerOff(1)
      fleet.runTo(dueMs + 9_000)
      const start = onlyStart(fleet, 'a', dueMs)
      assert.ok(latenessMs(start, dueMs) <= 5_000, `${beforeMs}: ${latenessMs(start, dueMs)}`)
    }
  })
}

test('when the best three of five die at once the fourth takes over', () => {
  for (const beforeMs of [2_000, 100, 5]) {
    const fleet = fleetWithJob(5)
    let dueMs = fleet.nextTick(10_000, 3_000)
    while (fleet.rank(0, 'a', dueMs).slice(0, 3).includes(0)) dueMs += 10_000
    const rank = fleet.rank(0, 'a', dueMs)
    fleet.runTo(dueMs - beforeMs)
    fleet.powerOff(...rank.slice(0, 3))
    fleet.runTo(dueMs + 19_000)
    const start = onlyStart(fleet, 'a', dueMs)
    assert.equal(start.node, rank[3])
    assert.ok(latenessMs(start, dueMs) <= 15_000, `${latenessMs(start, dueMs)}`)
  }
})

test('a cut between the first two ranks, one way or both, doubles nothing', () => {
  for (const [from, to] of [
    [[0], [1]],
    [[1], [0]],
    [
      [0, 1],
      [1, 0],
    ],
  ] as const) {
    const fleet = fleetWithJob(3)
    const fromMs = fleet.tickRanked('a', 10_000, [0, 1, 2], 5_000)
    fleet.runTo(fromMs - 3_000)
    from.forEach((node, i) => fleet.cutOneWay(node, to[i]!))
    fleet.runTo(fromMs + 119_000)
    assertOnceEach(fleet, 'a', 10_000, [fromMs, fromMs + 110_000])
  }
})

test('a cut in the very moment of the tick doubles nothing', () => {
  for (const beforeMs of [1_000, 300, 20, 0, -3]) {
    const fleet = fleetWithJob(4)
    const dueMs = fleet.tickRanked('a', 10_000, [0, 1], 5_000)
    fleet.runTo(dueMs - beforeMs)
    fleet.cut(0, 1)
    fleet.runTo(dueMs + 30_000)
    assertOnceEach(fleet, 'a', 10_000, [dueMs, dueMs + 20_000])
  }
})

test('a member that dies in the middle is lost when it is down, and the retry runs elsewhere', () => {
  const fleet = fleetWithJob(3, {
    schedule: '0 * * * * *',
    misfire: { deadline: '2m' },
    retry: { max: 1, base: '1s', jitter: 0, on: ['lost'] },
  })
  fleet.script(() => ({ durationMs: 30_000, exit: 0 }))
  const dueMs = fleet.tickRanked('a', 60_000, [1])
  fleet.runTo(dueMs + 2_000)
  assert.equal(onlyStart(fleet, 'a', dueMs).node, 1)
  fleet.kill(1)
  fleet.runTo(dueMs + 30_000)
  assert.equal(fleet.tick('a', dueMs).length, 1)
  fleet.until('lost', 8_000, () => fleet.tick('a', dueMs).length === 2)
  const [, second] = fleet.tick('a', dueMs)
  assert.notEqual(second!.node, 1)
  assert.equal(second!.attempt, `a@${dueMs}.0.2`)
  fleet.run(31_000)
  const rows = fleet.storedTick(0, 'a', dueMs).map(({ record }) => record)
  assert.deepEqual(
    rows.map(({ attempt, outcome }) => [attempt, outcome]),
    [
      [1, 'lost'],
      [2, 'success'],
    ],
  )
  assertOutcome(fleet, 'a', dueMs, 'success')
})

test('an execution lost without a retry stays lost, on every member', () => {
  const fleet = fleetWithJob(3, { schedule: '0 * * * * *' })
  fleet.script(() => ({ durationMs: 50_000, exit: 0 }))
  const dueMs = fleet.tickRanked('a', 60_000, [1])
  fleet.runTo(dueMs + 2_000)
  fleet.kill(1)
  fleet.run(45_000)
  assertOutcome(fleet, 'a', dueMs, 'lost')
  assert.equal(fleet.tick('a', dueMs).length, 1)
})

test('a member that comes back says at once that its execution is lost', () => {
  const fleet = fleetWithJob(3, { schedule: '0 * * * * *' })
  fleet.script(() => ({ durationMs: 50_000, exit: 0 }))
  const dueMs = fleet.tickRanked('a', 60_000, [1])
  fleet.runTo(dueMs + 2_000)
  fleet.kill(1)
  fleet.run(1_000)
  fleet.start([1])
  fleet.run(4_000)
  assertOutcome(fleet, 'a', dueMs, 'lost')
  assert.equal(fleet.storedTick(0, 'a', dueMs)[0]!.record.reason, 'unreported')
})

test('the last word of the executor replaces the loss that others wrote', () => {
  const fleet = fleetWithJob(3, { schedule: '0 * * * * *' })
  fleet.script(() => ({ durationMs: 55_000, exit: 0 }))
  const dueMs = fleet.tickRanked('a', 60_000, [1])
  fleet.runTo(dueMs + 1_000)
  fleet.islands([1], [0, 2])
  fleet.runTo(dueMs + 45_000)
  assert.equal(fleet.storedTick(0, 'a', dueMs)[0]!.record.outcome, 'lost')
  fleet.runTo(dueMs + 58_000)
  fleet.heal()
  fleet.run(5_000)
  assertOutcome(fleet, 'a', dueMs, 'success')
})

test('a member whose store fails declines, others take over, and it comes back', () => {
  for (const failure of ['full', 'readonly'] as const) {
    const fleet = fleetWithJob(3)
    const dueMs = fleet.tickRanked('a', 10_000, [1], 3_000)
    fleet.runTo(dueMs - 20)
    fleet.machine(1).store.failNext(failure, Infinity)
    fleet.runTo(dueMs + 9_000)
    const start = onlyStart(fleet, 'a', dueMs)
    assert.notEqual(start.node, 1)
    assert.ok(latenessMs(start, dueMs) <= 1_000, `${latenessMs(start, dueMs)}`)
    const refused = fleet.put(1, 'b', { schedule: '@hourly' })
    assert.ok(!refused.ok && refused.refusal.code === 'MC_STORE_FAILED')
    const fromMs = dueMs + 10_000
    fleet.run(60_000)
    assertOnceEach(fleet, 'a', 10_000, [fromMs, fleet.nowMs - 5_000])
    assert.ok(fleet.isAliveEverywhere(0, 1, 2), 'it is still a member')
    fleet.machine(1).store.failNext(failure, 0)
    fleet.run(3_000)
    assert.ok(fleet.put(1, 'b', { schedule: '@hourly' }).ok)
    const backMs = fleet.tickRanked('a', 10_000, [1])
    fleet.runTo(backMs + 5_000)
    assert.equal(onlyStart(fleet, 'a', backMs).node, 1)
    // what it could not store while its disk was full it holds now
    fleet.restart(1)
    fleet.run(5_000)
    assertOutcome(fleet, 'a', fromMs, 'success')
  }
})

test('an end that could not be stored is told once the store works again', () => {
  const fleet = fleetWithJob(3)
  fleet.script(() => ({ durationMs: 2_000, exit: 0 }))
  const dueMs = fleet.tickRanked('a', 10_000, [1], 3_000)
  fleet.runTo(dueMs + 500)
  fleet.machine(1).store.failNext('full', Infinity)
  fleet.runTo(dueMs + 4_000)
  fleet.machine(1).store.failNext('full', 0)
  fleet.run(15_000)
  assertOutcome(fleet, 'a', dueMs, 'success')
})

test('a member that leaves owns its ticks until then, and none is missed or doubled', () => {
  const fleet = fleetWithJob(3, { schedule: '*/1 * * * * *' })
  const fromMs = fleet.nextTick(1_000)
  fleet.command(1, { kind: 'leave', leadMs: 10_000 })
  const leftMs = fleet.nowMs + 10_000
  fleet.run(9_000)
  assert.ok(fleet.starts('a').some(({ node, atMs }) => node === 1 && atMs > leftMs - 9_000))
  fleet.run(1_100)
  fleet.kill(1)
  fleet.run(30_000)
  assertOnceEach(fleet, 'a', 1_000, [fromMs, fleet.nowMs - 1_000])
  assert.ok(!fleet.starts('a').some(({ node, atMs }) => node === 1 && atMs >= leftMs + 100))
  assert.equal(fleet.stateOf(0, 1), 'left')
  fleet.start([1])
  fleet.run(25_000)
  assert.ok(fleet.isAliveEverywhere(0, 1, 2))
  const dueMs = fleet.tickRanked('a', 1_000, [1])
  fleet.runTo(dueMs + 500)
  assert.equal(onlyStart(fleet, 'a', dueMs).node, 1)
})
