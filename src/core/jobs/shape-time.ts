// Durations and instants: text in documents, whole milliseconds in the normalised form.

import { ok, type Result } from '../result.ts'
import {
  INSTANT_MAX_MS,
  INSTANT_MIN_MS,
  parseInstant,
  parseInterval,
} from '../scheduler/instant.ts'
import { civilFromDays } from '../scheduler/civil.ts'
import { bad, integer, type Shape, typeName } from './shape.ts'

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]
const durationPattern = `^(?=\\d)${['w', ...units.map(([unit]) => unit)]
  .map((unit) => `(\\d{1,12}${unit})?`)
  .join('')}$`

/** Longest duration of a document, ten years: arithmetic stays exact, a typing error shows. */
export const durationMsMax: number = 3_660 * 86_400_000

/** Milliseconds of `90s`, `1h30m`, `2d`; undefined for another form. */
export const parseDuration: (text: string) => number | undefined = parseInterval

/** The shortest exact text: `90s`, `10m`, `36h`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const [unit, size] = units.find(([, size]) => ms % size === 0)!
  return `${ms / size}${unit}`
}

/** A duration of at least `minMs`. */
export function duration(minMs: number): Shape<number> {
  const range = `use ${formatDuration(minMs)} to ${formatDuration(durationMsMax)}`
  return {
    parse: (value, path) => {
      if (typeof value === 'number') {
        return bad(path, `the duration ${value} has no unit`, `add a unit: ${value}s, ${value}m`)
      }
      if (typeof value !== 'string') {
        return bad(path, `wants a duration, got ${typeName(value)}`, 'write 90s, 10m, 1h30m or 2d')
      }
      const ms = parseDuration(value)
      if (ms === undefined) {
        const shown = JSON.stringify(value.slice(0, 80))
        return bad(path, `${shown} is not a duration`, 'write 90s, 10m, 1h30m or 2d')
      }
      if (ms < minMs) return bad(path, `${value} is too short`, range)
      if (ms > durationMsMax) return bad(path, `${value} is too long`, range)
      return ok(ms)
    },
    check: integer(minMs, durationMsMax).check,
    print: formatDuration,
    schema: { type: 'string', pattern: durationPattern },
  }
}

const instantPattern =
  '^\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?([Zz]|[+-]\\d{2}:\\d{2})$'

/** The instant in UTC; fractions of a second only where there are some. */
export function formatInstant(ms: number): string {
  const days = Math.floor(ms / 86_400_000)
  const { year, month, day } = civilFromDays(days)
  const rest = ms - days * 86_400_000
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0')
  const time = `${two(rest / 3_600_000)}:${two((rest / 60_000) % 60)}:${two((rest / 1_000) % 60)}`
  const fraction = rest % 1_000 === 0 ? '' : `.${String(rest % 1_000).padStart(3, '0')}`
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time}${fraction}Z`
}

/** An instant with offset or Z: without one its meaning would depend on a host. */
export const instant: Shape<number> = {
  parse: (value, path): Result<number> => {
    const hint = 'write an instant with offset or Z: 2027-03-01T09:00:00Z'
    if (typeof value !== 'string')
      return bad(path, `wants an instant, got ${typeName(value)}`, hint)
    const ms = parseInstant(value)
    return ms === undefined || ms < INSTANT_MIN_MS || ms > INSTANT_MAX_MS
      ? bad(path, `${JSON.stringify(value.slice(0, 80))} is not an instant`, hint)
      : ok(ms)
  },
  check: integer(INSTANT_MIN_MS, INSTANT_MAX_MS).check,
  print: formatInstant,
  schema: { type: 'string', pattern: instantPattern },
}
