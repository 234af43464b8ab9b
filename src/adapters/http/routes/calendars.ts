import Type from 'typebox'
import { calendarSchema } from '../../../core/jobs/calendars.ts'
import type { Result } from '../../../core/result.ts'
import type { Api } from '../api.ts'
import { flagParam } from '../param.ts'
import { refuseWith } from '../problem.ts'
import { readIfMatch, readMustBeNew, send, sendJson, withName } from '../respond.ts'
import { jsonAnswer, route } from '../route.ts'
import type { Route } from '../route.ts'
import { calendarAnswerSchema, calendarListSchema, calendarWriteSchema } from '../schema.ts'
import type { Calendar, CalendarWrite } from '../schema.ts'

const ifMatchHeader = {
  'if-match': 'The ETag that the calendar must have, or * when it must exist; else 412.',
}
const writeProblems = ['MC_CONFLICT', 'MC_CLOCK_FULL', 'MC_STORE_FAILED', 'MC_BUSY'] as const

/** Rows of `/calendars`. */
export function calendarRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/calendars',
      operation: 'listCalendars',
      summary: 'All calendars by name',
      scope: 'read',
      query: {},
      answers: { 200: jsonAnswer('The calendars.', calendarListSchema) },
      problems: [],
      handle: async () => send(await api.calendars()),
    }),
    route({
      method: 'GET',
      path: '/api/v1/calendars/{name}',
      operation: 'getCalendar',
      summary: 'One calendar, with its version as ETag',
      scope: 'read',
      query: {},
      answers: { 200: jsonAnswer('The calendar.', calendarAnswerSchema) },
      problems: ['MC_UNKNOWN_CALENDAR'],
      handle: async ({ path }) => sendCalendar(await api.calendar(path['name']!)),
    }),
    route({
      method: 'PUT',
      path: '/api/v1/calendars/{name}',
      operation: 'putCalendar',
      summary: 'Creates or replaces a calendar',
      scope: 'author',
      query: { dryRun: flagParam('Answer what would change, and write nothing.') },
      headers: { ...ifMatchHeader, 'if-none-match': 'With *, the calendar must be new.' },
      body: { schema: Type.Unsafe(calendarSchema), required: true },
      answers: {
        200: jsonAnswer('The calendar as it is now, and what that changed.', calendarWriteSchema),
        201: jsonAnswer('The calendar is new.', calendarWriteSchema),
      },
      problems: [
        ...writeProblems,
        'MC_BAD_SCHEDULE',
        'MC_BAD_TIMEZONE',
        'MC_EXISTS',
        'MC_UNKNOWN_CALENDAR',
        'MC_CATALOG_FULL',
      ],
      handle: async ({ path, body, query, request }) => {
        const options = {
          ...readIfMatch(request),
          mustBeNew: readMustBeNew(request),
          dryRun: query.dryRun,
        }
        return sendWrite(await api.putCalendar(withName(path['name']!, body), options))
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/calendars/{name}',
      operation: 'removeCalendar',
      summary: 'Deletes a calendar to which no job refers',
      scope: 'author',
      query: {},
      headers: ifMatchHeader,
      answers: { 204: { description: 'The calendar is deleted.', content: {} } },
      problems: [...writeProblems, 'MC_UNKNOWN_CALENDAR', 'MC_IN_USE'],
      handle: async ({ path, request }) =>
        send(await api.removeCalendar(path['name']!, readIfMatch(request))),
    }),
  ]
}

function sendCalendar(result: Result<Calendar>, status = 200): Response {
  if (!result.ok) return refuseWith(result.refusal)
  return sendJson(result.value, status, { etag: `"${result.value.etag}"` })
}

function sendWrite(result: Result<CalendarWrite>): Response {
  const isNew = result.ok && result.value.change === 'created' && !result.value.dryRun
  return sendCalendar(result, isNew ? 201 : 200)
}
