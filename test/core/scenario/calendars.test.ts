import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reply } from '../../../src/core/effect.ts'
import { calendarKey } from '../../../src/core/ids.ts'
import { parseCalendar } from '../../../src/core/jobs/calendars.ts'
import { Fleet } from '../fleet.ts'
import { assertOnceEach, outcomeOf } from './truth.ts'

function put(fleet: Fleet, node: number, name: string, rules: readonly object[]): Reply {
  const read = parseCalendar({ name, timezone: 'UTC', rules }, { defaultTimezone: 'UTC' })
  assert.ok(read.ok, read.ok ? '' : read.refusal.message)
  return fleet.command(node, { kind: 'putCalendar', calendar: name, value: read.value.calendar })
}

const range = (fromMs: number, toMs: number): object => ({
  kind: 'deny',
  range: { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() },
})

/** The outcome of a tick on one node, by its own record or by a range. */
function outcome(fleet: Fleet, node: number, job: string, dueMs: number): string {
  const own = outcomeOf(fleet, node, job, dueMs)
  if (own !== 'none') return own
  const { rows } = fleet.machine(node).store.executions({ job, limit: 1_000 })
  const found = rows.find(({ record }) => record.dueMs <= dueMs && dueMs <= record.throughMs)
  return found === undefined ? 'none' : `${found.record.outcome}`
}

test('a calendar reaches every node, and its denied ticks are one blackout record with its name', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.run(8_000)
  const fromMs = fleet.nextTick(60_000, 60_000)
  assert.ok(put(fleet, 1, 'holidays', [range(fromMs, fromMs + 60_000)]).ok)
  fleet.run(1_000)
  assert.ok(fleet.put(2, 'a', { schedule: '*/5 * * * * *', calendars: ['holidays'] }).ok)
  fleet.runTo(fromMs + 70_000)
  assert.equal(
    fleet.starts('a').filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 60_000).length,
    0,
  )
  for (const node of fleet.up) {
    for (let dueMs = fromMs; dueMs < fromMs + 60_000; dueMs += 5_000) {
      assert.equal(outcome(fleet, node, 'a', dueMs), 'blackout')
    }
    const { rows } = fleet.machine(node).store.executions({ job: 'a', limit: 1_000 })
    const denied = rows.filter(({ record }) => record.outcome === 'blackout')
    assert.deepEqual(denied.map(({ record }) => [record.reason, record.count]).at(0), [
      'holidays',
      12,
    ])
  }
  assertOnceEach(fleet, 'a', 5_000, [fromMs + 60_000, fromMs + 65_000])
})

test('freeze applies to every job that does not ignore it, and manual dispatch ignores calendars', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.run(8_000)
  fleet.put(0, 'a', { schedule: '*/5 * * * * *' })
  fleet.put(0, 'b', { schedule: '*/5 * * * * *', ignoreFreeze: true })
  fleet.run(3_000)
  put(fleet, 0, 'freeze', [{ kind: 'deny', daily: '00:00-24:00' }])
  fleet.run(1_000)
  const fromMs = fleet.nextTick(5_000)
  fleet.run(30_000)
  assert.equal(fleet.starts('a').filter(({ atMs }) => atMs >= fromMs).length, 0)
  assertOnceEach(fleet, 'b', 5_000, [fromMs, fromMs + 20_000])
  assert.ok(fleet.dispatch(1, 'a', 'now').ok)
  fleet.run(5_000)
  assert.equal(fleet.starts('a').filter(({ atMs }) => atMs >= fromMs).length, 1)
  assert.ok(fleet.command(2, { kind: 'removeCalendar', calendar: 'freeze' }).ok)
  fleet.run(1_000)
  const againMs = fleet.nextTick(5_000)
  fleet.run(20_000)
  assertOnceEach(fleet, 'a', 5_000, [againMs, againMs + 10_000])
})

test('a shifted tick starts at the end of the denial, once, also when its nodes restart meanwhile', () => {
  for (const isRestarted of [false, true]) {
    const fleet = Fleet.running({ size: 3 })
    fleet.run(8_000)
    const dueMs = fleet.nextTick(60_000, 5_000)
    put(fleet, 0, 'night', [range(dueMs - 1_000, dueMs + 40_000)])
    fleet.run(1_000)
    fleet.put(1, 'a', { schedule: '* * * * *', calendars: [{ name: 'night', onDeny: 'shift' }] })
    fleet.runTo(dueMs + 10_000)
    if (isRestarted) fleet.restart(0, 1, 2)
    fleet.runTo(dueMs + 55_000)
    const [start, ...more] = fleet.tick('a', dueMs)
    assert.equal(more.length, 0)
    const lateMs = (start?.atMs ?? 0) - dueMs - 40_000
    assert.ok(lateMs >= 0 && lateMs < 3_000, `${isRestarted}: ${lateMs}`)
    assert.equal(outcome(fleet, 0, 'a', dueMs), 'success')
  }
})

test('a planned start moves when its calendar is written anew', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.run(8_000)
  const dueMs = fleet.nextTick(60_000, 20_000)
  put(fleet, 0, 'night', [range(dueMs, dueMs + 50_000)])
  fleet.run(1_000)
  fleet.put(1, 'a', { schedule: '* * * * *', calendars: [{ name: 'night', onDeny: 'shift' }] })
  fleet.run(1_000)
  put(fleet, 2, 'night', [range(dueMs, dueMs + 10_000)])
  fleet.runTo(dueMs + 30_000)
  const [start] = fleet.tick('a', dueMs)
  assert.ok(start !== undefined && start.atMs >= dueMs + 10_000 && start.atMs < dueMs + 11_000)
})

test('a late start is judged again: it waits for the end of the denial', () => {
  const fleet = Fleet.running({ size: 3 })
  fleet.run(8_000)
  const dueMs = fleet.nextTick(60_000, 30_000)
  put(fleet, 0, 'night', [range(dueMs + 1_000, dueMs + 100_000)])
  fleet.run(1_000)
  fleet.put(1, 'a', { schedule: '0 * * * *', misfire: { deadline: '10m' }, calendars: ['night'] })
  fleet.put(1, 'once', {
    schedule: `@after ${new Date(dueMs).toISOString()} <PT10M`,
    calendars: ['night'],
  })
  fleet.runTo(dueMs - 10_000)
  fleet.kill(0, 1, 2)
  fleet.runTo(dueMs + 20_000)
  fleet.start()
  fleet.runTo(dueMs + 99_000)
  assert.equal(fleet.tick('once', dueMs).length, 0)
  fleet.runTo(dueMs + 160_000)
  assert.equal(fleet.tick('once', dueMs).length, 1)
})

test('atEnd cancel stops an execution when starts become denied, finish lets it run on', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: 30_000, exit: 0 }) })
  fleet.run(8_000)
  const dueMs = fleet.nextTick(60_000, 10_000)
  put(fleet, 0, 'night', [range(dueMs + 10_000, dueMs + 50_000)])
  fleet.run(1_000)
  fleet.put(0, 'a', { schedule: '* * * * *', calendars: [{ name: 'night', atEnd: 'cancel' }] })
  fleet.put(0, 'b', { schedule: '* * * * *', calendars: ['night'] })
  fleet.runTo(dueMs + 45_000)
  assert.equal(outcome(fleet, 0, 'a', dueMs), 'cancelled')
  assert.equal(fleet.storedTick(0, 'a', dueMs).at(-1)!.record.reason, 'window-end')
  assert.equal(outcome(fleet, 0, 'b', dueMs), 'success')
})

test('concurrent edits of a calendar merge to the same winner everywhere, and the loser is kept', () => {
  const fleet = Fleet.running({ size: 4 })
  put(fleet, 0, 'night', [])
  fleet.run(5_000)
  fleet.islands([0, 1], [2, 3])
  fleet.run(1_000)
  put(fleet, 0, 'night', [{ kind: 'deny', daily: '22:00-06:00' }])
  put(fleet, 2, 'night', [{ kind: 'deny', daily: '23:00-05:00' }])
  fleet.run(10_000)
  fleet.heal()
  fleet.run(60_000)
  const found = fleet.up.map((node) => {
    const calendar = fleet.machine(node).node.replica.catalog.live(calendarKey('night'))!
    assert.equal(calendar.conflicts.length, 1)
    return JSON.stringify(calendar.groups.calendar)
  })
  assert.equal(new Set(found).size, 1)
})

test('a job cannot refer to a calendar that is not there, and one that is referred to stays', () => {
  const fleet = Fleet.running({ size: 1 })
  put(fleet, 0, 'holidays', [])
  const refused = fleet.put(0, 'a', { schedule: '@daily', calendars: ['holiday'] })
  assert.ok(!refused.ok && refused.refusal.code === 'MC_UNKNOWN_CALENDAR')
  assert.match(refused.refusal.hint, /"holidays"/)
  assert.ok(fleet.put(0, 'a', { schedule: '@daily', calendars: ['holidays'] }).ok)
  const used = fleet.command(0, { kind: 'removeCalendar', calendar: 'holidays' })
  assert.ok(!used.ok && used.refusal.code === 'MC_IN_USE')
  assert.ok(fleet.remove(0, 'a').ok)
  assert.ok(fleet.command(0, { kind: 'removeCalendar', calendar: 'holidays' }).ok)
  const again = fleet.command(0, { kind: 'removeCalendar', calendar: 'holidays' })
  assert.ok(!again.ok && again.refusal.code === 'MC_UNKNOWN_CALENDAR')
})

test('a calendar whose stored signature does not verify starts nothing', () => {
  for (const isForged of [false, true]) {
    const fleet = Fleet.running({ size: 1 })
    put(fleet, 0, 'night', [])
    fleet.put(0, 'a', { schedule: '* * * * * *', calendars: ['night'] })
    fleet.run(1_000)
    fleet.kill(0)
    const { store } = fleet.machine(0)
    const loaded = store.load()
    const intents = [...loaded.intents].map((bytes) => {
      const isCalendar =
        Buffer.from(bytes).includes('night') && !Buffer.from(bytes).includes('timing')
      // the signature stands at the end
      return isForged && isCalendar ? bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1) : bytes
    })
    store.load = () => ({ ...loaded, intents })
    const fromMs = fleet.nowMs
    fleet.start()
    fleet.run(10_000)
    const started = fleet.starts('a').filter(({ atMs }) => atMs >= fromMs).length
    assert.equal(started > 0, !isForged, `${started}`)
  }
})
