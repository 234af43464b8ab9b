// Jobs that may start at most once: a majority of their roster decides who starts, or nobody does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobName } from '../../../src/core/ids.ts'
import { Fleet } from '../fleet.ts'

const periodMs = 10_000
const roster = ['node-0', 'node-1', 'node-2']
const document = { schedule: '*/10 * * * * *', delivery: { mode: 'at-most-once', roster } }

function running(seed = 1n, size = 3): Fleet {
  const fleet = Fleet.running({ size, seed })
  assert.deepEqual(fleet.put(0, 'once', document), { ok: true, job: 'once' })
  fleet.run(1_000)
  return fleet
}

const outcomes = (fleet: Fleet, node: number, dueMs: number): readonly string[] =>
  fleet
    .storedTick(node, 'once', dueMs)
    .map(({ record }) => `${record.outcome} ${record.reason}`.trim())

test('rank 0 starts a tick with the consent of the roster, and the fence grows', () => {
  const fleet = running()
  const first = fleet.nextTick(periodMs)
  fleet.runTo(first + 3 * periodMs - 1)
  const ticks = [0, 1, 2].map((n) => fleet.tick('once', first + n * periodMs))
  for (const starts of ticks) assert.equal(starts.length, 1)
  const fences = [0, 1, 2].map((n) => {
    const [row] = fleet.storedTick(0, 'once', first + n * periodMs)
    return row!.record.fence
  })
  assert.ok(fences[0]! < fences[1]! && fences[1]! < fences[2]!, fences.join())
  const [start] = ticks[0]!
  assert.ok(start!.atMs - first < 200, 'two round trips, not a wait')
})

test('a roster names members, an odd number of them', () => {
  const fleet = Fleet.running({ size: 4, tags: (n) => ({ role: n < 3 ? 'voter' : 'other' }) })
  const put = (entries: readonly string[]): string => {
    const reply = fleet.put(0, 'once', { ...document, delivery: 'at-most-once', roster: entries })
    return reply.ok ? 'ok' : `${reply.refusal.message} ${reply.refusal.hint}`
  }
  assert.match(put(['node-9']), /called or tagged node-9.*known members: node-/)
  assert.match(put(['node-0', 'node-1']), /names 2 members.*1, 3, 5 or 7/)
  assert.match(put(['role=nobody']), /called or tagged/)
  assert.equal(put(['role=voter']), 'ok')
  const job = fleet.machine(0).node.replica.catalog.live(jobName('once'))
  assert.deepEqual(
    job?.groups.life.seats.map(({ member }) => fleet.indexOf(member)).toSorted(),
    [0, 1, 2],
  )
})

test('a member outside the roster starts a tick when it is its turn', () => {
  const fleet = running(2n, 5)
  const dueMs = fleet.tickRanked('once', periodMs, [4])
  fleet.runTo(dueMs + 2_000)
  assert.deepEqual(
    fleet.tick('once', dueMs).map(({ node }) => node),
    [4],
  )
})

test('the side with the majority starts, the other one does not', () => {
  const fleet = running(3n)
  const dueMs = fleet.tickRanked('once', periodMs, [0], 20_000)
  fleet.runTo(dueMs - 10_000)
  fleet.islands([0], [1, 2])
  fleet.runTo(dueMs + 9_000)
  const starts = fleet.tick('once', dueMs)
  assert.deepEqual(starts.length, 1)
  assert.notEqual(starts[0]!.node, 0)
  fleet.heal()
  fleet.run(60_000)
  assert.ok(
    outcomes(fleet, 0, dueMs).some((outcome) => outcome.startsWith('success')),
    'the cut off side learns how it went',
  )
})

test('without a majority nothing starts, and the tick is recorded as missed', () => {
  const fleet = running(4n)
  fleet.kill(1, 2)
  const dueMs = fleet.nextTick(periodMs, 5_000)
  fleet.runTo(dueMs + 20_000)
  assert.deepEqual(fleet.tick('once', dueMs), [])
  assert.deepEqual(outcomes(fleet, 0, dueMs), ['missed no-majority'])
})

test('a winner that dies with the claim on its disk leaves the outcome unknown, never a second start', () => {
  const fleet = Fleet.running({
    size: 3,
    seed: 5n,
    script: () => ({ durationMs: 600_000, exit: 0 }),
  })
  fleet.put(0, 'once', {
    ...document,
    retry: { max: 3, on: ['lost', 'failure'] },
    overlap: 'allow',
  })
  fleet.run(1_000)
  const dueMs = fleet.tickRanked('once', periodMs, [2])
  fleet.runTo(dueMs + 1_000)
  assert.equal(fleet.tick('once', dueMs).length, 1)
  fleet.kill(2)
  fleet.run(90_000)
  assert.equal(fleet.tick('once', dueMs).length, 1)
  assert.deepEqual(outcomes(fleet, 0, dueMs), ['unknown member-down'])
  fleet.start([2])
  fleet.run(30_000)
  assert.equal(fleet.tick('once', dueMs).length, 1)
})

test('another roster is another generation, which begins a minute later', () => {
  const fleet = running(6n)
  const at = fleet.nowMs
  fleet.put(0, 'once', { ...document, delivery: { mode: 'at-most-once', roster: ['node-0'] } })
  const job = fleet.machine(0).node.replica.catalog.live(jobName('once'))!
  assert.equal(job.generation, 2)
  fleet.runTo(at + 85_000)
  const starts = fleet.starts('once').filter(({ atMs }) => atMs > at + 1_000)
  assert.ok(starts.length > 0)
  for (const { execution, atMs } of starts) {
    assert.match(execution, /^once~2@/)
    assert.ok(atMs >= at + 60_000)
  }
})

test('the same document again changes nothing while the stores of the roster are the same', () => {
  const fleet = running(7n)
  fleet.put(1, 'once', document)
  assert.equal(fleet.machine(1).node.replica.catalog.live(jobName('once'))!.generation, 1)
})
