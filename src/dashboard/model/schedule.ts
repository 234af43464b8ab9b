// A job's schedule in words, by the words that the command line uses.

import { describeAfter } from '../../core/graph/describe.ts'
import { describeSchedule } from '../../core/scheduler/describe.ts'
import { parseSchedule } from '../../core/scheduler/schedule.ts'

type Document = Readonly<Record<string, unknown>>

/** When a job has ticks; what cannot be read stays as it is written. */
export function scheduleText(name: string, document: Document): string {
  const after = describeAfter(document)
  if (after !== undefined) return after
  const { schedule, timezone = 'UTC' } = document
  const entries: readonly unknown[] = Array.isArray(schedule) ? schedule : [schedule]
  return entries
    .filter((entry) => typeof entry === 'string')
    .map((entry) => entryText(name, entry, String(timezone)))
    .join(', ')
}

function entryText(name: string, entry: string, timezone: string): string {
  const read = parseSchedule(entry, { name, timezone, dst: 'cron', anchorMs: 0 })
  return read.ok ? describeSchedule(read.value) : entry
}

/** The time zone of a job's document. */
export const zoneOfDocument = ({ timezone }: Document): string =>
  typeof timezone === 'string' ? timezone : 'UTC'
