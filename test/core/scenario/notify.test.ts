import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCalendar } from '../../../src/core/jobs/calendars.ts'
import { Fleet, type FleetInit } from '../fleet.ts'
import type { Sent } from '../fleet/machine.ts'

const secondly = { schedule: '*/10 * * * * *' }
const tenMs = 10_000
const rule = { on: ['failure', 'recovered'], via: 'ops' }

/** A fleet in which every node has the channel `ops`. */
function fleetOf(init: FleetInit): Fleet {
  return Fleet.running({ notify: () => ({ channels: ['ops'], rules: [] }), ...init })
}

/** A job whose ticks from `badMs` on, `count` of them, fail. */
function failing(fleet: Fleet, count: number, fields: object = {}): number {
  const badMs = fleet.nextTick(tenMs, 15_000)
  fleet.script(({ plannedMs }) => ({
    durationMs: 10,
    exit: Number(plannedMs >= badMs && plannedMs < badMs + count * tenMs),
  }))
  fleet.put(0, 'backup', { ...secondly, notify: [rule], ...fields })
  return badMs
}

const delivered = (fleet: Fleet): readonly Sent[] =>
  fleet.sent.filter(({ isDelivered }) => isDelivered)
const events = (fleet: Fleet): readonly string[] =>
  delivered(fleet).flatMap(({ notices }) => notices.map(({ event }) => event))

test('a failure and the recovery after it are each sent once, by one of the nodes', () => {
  const fleet = fleetOf({ size: 5 })
  const badMs = failing(fleet, 3)
  fleet.runTo(badMs + 60_000)
  assert.deepEqual(events(fleet), ['failure', 'recovered'])
  const [first] = delivered(fleet)
  assert.equal(first!.notices[0]!.execution, `backup@${badMs}`)
  assert.ok(first!.atMs - badMs < 1_000)
  for (const node of fleet.up) {
    assert.equal(fleet.machine(node).node.notify.outbox.size, 0, `node ${node}`)
  }
})

test('only members that have the channel send', () => {
  const fleet = fleetOf({
    size: 4,
    notify: (node) => ({ channels: node === 2 ? ['ops'] : ['other'], rules: [] }),
  })
  const badMs = failing(fleet, 1)
  fleet.runTo(badMs + 40_000)
  assert.deepEqual(
    delivered(fleet).map(({ node, channel }) => [node, channel]),
    [
      [2, 'ops'],
      [2, 'ops'],
    ],
  )
})

test('a sender that dies before it has sent is stood in for', () => {
  const fleet = fleetOf({ size: 4 })
  let sender: number | undefined
  // it dies with the message in hand: nobody ever hears how it went
  fleet.deliver = (node) => {
    sender ??= node
    return node === sender ? 'the power went' : undefined
  }
  const badMs = failing(fleet, 1)
  fleet.until('the first try', 60_000, () => fleet.sent.length > 0)
  fleet.powerOff(sender!)
  fleet.runTo(badMs + 60_000)
  const failures = delivered(fleet).filter(({ notices }) => notices[0]!.event === 'failure')
  assert.equal(failures.length, 1)
  assert.notEqual(failures[0]!.node, sender)
})

test('in a partition each side sends at most once, and neither again after the heal', () => {
  const fleet = fleetOf({ size: 4 })
  const badMs = failing(fleet, 100)
  fleet.runTo(badMs - 9_000)
  fleet.islands([0, 1], [2, 3])
  fleet.runTo(badMs + 60_000)
  fleet.heal()
  fleet.run(120_000)
  const sides = delivered(fleet).map(({ node }) => Math.floor(node / 2))
  assert.deepEqual(
    sides.toSorted((a, b) => a - b),
    [0, 1],
  )
})

test('a side that could not send does not send after the heal what the other side has sent', () => {
  const fleet = fleetOf({ size: 4 })
  fleet.deliver = (node) => (node < 2 ? 'no route to host' : undefined)
  const badMs = failing(fleet, 100)
  fleet.runTo(badMs - 9_000)
  fleet.islands([0, 1], [2, 3])
  fleet.runTo(badMs + 40_000)
  assert.ok(fleet.sent.some(({ node }) => node < 2))
  const executions = (): readonly unknown[] =>
    delivered(fleet).flatMap(({ notices }) => notices.map(({ execution }) => execution))
  assert.equal(executions().length, 1)
  fleet.deliver = () => undefined
  fleet.heal()
  fleet.run(300_000)
  assert.equal(new Set(executions()).size, executions().length)
})

test('what could not be delivered is tried again with backoff, over restarts, and no job is late', () => {
  const fleet = fleetOf({ size: 1 })
  fleet.deliver = () => 'connection refused'
  const badMs = failing(fleet, 1)
  fleet.runTo(badMs + 25_000)
  const tries = fleet.sent.filter(({ notices }) => notices[0]!.event === 'failure')
  const waits = tries.slice(1).map(({ atMs }, i) => Math.round((atMs - tries[i]!.atMs) / 1_000))
  assert.deepEqual(waits, [5, 10])
  fleet.restart(0)
  fleet.deliver = () => undefined
  fleet.run(60_000)
  assert.deepEqual(events(fleet), ['failure', 'recovered'])
  for (const start of fleet.starts('backup')) assert.ok(start.atMs - start.plannedMs < 100)
})

test('a notification that nobody takes is given up after a day', () => {
  const fleet = fleetOf({ size: 1, profile: 'iot' })
  fleet.deliver = () => 'connection refused'
  fleet.script(() => ({ durationMs: 10, exit: 1 }))
  fleet.put(0, 'backup', { schedule: '@manually', notify: [rule] })
  fleet.dispatch(0, 'backup', 'key')
  fleet.run(26 * 3_600_000)
  const { node, reports } = fleet.machine(0)
  assert.equal(node.notify.outbox.size, 0)
  const over = reports.filter(({ report }) => report.kind === 'notifyFailed' && report.isOver)
  assert.equal(over.length, 1)
})

test('a restart of the whole fleet sends nothing twice', () => {
  const fleet = fleetOf({ size: 3 })
  const badMs = failing(fleet, 100)
  fleet.runTo(badMs + 35_000)
  fleet.restart(0, 1, 2)
  fleet.run(120_000)
  assert.deepEqual(events(fleet), ['failure'])
})

/** Runs ten ticks while node 1 is off, and lets it come back. */
function withLateComer(fleet: Fleet, between: () => void): void {
  fleet.put(0, 'backup', { ...secondly, notify: [{ on: ['success'], via: 'ops' }] })
  fleet.run(15_000)
  fleet.kill(1)
  fleet.run(100_000)
  between()
  fleet.start([1])
  fleet.run(60_000)
}

/** How often each execution was told of. */
function timesOf(fleet: Fleet): readonly number[] {
  const all = delivered(fleet).flatMap(({ notices }) => notices.map(({ execution }) => execution))
  return [...new Set(all)].map((one) => all.filter((other) => other === one).length)
}

test('who comes back does not tell again what was told meanwhile', () => {
  const fleet = fleetOf({ size: 2 })
  withLateComer(fleet, () => undefined)
  const times = timesOf(fleet)
  assert.ok(times.length >= 15)
  assert.deepEqual(new Set(times), new Set([1]))
})

test('what was sent is remembered over a restart', () => {
  const fleet = fleetOf({ size: 2 })
  withLateComer(fleet, () => fleet.restart(0))
  assert.deepEqual(new Set(timesOf(fleet)), new Set([1]))
})

test('what happened more than a day ago is not told any more', () => {
  const fleet = fleetOf({
    size: 2,
    profile: 'iot',
    notify: (node) => ({ channels: node === 1 ? ['ops'] : [], rules: [] }),
  })
  fleet.script(() => ({ durationMs: 10, exit: 1 }))
  fleet.put(0, 'backup', { schedule: '@manually', notify: [rule] })
  fleet.run(60_000)
  fleet.kill(1)
  fleet.dispatch(0, 'backup', 'old')
  fleet.run(25 * 3_600_000)
  fleet.start([1])
  fleet.run(300_000)
  assert.deepEqual(events(fleet), [])
})

test('more than 20 messages in a minute on one channel become a digest', () => {
  const fleet = fleetOf({ size: 1 })
  fleet.script(() => ({ durationMs: 10, exit: 1 }))
  for (let i = 0; i < 30; i++) fleet.put(0, `job-${i}`, { schedule: '@manually', notify: [rule] })
  fleet.run(1_000)
  for (let i = 0; i < 30; i++) fleet.dispatch(0, `job-${i}`, 'key')
  fleet.run(180_000)
  const sizes = delivered(fleet).map(({ notices }) => notices.length)
  assert.deepEqual(sizes, [...Array<number>(20).fill(1), 10])
})

test('a rule of a node tells of a member that is down, and that it is back', () => {
  const on = ['member-down', 'recovered'] as const
  const rules = [{ ...plain, on }]
  const fleet = fleetOf({ size: 3, notify: () => ({ channels: ['ops'], rules }) })
  fleet.run(20_000)
  fleet.kill(2)
  fleet.run(60_000)
  assert.deepEqual(events(fleet), ['member-down'])
  assert.equal(delivered(fleet)[0]!.notices[0]!.memberName, 'node-2')
  fleet.start([2])
  fleet.run(60_000)
  assert.deepEqual(events(fleet), ['member-down', 'recovered'])
})

test('retries are one failure, and each is told of where somebody asks for it', () => {
  const fleet = fleetOf({ size: 2 })
  fleet.script(() => ({ durationMs: 10, exit: 1 }))
  const retry = { max: 2, backoff: 'fixed', base: '1s', jitter: 0 }
  const notify = [{ on: ['started', 'retrying', 'failure'], via: 'ops' }]
  fleet.put(0, 'backup', { schedule: '@manually', retry, notify })
  fleet.dispatch(0, 'backup', 'key')
  fleet.run(30_000)
  assert.deepEqual(events(fleet), ['started', 'retrying', 'retrying', 'failure'])
})

test('a tick that no node may run is told of as no-eligible-node', () => {
  const fleet = fleetOf({ size: 2 })
  const notify = [{ on: ['no-eligible-node'], via: 'ops' }]
  fleet.put(0, 'backup', { schedule: '0 * * * * *', placement: { tags: { a: 'b' } }, notify })
  fleet.run(240_000)
  assert.deepEqual(events(fleet), ['no-eligible-node'])
})

test('a run that lasts longer than over is told of while it goes on', () => {
  const fleet = fleetOf({ size: 3 })
  fleet.script(() => ({ durationMs: Infinity, exit: 0 }))
  const notify = [{ on: ['long-run'], via: 'ops', over: '30s' }]
  fleet.put(0, 'backup', { schedule: '@manually', notify })
  fleet.dispatch(0, 'backup', 'key')
  fleet.run(29_000)
  assert.deepEqual(events(fleet), [])
  fleet.run(60_000)
  assert.deepEqual(events(fleet), ['long-run'])
})

test('an alarm that lasts is told of again every remind', () => {
  const fleet = fleetOf({ size: 2 })
  fleet.script(() => ({ durationMs: 10, exit: 1 }))
  const notify = [{ on: ['failure'], via: 'ops', remind: '5m' }]
  fleet.put(0, 'backup', { schedule: '@manually', notify })
  fleet.dispatch(0, 'backup', 'key')
  fleet.run(16 * 60_000)
  const reminders = delivered(fleet).map(({ notices }) => notices[0]!.isReminder)
  assert.deepEqual(reminders, [false, true, true, true])
})

test('mute: a calendar that denies silences the rule', () => {
  const fleet = fleetOf({ size: 2 })
  fleet.script(() => ({ durationMs: 10, exit: 1 }))
  const [from, to] = [fleet.nowMs, fleet.nowMs + 600_000].map((ms) => new Date(ms).toISOString())
  const rules = [{ kind: 'deny', range: { from, to } }]
  const read = parseCalendar({ name: 'quiet', rules }, { defaultTimezone: 'UTC' })
  assert.ok(read.ok)
  const notify = [{ on: ['failure'], via: 'ops', mute: 'quiet' }]
  const document = { schedule: '@manually', notify }
  const early = fleet.put(0, 'backup', document)
  assert.equal(!early.ok && early.refusal.code, 'MC_UNKNOWN_CALENDAR')
  fleet.command(0, { kind: 'putCalendar', calendar: 'quiet', value: read.value.calendar })
  assert.ok(fleet.put(0, 'backup', document).ok)
  const removed = fleet.command(0, { kind: 'removeCalendar', calendar: 'quiet' })
  assert.equal(!removed.ok && removed.refusal.code, 'MC_IN_USE')
  fleet.dispatch(0, 'backup', 'key')
  fleet.run(600_000)
  assert.deepEqual(events(fleet), [])
})

test('expectEvery tells of a success that is too old', () => {
  const fleet = fleetOf({ size: 3 })
  const notify = [{ on: ['missed'], via: 'ops' }]
  fleet.put(0, 'backup', { schedule: '@manually', notify, expectEvery: '10m' })
  fleet.dispatch(0, 'backup', 'key')
  fleet.run(9 * 60_000)
  assert.deepEqual(events(fleet), [])
  fleet.run(5 * 60_000)
  assert.deepEqual(events(fleet), ['missed'])
})

test('late start: s − P beyond lateStart is told of, once', () => {
  const fleet = fleetOf({ size: 1 })
  const notify = [{ on: ['late-start'], via: 'ops', lateStart: '5s' }]
  fleet.put(0, 'backup', { schedule: '0 * * * * *', misfire: { deadline: '50s' }, notify })
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs - 1_000)
  fleet.kill(0)
  fleet.run(11_000)
  fleet.start([0])
  fleet.run(40_000)
  assert.equal(fleet.tick('backup', dueMs).length, 1)
  assert.deepEqual(events(fleet), ['late-start'])
})

test('a duplicate is told of when the sides meet again', () => {
  const fleet = fleetOf({ size: 2 })
  fleet.put(0, 'backup', { schedule: '0 * * * * *', notify: [{ on: ['duplicate'], via: 'ops' }] })
  fleet.run(20_000)
  const dueMs = fleet.nextTick(60_000, 20_000)
  fleet.islands([0], [1])
  fleet.runTo(dueMs + 20_000)
  assert.equal(fleet.tick('backup', dueMs).length, 2)
  fleet.heal()
  fleet.run(40_000)
  assert.ok(events(fleet).length >= 1)
  assert.deepEqual(new Set(events(fleet)), new Set(['duplicate']))
  assert.deepEqual(new Set(timesOf(fleet)), new Set([1]))
})

test('a job that nobody may start late is told of as missed by its dead man', () => {
  const fleet = fleetOf({ size: 3 })
  const notify = [{ on: ['missed'], via: 'ops' }]
  fleet.put(0, 'backup', {
    schedule: '0 * * * * *',
    misfire: { policy: 'skip', deadline: '5s' },
    notify,
  })
  const dueMs = fleet.nextTick(60_000)
  fleet.runTo(dueMs - 500)
  fleet.kill(0, 1, 2)
  fleet.run(20_000)
  fleet.start()
  fleet.run(120_000)
  assert.deepEqual(events(fleet), ['missed'])
})

test('a pause and a conflict are told of once', () => {
  const fleet = fleetOf({ size: 3 })
  const notify = [{ on: ['paused', 'conflict'], via: 'ops' }]
  fleet.put(0, 'backup', { schedule: '@manually', notify })
  fleet.run(5_000)
  fleet.pause(1, 'backup')
  fleet.run(10_000)
  assert.deepEqual(events(fleet), ['paused'])
  fleet.islands([0], [1, 2])
  fleet.run(10_000)
  fleet.put(0, 'backup', { schedule: '0 0 * * *', notify, enabled: false })
  fleet.put(1, 'backup', { schedule: '0 1 * * *', notify, enabled: false })
  fleet.heal()
  fleet.run(60_000)
  assert.deepEqual(events(fleet), ['paused', 'conflict'])
})

const plain = {
  via: 'ops',
  after: 1,
  recoverAfter: 1,
  remindMs: null,
  mute: null,
  lateStartMs: 30_000,
  overMs: null,
  factorTenths: 20,
}
