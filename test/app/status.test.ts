import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventSchema, memberListSchema, statusSchema } from '../../src/adapters/http/schema.ts'
import { Happenings } from '../../src/app/happenings.ts'
import { hex64 } from '../../src/core/hash.ts'
import { jobName } from '../../src/core/ids.ts'
import { barn, field, Fleet, hello, plainly, startMs, valueOf } from './fixture.ts'
import { beat, connect, introduce, tell } from './fleet-facts.ts'
import { assertShape } from './shapes.ts'

test('status tells of the whole cluster from what this node knows', async () => {
  const fleet = new Fleet().start()
  const { api, node } = fleet
  introduce(fleet)
  await api.putJob(hello(), plainly)
  connect(fleet, 7n)
  fleet.pass(300)
  const status = valueOf(await api.status())
  assertShape(statusSchema, status)
  assert.equal(status.self.id, barn)
  assert.equal(status.self.profile, 'lan')
  assert.equal(status.self.startedAt, '2027-03-01T12:00:00.000Z')
  assert.equal(status.ready, true)
  assert.deepEqual(status.view, { agreeing: 1, neighbours: 1 })
  assert.equal(status.jobs.count, 1)
  assert.equal(status.jobs.digest, hex64(node.replica.catalog.digest))
  assert.deepEqual(status.jobs.laggingMembers, [field])
  assert.equal(status.next[0]?.scheduledAt, '2027-03-01T12:00:10.000Z')
  assert.equal(status.next[0]?.rank.length, 2)
  const own = status.members.find(({ self }) => self)
  const other = status.members.find(({ id }) => id === field)
  assert.equal(own?.lastSeenMs, 0)
  assert.equal(other?.lastSeenMs, 300)
  assert.equal(other?.running, 3)
  assert.equal(other?.storeDigest, hex64(7n))
  assert.equal(status.asOf.oldestMs, 300)
  beat(fleet, node.replica.catalog.digest, 2)
  const later = valueOf(await api.status())
  assert.deepEqual(later.jobs.laggingMembers, [])
  assert.equal(later.asOf.oldestMs, 0)
})

test('status shows news at once, although parts of it are kept', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  assert.equal(valueOf(await api.status()).next.length, 0)
  await api.putJob(hello(), plainly)
  const status = valueOf(await api.status())
  assert.equal(status.jobs.count, 1)
  assert.equal(status.next.length, 20)
  introduce(fleet)
  assert.deepEqual(valueOf(await api.status()).recent, [])
  tell(fleet, { dueMs: startMs - 1_000 })
  const told = valueOf(await api.status())
  assert.equal(told.recent[0]?.nodeName, 'field')
  assert.equal(told.counters.succeeded, 1)
  fleet.pass(10_300)
  assert.equal(valueOf(await api.status()).next[0]?.scheduledAt, '2027-03-01T12:00:20.000Z')
})

test('what is kept for status is not computed again when nothing changed', async () => {
  const fleet = new Fleet().start()
  const { api, store } = fleet
  await api.putJob(hello(), plainly)
  const before = valueOf(await api.status())
  let asked = 0
  const executions = store.executions.bind(store)
  store.executions = (query) => {
    asked += 1
    return executions(query)
  }
  for (let i = 0; i < 5; i += 1) {
    const again = valueOf(await api.status())
    assert.equal(again.next, before.next)
    assert.equal(again.recent, before.recent)
  }
  assert.equal(asked, 0)
  fleet.pass(300)
  await api.status()
  assert.equal(asked, 1)
})

test('refused input is counted by kind', async () => {
  const fleet = new Fleet().start()
  const refuse = (what: string): void =>
    fleet.happenings.publish({ kind: 'refused', from: field, what, reason: 'bad' }, startMs)
  refuse('sync')
  refuse('sync')
  for (let i = 0; i < 100; i += 1) refuse(`kind ${i}`)
  const { network } = valueOf(await fleet.api.status())
  assert.equal(network['refused sync'], 2)
  assert.equal(network['refused other'], 37)
  assert.equal(network['connections'], 0)
})

test('members are shown with what is known of each', async () => {
  const fleet = new Fleet().start()
  introduce(fleet)
  const list = valueOf(await fleet.api.members())
  assertShape(memberListSchema, list)
  const other = list.items.find(({ id }) => id === field)!
  assert.equal(other.name, 'field')
  assert.equal(other.state, 'alive')
  assert.equal(other.roundTripMs, null)
  assert.equal(other.clockOffsetMs, null)
  assert.equal(other.storeDigest, null)
  assert.equal(other.lastSeenMs, 0)
  assert.equal(other.startedAt, null)
  assert.deepEqual(other.addresses, ['/ip4/127.0.0.1/tcp/7181'])
})

test('a node says what it waits for until it is ready, and that its store has failed', async () => {
  const fleet = new Fleet()
  assert.deepEqual(fleet.api.ready(), { ready: false, reason: 'it waits for another member' })
  fleet.start()
  assert.deepEqual(fleet.api.ready(), { ready: true, reason: '' })
  fleet.step({ kind: 'storeFailed', reason: 'no space', writes: [], unstarted: [] })
  assert.equal(fleet.api.ready().ready, false)
  assert.match(fleet.api.ready().reason, /no space/)
  const status = valueOf(await fleet.api.status())
  assert.equal(status.ready, false)
  const refused = await fleet.api.putJob(hello(), plainly)
  assert.equal(refused.ok ? 'ok' : refused.refusal.code, 'MC_STORE_FAILED')
})

test('leaving is asked of the daemon', async () => {
  const fleet = new Fleet().start()
  assert.deepEqual(await fleet.api.leave(), { ok: true, value: undefined })
  assert.ok(fleet.hasLeft)
})

test('watchers hear of jobs, executions, members and the node, and of nothing after they stopped', () => {
  const fleet = new Fleet().start()
  introduce(fleet)
  fleet.command({ kind: 'dispatch', name: jobName('none'), key: 'k' })
  const types = fleet.heard.map((happening) =>
    happening.type === 'node' ? happening.what : happening.type,
  )
  assert.deepEqual(types.slice(0, 1), ['ready'])
  assert.ok(types.includes('member'))
  tell(fleet)
  const last = fleet.heard.at(-1)!
  assert.equal(last.type, 'execution')
  const at = new Date(startMs).toISOString()
  for (const happening of fleet.heard) assertShape(eventSchema, { ...happening, id: 'x-1', at })
  const listeners = fleet.happenings.size
  const stop = fleet.api.events(() => assert.fail('it does not listen any more'))
  stop()
  stop()
  assert.equal(fleet.happenings.size, listeners)
  tell(fleet, { dueMs: startMs + 1 })
})

test('happenings reach every listener in order, one function twice', () => {
  const happenings = new Happenings()
  const heard: string[] = []
  const listener = ({ kind }: { readonly kind: string }, atMs: number): void =>
    void heard.push(`${kind} ${atMs}`)
  const stop = happenings.listen(listener)
  happenings.listen(listener)
  happenings.publish({ kind: 'storeRecovered' }, 1)
  stop()
  happenings.publish({ kind: 'storeRecovered' }, 2)
  assert.deepEqual(heard, ['storeRecovered 1', 'storeRecovered 1', 'storeRecovered 2'])
})
