import assert from 'node:assert/strict'
import { test } from 'node:test'
import Schema from 'typebox/schema'
import {
  calendarSchema,
  parseCalendar,
  toCalendarDocument,
} from '../../../src/core/jobs/calendars.ts'
import { parseGroup } from '../../../src/core/jobs/document.ts'

const context = { defaultTimezone: 'UTC' }

const whole = {
  name: 'company.closed',
  timezone: 'Europe/Berlin',
  rules: [
    { kind: 'deny', dates: ['2026-12-25', '2027-01-01'] },
    { kind: 'deny', yearly: ['12-24/12-26', '05-01', '02-29'] },
    { kind: 'deny', daily: '22:00-06:00', days: ['mon', 'fri'] },
    { kind: 'allow', daily: '00:00-24:00' },
    { kind: 'deny', cron: '0 0 * * THU,SAT', for: '2d' },
    { kind: 'deny', range: { from: '2026-07-01T00:00:00', to: '2026-07-02T00:00:00Z' } },
  ],
}

test('a calendar is printed as it was written, and its schema accepts it', () => {
  const read = parseCalendar(whole, context)
  assert.ok(read.ok, read.ok ? '' : read.refusal.message)
  assert.deepEqual(toCalendarDocument(read.value.name, read.value.calendar), whole)
  assert.ok(Schema.Compile(calendarSchema).Check(whole))
})

test('the normalised form of a calendar checks as itself', () => {
  const read = parseCalendar(whole, context)
  assert.ok(read.ok)
  const checked = parseGroup('calendar', read.value.calendar)
  assert.ok(checked.ok, checked.ok ? '' : checked.refusal.message)
  assert.deepEqual(checked.value, read.value.calendar)
})

test('whatever a peer sends as a calendar is checked: forms of later versions and wrong numbers', () => {
  const bodies: readonly unknown[] = [
    null,
    { timezone: 'UTC' },
    { timezone: 'UTC', rules: [{ kind: 'deny', cover: { form: 'moon' } }] },
    { timezone: 'UTC', rules: [{ kind: 'deny', cover: { form: 'dates', days: [-1] } }] },
    {
      timezone: 'UTC',
      rules: [{ kind: 'deny', cover: { form: 'cron', pattern: 'H 0 * * *', forMs: 1 } }],
    },
    { timezone: 'UTC', rules: [{ kind: 'never', cover: { form: 'dates', days: [1] } }] },
  ]
  for (const body of bodies) assert.ok(!parseGroup('calendar', body).ok, JSON.stringify(body))
})

test('a wrong calendar is refused with where and what to write instead', () => {
  const rule = (body: object): object => ({ name: 'a', rules: [{ kind: 'deny', ...body }] })
  const rows: readonly (readonly [object, RegExp, RegExp])[] = [
    [{ name: 'A', rules: [] }, /^name: /, /a-z/],
    [{ name: 'a' }, /^rules: is missing/, /kind: deny|rules/],
    [{ name: 'a', rule: [] }, /^rule: unknown key/, /"rules"/],
    [{ name: 'a', rules: [{ kind: 'dny', dates: ['2026-01-01'] }] }, /kind/, /"deny"/],
    [rule({}), /^rules\[0\]: covers nothing/, /dates, yearly/],
    [rule({ dats: ['2026-01-01'] }), /rules\[0\].dats: unknown key/, /"dates"/],
    [rule({ dates: ['2026-02-30'] }), /rules\[0\].dates/, /2026-12-25/],
    [rule({ dates: ['2026-01-01'], daily: '01:00-02:00' }), /dates and daily/, /a rule for each/],
    [rule({ yearly: ['13-01'] }), /yearly/, /12-24\/12-26/],
    [rule({ yearly: ['02-30'] }), /yearly/, /12-24\/12-26/],
    [rule({ daily: '25:00-06:00' }), /daily/, /22:00-06:00/],
    [rule({ daily: '22:00-06:00', days: ['monday'] }), /days/, /"mon"|use one of/],
    [rule({ dates: ['2026-01-01'], days: ['mon'] }), /days: belongs to daily/, /leave it out/],
    [rule({ cron: '0 0 * * SAT' }), /for: belongs to cron/, /for: 48h/],
    [rule({ cron: 'H 0 * * *', for: '1h' }), /cron/, /without H/],
    [rule({ cron: '0 0 31 2 *', for: '1h' }), /no date/, /day/],
    [
      rule({ range: { from: '2026-01-02T00:00', to: '2026-01-01T00:00' } }),
      /not after from/,
      /ends after/,
    ],
    [rule({ range: { from: '2026-01-02', to: '2026-01-03T00:00' } }), /range.from/, /Z/],
    [{ name: 'a', timezone: 'Europe/Berln', rules: [] }, /Berln/, /Berlin/],
  ]
  for (const [document, message, hint] of rows) {
    const read = parseCalendar(document, context)
    assert.ok(!read.ok, JSON.stringify(document))
    assert.match(read.refusal.message, message)
    assert.match(read.refusal.hint, hint, JSON.stringify(document))
  }
})
