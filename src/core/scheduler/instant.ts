// Calendar arithmetic on integers, so that no schedule depends on the host's Date.

const DAY_MS = 86_400_000

/** First instant at which ticks exist. */
export const INSTANT_MIN_MS = 0
/** End of year 9999 less two days, so that every zone's local time stays inside the calendar. */
export const INSTANT_MAX_MS = 253_402_128_000_000

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar (Hinnant's algorithm). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** Days of a month; February as in a leap year when `year` is left out. */
export function daysInMonth(month: number, year = 2000): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

const instantForm =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** Reads an ISO 8601 instant with `Z` or an offset; finer parts than milliseconds are cut off. */
export function parseInstant(text: string): number | undefined {
  const match = instantForm.exec(text)
  if (match === null) return undefined
  const part = (i: number): number => Number(match[i] ?? 0)
  const [year, month, day, hour, minute] = [part(1), part(2), part(3), part(4), part(5)]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(month, year)) return undefined
  if (hour > 23 || minute > 59 || part(6) > 59 || part(9) > 23 || part(10) > 59) return undefined
  const offsetMinutes = (match[8] === '-' ? -1 : 1) * (part(9) * 60 + part(10))
  const minutes = hour * 60 + minute - offsetMinutes
  const fractionMs = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  return daysFromCivil(year, month, day) * DAY_MS + minutes * 60_000 + part(6) * 1_000 + fractionMs
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: DAY_MS,
  w: 7 * DAY_MS,
}

/** Reads `90s`, `1h30m`, `2d` … into milliseconds; every unit at most once, larger ones first. */
export function parseInterval(text: string): number | undefined {
  if (!/^(?:\d{1,12}(?:ms|[smhdw]))+$/.test(text)) return undefined
  let sumMs = 0
  let lastUnitMs = Infinity
  for (const [, digits, unit] of text.matchAll(/(\d+)([a-z]+)/g)) {
    const ms = unitMs[unit!]!
    if (ms >= lastUnitMs) return undefined
    lastUnitMs = ms
    sumMs += Number(digits) * ms
  }
  return sumMs
}

const isoDurationForm =
  /^P(?=.)(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/
const isoUnitsMs = [365 * DAY_MS, 30 * DAY_MS, 7 * DAY_MS, DAY_MS, 3_600_000, 60_000, 1_000]

/** Reads an ISO 8601 duration, `PT2H` or `P1DT12H`, into milliseconds; a year is 365 days, a month 30. */
export function parseIsoDuration(text: string): number | undefined {
  const match = isoDurationForm.exec(text)
  if (match === null) return undefined
  return isoUnitsMs.reduce((sumMs, unit, i) => sumMs + unit * Number(match[i + 1] ?? 0), 0)
}
