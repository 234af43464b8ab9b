import type { JobDifference, JobDocument } from './job.ts'
import { anything, closed, flag, instant, listOf, mapOf, oneOf, text } from './typed.ts'
import type { Instant, SchemaOf } from './typed.ts'

/** Concurrent writes: the value that counts, and those that lost. */
export interface CalendarConflict {
  readonly group: string
  readonly winner: unknown
  readonly losers: readonly {
    readonly value: unknown
    readonly author: string
    readonly at: Instant
  }[]
}

/** When starts are denied, with what the asked node knows about it. */
export interface Calendar {
  readonly name: string
  /** Hash of its vector clock, for `If-Match`. */
  readonly etag: string
  /** The normalised document; PUT of it changes nothing. */
  readonly document: JobDocument
  readonly conflicts: readonly CalendarConflict[]
}

/** Answer of `GET /calendars`, by name. */
export interface CalendarList {
  readonly items: readonly Calendar[]
}

/** Answer of a write: the calendar as it is then, and what that changed. */
export interface CalendarWrite extends Calendar {
  readonly change: 'created' | 'replaced' | 'unchanged'
  readonly differences: readonly JobDifference[]
  /** Nothing was written. */
  readonly dryRun: boolean
}

const conflict: SchemaOf<CalendarConflict> = closed(
  {
    group: text,
    winner: anything,
    losers: listOf(closed({ value: anything, author: text, at: instant })),
  },
  'CalendarConflict',
)

const calendar = {
  name: text,
  etag: text,
  document: mapOf(anything),
  conflicts: listOf(conflict),
}

/** Schema of {@link Calendar}. */
export const calendarAnswerSchema: SchemaOf<Calendar> = closed(calendar, 'Calendar')

/** Schema of {@link CalendarList}. */
export const calendarListSchema: SchemaOf<CalendarList> = closed(
  { items: listOf(calendarAnswerSchema) },
  'CalendarList',
)

/** Schema of {@link CalendarWrite}. */
export const calendarWriteSchema: SchemaOf<CalendarWrite> = closed(
  {
    ...calendar,
    change: oneOf('created', 'replaced', 'unchanged'),
    differences: listOf(closed({ path: text, before: anything, after: anything })),
    dryRun: flag,
  },
  'CalendarWrite',
)
