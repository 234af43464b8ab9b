// `placement.every` over members that come and go, and starts one after another.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from '../fleet.ts'

const hourMs = 3_600_000
const hourly = { schedule: '0 0 * * * *', misfire: { deadline: '50m' } }

const nodesOf = (fleet: Fleet, dueMs: number): readonly number[] =>
  fleet
    .tick('a', dueMs)
    .map(({ node }) => node)
    .sort((a, b) => a - b)

function withAbsent(placement: object): { readonly fleet: Fleet; readonly dueMs: number } {
  const fleet = new Fleet({ size: 3 })
  fleet.start([0, 1])
  fleet.run(60_000)
  fleet.put(0, 'a', { ...hourly, placement: { every: true, ...placement } })
  const dueMs = fleet.nextTick(hourMs)
  fleet.runTo(dueMs + 60_000)
  assert.deepEqual(nodesOf(fleet, dueMs), [0, 1])
  return { fleet, dueMs }
}

test('a member that joins before cutoff runs that tick once', () => {
  const { fleet, dueMs } = withAbsent({})
  fleet.start([2])
  fleet.run(120_000)
  assert.deepEqual(nodesOf(fleet, dueMs), [0, 1, 2])
  fleet.restart(2)
  fleet.run(120_000)
  assert.deepEqual(nodesOf(fleet, dueMs), [0, 1, 2])
})

test('a member that joins after cutoff does not run it', () => {
  const { fleet, dueMs } = withAbsent({})
  fleet.runTo(dueMs + 51 * 60_000)
  fleet.start([2])
  fleet.run(60_000)
  assert.deepEqual(nodesOf(fleet, dueMs), [0, 1])
})

test('lateJoiners: false restricts it to members alive at P', () => {
  const { fleet, dueMs } = withAbsent({ lateJoiners: false })
  fleet.start([2])
  fleet.run(120_000)
  assert.deepEqual(nodesOf(fleet, dueMs), [0, 1])
})

test('a member that returns before cutoff runs it once; with lateJoiners: false it does not', () => {
  for (const lateJoiners of [true, false]) {
    const fleet = Fleet.running({ size: 3 })
    fleet.put(0, 'a', { ...hourly, placement: { every: true, lateJoiners } })
    fleet.run(60_000)
    fleet.kill(2)
    const dueMs = fleet.nextTick(hourMs)
    fleet.runTo(dueMs + 60_000)
    fleet.start([2])
    fleet.run(120_000)
    assert.deepEqual(nodesOf(fleet, dueMs), lateJoiners ? [0, 1, 2] : [0, 1])
  }
})

test('of several ticks that are not too late a joiner runs the latest one only', () => {
  const fleet = new Fleet({ size: 2 })
  fleet.start([0])
  fleet.run(60_000)
  const schedule = '0 */10 * * * *'
  fleet.put(0, 'a', { schedule, misfire: { deadline: '50m' }, placement: { every: true } })
  const dueMs = fleet.nextTick(600_000)
  fleet.runTo(dueMs + 1_260_000)
  fleet.start([1])
  fleet.run(120_000)
  assert.deepEqual(nodesOf(fleet, dueMs), [0])
  assert.deepEqual(nodesOf(fleet, dueMs + 600_000), [0])
  assert.deepEqual(nodesOf(fleet, dueMs + 1_200_000), [0, 1])
})

test('stagger adds rank · d to the start, on every node and for slots, and stays below the next tick', () => {
  for (const placement of [{ every: true }, { count: 4 }]) {
    const fleet = Fleet.running({ size: 4 })
    const schedule = '*/20 * * * * *'
    fleet.put(0, 'a', { schedule, placement: { ...placement, stagger: '8s' } })
    fleet.run(1_000)
    const dueMs = fleet.nextTick(20_000)
    const order = fleet.rank(0, 'a', dueMs)
    fleet.runTo(dueMs + 22_000)
    const starts = order.map((node) => fleet.tick('a', dueMs).find((one) => one.node === node)!)
    const planned = starts.map(({ plannedMs }) => plannedMs - dueMs)
    assert.deepEqual(planned, [0, 8_000, 16_000, 19_999])
  }
})
