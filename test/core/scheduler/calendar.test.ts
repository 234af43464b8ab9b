import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Calendar, CalendarRef } from '../../../src/core/jobs/definition.ts'
import { calendar as calendarFields } from '../../../src/core/jobs/document-calendar.ts'
import { defaultGroups } from '../../../src/core/jobs/document.ts'
import { parseFields } from '../../../src/core/jobs/shape-record.ts'
import {
  deniedBy,
  firstInterval,
  judgeStart,
  type CalendarUse,
} from '../../../src/core/scheduler/calendar.ts'
import { judgeTick } from '../../../src/core/scheduler/judge-tick.ts'
import { judgeOverdue, overdueTicks } from '../../../src/core/scheduler/misfire.ts'
import { iso, ms, timingOf } from './timing.ts'

const berlin = 'Europe/Berlin'

function calendarOf(rules: readonly object[], timezone = berlin): Calendar {
  const read = parseFields(calendarFields, { timezone, rules }, '')
  assert.ok(read.ok, read.ok ? '' : read.refusal.message)
  return read.value
}

function use(rules: readonly object[], over: Partial<CalendarRef> = {}): CalendarUse {
  return { name: 'cal', onDeny: 'skip', atEnd: 'finish', ...over, calendar: calendarOf(rules) }
}

const interval = (rule: object, at: string, timezone = berlin): string => {
  const [only] = calendarOf([{ kind: 'deny', ...rule }], timezone).rules
  const found = firstInterval(only!, timezone, ms(at))
  return found === undefined ? 'none' : `${iso(found.fromMs)} ${iso(found.toMs)}`
}

const night = { kind: 'deny', daily: '22:00-06:00' }

test('the golden table: which ticks a calendar denies, and where it shifts them', () => {
  const christmas = { kind: 'deny', dates: ['2026-12-25'] }
  const late = { jitterMs: 600_000, name: '' }
  // a name whose jitter moves the tick of 21:55 to exactly 22:00 local
  const jitterTo = ms('2026-07-01T20:00:00Z')
  for (let i = 0; late.name === '' && i < 2_000_000; i++) {
    const timing = timingOf('55 21 * * *', { timezone: berlin, jitterMs: 600_000 })
    const groups = { ...defaultGroups, timing }
    const { plannedMs } = judgeTick({ name: `j${i}`, groups }, [], ms('2026-07-01T19:55:00Z'))
    if (plannedMs === jitterTo) late.name = `j${i}`
  }
  const rows: readonly (readonly [
    string,
    object,
    string,
    string,
    Partial<CalendarRef>?,
    string?,
  ])[] = [
    ['0 9 * * *', christmas, '2026-12-25T08:00:00Z', 'blackout'],
    ['0 9 * * *', christmas, '2026-12-26T08:00:00Z', '2026-12-26T08:00:00Z'],
    ['0 */4 * * *', night, '2026-07-01T22:00:00Z', 'blackout'],
    ['0 */4 * * *', night, '2026-07-02T02:00:00Z', 'blackout'],
    ['0 */4 * * *', night, '2026-07-01T22:00:00Z', 'blackout', { onDeny: 'shift' }],
    ['0 */4 * * *', night, '2026-07-02T02:00:00Z', '2026-07-02T04:00:00Z', { onDeny: 'shift' }],
    ['0 */4 * * *', night, '2026-07-02T06:00:00Z', '2026-07-02T06:00:00Z'],
    ['55 21 * * *', night, '2026-07-01T19:55:00Z', 'blackout', {}, late.name],
    ['0 6 * * *', night, '2026-07-02T04:00:00Z', '2026-07-02T04:00:00Z'],
  ]
  for (const [pattern, rule, due, expected, ref, name = 'job'] of rows) {
    const jitterMs = name === 'job' ? 0 : late.jitterMs
    const groups = { ...defaultGroups, timing: timingOf(pattern, { timezone: berlin, jitterMs }) }
    const tick = judgeTick({ name, groups }, [use([rule], ref)], ms(due))
    const found = tick.deniedBy === 'cal' ? 'blackout' : iso(tick.plannedMs)
    assert.equal(found, expected, `${pattern} ${due} ${JSON.stringify(ref ?? {})}`)
    assert.equal(tick.dueMs, ms(due))
  }
  assert.notEqual(late.name, '')
})

test('the golden table: intervals, also on days when the clock is put forward or back', () => {
  const rows: readonly (readonly [object, string, string])[] = [
    [
      { dates: ['2026-12-25'] },
      '2026-12-20T00:00:00Z',
      '2026-12-24T23:00:00Z 2026-12-25T23:00:00Z',
    ],
    [{ daily: '22:00-06:00' }, '2026-07-01T21:00:00Z', '2026-07-01T20:00:00Z 2026-07-02T04:00:00Z'],
    [{ daily: '01:30-02:30' }, '2026-03-29T00:00:00Z', '2026-03-29T00:30:00Z 2026-03-29T01:00:00Z'],
    [{ daily: '01:30-02:30' }, '2026-10-24T23:00:00Z', '2026-10-24T23:30:00Z 2026-10-25T01:30:00Z'],
  ]
  for (const [rule, at, expected] of rows) assert.equal(interval(rule, at), expected)
})

test('intervals are half-open: the start is denied, the end is not', () => {
  const uses = [use([night])]
  const rows: readonly (readonly [string, boolean])[] = [
    ['2026-07-01T19:59:59.999Z', false],
    ['2026-07-01T20:00:00.000Z', true],
    ['2026-07-02T03:59:59.999Z', true],
    ['2026-07-02T04:00:00.000Z', false],
  ]
  for (const [at, denied] of rows) assert.equal(deniedBy(uses, ms(at)) !== undefined, denied, at)
})

test('an allow interval is never wider than written, a deny interval never narrower', () => {
  const back = ms('2026-10-25T00:45:00Z')
  const open = use([{ kind: 'allow', daily: '01:00-02:30' }])
  assert.equal(deniedBy([open], ms('2026-10-25T00:29:59Z')), undefined)
  assert.notEqual(deniedBy([open], back), undefined)
  const shut = use([{ kind: 'deny', daily: '02:30-02:45' }])
  assert.notEqual(deniedBy([shut], back), undefined)
  assert.notEqual(deniedBy([shut], ms('2026-10-25T01:30:00Z')), undefined)
})

test('a span over midnight belongs to the day on which it begins', () => {
  const rule = { daily: '22:00-06:00', days: ['fri'] }
  assert.equal(
    interval(rule, '2026-07-01T00:00:00Z', 'UTC'),
    '2026-07-03T22:00:00Z 2026-07-04T06:00:00Z',
  )
  assert.equal(
    interval(rule, '2026-07-04T05:59:59Z', 'UTC'),
    '2026-07-03T22:00:00Z 2026-07-04T06:00:00Z',
  )
  assert.equal(
    interval(rule, '2026-07-04T06:00:00Z', 'UTC'),
    '2026-07-10T22:00:00Z 2026-07-11T06:00:00Z',
  )
})

test('yearly spans include both ends, pass the new year, and 02-29 is there when the year has it', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['12-24/12-26', '2026-01-01T00:00:00Z', '2026-12-24T00:00:00Z 2026-12-27T00:00:00Z'],
    ['12-30/01-02', '2027-01-01T12:00:00Z', '2026-12-30T00:00:00Z 2027-01-03T00:00:00Z'],
    ['05-01', '2026-05-02T00:00:00Z', '2027-05-01T00:00:00Z 2027-05-02T00:00:00Z'],
    ['02-29', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z 2028-03-01T00:00:00Z'],
    ['02-28/02-29', '2026-01-01T00:00:00Z', '2026-02-28T00:00:00Z 2026-03-01T00:00:00Z'],
    ['02-29/03-02', '2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z 2026-03-03T00:00:00Z'],
  ]
  for (const [span, at, expected] of rows) {
    assert.equal(interval({ yearly: [span] }, at, 'UTC'), expected, span)
  }
})

test('a cron rule covers from each match on for its length, however they overlap', () => {
  const weekend = { cron: '0 0 * * SAT', for: '48h' }
  assert.equal(
    interval(weekend, '2026-07-01T00:00:00Z'),
    '2026-07-03T22:00:00Z 2026-07-05T22:00:00Z',
  )
  assert.equal(
    interval(weekend, '2026-07-05T21:59:59Z'),
    '2026-07-03T22:00:00Z 2026-07-05T22:00:00Z',
  )
  assert.equal(
    interval({ cron: '* * * * *', for: '1h' }, '2026-07-01T00:30:30Z', 'UTC'),
    '2026-07-01T00:30:00Z 2026-07-01T01:30:00Z',
  )
})

test('a range has instants or readings of the local clock as bounds', () => {
  const rule = { range: { from: '2026-07-01T00:00', to: '2026-07-02T00:00:00Z' } }
  const expected = '2026-06-30T22:00:00Z 2026-07-02T00:00:00Z'
  assert.equal(interval(rule, '2026-01-01T00:00:00Z'), expected)
  assert.equal(interval(rule, '2026-07-01T23:59:59.999Z'), expected)
  assert.equal(interval(rule, '2026-07-02T00:00:00Z'), 'none')
})

test('deny beats allow, and with allow rules whatever is in none of them is denied', () => {
  const office = { kind: 'allow', daily: '08:00-18:00', days: ['mon', 'tue', 'wed', 'thu', 'fri'] }
  const lunch = { kind: 'deny', daily: '12:00-13:00' }
  const rows: readonly (readonly [string, boolean])[] = [
    ['2026-07-01T06:00:00Z', false],
    ['2026-07-01T10:30:00Z', true],
    ['2026-07-01T16:00:00Z', true],
    ['2026-07-04T08:00:00Z', true],
  ]
  for (const [at, denied] of rows) {
    assert.equal(deniedBy([use([office, lunch])], ms(at)) !== undefined, denied, at)
    // two calendars: each of them may deny
    assert.equal(deniedBy([use([office]), use([lunch])], ms(at)) !== undefined, denied, at)
  }
})

test('a shifted start goes to the end of the denial, over adjoining ones, or to the next allowed time', () => {
  const shift = { onDeny: 'shift' } as const
  const at = (uses: readonly CalendarUse[], from: string, limit: string): string => {
    const verdict = judgeStart(uses, ms(from), ms(limit))
    return verdict.kind === 'open' ? iso(verdict.plannedMs) : verdict.calendar
  }
  const adjoining = [use([night, { kind: 'deny', daily: '06:00-07:00' }], shift)]
  assert.equal(
    at(adjoining, '2026-07-02T02:00:00Z', '2026-07-03T02:00:00Z'),
    '2026-07-02T05:00:00Z',
  )
  assert.equal(at(adjoining, '2026-07-02T02:00:00Z', '2026-07-02T05:00:00Z'), 'cal')
  const allowed = [use([{ kind: 'allow', daily: '08:00-18:00' }], shift)]
  assert.equal(at(allowed, '2026-07-02T02:00:00Z', '2026-07-03T02:00:00Z'), '2026-07-02T06:00:00Z')
  const stiff = [...allowed, { ...use([{ kind: 'deny', daily: '08:00-09:00' }]), name: 'stiff' }]
  assert.equal(at(stiff, '2026-07-02T02:00:00Z', '2026-07-03T02:00:00Z'), 'stiff')
  const always = [use([{ kind: 'deny', daily: '00:00-24:00' }], shift)]
  assert.equal(at(always, '2026-07-02T02:00:00Z', '2099-07-03T02:00:00Z'), 'cal')
})

test('the cutoff moves with a shifted start, the identity does not', () => {
  const timing = timingOf('0 0 * * *', { timezone: berlin })
  const job = { name: 'job', groups: { ...defaultGroups, timing } }
  const dueMs = ms('2026-07-01T22:00:00Z')
  const plain = judgeTick(job, [], dueMs)
  const shifted = judgeTick(job, [use([night], { onDeny: 'shift' })], dueMs)
  assert.equal(shifted.dueMs, dueMs)
  assert.equal(iso(shifted.plannedMs), '2026-07-02T04:00:00Z')
  assert.equal(shifted.cutoffMs - shifted.plannedMs, plain.cutoffMs - plain.plannedMs)
})

test('overdue ticks that a calendar denies are blackouts, and misfire judges the others', () => {
  const timing = timingOf('0 * * * *', { timezone: 'UTC' })
  const misfire = { policy: 'all', deadlineMs: 86_400_000, max: 10 } as const
  const delivery = { ...defaultGroups.delivery, misfire }
  const job = { name: 'job', groups: { timing, delivery } }
  const uses = [
    use([{ kind: 'deny', range: { from: '2026-07-01T01:00:00Z', to: '2026-07-01T03:00:00Z' } }]),
  ]
  const judge = (dueMs: number): ReturnType<typeof judgeTick> => judgeTick(job, uses, dueMs)
  const span = { afterMs: ms('2026-07-01T00:00Z') - 1, readyAtMs: ms('2026-07-01T04:30Z'), judge }
  const ticks = overdueTicks('job', timing, misfire, span)
  const { runs, missed } = judgeOverdue({ ticks, misfire, nowMs: span.readyAtMs, max: 100 })
  assert.deepEqual(
    runs.map(({ dueMs }) => iso(dueMs).slice(11, 16)),
    ['00:00', '03:00', '04:00'],
  )
  const [fromMs, toMs] = [ms('2026-07-01T01:00Z'), ms('2026-07-01T02:00Z')]
  assert.deepEqual(missed, [{ fromMs, toMs, count: 2, outcome: 'blackout', reason: 'cal' }])
})
