// Calendars as users write them, and how a job refers to them.

import { ok, type Result } from '../result.ts'
import { formatCivil, parseCivil } from '../scheduler/civil.ts'
import { daysInMonth, INSTANT_MAX_MS, INSTANT_MIN_MS } from '../scheduler/instant.ts'
import type { Calendar, CalendarRef, CalendarRule, Cover } from './definition.ts'
import { list, own, set } from './shape-collection.ts'
import { checkFields, checkKeys, field, type Fields, record } from './shape-record.ts'
import { duration, instant } from './shape-time.ts'
import { bad, choice, integer, plain, refine, type Shape, text } from './shape.ts'

/** A calendar's name. */
export const calendarName: Shape<string> = text({
  name: 'a calendar name',
  hint: 'use a-z, 0-9, _ and -, with dots for namespaces: holidays',
  min: 1,
  max: 128,
  pattern: '^[a-z0-9_\\-]+(\\.[a-z0-9_\\-]+)*$',
})

const reference = record<CalendarRef>({
  name: field('name', calendarName, 'which calendar'),
  onDeny: field('onDeny', choice(['skip', 'shift']), 'what a denied start does', 'skip'),
  atEnd: field('atEnd', choice(['finish', 'cancel']), 'what an open execution does', 'finish'),
})

const shortReference: Shape<CalendarRef> = {
  ...reference,
  parse: (value, path) =>
    typeof value === 'string'
      ? reference.parse({ name: value }, path)
      : reference.parse(value, path),
  print: (value) => {
    const isPlain = value.onDeny === 'skip' && value.atEnd === 'finish'
    return isPlain ? value.name : reference.print(value)
  },
  schema: { anyOf: [calendarName.schema, reference.schema] },
}

/** The calendars of a job. */
export const calendarRefs: Shape<readonly CalendarRef[]> = refine(
  list(shortReference, {
    min: 0,
    max: 16,
    hint: 'write calendars: [holidays, { name: night, onDeny: shift }]',
    single: true,
  }),
  (value, path) => {
    const twin = value.findIndex(({ name }, i) => value.findIndex((one) => one.name === name) < i)
    return twin < 0
      ? undefined
      : bad(`${path}[${twin}]`, `${value[twin]!.name} stands there twice`, 'leave one of them')
  },
)

// ── rules ────────────────────────────────────────────────────────────────────────────────────────

/** A text with a meaning of its own: read, checked and printed. */
function written<T>(
  rule: { readonly name: string; readonly hint: string; readonly pattern: string },
  read: (value: string) => T | undefined,
  print: (value: T) => string,
  check: Shape<T>['check'],
): Shape<T> {
  const form = text({ ...rule, max: 64 })
  return {
    parse: (value, path) => {
      const given = form.parse(value, path)
      if (!given.ok) return given
      const found = read(given.value)
      const shown = JSON.stringify(given.value)
      return found === undefined ? bad(path, `${shown} is not ${rule.name}`, rule.hint) : ok(found)
    },
    check,
    print,
    schema: form.schema,
  }
}

const dayMax = Math.floor(INSTANT_MAX_MS / 86_400_000)
const date = written<number>(
  { name: 'a date', hint: 'write 2026-12-25', pattern: '^\\d{4}-\\d{2}-\\d{2}$' },
  (value) => parseCivil(value),
  formatCivil,
  integer(0, dayMax).check,
)

type Span = Extract<Cover, { form: 'yearly' }>['spans'][number]
const monthDay = integer(101, 1231)
const spanRecord = record<Span>({
  from: field(null, monthDay, 'first day'),
  to: field(null, monthDay, 'last day'),
})

function readMonthDay(value: string): number | undefined {
  const [month = 0, day = 0] = value.split('-').map(Number)
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(month)
  return isDay ? month * 100 + day : undefined
}

const printMonthDay = (value: number): string =>
  `${two(Math.floor(value / 100))}-${two(value % 100)}`
const two = (value: number): string => String(value).padStart(2, '0')

const span = written<Span>(
  {
    name: 'days of a year',
    hint: 'write 12-25, or 12-24/12-26 with both included',
    pattern: '^\\d{2}-\\d{2}(/\\d{2}-\\d{2})?$',
  },
  (value) => {
    const [first = '', last = first] = value.split('/')
    const [from, to] = [readMonthDay(first), readMonthDay(last)]
    return from === undefined || to === undefined ? undefined : { from, to }
  },
  ({ from, to }) =>
    from === to ? printMonthDay(from) : `${printMonthDay(from)}/${printMonthDay(to)}`,
  spanRecord.check,
)

interface Hours {
  readonly fromMinute: number
  readonly toMinute: number
}
const minute = integer(0, 1_440)
const hoursRecord = record<Hours>({
  fromMinute: field(null, minute, 'first minute'),
  toMinute: field(null, minute, 'first minute after it'),
})
const time = (value: number): string => `${two(Math.floor(value / 60))}:${two(value % 60)}`
const hours = written<Hours>(
  {
    name: 'a span of the day',
    hint: 'write "22:00-06:00", the end not included',
    pattern: '^\\d{2}:\\d{2}-\\d{2}:\\d{2}$',
  },
  (value) => {
    const [from, to] = value.split('-').map((part) => {
      const [hour = 0, minutes = 0] = part.split(':').map(Number)
      return hour <= 24 && minutes < 60 && hour * 60 + minutes <= 1_440 ? hour * 60 + minutes : -1
    })
    if (from === undefined || to === undefined || from < 0 || to < 0 || from === 1_440)
      return undefined
    return { fromMinute: from, toMinute: to }
  },
  ({ fromMinute, toMinute }) => `${time(fromMinute)}-${time(toMinute)}`,
  hoursRecord.check,
)

const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const weekdayName = choice(weekdayNames)
const weekday: Shape<number> = {
  parse: (value, path) => {
    const read = weekdayName.parse(value, path)
    return read.ok ? ok(weekdayNames.indexOf(read.value)) : read
  },
  check: integer(0, 6).check,
  print: (value) => weekdayNames[value],
  schema: weekdayName.schema,
}

const pattern = text({
  name: 'a cron pattern',
  hint: 'write 5 to 7 cron fields without H: "0 0 * * SAT"',
  min: 1,
  max: 256,
  pattern: '^(?!(.*[\\s,])?[Hh]([\\s,(/]|$))[^@\\u0000]*[^@\\s\\u0000][^@\\u0000]*$',
})

type Bound = Extract<Cover, { form: 'range' }>['from']
const boundRecord = record<Bound>({
  ms: field(null, integer(INSTANT_MIN_MS, INSTANT_MAX_MS), 'instant or local reading'),
  isLocal: field(null, plainFlag(), 'whether it is local'),
})
const localForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/

/** An instant with an offset, or a reading of the calendar's own clock without one. */
const bound: Shape<Bound> = {
  parse: (value, path) => {
    const isLocal = typeof value === 'string' && localForm.test(value)
    const read = instant.parse(isLocal ? `${value}Z` : value, path)
    return read.ok ? ok({ ms: read.value, isLocal }) : read
  },
  check: boundRecord.check,
  print: ({ ms, isLocal }) => {
    const printed = String(instant.print(ms))
    return isLocal ? printed.slice(0, -1) : printed
  },
  schema: { type: 'string', maxLength: 40 },
}

function plainFlag(): Shape<boolean> {
  return plain(
    (value, path) =>
      typeof value === 'boolean' ? ok(value) : bad(path, 'wants true or false', 'send a boolean'),
    { type: 'boolean' },
  )
}

const some = { min: 1, max: 1_000, hint: 'write a list', single: true }
const kind = choice<CalendarRule['kind']>(['deny', 'allow'])
const days = set(date, some, (a, b) => a - b)
const spans = list(span, some)
const weekdays = set(weekday, { ...some, min: 0, max: 7 }, (a, b) => a - b)
const range = record<Omit<Extract<Cover, { form: 'range' }>, 'form'>>({
  from: field('from', bound, 'first instant'),
  to: field('to', bound, 'first instant after it'),
})
const length = duration(1_000)

/** Every key of a rule as users write it. */
const keys = {
  kind: field('kind', kind, 'deny or allow'),
  dates: field('dates', days, 'whole local days: [2026-12-25]', []),
  yearly: field('yearly', spans, 'days of each year: [12-24/12-26]', []),
  daily: field('daily', hours, 'time of day: "22:00-06:00"', { fromMinute: 0, toMinute: 0 }),
  days: field('days', weekdays, 'with daily: days on which it begins', []),
  cron: field('cron', pattern, 'from each match on', ''),
  for: field('for', length, 'with cron: for how long', 1_000),
  range: field('range', range, 'from one instant or local time to another', {
    from: { ms: 0, isLocal: false },
    to: { ms: 0, isLocal: false },
  }),
}

type Forms = { readonly [F in Cover['form']]: Fields<Omit<Extract<Cover, { form: F }>, 'form'>> }
/** The normalised form of each cover. */
const forms: Forms = {
  dates: { days: field(null, days, 'days') },
  yearly: { spans: field(null, spans, 'spans') },
  daily: {
    fromMinute: field(null, minute, 'first minute'),
    toMinute: field(null, minute, 'first minute after it'),
    weekdays: field(null, weekdays, 'days of the week'),
  },
  cron: { pattern: field(null, pattern, 'matches'), forMs: field(null, length, 'length') },
  range: { from: field(null, bound, 'from'), to: field(null, bound, 'to') },
}

const bodies = ['dates', 'yearly', 'daily', 'cron', 'range'] as const
const hint = 'write one of dates, yearly, daily (and days), cron with for, range'

function parseCover(rule: Readonly<Record<string, unknown>>, path: string): Result<Cover> {
  const given = bodies.filter((body) => own(rule, body) !== undefined)
  const [form] = given
  if (form === undefined) return bad(path, 'covers nothing', hint)
  if (given.length > 1) return bad(path, `has ${given.join(' and ')}`, 'write a rule for each')
  if (own(rule, 'days') !== undefined && form !== 'daily') {
    return bad(`${path}.days`, 'belongs to daily', 'leave it out')
  }
  if ((own(rule, 'for') !== undefined) !== (form === 'cron')) {
    return bad(`${path}.for`, 'belongs to cron', 'write cron: "0 0 * * SAT" with for: 48h')
  }
  const at = `${path}.${form}`
  switch (form) {
    case 'dates':
      return coverOf(days.parse(rule[form], at), (value) => ({ form, days: value }))
    case 'yearly':
      return coverOf(spans.parse(rule[form], at), (value) => ({ form, spans: value }))
    case 'daily': {
      const given = weekdays.parse(own(rule, 'days') ?? [], `${path}.days`)
      if (!given.ok) return given
      return coverOf(hours.parse(rule[form], at), (value) => ({
        form,
        ...value,
        weekdays: given.value,
      }))
    }
    case 'cron': {
      const forMs = length.parse(rule['for'], `${path}.for`)
      if (!forMs.ok) return forMs
      return coverOf(pattern.parse(rule[form], at), (value) => ({
        form,
        pattern: value,
        forMs: forMs.value,
      }))
    }
    case 'range':
      return coverOf(range.parse(rule[form], at), (value) => ({ form, ...value }))
  }
}

function coverOf<T>(read: Result<T>, make: (value: T) => Cover): Result<Cover> {
  return read.ok ? ok(make(read.value)) : read
}

const rule: Shape<CalendarRule> = {
  parse: (value, path) => {
    const map = checkKeys(keys, value, path, {})
    if (!map.ok) return map
    const side = kind.parse(own(map.value, 'kind'), `${path}.kind`)
    if (!side.ok) return side
    const cover = parseCover(map.value, path)
    return cover.ok ? ok({ kind: side.value, cover: cover.value }) : cover
  },
  check: (value, path) => {
    const read = checkFields<{ kind: CalendarRule['kind']; cover: Cover }>(
      { kind: field(null, kind, 'kind'), cover: field(null, cover, 'cover') },
      value,
      path,
    )
    return read
  },
  print: ({ kind, cover }) => ({ kind, ...printCover(cover) }),
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['kind'],
    properties: schemas(),
  },
}

function schemas(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(keys).map(([key, { shape, about }]) => [
      key,
      { ...shape.schema, description: about },
    ]),
  )
}

const cover: Shape<Cover> = {
  parse: (_, path) => bad(path, 'is not written so', hint),
  check: (value, path) => {
    const form = (value as { form?: unknown } | null)?.form
    const known = bodies.find((body) => body === form)
    if (known === undefined)
      return bad(`${path}.form`, 'is no cover of this version', 'update this node')
    const read = checkFields<object>(forms[known], value, path)
    return read.ok ? ok({ form: known, ...read.value } as Cover) : read
  },
  print: printCover,
  schema: {},
}

function printCover(cover: Cover): object {
  switch (cover.form) {
    case 'dates':
      return { dates: cover.days.map(formatCivil) }
    case 'yearly':
      return { yearly: cover.spans.map(span.print) }
    case 'daily': {
      const days = cover.weekdays.map(weekday.print)
      return { daily: hours.print(cover), ...(days.length === 0 ? {} : { days }) }
    }
    case 'cron':
      return { cron: cover.pattern, for: length.print(cover.forMs) }
    case 'range':
      return { range: { from: bound.print(cover.from), to: bound.print(cover.to) } }
  }
}

/** The fields of a calendar. */
export const calendar: Fields<Calendar> = {
  timezone: field(
    'timezone',
    text({ name: 'a timezone', hint: 'use an IANA name: Europe/Berlin', min: 1, max: 64 }),
    'IANA name; absent: the default of the cluster',
  ),
  rules: field(
    'rules',
    list(rule, { min: 0, max: 256, hint: 'write rules: [{ kind: deny, dates: [2026-12-25] }]' }),
    'when starts are denied or allowed',
  ),
}
