// What a change of the clock does to a schedule: told before it happens, by the scheduler's own code.

import { nextOf, parseSchedule, type Schedule } from '../../core/scheduler/schedule.ts'
import { isTimezone, segmentAt } from '../../core/scheduler/zone.ts'
import { clockText, wallOf } from './time.ts'
import type { Document } from './form.ts'

const hour = 3_600_000
const aheadMs = 370 * 24 * hour
const aroundMs = 3 * hour
const ticksMax = 8
const notesMax = 2

/** A sentence per change within a year that has ticks around it. */
export function clockChangeNotes(
  name: string,
  document: Document,
  nowMs: number,
): readonly string[] {
  const { timezone } = document
  if (typeof timezone !== 'string' || !isTimezone(timezone)) return []
  const schedules = clockSchedules(name, document, timezone)
  if (schedules.length === 0) return []
  const notes: string[] = []
  let { endMs } = segmentAt(timezone, nowMs)
  while (endMs < nowMs + aheadMs && notes.length < notesMax) {
    const next = segmentAt(timezone, endMs)
    const shiftMs = next.offsetMs - next.beforeMs
    const note = shiftMs === 0 ? undefined : noteOf(schedules, timezone, endMs, shiftMs)
    if (note !== undefined) notes.push(note)
    endMs = next.endMs
  }
  return notes
}

/** Only what follows the wall clock notices a change. */
function clockSchedules(
  name: string,
  { schedule, dst }: Document,
  timezone: string,
): readonly Schedule[] {
  const entries: readonly unknown[] = Array.isArray(schedule) ? schedule : [schedule]
  const rule = dst === 'skip' || dst === 'strict' ? dst : 'cron'
  return entries.flatMap((entry) => {
    if (typeof entry !== 'string') return []
    const read = parseSchedule(entry, { name, timezone, dst: rule, anchorMs: 0 })
    return read.ok && read.value.kind === 'cron' ? [read.value] : []
  })
}

function noteOf(
  schedules: readonly Schedule[],
  timezone: string,
  changeMs: number,
  shiftMs: number,
): string | undefined {
  const ticks: string[] = []
  let atMs = nextOfAll(schedules, changeMs - aroundMs)
  while (atMs < changeMs + aroundMs && ticks.length < ticksMax) {
    ticks.push(clockText(atMs, timezone).slice(0, 5))
    atMs = nextOfAll(schedules, atMs)
  }
  if (ticks.length === 0 || ticks.length === ticksMax) return undefined
  const { weekday, day, month, year } = wallOf(changeMs, timezone)
  const minutes = Math.abs(shiftMs) / 60_000
  const amount = minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`
  const way = shiftMs > 0 ? 'forward' : 'back'
  return `${weekday} ${day} ${month} ${year}: clocks go ${way} ${amount}; ticks around it at ${ticks.join(', ')}`
}

const nextOfAll = (schedules: readonly Schedule[], afterMs: number): number =>
  Math.min(...schedules.map((one) => nextOf(one, afterMs) ?? Infinity))
