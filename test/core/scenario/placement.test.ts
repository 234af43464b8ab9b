import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Facts } from '../../../src/core/placement/where.ts'
import { Fleet } from '../fleet.ts'

const leadMs = 10_000

function tell(fleet: Fleet, node: number, facts: Facts): void {
  fleet.machine(node).step({ kind: 'facts', facts })
}

function cordon(fleet: Fleet, from: number, node: number, isCordoned: boolean): void {
  const { id } = fleet.machine(node)
  assert.deepEqual(fleet.command(from, { kind: 'cordon', member: id, isCordoned }), { ok: true })
}

/** Nodes that ran something since an instant, each once. */
const ranSince = (fleet: Fleet, job: string, sinceMs: number): readonly number[] =>
  [0, 1, 2, 3].filter((index) =>
    fleet.starts(job).some(({ node, atMs }) => node === index && atMs >= sinceMs),
  )

test('a cordoned member takes nothing new from its announced instant on, over a restart, and until it is uncordoned', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '@every 1s' })
  cordon(fleet, 0, 2, true)
  const fromMs = fleet.nowMs + leadMs + 1_000
  fleet.runTo(fromMs + 30_000)
  assert.deepEqual(ranSince(fleet, 'a', fromMs), [0, 1])
  const missed = fleet.counts(0).missed
  fleet.restart(2)
  const restartedMs = fleet.nowMs
  fleet.run(40_000)
  assert.deepEqual(ranSince(fleet, 'a', restartedMs), [0, 1])
  cordon(fleet, 1, 2, false)
  const backMs = fleet.nowMs
  fleet.run(leadMs + 30_000)
  assert.deepEqual(ranSince(fleet, 'a', backMs), [0, 1, 2])
  assert.equal(fleet.counts(0).missed, missed)
})

test('a member that cannot be reached cannot be cordoned from afar', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.kill(1)
  fleet.run(5_000)
  const { id } = fleet.machine(1)
  const reply = fleet.command(0, { kind: 'cordon', member: id, isCordoned: true })
  assert.equal(reply.ok ? '' : reply.refusal.code, 'MC_MEMBER_UNREACHABLE')
})

test('where: only members whose facts meet the condition run the job, as of the announced instant', () => {
  const fleet = Fleet.running({ size: 3 })
  for (const node of [0, 1, 2]) tell(fleet, node, { 'disk.free': node * 100 })
  fleet.put(0, 'a', { schedule: '@every 1s', placement: { where: 'disk.free >= 100' } })
  fleet.run(leadMs + 2_000)
  const fromMs = fleet.nowMs
  fleet.run(30_000)
  assert.deepEqual(ranSince(fleet, 'a', fromMs), [1, 2])
  tell(fleet, 0, { 'disk.free': 500 })
  fleet.run(leadMs + 30_000)
  assert.deepEqual(ranSince(fleet, 'a', fromMs + 30_000), [0, 1, 2])
})

test('where: a member that meets the condition no more at the start declines, and another takes the tick', () => {
  const fleet = Fleet.running({ size: 3 })
  for (const node of [0, 1, 2]) tell(fleet, node, { 'disk.free': 1_000 })
  fleet.put(0, 'a', { schedule: '@every 1s', placement: { where: 'disk.free >= 950' } })
  fleet.run(leadMs + 5_000)
  // a change too small to be announced
  tell(fleet, 1, { 'disk.free': 940 })
  const fromMs = fleet.nowMs
  const missed = fleet.counts(0).missed
  fleet.run(30_000)
  assert.deepEqual(ranSince(fleet, 'a', fromMs), [0, 2])
  assert.equal(fleet.counts(0).missed, missed)
  assert.ok(fleet.starts('a').filter(({ atMs }) => atMs >= fromMs).length >= 29)
})

test('affinity job: a job stays on its member until that goes', () => {
  const fleet = Fleet.running({ size: 4 })
  fleet.put(0, 'a', { schedule: '@every 1s', placement: { affinity: 'job' } })
  fleet.run(30_000)
  const [home, ...more] = ranSince(fleet, 'a', 0)
  assert.deepEqual(more, [])
  fleet.kill(home!)
  fleet.run(20_000)
  const fromMs = fleet.nowMs
  fleet.run(20_000)
  const after = ranSince(fleet, 'a', fromMs)
  assert.equal(after.length, 1)
  assert.notEqual(after[0], home)
})
