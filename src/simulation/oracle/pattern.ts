// Cron patterns, read into one question per field: does this value match?

import type { LocalMinute } from './local-clock.ts'

type Matches = (local: LocalMinute) => boolean

/** A cron pattern as questions to a wall clock. */
export interface Pattern {
  readonly isSecond: (second: number) => boolean
  /** Everything but the second. */
  readonly isMinute: Matches
  /** None of second, minute and hour begins with a star: the daylight rule applies. */
  readonly isFixedTime: boolean
}

interface Range {
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

const seconds: Range = { min: 0, max: 59 }
const hours: Range = { min: 0, max: 23 }
const days: Range = { min: 1, max: 31 }
const months: Range = {
  min: 1,
  max: 12,
  names: ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
}
const weekdays: Range = { min: 0, max: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] }
const years: Range = { min: 1970, max: 9999 }

/** Reads a pattern of 5, 6 or 7 fields; throws on one that it cannot read. */
export function readPattern(text: string): Pattern {
  const written = text.trim().toUpperCase().split(/\s+/)
  if (written.length < 5 || written.length > 7) throw new Error(`not a cron pattern: ${text}`)
  if (written.length === 5) written.unshift('0')
  if (written.length === 6) written.push('*')
  const [second = '', minute = '', hour = '', day = '', month = '', weekday = '', year = ''] =
    written
  const isInMinute = valuesOf(minute, seconds)
  const isInHour = valuesOf(hour, hours)
  const isInMonth = valuesOf(month, months)
  const isInYear = valuesOf(year, years)
  const isDay = dayQuestion(day, weekday)
  return {
    isSecond: valuesOf(second, seconds),
    isMinute: (local) =>
      isInMinute(local.minute) &&
      isInHour(local.hour) &&
      isInMonth(local.month) &&
      isInYear(local.year) &&
      isDay(local),
    isFixedTime: ![second, minute, hour].some((field) => /^[*?]/.test(field)),
  }
}

/** Either of the two day fields is enough when both say something. */
function dayQuestion(day: string, weekday: string): Matches {
  const byDay = any(day.split(',').map(dayItem))
  const byWeekday = any(weekday.split(',').map(weekdayItem))
  if (isUnrestricted(day)) return byWeekday
  return isUnrestricted(weekday) ? byDay : any([byDay, byWeekday])
}

const any =
  (questions: readonly Matches[]): Matches =>
  (local) =>
    questions.some((matches) => matches(local))

const isUnrestricted = (field: string): boolean => ['*', '?', '*/1'].includes(field)

function dayItem(item: string): Matches {
  if (item === 'L') return (local) => local.day === lastDay(local)
  if (item === 'LW') return (local) => local.day === workday(local, lastDay(local))
  const nearest = /^(\d+)W$/.exec(item)
  if (nearest !== null) {
    const wanted = Number(nearest[1])
    return (local) => wanted <= lastDay(local) && local.day === workday(local, wanted)
  }
  const isIn = valuesOf(item, days)
  return (local) => isIn(local.day)
}

function weekdayItem(item: string): Matches {
  const special = /^(\w+?)(?:#([1-5L])|(L))$/.exec(item)
  if (special === null) {
    const isIn = valuesOf(item, weekdays)
    return ({ weekday }) => isIn(weekday) || (weekday === 0 && isIn(7))
  }
  const wanted = valueOf(special[1]!, weekdays) % 7
  const week = special[2] ?? 'L'
  return (local) =>
    local.weekday === wanted &&
    (week === 'L' ? local.day > lastDay(local) - 7 : Math.ceil(local.day / 7) === Number(week))
}

/** The values of a list of numbers, names, ranges and steps. */
function valuesOf(field: string, range: Range): (value: number) => boolean {
  const values = new Set<number>()
  for (const item of field.split(',')) {
    const [span = '', step] = item.split('/')
    const [from, to] = spanOf(span, range, step !== undefined)
    const by = step === undefined ? 1 : positive(step)
    for (let value = from; value <= to; value += by) values.add(value)
  }
  return (value) => values.has(value)
}

function spanOf(span: string, range: Range, hasStep: boolean): readonly [number, number] {
  if (span === '*' || span === '?') return [range.min, range === weekdays ? 6 : range.max]
  const [from = '', to] = span.split('-')
  const first = valueOf(from, range)
  if (to !== undefined) return [first, valueOf(to, range)]
  return [first, hasStep ? range.max : first]
}

function valueOf(text: string, range: Range): number {
  const value = range.names?.indexOf(text) ?? -1
  if (text !== '' && value >= 0) return value
  if (!/^\d+$/.test(text)) throw new Error(`not a value of a cron field: ${text}`)
  return Number(text)
}

function positive(step: string): number {
  if (!/^[1-9]\d*$/.test(step)) throw new Error(`not a step of a cron field: ${step}`)
  return Number(step)
}

/** The Monday to Friday of the same month that is nearest to `day`. */
function workday(local: LocalMinute, day: number): number {
  const weekday = new Date(Date.UTC(local.year, local.month - 1, day)).getUTCDay()
  if (weekday === 6) return day === 1 ? 3 : day - 1
  if (weekday === 0) return day === lastDay(local) ? day - 2 : day + 1
  return day
}

const lastDay = ({ year, month }: LocalMinute): number =>
  new Date(Date.UTC(year, month, 0)).getUTCDate()
