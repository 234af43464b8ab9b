import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobName } from '../../../src/core/ids.ts'
import type { Job } from '../../../src/core/jobs/catalog.ts'
import { parseDocument } from '../../../src/core/jobs/document.ts'
import { Fleet } from '../fleet.ts'

const jobAt = (fleet: Fleet, node: number, name: string): Job | undefined =>
  fleet.machine(node).node.replica.catalog.live(jobName(name))

const described = (job: Job | undefined): string | undefined => job?.groups.meta.description

test('a definition written on one member is on all within 100 ms', () => {
  const fleet = Fleet.running({ size: 5 })
  assert.ok(fleet.put(2, 'a', { schedule: '@hourly' }).ok)
  fleet.until('everywhere', 100, () => fleet.up.every((n) => jobAt(fleet, n, 'a') !== undefined))
})

test('a definition whose gossip was lost is pulled', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.cutOneWay(0, 1)
  fleet.cutOneWay(0, 2)
  fleet.put(0, 'a', { schedule: '@hourly' })
  fleet.run(200)
  assert.equal(jobAt(fleet, 1, 'a'), undefined)
  fleet.heal()
  fleet.until('pulled', 5_000, () => [1, 2].every((n) => jobAt(fleet, n, 'a') !== undefined))
})

test('a definition too large for gossip arrives all the same', () => {
  const fleet = Fleet.running({ size: 3 })
  const env = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`V${i}`, 'x'.repeat(2_000)]))
  assert.ok(fleet.put(0, 'large', { schedule: '@hourly', env }).ok)
  fleet.until('pulled', 6_000, () => fleet.up.every((n) => jobAt(fleet, n, 'large') !== undefined))
})

test('members that run a job every second pull from each other only now and then', () => {
  const fleet = Fleet.running({ size: 5 })
  fleet.put(0, 'a', { schedule: '* * * * * *' })
  fleet.run(10_000)
  const pulls = (): number => fleet.machines.reduce((sum, machine) => sum + machine.pulls, 0)
  const before = pulls()
  fleet.run(60_000)
  // one random member every 10 s, a page of definitions and one of records
  assert.ok(pulls() - before <= 5 * 6 * 2 + 10, `${pulls() - before}`)
})

test('a record that got lost is pulled, also while others come all the time', () => {
  for (const schedule of ['* * * * * *', '0 * * * * *']) {
    const fleet = Fleet.running({ size: 3 })
    fleet.put(0, 'a', { schedule })
    fleet.run(8_000)
    const dueMs = fleet.tickRanked('a', schedule.startsWith('*') ? 1_000 : 60_000, [0])
    fleet.runTo(dueMs - 1)
    fleet.cutOneWay(0, 2)
    fleet.runTo(dueMs + 150)
    fleet.heal()
    assert.equal(fleet.storedTick(2, 'a', dueMs).length, 0)
    fleet.until('pulled', 21_000, () => fleet.storedTick(2, 'a', dueMs).length > 0)
  }
})

test('a newcomer holds every job before it is ready', () => {
  const fleet = new Fleet({ size: 3 })
  fleet.start([0, 1])
  fleet.run(2_000)
  for (let i = 0; i < 300; i++) fleet.put(i % 2, `job-${i}`, { schedule: '@hourly' })
  fleet.run(1_000)
  fleet.start([2])
  fleet.until('ready', 5_000, () => fleet.machine(2).node.isReady)
  assert.equal(fleet.machine(2).node.replica.catalog.jobs().length, 300)
  fleet.run(2_000)
  assert.ok(fleet.hasEqualDigests())
})

test('a definition survives the restart of every member', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.put(0, 'a', { schedule: '@hourly', description: 'kept' })
  fleet.run(1_000)
  const { etag } = jobAt(fleet, 0, 'a')!
  fleet.powerOff(0, 1, 2)
  fleet.run(1_000)
  fleet.start()
  fleet.run(4_000)
  for (const node of fleet.up) {
    assert.equal(described(jobAt(fleet, node, 'a')), 'kept')
    assert.equal(jobAt(fleet, node, 'a')!.etag, etag)
  }
})

test('concurrent edits on two islands end in one winner and a conflict that all can see', () => {
  const fleet = Fleet.running({ size: 4 })
  fleet.put(0, 'a', { schedule: '@hourly', description: 'first' })
  fleet.run(1_000)
  fleet.islands([0, 1], [2, 3])
  fleet.run(500)
  fleet.put(0, 'a', { schedule: '@hourly', description: 'here' })
  fleet.run(500)
  fleet.put(3, 'a', { schedule: '@hourly', description: 'there' })
  fleet.run(20_000)
  assert.equal(described(jobAt(fleet, 1, 'a')), 'here')
  assert.equal(described(jobAt(fleet, 2, 'a')), 'there')
  fleet.heal()
  fleet.until('equal', 30_000, () => fleet.hasEqualDigests())
  for (const node of fleet.up) {
    const job = jobAt(fleet, node, 'a')!
    assert.equal(described(job), 'there', 'the later one wins')
    assert.equal(job.conflicts.length, 1)
    assert.equal(job.conflicts[0]!.group, 'meta')
    assert.equal(job.conflicts[0]!.losers.length, 1)
  }
  // any later write of that group covers the conflict
  fleet.put(1, 'a', { schedule: '@hourly', description: 'settled' })
  fleet.run(1_000)
  for (const node of fleet.up) assert.deepEqual(jobAt(fleet, node, 'a')!.conflicts, [])
})

test('edits of different groups on two islands are both kept, without a conflict', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', { schedule: '@hourly' })
  fleet.run(1_000)
  fleet.islands([0], [1])
  fleet.put(0, 'a', { schedule: '@hourly', description: 'new' })
  fleet.put(1, 'a', { schedule: '@daily' })
  fleet.run(20_000)
  fleet.heal()
  fleet.until('equal', 30_000, () => fleet.hasEqualDigests())
  const job = jobAt(fleet, 1, 'a')!
  assert.equal(described(job), 'new')
  assert.deepEqual(job.groups.timing.schedule, ['@daily'])
  assert.deepEqual(job.conflicts, [])
})

test('a deletion beats a concurrent edit, and creating again raises the generation', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', { schedule: '@hourly' })
  fleet.run(1_000)
  fleet.islands([0], [1])
  fleet.remove(0, 'a')
  fleet.run(100)
  fleet.put(1, 'a', { schedule: '@daily' })
  fleet.run(20_000)
  fleet.heal()
  fleet.until('equal', 30_000, () => fleet.hasEqualDigests())
  for (const node of fleet.up) assert.equal(jobAt(fleet, node, 'a'), undefined)
  assert.ok(fleet.put(1, 'a', { schedule: '@every 1s' }).ok)
  fleet.run(200)
  for (const node of fleet.up) assert.equal(jobAt(fleet, node, 'a')!.generation, 2)
  const dueMs = fleet.nextTick(1_000, 1_000)
  fleet.runTo(dueMs + 500)
  assert.equal(fleet.startsOf(`a~2@${dueMs}`).length, 1)
})

test('a write on a stale copy is refused, and says which copy is current', () => {
  const fleet = Fleet.running({ size: 2 })
  fleet.put(0, 'a', { schedule: '@hourly' })
  fleet.run(500)
  const job = jobAt(fleet, 1, 'a')!
  const { life: _, ...definition } = job.groups
  fleet.pause(0, 'a')
  fleet.run(500)
  const name = jobName('a')
  const stale = fleet.command(1, { kind: 'putJob', name, definition, ifMatch: job.etag })
  assert.ok(!stale.ok)
  assert.equal(stale.refusal.code, 'MC_CONFLICT')
  assert.equal(stale.currentEtag, jobAt(fleet, 0, 'a')!.etag)
})

test('what was due while the only member slept has an outcome, also when a write comes first', () => {
  const fleet = Fleet.running({ size: 1 })
  fleet.put(0, 'a', { schedule: '0 * * * * *' })
  fleet.run(8_000)
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs - 5_000)
  fleet.stall(0, 20_000)
  fleet.runTo(dueMs + 14_999)
  const document = { name: 'a', run: { exec: ['true'] }, schedule: '30 2 * * *', timezone: 'UTC' }
  const parsed = parseDocument(document, { nowMs: fleet.nowMs, defaultTimezone: 'UTC' })
  assert.ok(parsed.ok)
  const { definition } = parsed.value
  assert.ok(fleet.command(0, { kind: 'putJob', name: jobName('a'), definition }).ok)
  fleet.run(30_000)
  const [row] = fleet.storedTick(0, 'a', dueMs)
  assert.equal(row?.record.outcome, 'superseded')
})

test('what was due while nobody was there has an outcome, also when a write comes before anybody is ready', () => {
  const writes: Readonly<Record<string, (fleet: Fleet) => void>> = {
    edit: (fleet) => fleet.put(0, 'a', { schedule: '30 2 * * *' }),
    pause: (fleet) => fleet.pause(0, 'a'),
    deletion: (fleet) => fleet.remove(0, 'a'),
  }
  for (const [what, write] of Object.entries(writes)) {
    const fleet = Fleet.running({ size: 2 })
    fleet.put(0, 'a', { schedule: '0 * * * * *' })
    fleet.run(8_000)
    const dueMs = fleet.nextTick(60_000)
    fleet.runTo(dueMs - 5_000)
    fleet.kill(0, 1)
    fleet.runTo(dueMs + 5_000)
    fleet.start([0])
    fleet.run(1_000)
    write(fleet)
    fleet.run(60_000)
    const outcomes = fleet.storedTick(0, 'a', dueMs).map(({ record }) => record.outcome)
    assert.deepEqual(outcomes, ['superseded'], what)
  }
})
