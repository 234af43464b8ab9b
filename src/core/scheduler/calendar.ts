/**
 * Calendars: when starts are denied. Everything is a half-open interval `[from, to)`, never a point,
 * so nobody has to hit a second.
 *
 * A start is denied inside a deny interval, or when there are allow rules and it is inside none of
 * them; deny beats allow. One question is enough for every form of rule: which of its intervals is
 * the first that ends after an instant? It tells whether the instant is inside, where that ends, and
 * when the next one begins.
 *
 * Bounds are readings of the local clock. One that does not exist is the end of the gap; of one that
 * exists twice a deny interval takes the first as its start and the second as its end, so it is never
 * narrower than written, and an allow interval is never wider.
 */
import { BoundedCache } from '../bounded-cache.ts'
import type { Calendar, CalendarRef, CalendarRule, Cover } from '../jobs/definition.ts'
import type { Result } from '../result.ts'
import { civilFromDays } from './civil.ts'
import { daysFromCivil, daysInMonth } from './instant.ts'
import { nextOf, parseSchedule, previousOf, type Schedule } from './schedule.ts'
import { instantsOf, isTimezone, OFFSET_MAX_MS, segmentAt, wallOf } from './zone.ts'

export interface Interval {
  readonly fromMs: number
  readonly toMs: number
}

/** A calendar as a job uses it. */
export interface CalendarUse extends CalendarRef {
  readonly calendar: Calendar
}

/** What calendars say of a planned start. */
export type Verdict =
  | { readonly kind: 'open'; readonly plannedMs: number }
  | { readonly kind: 'denied'; readonly calendar: string }

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** Denials that a start is shifted over, one behind the other, before it counts as denied. */
const SHIFTS_MAX = 1_000
/** A span such as 02-29 need not exist each year. */
const YEARS_AHEAD = 9

/** The name of the calendar that applies to every job. */
export const freezeName = 'freeze'

/** The first calendar that denies a start at this instant. */
export function deniedBy(uses: readonly CalendarUse[], atMs: number): CalendarUse | undefined {
  return uses.find(({ calendar }) => isDenied(calendar, atMs))
}

/** When starts are allowed again; undefined when they are now, Infinity when nobody can tell. */
export function deniedUntil(uses: readonly CalendarUse[], atMs: number): number | undefined {
  let untilMs = atMs
  for (let i = 0; i < SHIFTS_MAX; i++) {
    const use = deniedBy(uses, untilMs)
    if (use === undefined) return untilMs === atMs ? undefined : untilMs
    untilMs = denialEnd(use.calendar, untilMs) ?? Infinity
    if (untilMs === Infinity) return Infinity
  }
  return untilMs
}

/** Where a start planned at `plannedMs` goes; shifted only to before `limitMs`, the next tick. */
export function judgeStart(
  uses: readonly CalendarUse[],
  plannedMs: number,
  limitMs: number,
): Verdict {
  let atMs = plannedMs
  for (let i = 0; i < SHIFTS_MAX; i++) {
    const use = deniedBy(uses, atMs)
    if (use === undefined) return { kind: 'open', plannedMs: atMs }
    const endMs = use.onDeny === 'shift' ? denialEnd(use.calendar, atMs) : undefined
    if (endMs === undefined || endMs >= limitMs) return { kind: 'denied', calendar: use.name }
    atMs = endMs
  }
  return { kind: 'denied', calendar: deniedBy(uses, atMs)?.name ?? '' }
}

function isDenied(calendar: Calendar, atMs: number): boolean {
  const isInside = (rule: CalendarRule): boolean =>
    covers(rule, calendar.timezone, atMs) !== undefined
  if (calendar.rules.some((rule) => rule.kind === 'deny' && isInside(rule))) return true
  const allow = calendar.rules.filter(({ kind }) => kind === 'allow')
  return allow.length > 0 && !allow.some(isInside)
}

/** When the denial at an instant may be over: the end of a deny interval, or the next allow interval. */
function denialEnd({ timezone, rules }: Calendar, atMs: number): number | undefined {
  const denials = rules
    .filter(({ kind }) => kind === 'deny')
    .flatMap((rule) => covers(rule, timezone, atMs)?.toMs ?? [])
  if (denials.length > 0) return Math.max(...denials)
  const starts = rules
    .filter(({ kind }) => kind === 'allow')
    .flatMap((rule) => firstInterval(rule, timezone, atMs)?.fromMs ?? [])
  return starts.length === 0 ? undefined : Math.min(...starts)
}

function covers(rule: CalendarRule, timezone: string, atMs: number): Interval | undefined {
  const interval = firstInterval(rule, timezone, atMs)
  return interval !== undefined && interval.fromMs <= atMs ? interval : undefined
}

/** The earliest interval of a rule that ends after an instant; a zone unknown here has none. */
export function firstInterval(
  { kind, cover }: CalendarRule,
  timezone: string,
  atMs: number,
): Interval | undefined {
  if (!isTimezone(timezone)) return undefined
  const isWide = kind === 'deny'
  if (cover.form === 'cron') return cronInterval(cover, timezone, atMs)
  if (cover.form === 'range') return rangeInterval(cover, timezone, isWide, atMs)
  let first: Interval | undefined
  for (const [fromWall, toWall] of wallSpans(cover, wallOf(timezone, atMs))) {
    const interval = {
      fromMs: boundOf(timezone, fromWall, isWide ? 'first' : 'last'),
      toMs: boundOf(timezone, toWall, isWide ? 'last' : 'first'),
    }
    if (interval.toMs <= atMs || interval.fromMs >= interval.toMs) continue
    if (first === undefined || interval.fromMs < first.fromMs) first = interval
  }
  return first
}

function rangeInterval(
  { from, to }: Extract<Cover, { form: 'range' }>,
  timezone: string,
  isWide: boolean,
  atMs: number,
): Interval | undefined {
  const bound = ({ ms, isLocal }: typeof from, which: 'first' | 'last'): number =>
    isLocal ? boundOf(timezone, ms, which) : ms
  const fromMs = bound(from, isWide ? 'first' : 'last')
  const toMs = bound(to, isWide ? 'last' : 'first')
  return toMs > atMs && fromMs < toMs ? { fromMs, toMs } : undefined
}

/** Local readings between which a rule holds, those near a reading and the next ones. */
function* wallSpans(
  cover: Exclude<Cover, { form: 'cron' | 'range' }>,
  wallMs: number,
): Generator<readonly [number, number]> {
  const today = Math.floor(wallMs / DAY_MS)
  switch (cover.form) {
    case 'dates': {
      // one more day on each side: zones shift, and the next one begins a later interval
      let ahead = 0
      for (const day of cover.days) {
        if (day < today - 1) continue
        if (day > today + 1 && ahead++ > 0) return
        yield [day * DAY_MS, (day + 1) * DAY_MS]
      }
      return
    }
    case 'yearly': {
      const { year } = civilFromDays(today)
      for (let y = year - 1; y <= year + YEARS_AHEAD; y++) {
        for (const span of cover.spans) {
          const toYear = span.to < span.from ? y + 1 : y
          yield [
            dayOf(y, span.from, 'start') * DAY_MS,
            (dayOf(toYear, span.to, 'end') + 1) * DAY_MS,
          ]
        }
      }
      return
    }
    case 'daily': {
      const { fromMinute, toMinute, weekdays } = cover
      const lengthMs = (toMinute - fromMinute + (toMinute <= fromMinute ? 1_440 : 0)) * MINUTE_MS
      for (let day = today - 2; day <= today + 8; day++) {
        // 1970-01-01 was a Thursday
        const weekday = (((day + 4) % 7) + 7) % 7
        if (weekdays.length > 0 && !weekdays.includes(weekday)) continue
        const startMs = day * DAY_MS + fromMinute * MINUTE_MS
        yield [startMs, startMs + lengthMs]
      }
      return
    }
  }
}

/** A day of each year; 02-29 is the next day as a start and the day before as an end where it is missing. */
function dayOf(year: number, monthDay: number, side: 'start' | 'end'): number {
  const month = Math.floor(monthDay / 100)
  const day = monthDay % 100
  const isMissing = day > daysInMonth(month, year)
  if (!isMissing) return daysFromCivil(year, month, day)
  return side === 'start' ? daysFromCivil(year, 3, 1) : daysFromCivil(year, 2, 28)
}

/** The instant of a local reading: in a gap its end, of a repeated one the first or the second. */
function boundOf(timezone: string, wallMs: number, which: 'first' | 'last'): number {
  const instants = instantsOf(timezone, wallMs)
  const found = which === 'first' ? instants[0] : instants.at(-1)
  return found ?? gapEnd(timezone, wallMs)
}

function gapEnd(timezone: string, wallMs: number): number {
  let atMs = wallMs - OFFSET_MAX_MS
  for (;;) {
    const { startMs, endMs, offsetMs, beforeMs } = segmentAt(timezone, atMs)
    if (startMs + beforeMs <= wallMs && wallMs < startMs + offsetMs) return startMs
    if (atMs > wallMs + OFFSET_MAX_MS) return wallMs
    atMs = endMs
  }
}

const patterns = new BoundedCache<Result<Schedule>>(512)

/** What a rule's pattern means. */
export function patternOf(pattern: string, timezone: string): Result<Schedule> {
  const key = `${pattern}\n${timezone}`
  const known = patterns.get(key)
  if (known !== undefined) return known
  const read = parseSchedule(pattern, { name: '', timezone, dst: 'cron', anchorMs: 0 })
  patterns.set(key, read)
  return read
}

/** From a match, for a while; of overlapping ones the last, because it reaches farthest. */
function cronInterval(
  { pattern, forMs }: Extract<Cover, { form: 'cron' }>,
  timezone: string,
  atMs: number,
): Interval | undefined {
  const schedule = patternOf(pattern, timezone)
  if (!schedule.ok) return undefined
  const lastMs = previousOf(schedule.value, atMs)
  if (lastMs !== undefined && lastMs + forMs > atMs) return { fromMs: lastMs, toMs: lastMs + forMs }
  const nextMs = nextOf(schedule.value, atMs)
  return nextMs === undefined ? undefined : { fromMs: nextMs, toMs: nextMs + forMs }
}
