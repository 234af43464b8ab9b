// One item of a cron field's list: a value, a range, a step, or one of the day forms.

import { ok, refuse, type Result } from '../result.ts'

export type FieldName = 'second' | 'minute' | 'hour' | 'dom' | 'month' | 'dow' | 'year'

/** What an item stands for: plain values, or a form that only the calendar can resolve. */
export interface Item {
  readonly values: readonly number[]
  readonly text?: string
}

interface FieldRange {
  /** How messages name the field. */
  readonly label: string
  readonly min: number
  /** Largest value that `*` and `a/n` reach. */
  readonly max: number
  readonly names?: readonly string[]
}

const monthNames = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const dayNames = 'sun mon tue wed thu fri sat'.split(' ')

export const fieldRanges: Readonly<Record<FieldName, FieldRange>> = {
  second: { label: 'second', min: 0, max: 59 },
  minute: { label: 'minute', min: 0, max: 59 },
  hour: { label: 'hour', min: 0, max: 23 },
  dom: { label: 'day of month', min: 1, max: 31 },
  month: { label: 'month', min: 1, max: 12, names: monthNames },
  dow: { label: 'day of week', min: 0, max: 6, names: dayNames },
  year: { label: 'year', min: 1970, max: 9999 },
}

const bad = (message: string, hint: string): Result<never> =>
  refuse('MC_BAD_SCHEDULE', message, hint)

/** Reads one item of a field's list. */
export function parseItem(name: FieldName, item: string): Result<Item> {
  const { label } = fieldRanges[name]
  if (item === '') return bad(`${label}: an item of the list is empty`, 'remove the extra comma')
  const special =
    name === 'dom' ? parseDomForm(item) : name === 'dow' ? parseDowForm(item) : undefined
  if (special !== undefined) return special
  const match = /^([*?]|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d{1,6}))?$/i.exec(item)
  if (match === null) return unreadable(name, item)
  const [, first, last, step] = match
  const range = fieldRanges[name]
  const isStar = first === '*' || first === '?'
  if (isStar && last !== undefined) return unreadable(name, item)
  const from = isStar ? ok(range.min) : parseValue(name, first!)
  if (!from.ok) return from
  const open = isStar || step !== undefined
  const to = last === undefined ? ok(open ? range.max : from.value) : parseValue(name, last, true)
  if (!to.ok) return to
  return expand(name, item, from.value, to.value, step === undefined ? 1 : Number(step))
}

/** A number or a name as a value of the field; as the end of a range Sunday is 7. */
function parseValue(name: FieldName, text: string, isEnd = false): Result<number> {
  const { label, min, max, names } = fieldRanges[name]
  const byName = names?.indexOf(text.toLowerCase()) ?? -1
  if (byName >= 0) return ok(name === 'dow' ? (isEnd && byName === 0 ? 7 : byName) : byName + min)
  if (!/^\d+$/.test(text)) return unreadable(name, text)
  const value = Number(text)
  const top = name === 'dow' ? 7 : max
  if (value >= min && value <= top) return ok(value)
  const side = value < min ? 'small' : 'large'
  return bad(`${label}: ${text} is too ${side}`, `${label} goes from ${min} to ${top}`)
}

function expand(
  name: FieldName,
  item: string,
  from: number,
  to: number,
  step: number,
): Result<Item> {
  const { label, min, max } = fieldRanges[name]
  const span = max - min + 1
  if (step < 1 || step > span) {
    const why = step < 1 ? 'must be at least 1' : `is larger than the field (${span})`
    return bad(
      `${label}: the step of ${item} ${why}`,
      'for any other interval use @every, such as @every 90m',
    )
  }
  if (from > to && name === 'dow' && from === 7) return expand(name, item, 0, to, step)
  if (from > to) return reversed(name, item, from, to, step)
  if (name === 'year')
    return ok({ values: [], text: from === to ? `${from}` : `${from}-${to}/${step}` })
  return ok({ values: steps(from, to, step).map((value) => (name === 'dow' ? value % 7 : value)) })
}

function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step)
}

/** A range that wraps around means two ranges to one reader and a typing error to another. */
function reversed(
  name: FieldName,
  item: string,
  from: number,
  to: number,
  step: number,
): Result<never> {
  const { label, min, max } = fieldRanges[name]
  const message = `${label}: the range ${item} runs backwards`
  if (name === 'year') return bad(message, 'write the earlier year first')
  if (step > 1) {
    const values = steps(from, max + 1 + to - min, step).map((v) =>
      v > max ? v - max - 1 + min : v,
    )
    return bad(message, `if it shall wrap around, write the list ${values.join(',')}`)
  }
  const part = (a: number, b: number): string => (a === b ? `${a}` : `${a}-${b}`)
  return bad(message, `if it shall wrap around, write the list ${part(from, max)},${part(min, to)}`)
}

function parseDomForm(item: string): Result<Item> | undefined {
  if (/^(?:l|lw)$/i.test(item)) return ok({ values: [], text: item.toUpperCase() })
  const nearest = /^(\d+)w$/i.exec(item)
  if (nearest === null) return undefined
  const day = parseValue('dom', nearest[1]!)
  return day.ok ? ok({ values: [], text: `${day.value}W` }) : day
}

function parseDowForm(item: string): Result<Item> | undefined {
  if (/^l$/i.test(item)) {
    return bad(
      'day of week: L alone is a day of the month',
      'write 5L or FRI#L for the last Friday',
    )
  }
  const match = /^([a-z0-9]+)#(.*)$/i.exec(item) ?? /^(\d+|[a-z]{3})(l)$/i.exec(item)
  if (match === null) return undefined
  const day = parseValue('dow', match[1]!)
  if (!day.ok) return day
  const nth = match[2]!.toUpperCase()
  if (/^[1-5L]$/.test(nth)) return ok({ values: [], text: `${day.value % 7}#${nth}` })
  return bad(
    `day of week: ${item} counts weekdays of a month`,
    'after # comes 1 to 5, or L for the last one',
  )
}

function unreadable(name: FieldName, item: string): Result<never> {
  const { label, names } = fieldRanges[name]
  const hint = 'a value, a range a-b, a step */n, a/n or a-b/n, or a list of these'
  return bad(
    `${label}: cannot read ${JSON.stringify(item.slice(0, 40))}`,
    names === undefined ? hint : `${hint}; names are ${names.join(' ')}`,
  )
}
