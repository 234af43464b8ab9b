// One tick with everything that decides when it starts: jitter, deadline, and what calendars say.

import type { JobName } from '../ids.ts'
import type { Groups } from '../jobs/definition.ts'
import { judgeStart, type CalendarUse } from './calendar.ts'
import { tickTimes, type OverdueTick } from './misfire.ts'
import { intervalAfter } from './tick.ts'

/** What the judgement needs of a job. */
export interface JudgedJob {
  readonly name: JobName | string
  readonly groups: Pick<Groups, 'timing' | 'delivery'>
}

/** The planned start, shifted by calendars where they say so, and its cutoff; or who denies it. */
export function judgeTick(
  { name, groups: { timing, delivery } }: JudgedJob,
  uses: readonly CalendarUse[],
  dueMs: number,
  memberId?: string,
): OverdueTick {
  const times = tickTimes(name, timing, delivery.misfire, dueMs, memberId)
  if (uses.length === 0) return times
  const nextMs = dueMs + intervalAfter(name, timing, dueMs)
  const verdict = judgeStart(uses, times.plannedMs, nextMs)
  if (verdict.kind === 'denied') return { ...times, deniedBy: verdict.calendar }
  const shiftMs = verdict.plannedMs - times.plannedMs
  return { ...times, plannedMs: verdict.plannedMs, cutoffMs: times.cutoffMs + shiftMs }
}
