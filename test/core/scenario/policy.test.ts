import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPolicy, plainProfile, type Policy } from '../../../src/core/trust/policy.ts'
import { Fleet } from '../fleet.ts'

const leadMs = 10_000

const allow = (fleet: Fleet, node: number, policy: Policy): void =>
  fleet.machine(node).step({ kind: 'policy', policy })

const ranSince = (fleet: Fleet, sinceMs: number): readonly number[] =>
  fleet.up.filter((index) =>
    fleet.starts('a').some(({ node, atMs }) => node === index && atMs >= sinceMs),
  )

test('SEC-62 SEC-63 a node whose owner does not allow the executor is no candidate from an announced instant on, and declines until then', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '@every 1s', run: { shell: 'true' } })
  fleet.run(5_000)
  const { missed } = fleet.counts(0)
  allow(fleet, 2, { ...openPolicy, executors: ['exec'] })
  const fromMs = fleet.nowMs
  fleet.run(leadMs + 30_000)
  assert.deepEqual(ranSince(fleet, fromMs), [0, 1])
  assert.deepEqual(fleet.rank(0, 'a', fleet.nextTick(1_000)).includes(2), false)
  allow(fleet, 2, openPolicy)
  fleet.run(leadMs + 30_000)
  assert.deepEqual(ranSince(fleet, fromMs + leadMs + 30_000), [0, 1, 2])
  assert.equal(fleet.counts(0).missed, missed)
})

test('SEC-62 what the record does not tell is a DECLINE to the next rank, not a failure', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '@every 1s' })
  fleet.run(5_000)
  const { missed } = fleet.counts(0)
  const stranger = fleet.machine(1).id
  allow(fleet, 1, { ...openPolicy, jobs: ['other.*'] })
  allow(fleet, 2, { ...openPolicy, authors: [stranger] })
  const fromMs = fleet.nowMs
  fleet.run(30_000)
  assert.deepEqual(ranSince(fleet, fromMs), [0])
  assert.equal(fleet.counts(0).missed, missed)
  assert.equal(fleet.counts(0).failed, 0)
  assert.ok(fleet.starts('a').filter(({ atMs }) => atMs >= fromMs).length >= 29)
})

test('SEC-61 a job runs only on members that have its profile, and no more at once than that allows', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 3_500, exit: 0 }) })
  const profiles = { ...openPolicy.profiles, slow: { ...plainProfile, concurrent: 1 } }
  for (const node of [0, 1]) allow(fleet, node, { ...openPolicy, profiles })
  fleet.run(leadMs + 2_000)
  fleet.put(0, 'a', {
    schedule: '@every 2s',
    overlap: 'allow',
    run: { exec: ['true'], profile: 'slow' },
  })
  fleet.run(60_000)
  assert.deepEqual(ranSince(fleet, 0), [0, 1])
  for (const index of [0, 1]) {
    const starts = fleet.starts('a').filter(({ node }) => node === index)
    const gaps = starts.slice(1).map(({ atMs }, i) => atMs - starts[i]!.atMs)
    assert.ok(Math.min(...gaps) >= 3_500, `node ${index}: ${Math.min(...gaps)} ms`)
  }
})
