import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from '../fleet.ts'
import { assertNoneMissed, assertOnceEach, outcomeOf } from './truth.ts'

test('the restart of one member misses and doubles nothing', () => {
  for (const isPowerCut of [false, true]) {
    for (const offMs of [10, 500, 3_000, 20_000, 45_000]) {
      const fleet = Fleet.running({ size: 3 })
      fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow' })
      fleet.run(10_000)
      const fromMs = fleet.nextTick(1_000)
      fleet.run(5_300)
      if (isPowerCut) fleet.powerOff(1)
      else fleet.kill(1)
      fleet.run(offMs)
      fleet.start([1])
      fleet.run(25_000)
      const row = `${isPowerCut ? 'power cut' : 'kill'}, off for ${offMs} ms`
      const toMs = Math.floor(fleet.nowMs / 1_000) * 1_000 - 1_000
      const extra = assertNoneMissed(fleet, 'a', 1_000, [fromMs, toMs])
      // a claim that nobody received died with its executor, and only then
      assert.ok(extra <= (isPowerCut ? 1 : 0), `${row}: ${extra} doubled`)
      assert.ok(fleet.hasEqualDigests() || fleet.isAliveEverywhere(0, 1, 2), row)
    }
  }
})

test('a member that was away for long takes no tick again, with however long a deadline', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow', misfire: { deadline: '1h' } })
  fleet.run(10_000)
  const fromMs = fleet.nextTick(1_000)
  fleet.kill(2)
  fleet.run(200_000)
  fleet.start([2])
  fleet.run(30_000)
  assertOnceEach(fleet, 'a', 1_000, [fromMs, fleet.nowMs - 1_000])
  for (const node of fleet.up) assert.equal(fleet.counts(node).missed, 0, `${node}`)
})

interface Outage {
  readonly misfire: object
  readonly offMs: number
  /** Ticks of every minute in the outage that run afterwards, by minutes after the stop. */
  readonly run: readonly number[]
}

const outages: readonly Outage[] = [
  { misfire: { policy: 'latest' }, offMs: 10_000, run: [] },
  { misfire: { policy: 'latest' }, offMs: 45_000, run: [1] },
  { misfire: { policy: 'latest', deadline: '10m' }, offMs: 200_000, run: [3] },
  { misfire: { policy: 'skip', deadline: '10m' }, offMs: 200_000, run: [] },
  { misfire: { policy: 'latest', deadline: '10s' }, offMs: 215_000, run: [] },
  { misfire: { policy: 'all', deadline: '10m' }, offMs: 200_000, run: [1, 2, 3] },
  { misfire: { policy: 'all', deadline: '10m', max: 2 }, offMs: 200_000, run: [2, 3] },
]

test('after an outage of the whole fleet the misfire policy says what still runs, once', () => {
  for (const { misfire, offMs, run } of outages) {
    const fleet = Fleet.running({ size: 3 })
    fleet.put(0, 'a', { schedule: '0 * * * * *', misfire })
    fleet.run(10_000)
    const stopMs = fleet.nextTick(60_000) + 30_000
    fleet.runTo(stopMs)
    fleet.kill(0, 1, 2)
    fleet.run(offMs)
    fleet.start()
    fleet.run(120_000)
    const row = `${JSON.stringify(misfire)} after ${offMs} ms`
    const lastMs = Math.floor((stopMs + offMs) / 60_000) * 60_000
    for (let dueMs = stopMs + 30_000, i = 1; dueMs <= lastMs; dueMs += 60_000, i++) {
      const starts = fleet.tick('a', dueMs).length
      assert.equal(starts, run.includes(i) ? 1 : 0, `${row}: minute ${i}`)
      const expected = run.includes(i) ? 'success' : 'missed'
      const found = fleet.up.map((node) => coveredBy(fleet, node, dueMs))
      assert.deepEqual(found, [expected, expected, expected], `${row}: minute ${i}`)
    }
    assertOnceEach(fleet, 'a', 60_000, [lastMs + 60_000, fleet.nowMs - 5_000])
  }
})

test('misfire all: what is caught up runs in ascending order, one after another', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 4_000, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '0 * * * * *', misfire: { policy: 'all', deadline: '10m' } })
  fleet.run(10_000)
  const stopMs = fleet.nextTick(60_000) + 30_000
  fleet.runTo(stopMs)
  fleet.kill(0, 1, 2)
  fleet.run(270_000)
  const backMs = fleet.nowMs
  fleet.start()
  fleet.run(180_000)
  const late = fleet.starts('a').filter(({ atMs }) => atMs >= backMs)
  const dues = late.map(({ execution }) => Number(execution.split('@')[1])).slice(0, 4)
  assert.deepEqual(
    dues,
    [1, 2, 3, 4].map((i) => stopMs - 30_000 + i * 60_000),
  )
  for (const [i, { atMs }] of late.entries()) {
    assert.ok(
      i === 0 || atMs >= late[i - 1]!.atMs + 4_000,
      `${i} starts when the one before has ended`,
    )
  }
  for (const starts of Map.groupBy(late, ({ execution }) => execution).values()) {
    assert.equal(starts.length, 1)
  }
})

/** The outcome of a tick, by its own record or by a range. */
function coveredBy(fleet: Fleet, node: number, dueMs: number): string {
  const own = outcomeOf(fleet, node, 'a', dueMs)
  if (own !== 'none') return own
  const { rows } = fleet.machine(node).store.executions({ job: 'a', limit: 1_000 })
  const range = rows.find(({ record }) => record.dueMs <= dueMs && dueMs <= record.throughMs)
  return range?.record.outcome ?? 'none'
}

test('a fleet that is restarted in the middle of ticks starts none of them twice', () => {
  for (let offset = 0; offset < 1_000; offset += 111) {
    const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 300, exit: 0 }) })
    fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow' })
    fleet.run(8_000)
    fleet.runTo(fleet.nextTick(1_000, 1_000) + offset)
    fleet.restart(0, 1, 2)
    fleet.run(40_000)
    for (const starts of Map.groupBy(fleet.starts('a'), ({ execution }) => execution).values()) {
      assert.equal(starts.length, 1, `${offset}: ${starts[0]!.execution}`)
    }
  }
})

test('a rolling restart misses and doubles nothing', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow' })
  fleet.run(10_000)
  const fromMs = fleet.nextTick(1_000)
  for (let round = 0; round < 4; round++) {
    for (const node of [0, 1, 2]) {
      fleet.restart(node)
      fleet.run(3_700)
    }
  }
  fleet.run(10_000)
  assertOnceEach(fleet, 'a', 1_000, [fromMs, fleet.nowMs - 6_000])
})

test('counters and the next tick survive a restart', () => {
  const fleet = Fleet.running({ size: 1 })
  fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow' })
  fleet.run(10_500)
  const before = fleet.counts(0)
  fleet.restart(0)
  assert.deepEqual(fleet.counts(0), before)
  fleet.run(5_000)
  assert.ok(fleet.counts(0).started >= before.started + 4)
})
