/**
 * The fields of a cron pattern: read, validated with messages of our own, and written in a normal
 * form that leaves nothing to the dialect of a cron library.
 *
 * Normal form of a field: `*` when it is unrestricted (exactly `*`, `?` or a step of 1), otherwise
 * the explicit list of its values and of the day forms `L`, `LW`, `nW`, `d#k`, `d#L`. Ranges, steps
 * (also `a/n`), names and weekday 7 are gone. A list of all values stays a list, because a restricted
 * day field is OR-ed with the other one and an unrestricted one is not. Years stay ranges.
 */
import { ok, refuse, type Result } from '../result.ts'
import { parseItem, type FieldName } from './field-item.ts'

export type { FieldName } from './field-item.ts'

export const fieldNames: readonly FieldName[] = [
  'second',
  'minute',
  'hour',
  'dom',
  'month',
  'dow',
  'year',
]

/** Splits a pattern into seven fields: second 0 and every year where they are left out. */
export function splitPattern(pattern: string): Result<readonly string[]> {
  const fields = pattern.trim().split(/\s+/)
  if (fields.length === 7) return ok(fields)
  if (fields.length === 6) return ok([...fields, '*'])
  if (fields.length === 5) return ok(['0', ...fields, '*'])
  const count = pattern.trim() === '' ? 0 : fields.length
  return refuse(
    'MC_BAD_SCHEDULE',
    `a cron pattern has 5, 6 or 7 fields, this one has ${count}`,
    'minute hour day-of-month month day-of-week, with seconds in front and a year behind if wanted',
  )
}

/**
 * Whether the pattern names fixed times of the day, which daylight saving must neither lose nor
 * double: second, minute and hour start neither with `*` or `?` nor with `H/n` over the full range.
 */
export function isFixedTime(fields: readonly string[]): boolean {
  return fields.slice(0, 3).every((field) => !/^(?:[*?]|H(?:\(0-(?:59|23)\))?\/)/.test(field))
}

/** The normal form of seven fields without `H`, or what is wrong with them. */
export function normaliseFields(fields: readonly string[]): Result<string> {
  const normal: string[] = []
  for (const [i, name] of fieldNames.entries()) {
    const field = normaliseField(name, fields[i] ?? '')
    if (!field.ok) return field
    normal.push(field.value)
  }
  return ok(normal.join(' '))
}

function normaliseField(name: FieldName, field: string): Result<string> {
  if (/^[*?](?:\/0*1)?$/.test(field)) return ok('*')
  const items = field.split(',')
  if (items.length > 1 && items.some((item) => /^lw$/i.test(item))) {
    return refuse(
      'MC_BAD_SCHEDULE',
      'day of month: LW cannot stand in a list',
      'make it an entry of its own: a schedule may be a list of patterns',
    )
  }
  const numbers = new Set<number>()
  const texts = new Set<string>()
  for (const text of items) {
    const item = parseItem(name, text)
    if (!item.ok) return item
    if (item.value.text !== undefined) texts.add(item.value.text)
    for (const value of item.value.values) numbers.add(value)
  }
  const sorted = [...numbers].sort((a, b) => a - b)
  return ok([...sorted, ...texts].join(','))
}
