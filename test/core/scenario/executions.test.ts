import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../../../src/core/random.ts'
import { retryWaitMs } from '../../../src/core/scheduler/retry.ts'
import type { Retry } from '../../../src/core/jobs/definition.ts'
import { Fleet } from '../fleet.ts'
import { assertOutcome, nodesOf, onlyStart } from './truth.ts'

const hourly = { schedule: '0 0 * * * *' }

function executionOf(fleet: Fleet, node: number, job: string, key: string): string {
  const reply = fleet.dispatch(node, job, key)
  assert.ok(reply.ok, JSON.stringify(reply))
  return reply.execution!
}

function storedOutcomes(fleet: Fleet, node: number, execution: string): readonly unknown[] {
  return fleet.stored(node, execution).map(({ record }) => record.outcome ?? record.phase)
}

test('a dispatch starts at once, on one member, and its record is everywhere', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', hourly)
  fleet.run(8_000)
  const execution = executionOf(fleet, 1, 'a', 'order-17')
  fleet.run(100)
  assert.equal(fleet.startsOf(execution).length, 1)
  fleet.run(500)
  for (const node of fleet.up) {
    assert.ok(storedOutcomes(fleet, node, execution).includes('success'), `${node}`)
  }
})

test('one key is one execution, on whichever members and however often it is said', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { ...hourly, overlap: 'allow' })
  fleet.run(8_000)
  const said = [0, 1, 2].map((node) => executionOf(fleet, node, 'a', 'order-17'))
  fleet.run(2_000)
  said.push(executionOf(fleet, 2, 'a', 'order-17'))
  assert.equal(new Set(said).size, 1)
  fleet.run(5_000)
  assert.equal(fleet.startsOf(said[0]!).length, 1)
  assert.notEqual(executionOf(fleet, 0, 'a', 'order-18'), said[0])
  fleet.restart(0, 1, 2)
  fleet.run(40_000)
  executionOf(fleet, 1, 'a', 'order-17')
  fleet.run(5_000)
  assert.equal(fleet.startsOf(said[0]!).length, 1)
})

test('a key is remembered although hundreds of ticks have come since', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', { schedule: '* * * * * *', overlap: 'allow' })
  fleet.run(3_000)
  const execution = executionOf(fleet, 0, 'a', 'once')
  fleet.run(120_000)
  assert.equal(executionOf(fleet, 1, 'a', 'once'), execution)
  fleet.run(3_000)
  assert.equal(fleet.startsOf(execution).length, 1)
})

test('a dispatch whose best member is dead starts on another', () => {
  for (let i = 0; i < 6; i++) {
    const fleet = Fleet.running({ size: 3 })
    fleet.put(0, 'a', hourly)
    fleet.run(8_000)
    fleet.powerOff(1)
    const execution = executionOf(fleet, 0, 'a', `key-${i}`)
    fleet.run(6_000)
    assert.equal(fleet.startsOf(execution).length, 1)
  }
})

test('a dispatch of a job that runs everywhere starts once on each member', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'all', { ...hourly, placement: { every: true } })
  fleet.run(8_000)
  const execution = executionOf(fleet, 0, 'all', 'k')
  fleet.run(2_000)
  assert.deepEqual(nodesOf(fleet.startsOf(execution)), [0, 1, 2])
  executionOf(fleet, 1, 'all', 'k')
  fleet.restart(2)
  fleet.run(10_000)
  assert.equal(fleet.startsOf(execution).length, 3)
})

test('a dispatch waits for members that cannot be reached no longer than for its own', () => {
  const fleet = Fleet.running({ size: 4 })
  fleet.put(0, 'a', hourly)
  fleet.run(8_000)
  fleet.islands([0, 1], [2, 3])
  fleet.run(5_000)
  for (const node of [0, 3]) {
    const execution = executionOf(fleet, node, 'a', `island-${node}`)
    fleet.run(6_000)
    assert.equal(fleet.startsOf(execution).length, 1)
  }
})

test('an execution is stopped from any member', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: Infinity, exit: 0 }) })
  fleet.put(0, 'a', hourly)
  fleet.run(8_000)
  for (let i = 0; i < 3; i++) {
    const execution = executionOf(fleet, i, 'a', `key-${i}`)
    fleet.run(500)
    const [start] = fleet.startsOf(execution)
    assert.equal(start!.endMs, undefined)
    const other = (start!.node + 1) % 3
    assert.ok(fleet.stop(other, execution).ok)
    fleet.run(200)
    assert.ok(start!.endMs !== undefined)
    for (const node of fleet.up) {
      assert.ok(storedOutcomes(fleet, node, execution).includes('cancelled'))
    }
    const again = fleet.stop(other, execution)
    assert.ok(!again.ok && again.refusal.code === 'MC_NOT_RUNNING')
  }
})

test('an attempt that takes too long is stopped, and counts as a failure', () => {
  const fleet = Fleet.running({ size: 2, script: () => ({ durationMs: Infinity, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '*/30 * * * * *', timeout: '5s' })
  const dueMs = fleet.nextTick(30_000)
  fleet.runTo(dueMs + 6_000)
  const start = onlyStart(fleet, 'a', dueMs)
  assert.ok(start.endMs! - start.atMs >= 5_000 && start.endMs! - start.atMs <= 5_300)
  assertOutcome(fleet, 'a', dueMs, 'failure')
  assert.equal(fleet.storedTick(0, 'a', dueMs)[0]!.record.reason, 'timeout')
})

for (const where of ['same', 'other', 'any'] as const) {
  test(`a failed attempt is repeated after the computed wait, where: ${where}`, () => {
    const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 1 }) })
    const retry = { max: 2, backoff: 'fixed', base: '4s', cap: '1m', jitter: 0.2, where }
    fleet.put(0, 'a', { schedule: '0 * * * * *', retry })
    const dueMs = fleet.nextTick(60_000, 8_000)
    fleet.runTo(dueMs + 30_000)
    const starts = fleet.tick('a', dueMs)
    assert.deepEqual(
      starts.map(({ attempt }) => attempt),
      [1, 2, 3].map((number) => `a@${dueMs}.0.${number}`),
    )
    const normal: Retry = {
      max: 2,
      backoff: 'fixed',
      baseMs: 4_000,
      capMs: 60_000,
      jitterPermille: 200,
      on: ['failure'],
      where,
    }
    for (const [i, start] of starts.slice(0, -1).entries()) {
      const waitMs = retryWaitMs(normal, start.execution, '0', i + 1)
      const waited = starts[i + 1]!.atMs - start.endMs!
      assert.ok(Math.abs(waited - waitMs) <= 60, `${waited} instead of ${waitMs}`)
    }
    const nodes = starts.map(({ node }) => node)
    if (where === 'same') assert.equal(new Set(nodes).size, 1)
    if (where === 'other') assert.equal(new Set(nodes).size, 3)
    if (where === 'any') assert.equal(new Set(nodes).size, 1)
    assertOutcome(fleet, 'a', dueMs, 'failure')
  })
}

test('a retry whose member died runs on the next, once', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 1 }) })
  const retry = { max: 1, backoff: 'fixed', base: '10s', jitter: 0, where: 'other' }
  fleet.put(0, 'a', { schedule: '0 * * * * *', retry })
  fleet.run(8_000)
  const dueMs = fleet.nextTick(60_000)
  const rank = fleet.rank(0, 'a', dueMs)
  fleet.runTo(dueMs + 2_000)
  fleet.kill(rank[1]!)
  fleet.runTo(dueMs + 20_000)
  const starts = fleet.tick('a', dueMs)
  assert.deepEqual(
    starts.map(({ node }) => node),
    [rank[0], rank[2]],
  )
})

test('pending retries survive the restart of the whole fleet', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 1 }) })
  const retry = { max: 1, backoff: 'fixed', base: '1m', jitter: 0, where: 'other' }
  fleet.put(0, 'a', { schedule: '0 0 * * * *', misfire: { deadline: '30m' }, retry })
  const dueMs = fleet.nextTick(3_600_000)
  fleet.runTo(dueMs + 2_000)
  fleet.restart(0, 1, 2)
  fleet.runTo(dueMs + 120_000)
  const starts = fleet.tick('a', dueMs)
  assert.equal(starts.length, 2)
  assert.ok(Math.abs(starts[1]!.atMs - dueMs - 60_100) < 3_000)
})

test('a retry whose job is deleted ends, and keeps no later job of that name from its ticks', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 1 }) })
  const retry = { max: 1, backoff: 'fixed', base: '20s', jitter: 0 }
  fleet.put(0, 'a', { schedule: '0 * * * * *', retry })
  const dueMs = fleet.nextTick(60_000, 8_000)
  fleet.runTo(dueMs + 2_000)
  fleet.kill(2)
  fleet.remove(0, 'a')
  fleet.run(2_000)
  fleet.put(1, 'a', { schedule: '0 * * * * *' })
  fleet.start([2])
  fleet.runTo(dueMs + 59_000)
  assert.equal(fleet.tick('a', dueMs).length, 1)
  for (const node of fleet.up) {
    const last = fleet.storedTick(node, 'a', dueMs).find(({ record }) => record.attempt === 2)
    assert.equal(last?.record.outcome, 'failure', `${node}`)
  }
  fleet.runTo(dueMs + 65_000)
  assert.equal(fleet.startsOf(`a~2@${dueMs + 60_000}`).length, 1)
})

test('what ended before it was stopped ended by itself, although a stall let the timeout come first', () => {
  const fleet = Fleet.running({ size: 1, script: () => ({ durationMs: 3_000, exit: 0 }) })
  fleet.put(0, 'a', { schedule: '*/30 * * * * *', timeout: '5s' })
  const dueMs = fleet.nextTick(30_000)
  fleet.runTo(dueMs + 1_000)
  fleet.stall(0, 10_000)
  fleet.runTo(dueMs + 15_000)
  assertOutcome(fleet, 'a', dueMs, 'success')
})

test('totalTimeout counts from the first start, over all attempts and waits of a slot', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 4_000, exit: 1 }) })
  const retry = { max: 9, backoff: 'fixed', base: '3s', jitter: 0 }
  fleet.put(0, 'a', { schedule: '0 * * * * *', retry, totalTimeout: '16s', overlap: 'allow' })
  const dueMs = fleet.nextTick(60_000, 8_000)
  fleet.runTo(dueMs + 50_000)
  // 0-4, 7-11, 14-16: the third is stopped, and no fourth one starts
  const starts = fleet.tick('a', dueMs)
  assert.equal(starts.length, 3)
  const totalMs = starts[2]!.endMs! - starts[0]!.atMs
  assert.ok(totalMs >= 15_900 && totalMs <= 16_300, `${totalMs}`)
  assertOutcome(fleet, 'a', dueMs, 'failure')
  const last = fleet.storedTick(0, 'a', dueMs).find(({ record }) => record.attempt === 3)
  assert.equal(last?.record.reason, 'timeout')
})

test('totalTimeout allows no attempt whose wait ends after it', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 100, exit: 1 }) })
  const retry = { max: 9, backoff: 'fixed', base: '10s', jitter: 0 }
  fleet.put(0, 'a', { schedule: '0 * * * * *', retry, totalTimeout: '15s' })
  const dueMs = fleet.nextTick(60_000, 8_000)
  fleet.runTo(dueMs + 50_000)
  assert.equal(fleet.tick('a', dueMs).length, 2)
})

test('exit statuses that are listed are tried again, others are not', () => {
  for (const [exit, attempts] of [
    [75, 3],
    [1, 1],
  ] as const) {
    const fleet = Fleet.running({ size: 2, script: () => ({ durationMs: 100, exit }) })
    const retry = { max: 2, base: '1s', on: ['lost', { exit: [75, '100-110'] }] }
    fleet.put(0, 'a', { schedule: '0 * * * * *', retry })
    const dueMs = fleet.nextTick(60_000, 8_000)
    fleet.runTo(dueMs + 30_000)
    assert.equal(fleet.tick('a', dueMs).length, attempts, `exit ${exit}`)
  }
})

test('an attempt that was stopped is not repeated', () => {
  const fleet = Fleet.running({ size: 2, script: () => ({ durationMs: Infinity, exit: 0 }) })
  fleet.put(0, 'a', { ...hourly, retry: { max: 3, base: '1s' } })
  fleet.run(8_000)
  const execution = executionOf(fleet, 0, 'a', 'k')
  fleet.run(300)
  fleet.stop(0, execution)
  fleet.run(10_000)
  assert.equal(fleet.startsOf(execution).length, 1)
})

test('random exits never start more than the allowed attempts, each after the one before', () => {
  const random = createRandom(3n)
  const fleet = Fleet.running({
    size: 3,
    script: () => ({ durationMs: random.between(10, 3_000), exit: random.below(2) }),
  })
  const retry = { max: 3, backoff: 'exponential', base: '1s', cap: '4s', jitter: 0.5 }
  fleet.put(0, 'a', { schedule: '*/30 * * * * *', retry, overlap: 'allow' })
  fleet.run(600_000)
  const byExecution = Map.groupBy(fleet.starts('a'), ({ execution }) => execution)
  assert.ok(byExecution.size >= 19)
  for (const starts of byExecution.values()) {
    assert.ok(starts.length <= 4)
    for (const [i, start] of starts.entries()) {
      assert.ok(start.attempt.endsWith(`.0.${i + 1}`))
      if (i > 0) assert.ok(starts[i - 1]!.endMs! < start.atMs)
    }
  }
})
