// `placement.count` and `placement.shards`: one execution in several slots.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from '../fleet.ts'

const periodMs = 10_000
const everyTen = { schedule: '*/10 * * * * *', overlap: 'allow' }

function running(size: number, placement: object, seed = 1n): Fleet {
  const fleet = Fleet.running({ size, seed })
  assert.deepEqual(fleet.put(0, 'a', { ...everyTen, placement }), { ok: true, job: 'a' })
  fleet.run(1_000)
  return fleet
}

const nodesOf = (fleet: Fleet, dueMs: number): readonly number[] =>
  fleet
    .tick('a', dueMs)
    .map(({ node }) => node)
    .sort((a, b) => a - b)

const slotsOf = (fleet: Fleet, dueMs: number): readonly string[] =>
  fleet
    .tick('a', dueMs)
    .map(({ slot }) => slot)
    .sort()

/** What a node has on record of a tick: `slot outcome reason`. */
const told = (fleet: Fleet, node: number, dueMs: number): readonly string[] =>
  fleet
    .storedTick(node, 'a', dueMs)
    .map(({ record }) => `${record.slot} ${record.outcome} ${record.reason}`.trim())
    .sort()

test('count k: without faults exactly k distinct members, ranks 0 to k − 1', () => {
  const fleet = running(5, { count: 3 })
  const first = fleet.nextTick(periodMs)
  fleet.runTo(first + 20 * periodMs - 1_000)
  for (let dueMs = first; dueMs < fleet.nowMs; dueMs += periodMs) {
    assert.deepEqual(slotsOf(fleet, dueMs), ['0', '1', '2'])
    assert.deepEqual(
      nodesOf(fleet, dueMs),
      [...fleet.rank(0, 'a', dueMs).slice(0, 3)].sort((a, b) => a - b),
    )
  }
  assert.equal(fleet.counts(0).missed, 0)
})

test('count k: the first member behind the k stands in for a slot whose member is gone, and takes no second one', () => {
  for (const ranks of [[0], [1], [0, 2]]) {
    const fleet = running(6, { count: 3 })
    const dueMs = fleet.nextTick(periodMs, 3_000)
    const order = fleet.rank(0, 'a', dueMs)
    fleet.runTo(dueMs - 500)
    fleet.kill(...ranks.map((rank) => order[rank]!))
    fleet.runTo(dueMs + 9_000)
    assert.deepEqual(slotsOf(fleet, dueMs), ['0', '1', '2'])
    assert.equal(new Set(nodesOf(fleet, dueMs)).size, 3, 'distinct')
  }
})

test('fewer candidates than slots: the missing ones end no-eligible-node at cutoff', () => {
  const fleet = running(2, { count: 3 })
  const dueMs = fleet.nextTick(periodMs)
  fleet.runTo(dueMs + 12_000)
  assert.deepEqual(nodesOf(fleet, dueMs), [0, 1])
  const expected = ['0 success', '1 success', '2 no-eligible-node']
  for (const node of [0, 1]) assert.deepEqual(told(fleet, node, dueMs), expected)
})

test('count k with faults: at least min(k, candidates) slots start, on distinct members, the rest is recorded as not run', () => {
  for (let seed = 1n; seed <= 12n; seed++) {
    const fleet = running(5, { count: 3 }, seed)
    const dead = Number(seed % 4n)
    const dueMs = fleet.nextTick(periodMs, 3_000)
    fleet.runTo(dueMs - Number(seed) * 150)
    fleet.kill(...[0, 1, 2, 3, 4].slice(1, 1 + dead))
    fleet.runTo(dueMs + 30_000)
    const nodes = nodesOf(fleet, dueMs)
    assert.equal(new Set(nodes).size, nodes.length, `seed ${seed}: distinct`)
    assert.ok(nodes.length >= Math.min(3, 5 - dead), `seed ${seed}: ${nodes.length} started`)
    const records = told(fleet, 0, dueMs)
    assert.deepEqual([...new Set(records.map((text) => text[0]))], ['0', '1', '2'])
  }
})

test('a slot keeps its member and its number over retries, and other slots are not run again', () => {
  const fleet = Fleet.running({ size: 5 })
  fleet.script(({ slot, env }) =>
    slot === '1' && env['MESHCRON_ATTEMPT'] === '1'
      ? { durationMs: 100, exit: 1 }
      : { durationMs: 100, exit: 0 },
  )
  const retry = { max: 1, base: '1s', where: 'other' }
  fleet.put(0, 'a', { ...everyTen, retry, placement: { count: 2 } })
  fleet.run(1_000)
  const dueMs = fleet.nextTick(periodMs)
  fleet.runTo(dueMs + 8_000)
  const starts = fleet.tick('a', dueMs)
  assert.deepEqual(slotsOf(fleet, dueMs), ['0', '1', '1'])
  assert.equal(new Set(starts.map(({ node }) => node)).size, 3, 'the retry avoids both')
})

test('shards: n slots, each with its index and the total, several may share a member', () => {
  const fleet = running(2, { shards: 5 })
  const seen: string[] = []
  fleet.script(({ env }) => {
    seen.push(`${env['MESHCRON_SHARD_INDEX']}/${env['MESHCRON_SHARD_TOTAL']}`)
    return { durationMs: 100, exit: 0 }
  })
  const dueMs = fleet.nextTick(periodMs)
  fleet.runTo(dueMs + 5_000)
  assert.deepEqual(seen.sort(), ['0/5', '1/5', '2/5', '3/5', '4/5'])
  assert.deepEqual([...new Set(nodesOf(fleet, dueMs))], [0, 1])
})

test('shards: each is taken over by itself when its member dies', () => {
  const fleet = running(4, { shards: 8 })
  const dueMs = fleet.nextTick(periodMs, 3_000)
  fleet.runTo(dueMs - 400)
  fleet.kill(2)
  fleet.runTo(dueMs + 9_000)
  assert.deepEqual(slotsOf(fleet, dueMs), ['0', '1', '2', '3', '4', '5', '6', '7'])
})

test('a paused tick with several slots is one tick that did not run', () => {
  const fleet = running(3, { count: 3 })
  fleet.pause(0, 'a')
  fleet.run(2_000)
  const before = fleet.counts(1).skipped
  fleet.runTo(fleet.nextTick(periodMs) + 5_000)
  assert.equal(fleet.counts(1).skipped, before + 1)
})

test('a dispatch runs every slot once, and the same key never again', () => {
  const fleet = running(4, { count: 2 })
  const reply = fleet.dispatch(0, 'a', 'k')
  assert.ok(reply.ok)
  fleet.dispatch(1, 'a', 'k')
  fleet.run(5_000)
  const starts = fleet.starts('a').filter(({ execution }) => execution.includes(':'))
  assert.deepEqual(starts.map(({ slot }) => slot).sort(), ['0', '1'])
  assert.equal(new Set(starts.map(({ node }) => node)).size, 2)
})

test('after a restart of all nodes in the middle of a tick the started slots are not started again', () => {
  const fleet = running(3, { count: 3 })
  const dueMs = fleet.nextTick(periodMs)
  fleet.runTo(dueMs + 1_000)
  fleet.restart(0, 1, 2)
  fleet.run(30_000)
  assert.deepEqual(slotsOf(fleet, dueMs), ['0', '1', '2'])
})
