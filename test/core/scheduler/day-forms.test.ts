// The forms that name days by the calendar (L, LW, nW, d#k, dL, years), against a scan over days.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newestTicks, nextTick } from '../../../src/core/scheduler/tick.ts'
import { iso, ms, ticksIn, timingOf } from './timing.ts'

const DAY = 86_400_000

interface DayForm {
  readonly text: string
  readonly has: (day: Date) => boolean
}

const lastOf = (day: Date): number =>
  new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate()
const weekdayOf = (day: Date, date: number): number =>
  new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), date)).getUTCDay()

function nearestWeekday(day: Date, wanted: number): number {
  const last = lastOf(day)
  if (wanted > last) return -1
  for (const offset of [0, -1, 1, -2, 2]) {
    const date = wanted + offset
    const weekday = weekdayOf(day, date)
    if (date >= 1 && date <= last && weekday !== 0 && weekday !== 6) return date
  }
  return -1
}

function lastWeekday(day: Date): number {
  let date = lastOf(day)
  while (weekdayOf(day, date) === 0 || weekdayOf(day, date) === 6) date--
  return date
}

const any: DayForm = { text: '*', has: () => true }
const dom = fc.oneof(
  fc.constant(any),
  fc.constant({ text: 'L', has: (day: Date) => day.getUTCDate() === lastOf(day) }),
  fc.constant({ text: 'LW', has: (day: Date) => day.getUTCDate() === lastWeekday(day) }),
  fc.integer({ min: 1, max: 31 }).map((n) => ({
    text: `${n}W`,
    has: (day: Date) => day.getUTCDate() === nearestWeekday(day, n),
  })),
  fc.tuple(fc.integer({ min: 1, max: 31 }), fc.integer({ min: 1, max: 31 })).map(([a, b]) => ({
    text: `${a},L,${b}W`,
    has: (day: Date) => [a, lastOf(day), nearestWeekday(day, b)].includes(day.getUTCDate()),
  })),
  fc.constant({ text: '1-31', has: () => true }),
)
const weekday = fc.constantFrom('SUN', 'Mon', 'tue', 'WED', 'thu', 'FRI', 'SAT')
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const numberOf = (name: string): number => weekdays.indexOf(name.toLowerCase())
const dow = fc.oneof(
  fc.constant(any),
  fc.tuple(weekday, fc.integer({ min: 1, max: 5 })).map(([name, k]) => ({
    text: `${name}#${k}`,
    has: (day: Date) => day.getUTCDay() === numberOf(name) && Math.ceil(day.getUTCDate() / 7) === k,
  })),
  fc.tuple(weekday, fc.constantFrom('L', '#L')).map(([name, suffix]) => ({
    text: `${name}${suffix}`,
    has: (day: Date) => day.getUTCDay() === numberOf(name) && day.getUTCDate() + 7 > lastOf(day),
  })),
  fc.constant({ text: '7', has: (day: Date) => day.getUTCDay() === 0 }),
  fc.constant({ text: '5-7', has: (day: Date) => [5, 6, 0].includes(day.getUTCDay()) }),
  fc.constant({ text: 'fri-SUN', has: (day: Date) => [5, 6, 0].includes(day.getUTCDay()) }),
  fc.constant({
    text: '1,5#2',
    has: (day: Date) =>
      day.getUTCDay() === 1 || (day.getUTCDay() === 5 && Math.ceil(day.getUTCDate() / 7) === 2),
  }),
)

test('day forms name the days that a scan over the calendar finds, in both directions', () => {
  const from = Date.UTC(2026, 0, 1)
  const to = Date.UTC(2029, 0, 1)
  fc.assert(
    fc.property(dom, dow, fc.constantFrom('*', 'FEB', '2,6-9', '*/3'), (a, b, month) => {
      const months = { '*': null, FEB: [2], '2,6-9': [2, 6, 7, 8, 9], '*/3': [1, 4, 7, 10] }[month]
      const expected: number[] = []
      for (let at = from; at < to; at += DAY) {
        const day = new Date(at)
        if (months !== null && !months.includes(day.getUTCMonth() + 1)) continue
        const both = a.text === '*' || b.text === '*'
        if (both ? a.has(day) && b.has(day) : a.has(day) || b.has(day)) expected.push(at)
      }
      const text = `0 0 ${a.text} ${month} ${b.text}`
      const timing = timingOf(text)
      const ticks = ticksIn(timing, from, to)
      assert.deepEqual(ticks.map(iso), expected.map(iso), text)
      const backwards = newestTicks('backup', timing, from - 1, to - 1, 10_000)
      assert.deepEqual([...backwards].reverse(), ticks, `${text} backwards`)
    }),
    { numRuns: 300 },
  )
})

test('day of month and day of week are OR-ed when both are restricted, and only then', () => {
  const firstOf = (pattern: string): string =>
    iso(nextTick('backup', timingOf(pattern), ms('2026-01-01T12:00Z'))!)
  const rows: readonly (readonly [string, string])[] = [
    ['0 0 13 * 5', '2026-01-02T00:00:00Z'],
    ['0 0 ? * 5', '2026-01-02T00:00:00Z'],
    ['0 0 */1 * 5', '2026-01-02T00:00:00Z'],
    ['0 0 13 * ?', '2026-01-13T00:00:00Z'],
    ['0 0 13 * */1', '2026-01-13T00:00:00Z'],
    ['0 0 13 * 0-6', '2026-01-02T00:00:00Z'],
    ['0 0 1-31 * 1', '2026-01-02T00:00:00Z'],
    ['0 0 */31 * 3', '2026-01-07T00:00:00Z'],
  ]
  for (const [pattern, expected] of rows) assert.equal(firstOf(pattern), expected, pattern)
})

test('a year limits a pattern, ranges and steps of years too', () => {
  const years = (field: string): string =>
    ticksIn(timingOf(`0 0 0 1 1 * ${field}`), ms('2026-06-01T00:00Z'), ms('2040-01-01T00:00Z'))
      .map((at) => iso(at).slice(0, 4))
      .join(' ')
  assert.equal(years('2027'), '2027')
  assert.equal(years('2020'), '')
  assert.equal(years('2027-2029,2033'), '2027 2028 2029 2033')
  assert.equal(years('2025-2039/5'), '2030 2035')
  assert.equal(years('2030/4'), '2030 2034 2038')
  assert.equal(years('*/4'), '2030 2034 2038')
})
