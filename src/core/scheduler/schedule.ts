// One entry of a job's schedule: read into plain data, and its next and previous instants.

import type { Timing } from '../jobs/definition.ts'
import { ok, refuse, type Result } from '../result.ts'
import { matcherOf, nextWall } from './cron.ts'
import { nextInstant, previousInstant, type DaylightRule } from './daylight.ts'
import { isFixedTime, normaliseFields, splitPattern } from './fields.ts'
import { resolveHashed } from './hashed.ts'
import {
  INSTANT_MAX_MS,
  INSTANT_MIN_MS,
  parseInstant,
  parseInterval,
  parseIsoDuration,
} from './instant.ts'
import { suggest } from '../suggest.ts'
import { isTimezone } from './zone.ts'

/** What an entry means; plain data, every `H` resolved. */
export type Schedule =
  | {
      readonly kind: 'cron'
      /** The pattern with the fields as written, `H` replaced. */
      readonly resolved: string
      /** The pattern in normal form: seven fields, no ranges, steps or names. */
      readonly pattern: string
      readonly timezone: string
      readonly rule: DaylightRule
    }
  | { readonly kind: 'every'; readonly everyMs: number; readonly anchorMs: number }
  | { readonly kind: 'at'; readonly atMs: number; readonly text: string }
  /** One tick at `atMs`, started as soon as possible until the grace is over. */
  | {
      readonly kind: 'after'
      readonly atMs: number
      readonly graceMs: number
      readonly text: string
    }
  | { readonly kind: 'manually' }

/** What a schedule depends on beside its text. */
export interface ScheduleOf {
  /** Full name, for `H`. */
  readonly name: string
  readonly timezone: string
  readonly dst: Timing['dst']
  /** Phase of `@every`, cut to whole seconds. */
  readonly anchorMs: number
}

const ENTRY_CHARS_MAX = 1_024
const EVERY_MAX_MS = 36_525 * 86_400_000

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
  '@minutely': '* * * * *',
}

/** Every form that starts with `@`. */
export const knownForms: readonly string[] = [
  ...Object.keys(descriptors),
  '@every',
  '@at',
  '@after',
  '@manually',
]

const bad = (message: string, hint: string): Result<never> =>
  refuse('MC_BAD_SCHEDULE', message, hint)

/** Reads one entry of a schedule. Fails with MC_BAD_SCHEDULE or MC_BAD_TIMEZONE, never throws. */
export function parseSchedule(entry: string, job: ScheduleOf): Result<Schedule> {
  if (entry.length > ENTRY_CHARS_MAX) {
    return bad(`the entry is longer than ${ENTRY_CHARS_MAX} characters`, 'split it into a list')
  }
  const text = entry.trim()
  if (text === '')
    return bad('the entry is empty', `5 cron fields, or one of ${knownForms.join(' ')}`)
  if (!text.startsWith('@')) return parseCron(text, job)
  const [word = '', ...rest] = text.split(/\s+/)
  const form = word.toLowerCase()
  const argument = rest.join(' ')
  if (form === '@every') return parseEvery(argument, job)
  if (form === '@at') return parseAt(argument)
  if (form === '@after') return parseAfter(argument)
  const pattern = Object.hasOwn(descriptors, form) ? descriptors[form] : undefined
  if (pattern === undefined && form !== '@manually') return unknownForm(word)
  if (argument !== '') return bad(`${form} takes nothing behind it`, `write ${form} alone`)
  return pattern === undefined ? ok({ kind: 'manually' }) : parseCron(pattern, job)
}

/** First instant of the schedule after `afterMs`. */
export function nextOf(schedule: Schedule, afterMs: number): number | undefined {
  if (afterMs >= INSTANT_MAX_MS) return undefined
  const after = Math.max(afterMs, INSTANT_MIN_MS - 1)
  switch (schedule.kind) {
    case 'cron':
      return nextInstant(matcherOf(schedule.pattern), schedule.timezone, schedule.rule, after)
    case 'every': {
      const { everyMs, anchorMs } = schedule
      return anchorMs + Math.max(1, Math.floor((after - anchorMs) / everyMs) + 1) * everyMs
    }
    case 'at':
    case 'after':
      return schedule.atMs > after ? schedule.atMs : undefined
    case 'manually':
      return undefined
  }
}

/** Last instant of the schedule at or before `beforeMs`; nothing is counted up from the past. */
export function previousOf(schedule: Schedule, beforeMs: number): number | undefined {
  if (beforeMs < INSTANT_MIN_MS) return undefined
  const before = Math.min(beforeMs, INSTANT_MAX_MS)
  switch (schedule.kind) {
    case 'cron':
      return previousInstant(matcherOf(schedule.pattern), schedule.timezone, schedule.rule, before)
    case 'every': {
      const { everyMs, anchorMs } = schedule
      const k = Math.floor((before - anchorMs) / everyMs)
      return k >= 1 ? anchorMs + k * everyMs : undefined
    }
    case 'at':
    case 'after':
      return schedule.atMs <= before ? schedule.atMs : undefined
    case 'manually':
      return undefined
  }
}

function parseCron(text: string, job: ScheduleOf): Result<Schedule> {
  if (!isTimezone(job.timezone)) return refuseTimezone(job.timezone)
  if (/^(?:CRON_)?TZ=/.test(text)) {
    return bad('a timezone does not stand in the pattern', 'set the field timezone of the job')
  }
  const fields = splitPattern(text)
  if (!fields.ok) return fields
  const plain = resolveHashed(fields.value, job.name)
  if (!plain.ok) return plain
  const pattern = normaliseFields(plain.value)
  if (!pattern.ok) return pattern
  if (nextWall(matcherOf(pattern.value), INSTANT_MIN_MS - 1) === undefined) {
    return bad(`no date matches ${JSON.stringify(text)}`, 'is there such a day in that month?')
  }
  const fixed = isFixedTime(fields.value)
  const rule = { gap: fixed && job.dst === 'cron', twice: !fixed || job.dst === 'strict' }
  const written = text.split(/\s+/).length
  const resolved = plain.value.slice(written === 5 ? 1 : 0, written === 7 ? 7 : 6).join(' ')
  return ok({ kind: 'cron', resolved, pattern: pattern.value, timezone: job.timezone, rule })
}

function parseEvery(argument: string, job: ScheduleOf): Result<Schedule> {
  const everyMs = parseInterval(argument)
  const example = 'such as @every 90s, @every 1h30m or @every 2d'
  if (everyMs === undefined) return bad(`cannot read the interval ${quote(argument)}`, example)
  if (everyMs > EVERY_MAX_MS) return bad('@every is longer than a hundred years', example)
  if (everyMs < 1_000 || everyMs % 1_000 !== 0) {
    return bad('@every takes whole seconds, at least one', example)
  }
  return ok({ kind: 'every', everyMs, anchorMs: Math.floor(job.anchorMs / 1_000) * 1_000 })
}

function parseAt(argument: string): Result<Schedule> {
  const atMs = parseInstant(argument)
  if (atMs === undefined) {
    return bad(
      `cannot read the instant ${quote(argument)}`,
      'date, time and offset, such as @at 2027-03-01T09:00:00+01:00 or with Z',
    )
  }
  if (atMs < INSTANT_MIN_MS || atMs > INSTANT_MAX_MS) {
    return bad(`@at ${argument} is out of range`, 'years 1970 to 9999')
  }
  return ok({ kind: 'at', atMs, text: argument })
}

function parseAfter(argument: string): Result<Schedule> {
  const example = 'such as @after 2027-03-01T09:00:00Z <PT2H: from then on, for at most two hours'
  const match = /^(\S+) ?< ?(\S+)$/.exec(argument)
  if (match === null)
    return bad(`@after wants an instant and a grace, not ${quote(argument)}`, example)
  const at = parseAt(match[1]!)
  if (!at.ok) return at
  const graceMs = parseIsoDuration(match[2]!)
  if (graceMs === undefined) return bad(`cannot read the grace ${quote(match[2]!)}`, example)
  if (graceMs > EVERY_MAX_MS) return bad('the grace is longer than a hundred years', example)
  const { atMs } = at.value as Extract<Schedule, { kind: 'at' }>
  return ok({ kind: 'after', atMs, graceMs, text: argument })
}

function unknownForm(word: string): Result<never> {
  const near = suggest(word, knownForms)
  const hint = near === undefined ? '' : `did you mean ${near}? `
  return bad(
    `${quote(word)} is no form of a schedule`,
    `${hint}known forms: ${knownForms.join(' ')}`,
  )
}

/** The refusal of a timezone, with the nearest known name. */
export function refuseTimezone(timezone: string): Result<never> {
  const near = suggest(timezone.slice(0, 64), Intl.supportedValuesOf('timeZone'))
  return refuse(
    'MC_BAD_TIMEZONE',
    `${quote(timezone)} is no known timezone`,
    near === undefined ? 'an IANA name such as Europe/Berlin, or UTC' : `did you mean ${near}?`,
  )
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 40))
