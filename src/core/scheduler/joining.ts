// What a member that was not there at P still runs of a job that every member is to run.

import type { Job } from '../jobs/catalog.ts'
import type { Misfire } from '../jobs/definition.ts'
import type { OverdueTick } from './misfire.ts'
import { previousTick } from './tick.ts'

/** How a member judges the ticks that came while it was away. */
export function misfireOf({ groups: { placement, delivery } }: Job): Misfire {
  const isForPresent = placement.every && !placement.lateJoiners
  return isForPresent ? { ...delivery.misfire, policy: 'skip' } : delivery.misfire
}

/** The tick that a member runs when it sees the job for the first time: the latest, if it may still start. */
export function tickToJoin(
  { name, groups: { placement, timing } }: Job,
  nowMs: number,
  judge: (dueMs: number) => OverdueTick,
): OverdueTick | undefined {
  if (!placement.every || !placement.lateJoiners) return undefined
  const dueMs = previousTick(name, timing, nowMs)
  if (dueMs === undefined) return undefined
  const tick = judge(dueMs)
  const isOpen = tick.deniedBy === undefined && tick.cutoffMs >= nowMs
  return isOpen && tick.plannedMs < nowMs ? tick : undefined
}
