import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobName } from '../../../src/core/ids.ts'
import { plannedStart } from '../../../src/core/scheduler/tick.ts'
import { Fleet } from '../fleet.ts'
import {
  assertOnceEach,
  assertOutcome,
  latenessMs,
  nodesOf,
  onlyStart,
  outcomeOf,
} from './truth.ts'

for (const seconds of [1, 10]) {
  test(`each tick of a ${seconds} s job starts once, on rank 0, within 50 ms`, () => {
    const periodMs = seconds * 1_000
    const fleet = Fleet.running({ size: 5 })
    fleet.put(0, 'a', { schedule: `*/${seconds} * * * * *` })
    fleet.run(6_000)
    const fromMs = fleet.nextTick(periodMs)
    const toMs = fromMs + 39 * periodMs
    const predicted = new Map<number, number>()
    for (let dueMs = fromMs; dueMs <= toMs; dueMs += periodMs) {
      predicted.set(dueMs, fleet.rank(dueMs % 5, 'a', dueMs)[0]!)
    }
    fleet.runTo(toMs + 1_000)
    assertOnceEach(fleet, 'a', periodMs, [fromMs, toMs])
    for (const [dueMs, node] of predicted) {
      const start = onlyStart(fleet, 'a', dueMs)
      assert.equal(start.node, node)
      assert.ok(latenessMs(start, dueMs) >= 0 && latenessMs(start, dueMs) <= 50)
      assertOutcome(fleet, 'a', dueMs, 'success')
    }
    assert.ok(new Set(predicted.values()).size > 1)
  })
}

test('of twenty members each tick starts on one and is on record with all, missed by none', () => {
  const fleet = Fleet.running({ size: 20 })
  const names = ['a', 'b', 'c', 'd']
  for (const [i, name] of names.entries()) fleet.put(i, name, { schedule: '*/5 * * * * *' })
  fleet.run(6_000)
  const fromMs = fleet.nextTick(5_000)
  fleet.runTo(fromMs + 31_000)
  for (const name of names) {
    assertOnceEach(fleet, name, 5_000, [fromMs, fromMs + 30_000])
    for (let dueMs = fromMs; dueMs <= fromMs + 30_000; dueMs += 5_000) {
      assertOutcome(fleet, name, dueMs, 'success')
    }
  }
  for (const node of fleet.up) {
    const { missed, skipped, duplicates } = fleet.counts(node)
    assert.deepEqual([missed, skipped, duplicates], [0, 0, 0], `${node}`)
  }
})

test('a quiet tick needs no question', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '@every 1s' })
  fleet.run(10_000)
  const asked = (): number =>
    fleet.machines.reduce(
      (sum, { reports }) => sum + reports.filter(({ report }) => report.kind === 'probed').length,
      0,
    )
  const before = asked()
  fleet.run(60_000)
  assert.equal(asked(), before)
})

test('a tick is not started before its instant, on no clock', () => {
  const fleet = new Fleet({ size: 3 })
  fleet.stepClock(1, 180)
  fleet.stepClock(2, -180)
  fleet.start()
  fleet.run(3_000)
  fleet.put(0, 'a', { schedule: '@every 1s' })
  fleet.run(60_000)
  for (const start of fleet.starts('a')) {
    const dueMs = Number(start.execution.split('@')[1])
    assert.ok(Math.abs(latenessMs(start, dueMs)) <= 250, `${latenessMs(start, dueMs)}`)
  }
  assert.ok(fleet.starts('a').length >= 59)
})

test('a job that runs everywhere starts once on each matching member', () => {
  const fleet = Fleet.running({
    size: 4,
    tags: (node) => ({ role: node === 3 ? 'db' : 'web' }),
  })
  fleet.put(0, 'all', {
    schedule: '*/10 * * * * *',
    placement: { every: true, tags: { role: 'web' } },
  })
  fleet.run(6_000)
  const dueMs = fleet.nextTick(10_000)
  fleet.runTo(dueMs + 30_500)
  for (let at = dueMs; at <= dueMs + 30_000; at += 10_000) {
    assert.equal(fleet.tick('all', at).length, 3)
    assert.deepEqual(nodesOf(fleet.tick('all', at)), [0, 1, 2])
  }
})

test('a member joins while ticks fire, and no tick is missed or doubled', () => {
  const fleet = new Fleet({ size: 4 })
  fleet.start([0, 1, 2])
  fleet.run(2_000)
  fleet.put(0, 'a', { schedule: '@every 1s' })
  fleet.run(10_000)
  const fromMs = fleet.nextTick(1_000)
  fleet.start([3])
  fleet.run(60_000)
  assertOnceEach(fleet, 'a', 1_000, [fromMs, fleet.nowMs - 1_000])
  assert.ok(fleet.starts('a').some(({ node }) => node === 3))
  assert.ok(!fleet.starts('a').some(({ node, atMs }) => node === 3 && atMs < fromMs + 13_000))
})

test('while paused a job runs nothing, and the ticks passed over are one record', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '@every 1s' })
  fleet.run(5_000)
  assert.ok(fleet.pause(1, 'a').ok)
  fleet.run(1_000)
  const before = fleet.starts('a').length
  const pausedMs = fleet.nextTick(1_000)
  fleet.run(150_500)
  assert.equal(fleet.starts('a').length, before)
  assert.ok(fleet.resume(2, 'a').ok)
  const resumedMs = fleet.nextTick(1_000)
  fleet.runTo(resumedMs + 1_500)
  assert.equal(fleet.tick('a', resumedMs).length, 1)
  for (const node of fleet.up) {
    const page = fleet.machine(node).store.executions({ job: 'a', state: 'paused', limit: 100 })
    const ranges = page.rows.map(({ record }) => record)
    assert.equal(ranges.length, 1)
    assert.ok(ranges[0]!.dueMs <= pausedMs)
    assert.ok(ranges[0]!.throughMs >= resumedMs - 1_000)
    assert.equal(ranges[0]!.count, (ranges[0]!.throughMs - ranges[0]!.dueMs) / 1_000 + 1)
    assert.equal(fleet.counts(node).skipped, ranges[0]!.count)
  }
})

test('a pause with an end resumes by itself', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', { schedule: '@every 1s' })
  fleet.run(3_000)
  const untilMs = fleet.nowMs + 20_500
  fleet.pause(0, 'a', 'a while', untilMs)
  fleet.run(40_000)
  assert.deepEqual(
    fleet.starts('a').filter(({ atMs }) => atMs > untilMs - 20_000 && atMs < untilMs),
    [],
  )
  assert.ok(fleet.starts('a').filter(({ atMs }) => atMs > untilMs).length >= 18)
})

test('an edit moves the ticks that are to come and starts none of the past', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '0 * * * *' })
  fleet.run(20_000)
  fleet.put(1, 'a', { schedule: '*/10 * * * * *' })
  const fromMs = fleet.nextTick(10_000)
  fleet.run(60_000)
  assertOnceEach(fleet, 'a', 10_000, [fromMs, fleet.nowMs - 1_000])
  assert.equal(fleet.starts('a').filter(({ atMs }) => atMs < fromMs).length, 0)
})

test('a tick that comes while its job still runs is skipped, on the word of the ledger', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 25_000, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '*/10 * * * * *' })
  const firstMs = fleet.nextTick(10_000)
  fleet.runTo(firstMs + 65_000)
  const outcomes = [0, 1, 2, 3, 4, 5].map((i) => outcomeOf(fleet, 0, 'a', firstMs + i * 10_000))
  assert.deepEqual(outcomes, [
    'success',
    'skipped-overlap',
    'skipped-overlap',
    'success',
    'skipped-overlap',
    'skipped-overlap',
  ])
  for (const node of fleet.up) assert.equal(fleet.counts(node).skipped, 4)
})

test('with overlap allowed every tick starts', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 25_000, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '*/10 * * * * *', overlap: 'allow' })
  const firstMs = fleet.nextTick(10_000)
  fleet.runTo(firstMs + 61_000)
  assertOnceEach(fleet, 'a', 10_000, [firstMs, firstMs + 60_000])
})

test('an @after that is written after its instant starts at once, once, while its grace lasts', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.run(8_000)
  const dueMs = fleet.nowMs - 60_000 - (fleet.nowMs % 1_000)
  const schedule = `@after ${new Date(dueMs).toISOString()} <PT2H`
  fleet.put(1, 'a', { schedule })
  fleet.run(6_000)
  assert.equal(fleet.tick('a', dueMs).length, 1)
  assertOutcome(fleet, 'a', dueMs, 'success')
  fleet.put(2, 'a', { schedule, description: 'edited' })
  fleet.put(0, 'a', { schedule: [schedule, '0 0 1 1 *'] })
  fleet.run(60_000)
  fleet.restart(0, 1, 2)
  fleet.run(40_000)
  assert.equal(fleet.tick('a', dueMs).length, 1)
})

test('an @after whose fleet was off starts when it is back, within its grace', () => {
  for (const [grace, starts] of [
    ['PT10M', 1],
    ['PT1M', 0],
  ] as const) {
    const fleet = Fleet.running({ size: 3 })
    fleet.run(8_000)
    const dueMs = fleet.nextTick(60_000) + 60_000
    fleet.put(0, 'a', { schedule: `@after ${new Date(dueMs).toISOString()} <${grace}` })
    fleet.runTo(dueMs - 30_000)
    fleet.kill(0, 1, 2)
    fleet.runTo(dueMs + 120_000)
    fleet.start()
    fleet.run(60_000)
    assert.equal(fleet.tick('a', dueMs).length, starts, grace)
    assertOutcome(fleet, 'a', dueMs, starts === 1 ? 'success' : 'missed')
  }
})

test('with jitterPer member each member of an every-node job starts at an offset of its own', () => {
  const fleet = Fleet.running({ size: 4 })
  fleet.put(0, 'a', {
    schedule: '0 * * * * *',
    jitter: '30s',
    jitterPer: 'member',
    placement: { every: true },
  })
  fleet.run(10_000)
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs + 50_000)
  const starts = fleet.tick('a', dueMs)
  assert.equal(starts.length, 4)
  const timing = fleet.machine(0).node.replica.catalog.live(jobName('a'))!.groups.timing
  for (const { node, atMs } of starts) {
    const plannedMs = plannedStart('a', timing, dueMs, fleet.machine(node).id)
    assert.ok(Math.abs(atMs - plannedMs) < 100, `${node}`)
  }
  assert.ok(new Set(starts.map(({ atMs }) => atMs)).size === 4)
})

test('a job that has reached its limit pauses, and its ticks end capped or paused', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.run(8_000)
  fleet.put(0, 'a', { schedule: '* * * * * *', limit: 5, overlap: 'allow' })
  fleet.run(20_000)
  assert.equal(fleet.starts('a').length, 5)
  for (const node of fleet.up) {
    const job = fleet.machine(node).node.replica.catalog.live(jobName('a'))!
    assert.deepEqual(job.groups.enabled.enabled, false)
    assert.equal(job.groups.enabled.note, 'limit of 5 runs reached')
    assert.deepEqual(job.conflicts, [])
  }
  const lastMs = Number(fleet.starts('a').at(-1)!.execution.split('@')[1])
  assert.match(outcomeOf(fleet, 0, 'a', lastMs + 1_000), /capped|paused/)
})

test('a limit of successes counts a tick once, after its retries, and survives a restart of all', () => {
  const fleet = Fleet.running({
    size: 3,
    script: (launch) => ({
      durationMs: 10,
      exit: launch.attempt.endsWith('.1') ? 1 : 0,
    }),
  })
  fleet.run(8_000)
  const retry = { max: 1, base: '1s', jitter: 0, on: ['failure'] }
  const limit = { successes: 4, then: 'delete' }
  fleet.put(0, 'a', { schedule: '*/5 * * * * *', limit, retry })
  const run = (count: number): void => {
    fleet.until(`${count} ticks`, 60_000, () => dues(fleet).size === count)
  }
  run(2)
  fleet.run(3_000)
  fleet.restart(0, 1, 2)
  fleet.run(60_000)
  assert.equal(dues(fleet).size, 4)
  assert.equal(fleet.starts('a').length, 8)
  for (const node of fleet.up) {
    assert.equal(fleet.machine(node).node.replica.catalog.live(jobName('a')), undefined)
  }
})

const dues = (fleet: Fleet): ReadonlySet<string> =>
  new Set(fleet.starts('a').map(({ execution }) => execution))

test('skipped ticks and dispatches do not count against a limit', () => {
  const fleet = Fleet.running({ size: 1, script: () => ({ durationMs: 1_500, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '* * * * * *', limit: 3 })
  fleet.dispatch(0, 'a', 'k')
  fleet.run(30_000)
  const ticks = fleet.starts('a').filter(({ execution }) => execution.includes('@'))
  assert.equal(ticks.length, 3)
  assert.equal(fleet.starts('a').length, 4)
})
