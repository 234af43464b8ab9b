// What can be wrong with a calendar and with a reference to one.

import { calendarKey, calendarOfKey } from '../ids.ts'
import { ok, refuse, type Result } from '../result.ts'
import { patternOf } from '../scheduler/calendar.ts'
import { refuseTimezone } from '../scheduler/schedule.ts'
import { isTimezone } from '../scheduler/zone.ts'
import { didYouMean } from '../suggest.ts'
import type { Catalog } from './catalog.ts'
import type { Calendar, Groups } from './definition.ts'
import { calendar as fields, calendarName } from './document-calendar.ts'
import { checkKeys, field, fieldsSchema, parseFields, printFields } from './shape-record.ts'
import type { Schema } from './shape.ts'

/** Whether the zone is known here, every pattern can be read and every range ends after its start. */
export function checkCalendar({ timezone, rules }: Calendar): Result<void> {
  if (!isTimezone(timezone)) return refuseTimezone(timezone)
  for (const [i, { cover }] of rules.entries()) {
    if (cover.form === 'cron') {
      const read = patternOf(cover.pattern, timezone)
      if (!read.ok) return read
    }
    if (cover.form !== 'range' || cover.from.isLocal !== cover.to.isLocal) continue
    if (cover.to.ms > cover.from.ms) continue
    return refuse(
      'MC_BAD_INPUT',
      `rules[${i}].range.to: is not after from`,
      'an interval ends after it begins',
    )
  }
  return ok(undefined)
}

const allFields = { name: field('name', calendarName, 'full name'), ...fields }

/** Reads a user's calendar document. */
export function parseCalendar(
  document: unknown,
  { defaultTimezone }: { readonly defaultTimezone: string },
): Result<{ readonly name: string; readonly calendar: Calendar }> {
  const keys = checkKeys(allFields, document, '', { tz: 'did you mean "timezone"?' })
  if (!keys.ok) return keys
  const timezone = { ...fields.timezone, fallback: defaultTimezone }
  const read = parseFields({ ...allFields, timezone }, keys.value, '')
  if (!read.ok) return read
  const { name, ...calendar } = read.value
  const checked = checkCalendar(calendar)
  return checked.ok ? ok({ name, calendar }) : checked
}

/** The document of a calendar, as a user would write it. */
export function toCalendarDocument(
  name: string,
  calendar: Calendar,
): Readonly<Record<string, unknown>> {
  const document: Record<string, unknown> = { name }
  printFields(fields, calendar, document)
  return document
}

/** JSON Schema of the calendar document. */
export const calendarSchema: Schema = {
  title: 'meshcron calendar',
  ...fieldsSchema(allFields),
  required: ['name', 'rules'],
}

/** The refusal of a name that is no calendar, with the nearest one that is. */
export function unknownCalendar(catalog: Catalog | undefined, name: string): Result<never> {
  const names = (catalog?.calendars() ?? []).map((one) => calendarOfKey(one.name)!)
  const hint = didYouMean(name, names, 'meshcron calendar ls shows them')
  return refuse('MC_UNKNOWN_CALENDAR', `there is no calendar ${name}`, hint)
}

/** The refusal of the first calendar of a job that does not exist. */
export function unknownReference(
  catalog: Catalog,
  groups: Pick<Groups, 'timing' | 'notify'>,
): Result<never> | undefined {
  const missing = referencesOf(groups).find((name) => catalog.live(calendarKey(name)) === undefined)
  return missing === undefined ? undefined : unknownCalendar(catalog, missing)
}

/** The calendars that a job names: those that deny its starts, and those that silence its rules. */
export const referencesOf = ({
  timing,
  notify,
}: Pick<Groups, 'timing' | 'notify'>): readonly string[] => [
  ...timing.calendars.map(({ name }) => name),
  ...notify.rules.flatMap(({ mute }) => mute ?? []),
]
