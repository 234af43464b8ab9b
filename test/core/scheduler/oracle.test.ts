// An independent reading of the daylight rules: every minute around a clock change is looked at on
// the local clock that the runtime shows, with a matcher that never sees the pattern's text.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newestTicks } from '../../../src/core/scheduler/tick.ts'
import { iso, ticksIn, timingOf } from './timing.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

interface Field {
  readonly text: string
  readonly isStar: boolean
  readonly values: ReadonlySet<number>
}

const zones = [
  'Europe/Berlin',
  'Europe/Dublin',
  'America/New_York',
  'America/Santiago',
  'America/St_Johns',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Antarctica/Troll',
  'Asia/Kolkata',
  'UTC',
] as const

const clocks = new Map<string, Intl.DateTimeFormat>()

/** The local clock at an instant, as minutes since 1970 "as if UTC". */
function localMinute(zone: string, atMs: number): number {
  let clock = clocks.get(zone)
  if (clock === undefined) {
    const numeric = 'numeric'
    clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      hourCycle: 'h23',
    })
    clocks.set(zone, clock)
  }
  const part = new Map(clock.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]))
  const at = (type: Intl.DateTimeFormatPartTypes): number => part.get(type)!
  return Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute')) / MINUTE
}

const changesOf = new Map<string, readonly number[]>()

/** Days between 2024 and 2028 on which the zone's clock changes; two plain ones when it never does. */
function changes(zone: string): readonly number[] {
  let days = changesOf.get(zone)
  if (days === undefined) {
    const found: number[] = []
    const shift = (at: number): number => localMinute(zone, at) - at / MINUTE
    for (let at = Date.UTC(2024, 0, 1); at < Date.UTC(2028, 0, 1); at += DAY) {
      if (shift(at) !== shift(at + DAY)) found.push(at)
    }
    days = found.length > 0 ? found : [Date.UTC(2025, 2, 30), Date.UTC(2026, 9, 25)]
    changesOf.set(zone, days)
  }
  return days
}

const walls = new Map<string, readonly number[]>()

function wallsAround(zone: string, fromMs: number, minutes: number): readonly number[] {
  const key = `${zone} ${fromMs}`
  let found = walls.get(key)
  if (found === undefined) {
    found = Array.from({ length: minutes }, (_, i) => localMinute(zone, fromMs + i * MINUTE))
    walls.set(key, found)
  }
  return found
}

function fieldArbitrary(min: number, max: number): fc.Arbitrary<Field> {
  const value = fc.integer({ min, max })
  const upTo = (from: number, to: number, step: number): Set<number> => {
    const values = new Set<number>()
    for (let v = from; v <= to; v += step) values.add(v)
    return values
  }
  const step = fc.integer({ min: 2, max: max - min + 1 })
  const sorted = fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  return fc.oneof(
    fc.constant({ text: '*', isStar: true, values: upTo(min, max, 1) }),
    step.map((n) => ({ text: `*/${n}`, isStar: true, values: upTo(min, max, n) })),
    value.map((v) => ({ text: `${v}`, isStar: false, values: new Set([v]) })),
    fc.uniqueArray(value, { minLength: 2, maxLength: 4 }).map((list) => ({
      text: list.join(','),
      isStar: false,
      values: new Set(list),
    })),
    sorted.map(([a, b]) => ({ text: `${a}-${b}`, isStar: false, values: upTo(a, b, 1) })),
    fc.tuple(sorted, step).map(([[a, b], n]) => ({
      text: `${a}-${b}/${n}`,
      isStar: false,
      values: upTo(a, b, n),
    })),
    fc.tuple(value, step).map(([a, n]) => ({
      text: `${a}/${n}`,
      isStar: false,
      values: upTo(a, max, n),
    })),
  )
}

interface Pattern {
  readonly minute: Field
  readonly hour: Field
  readonly dom: Field
  readonly dow: Field
}

function matches(pattern: Pattern, wall: number): boolean {
  const local = new Date(wall * MINUTE)
  const { minute, hour, dom, dow } = pattern
  if (!minute.values.has(local.getUTCMinutes())) return false
  if (!hour.values.has(local.getUTCHours())) return false
  const byDate = dom.values.has(local.getUTCDate())
  const byDay = dow.values.has(local.getUTCDay())
  if (dom.text === '*') return byDay
  return dow.text === '*' ? byDate : byDate || byDay
}

function oracleTicks(
  pattern: Pattern,
  dst: 'cron' | 'skip' | 'strict',
  wall: readonly number[],
  fromMs: number,
  warmUp: number,
): number[] {
  const fixed = !pattern.minute.isStar && !pattern.hour.isStar
  const literal = !fixed || dst === 'strict'
  const ticks: number[] = []
  for (let i = warmUp; i < wall.length; i++) {
    const now = wall[i]!
    let due = matches(pattern, now)
    if (due && !literal) due = !wall.slice(i - 240, i).includes(now)
    const jump = now - wall[i - 1]! - 1
    if (fixed && dst === 'cron' && jump > 0 && jump <= 180) {
      for (let gone = now - jump; gone < now; gone++) due ||= matches(pattern, gone)
    }
    if (due) ticks.push(fromMs + i * MINUTE)
  }
  return ticks
}

const anyDay = { text: '*', isStar: true, values: new Set(Array.from({ length: 32 }, (_, i) => i)) }
const patternArbitrary: fc.Arbitrary<Pattern> = fc.record({
  minute: fieldArbitrary(0, 59),
  hour: fc.oneof(fieldArbitrary(0, 3), fieldArbitrary(0, 23)).map(reachAll),
  dom: fc.oneof({ weight: 3, arbitrary: fc.constant(anyDay) }, fieldArbitrary(1, 31)),
  dow: fc.oneof({ weight: 3, arbitrary: fc.constant(anyDay) }, fieldArbitrary(0, 6)),
})

/** The short hour range is there to hit clock changes; open steps of it go on to 23 all the same. */
function reachAll(field: Field): Field {
  const step = /^(\*|\d+)(?:\/(\d+))?$/.exec(field.text)
  if (step === null || (step[1] !== '*' && step[2] === undefined)) return field
  const values = new Set<number>()
  for (let v = step[1] === '*' ? 0 : Number(step[1]); v < 24; v += Number(step[2] ?? 1))
    values.add(v)
  return { ...field, values }
}

test('around clock changes the ticks are those of a scan over every minute, in both directions', () => {
  const warmUp = 300
  const minutes = warmUp + 2 * 1_440
  fc.assert(
    fc.property(
      patternArbitrary,
      fc.constantFrom(...zones),
      fc.constantFrom('cron' as const, 'skip' as const, 'strict' as const),
      fc.nat(),
      (pattern, zone, dst, pick) => {
        const days = changes(zone)
        const fromMs = days[pick % days.length]! - 12 * HOUR
        const wall = wallsAround(zone, fromMs, minutes)
        const { minute, hour, dom, dow } = pattern
        const text = `${minute.text} ${hour.text} ${dom.text} * ${dow.text}`
        const timing = timingOf(text, { timezone: zone, dst })
        const start = fromMs + warmUp * MINUTE
        const end = fromMs + minutes * MINUTE
        const expected = oracleTicks(pattern, dst, wall, fromMs, warmUp)
        const forward = ticksIn(timing, start, end)
        assert.deepEqual(forward.map(iso), expected.map(iso), `${text} ${zone} ${dst}`)
        const backward = newestTicks('backup', timing, start - 1, end - 1, 10_000)
        assert.deepEqual([...backward].reverse(), forward, `${text} ${zone} ${dst} backwards`)
      },
    ),
    { numRuns: 600 },
  )
})
