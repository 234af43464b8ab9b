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

const graceUnitsMs = { D: 24 * hourMs, H: hourMs, M: minuteMs, S: 1_000 }

/** Grace of an `@after` at this instant: days, hours, minutes and seconds are enough here. */
function graceOf(timing: Timing, dueMs: number): number | undefined {
  for (const entry of timing.schedule) {
    const written = /^@after\s+(\S+?)\s*<\s*P(\S+)$/i.exec(entry.trim())
    if (written === null || Date.parse(written[1]!) !== dueMs) continue
    let graceMs = 0
    for (const [, count, unit] of written[2]!.matchAll(/(\d+)([DHMS])/g)) {
      graceMs += Number(count) * graceUnitsMs[unit as keyof typeof graceUnitsMs]
    }
    return graceMs
  }
  return undefined
}

/** From the planned start to the last instant at which a first attempt may start. */
export function oracleDeadline(timing: Timing, delivery: Delivery, dueMs: number): number {
  const graceMs = graceOf(timing, dueMs)
  if (graceMs !== undefined) return graceMs
  const { deadlineMs } = delivery.misfire
  if (deadlineMs !== null) return deadlineMs
  // half of an interval counts up to one hour, so nobody has to look further than two
  const half = Math.floor(oracleInterval(timing, dueMs, 2 * hourMs + minuteMs) / 2)
  return Math.min(hourMs, Math.max(deadlineMinMs, half))
}
