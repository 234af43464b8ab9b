// Until when a tick may start, and how late its planned start may be, as the oracle sees it.

import type { Delivery, Timing } from '../../core/jobs/definition.ts'
import { oracleInterval } from './schedule.ts'

const hourMs = 3_600_000
const minuteMs = 60_000
const deadlineMinMs = 5_000

/** Latest planned start of a tick: its jitter is some value below this. */
export function latestPlannedMs(timing: Timing, dueMs: number): number {
  if (timing.jitterMs <= 0) return dueMs
  return dueMs + Math.min(timing.jitterMs, oracleInterval(timing, dueMs, timing.jitterMs + 1_000))
}

/** From the planned start to the last instant at which a first attempt may start. */
export function oracleDeadline(timing: Timing, delivery: Delivery, dueMs: number): number {
  const { deadlineMs } = delivery.misfire
  if (deadlineMs !== null) return deadlineMs
  // half of an interval counts up to one hour, so nobody has to look further than two
  const half = Math.floor(oracleInterval(timing, dueMs, 2 * hourMs + minuteMs) / 2)
  return Math.min(hourMs, Math.max(deadlineMinMs, half))
}
