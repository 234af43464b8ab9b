import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  nextOf,
  parseSchedule,
  previousOf,
  type Schedule,
} from '../../../src/core/scheduler/schedule.ts'
import type { Refusal } from '../../../src/core/result.ts'
import { iso, ms } from './timing.ts'

const job = { name: 'backup', timezone: 'UTC', dst: 'cron', anchorMs: 0 } as const

function read(entry: string, over: Partial<typeof job> | { anchorMs: number } = {}): Schedule {
  const schedule = parseSchedule(entry, { ...job, ...over })
  assert.ok(schedule.ok, `${entry}: ${schedule.ok ? '' : schedule.refusal.message}`)
  return schedule.value
}

function refusalOf(entry: string, timezone = 'UTC'): Refusal {
  const schedule = parseSchedule(entry, { ...job, timezone })
  assert.ok(!schedule.ok, `${entry} must be refused`)
  return schedule.refusal
}

test('descriptors stand for the usual patterns, in any case', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['@yearly', '0 0 0 1 1 * *'],
    ['@annually', '0 0 0 1 1 * *'],
    ['@monthly', '0 0 0 1 * * *'],
    ['@weekly', '0 0 0 * * 0 *'],
    ['@daily', '0 0 0 * * * *'],
    ['@midnight', '0 0 0 * * * *'],
    ['@hourly', '0 0 * * * * *'],
    ['@minutely', '0 * * * * * *'],
    ['@Daily', '0 0 0 * * * *'],
  ]
  for (const [entry, pattern] of rows) {
    const schedule = read(entry)
    assert.equal(schedule.kind === 'cron' && schedule.pattern, pattern, entry)
  }
})

test('a pattern in normal form has no names, ranges, steps, ? or weekday 7 left', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['0 0/7 * * * *', '0 0,7,14,21,28,35,42,49,56 * * * * *'],
    ['5-10 * * * *', '0 5,6,7,8,9,10 * * * * *'],
    ['5-10/5,1 ? * * ?', '0 1,5,10 * * * * *'],
    ['0 0 * jan-Mar,12 MON-FRI', '0 0 0 * 1,2,3,12 1,2,3,4,5 *'],
    ['0 0 * * 7', '0 0 0 * * 0 *'],
    ['0 0 * * 5-7', '0 0 0 * * 0,5,6 *'],
    ['0 0 * * 7-2', '0 0 0 * * 0,1,2 *'],
    ['0 0 * * 4/1', '0 0 0 * * 4,5,6 *'],
    ['0 0 */1 * */1', '0 0 0 * * * *'],
    ['0 0 l * *', '0 0 0 L * * *'],
    ['0 0 lw * *', '0 0 0 LW * * *'],
    ['0 0 15w,1 * *', '0 0 0 1,15W * * *'],
    ['0 0 * * fri#2,5L,7#L', '0 0 0 * * 5#2,5#L,0#L *'],
    ['0 0 0 1 1 * 2027-2030/2', '0 0 0 1 1 * 2027-2030/2'],
    ['  0   0\t*  * * ', '0 0 0 * * * *'],
  ]
  for (const [entry, pattern] of rows) {
    const schedule = read(entry)
    assert.equal(schedule.kind === 'cron' && schedule.pattern, pattern, entry)
  }
})

test('a wrong field is refused with the field, the reason and what to write instead', () => {
  const rows: readonly (readonly [string, RegExp, RegExp])[] = [
    ['0 22-6 * * *', /^hour: the range 22-6 runs backwards/, /22-23,0-6$/],
    ['0 23-0 * * *', /backwards/, /23,0$/],
    ['0 22-6/2 * * *', /backwards/, /22,0,2,4,6$/],
    ['0 0 25-5 * *', /^day of month: the range/, /25-31,1-5$/],
    ['0 0 * * 5-1', /^day of week: the range/, /5-6,0-1$/],
    ['0 0 * NOV-FEB *', /^month: the range/, /11-12,1-2$/],
    ['0 0 0 1 1 * 2030-2027', /^year: the range/, /earlier year first/],
    ['60 * * * *', /^minute: 60 is too large/, /0 to 59/],
    ['* 24 * * *', /^hour: 24 is too large/, /0 to 23/],
    ['* * 0 * *', /^day of month: 0 is too small/, /1 to 31/],
    ['* * 32W * *', /^day of month: 32 is too large/, /1 to 31/],
    ['* * * 13 *', /^month: 13 is too large/, /1 to 12/],
    ['* * * * 8', /^day of week: 8 is too large/, /0 to 7/],
    ['0 0 0 1 1 * 1969', /^year: 1969 is too small/, /1970 to 9999/],
    ['*/0 * * * *', /^minute: the step .* at least 1/, /@every/],
    ['*/90 * * * *', /^minute: the step .* larger/, /@every/],
    ['1,,2 * * * *', /^minute: an item of the list is empty/, /comma/],
    ['1,2, * * * *', /^minute: an item of the list is empty/, /comma/],
    ['1-2-3 * * * *', /^minute: cannot read/, /range a-b/],
    ['*-5 * * * *', /^minute: cannot read/, /range a-b/],
    ['-5 * * * *', /^minute: cannot read/, /range a-b/],
    ['* * * JANUARY *', /^month: cannot read/, /jan feb/],
    ['* * * * MONDAY', /^day of week: cannot read/, /sun mon/],
    ['* MON * * *', /^hour: cannot read/, /range a-b/],
    ['* * LW,1 * *', /^day of month: LW cannot stand in a list/, /entry of its own/],
    ['* * L-3 * *', /^day of month: cannot read/, /range a-b/],
    ['* * * * L', /^day of week: L alone/, /5L/],
    ['* * * * 5#6', /^day of week: 5#6/, /1 to 5/],
    ['* * * * 5#', /^day of week: 5#/, /1 to 5/],
    ['0 0 31 2 *', /^no date matches/, /such a day/],
    ['0 0 30,31 2 *', /^no date matches/, /such a day/],
    ['0 0 31W 4 *', /^no date matches/, /such a day/],
    ['0 0 0 29 2 * 2027', /^no date matches/, /such a day/],
    ['* * * *', /this one has 4/, /minute hour/],
    ['* * * * * * * *', /this one has 8/, /minute hour/],
    ['TZ=UTC 0 0 * * *', /timezone/, /field timezone/],
  ]
  for (const [entry, message, hint] of rows) {
    const refusal = refusalOf(entry)
    assert.equal(refusal.code, 'MC_BAD_SCHEDULE', entry)
    assert.match(refusal.message, message, entry)
    assert.match(refusal.hint, hint, entry)
  }
})

test('an unknown form is refused with the nearest known one and the list of all', () => {
  assert.match(refusalOf('@hourl').hint, /^did you mean @hourly\?.*@manually$/)
  assert.match(refusalOf('@evry 5s').hint, /^did you mean @every\?/)
  assert.match(refusalOf('@boot').hint, /@daily/)
  assert.match(refusalOf('@constructor').hint, /known forms/)
  assert.match(refusalOf('@daily 5').message, /takes nothing/)
  assert.match(refusalOf('').message, /empty/)
  assert.match(refusalOf(`0 0 * * ${'1,'.repeat(600)}1`).message, /longer than/)
})

test('@every has ticks at anchor + k intervals from k = 1, at whole seconds', () => {
  const every = read('@every 1h30m', { anchorMs: ms('2026-01-01T00:00:00.750Z') })
  const rows: readonly (readonly [string, string, string | undefined])[] = [
    ['2025-12-31T00:00:00Z', '2026-01-01T01:30:00Z', undefined],
    ['2026-01-01T01:29:59.999Z', '2026-01-01T01:30:00Z', undefined],
    ['2026-01-01T01:30:00Z', '2026-01-01T03:00:00Z', '2026-01-01T01:30:00Z'],
    ['2029-01-01T00:00:01Z', '2029-01-01T01:30:00Z', '2029-01-01T00:00:00Z'],
  ]
  for (const [at, next, previous] of rows) {
    const before = previousOf(every, ms(at))
    assert.equal(iso(nextOf(every, ms(at))!), next, at)
    assert.equal(before === undefined ? undefined : iso(before), previous, at)
  }
})

test('@every takes whole seconds from one on, units from large to small', () => {
  const everyOf = (entry: string): number => {
    const schedule = read(entry)
    return schedule.kind === 'every' ? schedule.everyMs : 0
  }
  assert.equal(everyOf('@every 90s'), 90_000)
  assert.equal(everyOf('@every 1h30m10s'), 5_410_000)
  assert.equal(everyOf('@every 2w1d'), 15 * 86_400_000)
  assert.equal(everyOf('@every 3000ms'), 3_000)
  for (const wrong of [
    '',
    '5',
    '5x',
    '0s',
    '500ms',
    '1500ms',
    '-5s',
    '1.5h',
    '30m1h',
    '1s1s',
    '1 h x',
  ]) {
    assert.equal(refusalOf(`@every ${wrong}`).code, 'MC_BAD_SCHEDULE', wrong)
  }
  assert.match(refusalOf('@every 999999999999w').message, /hundred years/)
})

test('@at is one instant and needs a real date and an offset', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['2027-03-01T09:00:00+01:00', '2027-03-01T08:00:00Z'],
    ['2027-03-01T09:00Z', '2027-03-01T09:00:00Z'],
    ['2028-02-29T23:30:00-01:30', '2028-03-01T01:00:00Z'],
    ['2027-12-31T23:59:59.123456z', '2027-12-31T23:59:59.123Z'],
  ]
  for (const [text, expected] of rows) {
    const at = read(`@at ${text}`)
    assert.equal(iso(nextOf(at, 0)!), expected, text)
    assert.equal(nextOf(at, ms(expected)), undefined, text)
    assert.equal(previousOf(at, ms(expected)), ms(expected), text)
    assert.equal(previousOf(at, ms(expected) - 1), undefined, text)
  }
  const wrong = '2027-03-01 2027-03-01T09:00:00 2027-02-29T09:00:00Z 2027-13-01T09:00:00Z'.split(
    ' ',
  )
  for (const text of [...wrong, '', '2027-03-01T24:00:00Z', '2027-03-01T09:00:60Z', 'tomorrow']) {
    assert.equal(refusalOf(`@at ${text}`).code, 'MC_BAD_SCHEDULE', text)
  }
  assert.match(refusalOf('@at 1969-12-31T23:00:00Z').message, /out of range/)
})

test('@manually has no instants', () => {
  const schedule = read('@manually')
  assert.equal(nextOf(schedule, 0), undefined)
  assert.equal(previousOf(schedule, ms('2030-01-01T00:00Z')), undefined)
})

test('an unknown timezone is refused with the nearest name', () => {
  const refusal = refusalOf('@daily', 'Europe/Berln')
  assert.equal(refusal.code, 'MC_BAD_TIMEZONE')
  assert.match(refusal.hint, /Europe\/Berlin/)
  for (const zone of ['', '+02:00', 'Mars/Olympus', '../etc', 'x'.repeat(1_000)]) {
    assert.equal(refusalOf('@daily', zone).code, 'MC_BAD_TIMEZONE', zone)
  }
})

test('whatever is written, the parser answers and what it accepts can be computed', () => {
  const alphabet = fc.constantFrom(...'0123456789*?/-,#LWH()@ :TZ+.amsjunfri~'.split(''))
  const field = fc.string({ unit: alphabet, maxLength: 8 })
  const entry = fc.oneof(
    fc.string(),
    fc.string({ unit: alphabet, maxLength: 40 }),
    fc.array(field, { minLength: 5, maxLength: 7 }).map((fields) => fields.join(' ')),
    field.map((text) => `@every ${text}`),
    field.map((text) => `@at ${text}`),
    field.map((text) => `@${text}`),
  )
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe')
  const atMs = fc.integer({ min: -1e13, max: 3e14 })
  fc.assert(
    fc.property(entry, zone, atMs, (text, timezone, at) => {
      const schedule = parseSchedule(text, { ...job, timezone })
      if (!schedule.ok) return schedule.refusal.message.length < 300
      const next = nextOf(schedule.value, at)
      const previous = previousOf(schedule.value, at)
      if (next !== undefined) assert.ok(Number.isInteger(next) && next > at, text)
      if (previous !== undefined) assert.ok(Number.isInteger(previous) && previous <= at, text)
      return true
    }),
    { numRuns: 3_000 },
  )
})

test('@after is one instant with a grace, an ISO 8601 duration: a year 365 days, a month 30', () => {
  const rows: readonly (readonly [string, number])[] = [
    ['<PT2H', 2 * 3_600_000],
    ['< PT90S', 90_000],
    ['<P1Y2M1W3DT4H5M6S', (365 + 60 + 7 + 3) * 86_400_000 + 14_706_000],
    ['<PT0S', 0],
  ]
  for (const [grace, graceMs] of rows) {
    const schedule = read(`@after 2027-03-01T09:00:00Z ${grace}`)
    assert.ok(schedule.kind === 'after', grace)
    assert.equal(schedule.graceMs, graceMs, grace)
    assert.equal(iso(nextOf(schedule, 0)!), '2027-03-01T09:00:00Z')
    assert.equal(previousOf(schedule, schedule.atMs), schedule.atMs)
  }
  for (const wrong of ['', '<', '<P', '<PT', '<2h', '<P1DT', '<PT1.5H', '>PT2H', 'PT2H']) {
    const refusal = refusalOf(`@after 2027-03-01T09:00:00Z ${wrong}`)
    assert.match(refusal.hint, /@after 2027/, wrong)
  }
  assert.equal(refusalOf('@after 2027-03-01T09:00:00 <PT2H').code, 'MC_BAD_SCHEDULE')
  assert.match(refusalOf('@aftr 2027-03-01T09:00:00Z <PT2H').hint, /@after/)
})
