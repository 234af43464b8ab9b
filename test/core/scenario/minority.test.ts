// `minority: hold`: a side with fewer than half of the members that match a job starts nothing of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from '../fleet.ts'

const periodMs = 10_000
const document = { schedule: '*/10 * * * * *', overlap: 'allow', minority: 'hold' }

function running(seed: bigint, size: number): Fleet {
  const fleet = Fleet.running({ size, seed })
  assert.deepEqual(fleet.put(0, 'held', document), { ok: true, job: 'held' })
  fleet.run(1_000)
  return fleet
}

test('the smaller side holds, the larger one goes on', () => {
  const fleet = running(1n, 5)
  fleet.islands([0, 1], [2, 3, 4])
  fleet.run(20_000)
  const dueMs = fleet.nextTick(periodMs)
  fleet.runTo(dueMs + 3 * periodMs)
  for (const tick of [dueMs, dueMs + periodMs, dueMs + 2 * periodMs]) {
    const nodes = fleet.tick('held', tick).map(({ node }) => node)
    assert.equal(nodes.length, 1)
    assert.ok(nodes[0]! >= 2, `node ${nodes[0]} is on the smaller side`)
  }
  const [row] = fleet.storedTick(0, 'held', dueMs)
  assert.equal(`${row?.record.outcome} ${row?.record.reason}`, 'missed minority-hold')
  fleet.heal()
  fleet.run(60_000)
  const told = fleet.storedTick(0, 'held', dueMs).map(({ record }) => record.outcome)
  assert.ok(told.includes('success'), 'healed, the smaller side learns that it ran')
})

test('of two halves one goes on', () => {
  const fleet = running(2n, 4)
  fleet.islands([0, 1], [2, 3])
  fleet.run(20_000)
  const dueMs = fleet.nextTick(periodMs)
  fleet.runTo(dueMs + 2 * periodMs)
  for (const tick of [dueMs, dueMs + periodMs]) {
    assert.equal(fleet.tick('held', tick).length, 1)
  }
})

test('members that are down count, those that have left do not', () => {
  const fleet = running(3n, 3)
  fleet.kill(1, 2)
  fleet.run(40_000)
  assert.equal(fleet.stateOf(0, 1), 'down')
  const dueMs = fleet.nextTick(periodMs)
  fleet.runTo(dueMs + 9_000)
  assert.deepEqual(fleet.tick('held', dueMs), [])
})
