import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from '../fleet.ts'
import { assertNoneMissed, assertOnceEach, nodesOf } from './truth.ts'

const hourMs = 3_600_000

test('one clock that steps by an hour, either way, misses and doubles nothing', () => {
  for (const byMs of [hourMs, -hourMs, 10_000, -10_000, 1_500, -1_500]) {
    const fleet = Fleet.running({ size: 3 })
    fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow' })
    fleet.run(70_000)
    const fromMs = fleet.nextTick(1_000)
    fleet.run(500)
    fleet.stepClock(1, byMs)
    fleet.run(90_000)
    assertOnceEach(fleet, 'a', 1_000, [fromMs, fleet.nowMs - 1_000])
  }
})

test('a member whose clock is an hour off is never first while another can be', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow' })
  fleet.run(70_000)
  fleet.stepClock(1, hourMs)
  fleet.run(5_000)
  const before = fleet.starts('a').length
  fleet.run(60_000)
  const later = fleet.starts('a').slice(before)
  assert.ok(later.length >= 59)
  assert.deepEqual(nodesOf(later), [0, 2])
})

test('after a forward step of a lone clock the skipped ticks are judged by the misfire policy', () => {
  for (const { misfire, runs } of [
    { misfire: { policy: 'skip' }, runs: 0 },
    { misfire: { policy: 'latest', deadline: '2h' }, runs: 1 },
  ]) {
    const fleet = Fleet.running({ size: 1 })
    fleet.put(0, 'a', { schedule: '0 * * * * *', misfire })
    fleet.run(90_000)
    const before = fleet.starts('a').length
    const skippedFrom = fleet.nowMs
    fleet.stepClock(0, hourMs)
    fleet.run(35_000)
    const late = fleet
      .starts('a')
      .slice(before)
      .filter(({ execution }) => Number(execution.split('@')[1]) <= skippedFrom + hourMs)
    assert.equal(late.length, runs, JSON.stringify(misfire))
    assert.ok(fleet.counts(0).missed >= 59 - runs)
    fleet.run(120_000)
    const ids = fleet.starts('a').map(({ attempt }) => attempt)
    assert.equal(new Set(ids).size, ids.length)
  }
})

test('a lone clock that steps back starts no tick again', () => {
  const fleet = Fleet.running({ size: 1 })
  fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow' })
  fleet.run(30_500)
  fleet.stepClock(0, -20_000)
  fleet.run(60_000)
  fleet.restart(0)
  fleet.run(10_000)
  const ids = fleet.starts('a').map(({ attempt }) => attempt)
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(ids.length >= 30 + 45)
})

test('a member that slept takes its ticks again without doubling any', () => {
  for (const sleptMs of [3_000, 8_000, 40_000]) {
    const fleet = Fleet.running({ size: 3 })
    fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow', misfire: { deadline: '15s' } })
    fleet.run(10_000)
    const fromMs = fleet.nextTick(1_000)
    fleet.run(3_400)
    fleet.stall(1, sleptMs)
    fleet.run(sleptMs + 40_000)
    const extra = assertNoneMissed(fleet, 'a', 1_000, [fromMs, fleet.nowMs - 1_000])
    assert.equal(extra, 0, `${sleptMs}`)
    assert.ok(fleet.isAliveEverywhere(0, 1, 2))
    const again = fleet
      .starts('a')
      .filter(({ node, atMs }) => node === 1 && atMs > fleet.nowMs - 20_000)
    assert.ok(again.length > 0, `${sleptMs}`)
  }
})

test('stalls of a second or two double nothing', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow', misfire: { deadline: '15s' } })
  fleet.run(10_000)
  const fromMs = fleet.nextTick(1_000)
  for (let i = 0; i < 40; i++) {
    fleet.stall(i % 3, 150 + ((i * 397) % 2_300))
    fleet.run(2_500)
  }
  fleet.run(5_000)
  assertOnceEach(fleet, 'a', 1_000, [fromMs, fleet.nowMs - 4_000])
})

test('members whose clocks are hours apart still hear of each other’s claims', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', { schedule: '@yearly' })
  fleet.run(30_000)
  fleet.stepClock(1, 2 * hourMs)
  fleet.run(20_000)
  for (const [node, key] of [
    [0, 'first'],
    [1, 'second'],
  ] as const) {
    fleet.dispatch(node, 'a', key)
    fleet.run(20_000)
  }
  assert.equal(fleet.starts('a').length, 2, 'one start for each dispatch')
  assert.ok(fleet.isAliveEverywhere(0, 1), 'nobody is down who is heard')
})

test('a tick that a clock far ahead started early is not started again after a restart', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', { schedule: '*/30 * * * * *', overlap: 'allow' })
  fleet.run(31_000)
  fleet.stepClock(1, 600_000)
  fleet.run(90_000)
  // the first restart takes over how far the other has come, the second finds it on its own disk
  fleet.restart(0)
  fleet.run(60_000)
  fleet.restart(0)
  fleet.run(700_000)
  const executions = fleet.starts('a').map(({ execution }) => execution)
  assert.equal(new Set(executions).size, executions.length, 'each at most once')
})
