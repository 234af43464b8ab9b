import { describeAfter } from '../core/graph/describe.ts'
import { describeSchedule } from '../core/scheduler/describe.ts'
import { parseSchedule } from '../core/scheduler/schedule.ts'
import type { Job } from './answers.ts'

/** When the job has ticks, in words; what cannot be read stays as it is written. */
export function scheduleText({ name, document }: Pick<Job, 'name' | 'document'>): string {
  const { schedule, timezone = 'UTC' } = document
  const after = describeAfter(document)
  if (after !== undefined) return after
  const entries = Array.isArray(schedule) ? (schedule as readonly unknown[]) : [schedule]
  return entries.map((entry) => entryText(name, String(entry), String(timezone))).join(', ')
}

function entryText(name: string, entry: string, timezone: string): string {
  const read = parseSchedule(entry, { name, timezone, dst: 'cron', anchorMs: 0 })
  return read.ok ? describeSchedule(read.value) : entry
}
