/**
 * `H` in a cron field: one value of the field's range, the same on all members and different for
 * different jobs, so that a thousand daily jobs do not start in the same second. The choice is
 * hash64(`H|name|field`) scaled to the range (docs/reference/schedule.md); renaming a job moves it.
 */
import { hash64, scale } from '../hash.ts'
import { ok, refuse, type Result } from '../result.ts'
import { fieldNames, type FieldName } from './fields.ts'
import { fieldRanges } from './field-item.ts'

/** `H` never picks a day that some month lacks. */
const hashRanges: Readonly<Record<FieldName, readonly [number, number] | null>> = {
  second: [0, 59],
  minute: [0, 59],
  hour: [0, 23],
  dom: [1, 28],
  month: [1, 12],
  dow: [0, 6],
  year: null,
}

const hashItem = /^H(?:\((\d{1,4})-(\d{1,4})\))?(?:\/(\d{1,4}))?$/

/** Replaces every `H` item of seven fields by the values it stands for. */
export function resolveHashed(fields: readonly string[], name: string): Result<readonly string[]> {
  const resolved: string[] = []
  for (const [i, field] of fields.entries()) {
    const items: string[] = []
    for (const item of field.split(',')) {
      const plain = item.startsWith('H') ? resolveItem(item, fieldNames[i]!, name) : ok(item)
      if (!plain.ok) return plain
      items.push(plain.value)
    }
    resolved.push(items.join(','))
  }
  return ok(resolved)
}

function resolveItem(item: string, field: FieldName, name: string): Result<string> {
  const range = hashRanges[field]
  const match = hashItem.exec(item)
  if (match === null || range === null) {
    return refuse(
      'MC_BAD_SCHEDULE',
      `${fieldRanges[field].label}: cannot read ${JSON.stringify(item.slice(0, 40))}`,
      range === null ? 'H is not allowed in the year' : 'H, H(a-b), H/n or H(a-b)/n',
    )
  }
  const [min, max] = range
  const lo = match[1] === undefined ? min : Number(match[1])
  const hi = match[2] === undefined ? max : Number(match[2])
  if (lo < min || hi > max || lo > hi) {
    return refuse(
      'MC_BAD_SCHEDULE',
      `${fieldRanges[field].label}: ${item} leaves the range of H`,
      `inside H(a-b), ${min} <= a <= b <= ${max}`,
    )
  }
  const hash = hash64(`H|${name}|${field}`)
  if (match[3] === undefined) return ok(String(lo + scale(hash, hi - lo + 1)))
  const step = Number(match[3])
  if (step < 1 || step > hi - lo + 1) {
    return refuse(
      'MC_BAD_SCHEDULE',
      `${fieldRanges[field].label}: the step of ${item} does not fit`,
      `a step from 1 to ${hi - lo + 1}`,
    )
  }
  const values: number[] = []
  for (let value = lo + scale(hash, step); value <= hi; value += step) values.push(value)
  return ok(values.join(','))
}
