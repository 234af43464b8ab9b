/**
 * The ticks of a job: pure functions of its name, its timing and an instant handed in, so every
 * member computes the same ones. Nothing is kept per job; parsed entries come from a bounded cache.
 *
 * A tick exists at T when some entry has T, T is after the write that made the schedule (`anchorMs`)
 * and startAt ≤ T < endAt. A generation may begin later. Two entries
 * with one instant give one tick. `@after` alone may lie before
 * the write, as long as its grace was not over then.
 */
import { hash64, scale, SCALE_MAX } from '../hash.ts'
import type { ActingTiming as Timing } from '../jobs/definition.ts'
import { ok, refuse, type Result } from '../result.ts'
import { BoundedCache } from '../bounded-cache.ts'
import { nextOf, parseSchedule, previousOf, refuseTimezone, type Schedule } from './schedule.ts'
import { isTimezone } from './zone.ts'

/** What a valid timing amounts to. */
export interface TimingCheck {
  /** The entries as they are understood, `H` resolved. */
  readonly schedules: readonly Schedule[]
  /** First tick after the instant of the check; undefined when there is none. */
  readonly nextMs: number | undefined
}

/** Parsed entries kept, about 0.5 kB each; one more costs a parse when it is needed. */
const SCHEDULES_MAX = 4_096
/** Interval of a tick that has no next one. */
const LAST_INTERVAL_MS = 86_400_000

const schedules = new BoundedCache<Result<Schedule>>(SCHEDULES_MAX)

/**
 * Everything that can be wrong with a written timing: MC_BAD_TIMEZONE, MC_BAD_SCHEDULE, and
 * MC_PAST_INSTANT when an `@at` is past and no other tick is left.
 */
export function checkTiming(name: string, timing: Timing, nowMs: number): Result<TimingCheck> {
  const { schedule, timezone, startAtMs, endAtMs } = timing
  if (!isTimezone(timezone)) return refuseTimezone(timezone)
  if (schedule.length === 0) {
    return refuse(
      'MC_BAD_SCHEDULE',
      'the schedule is empty',
      'use @manually for a job without ticks',
    )
  }
  const parsed: Schedule[] = []
  for (const entry of schedule) {
    const one = entryOf(entry, name, timing)
    if (!one.ok) return one
    parsed.push(one.value)
  }
  if (startAtMs !== null && endAtMs !== null && endAtMs <= startAtMs) {
    return refuse(
      'MC_BAD_SCHEDULE',
      'endAt is not after startAt',
      'ticks need startAt <= T < endAt',
    )
  }
  const isManual = parsed.some((one) => one.kind === 'manually')
  const isOver =
    nextTick(name, { ...timing, endAtMs: null }, nowMs) === undefined &&
    !graceTicks(name, timing).some(({ dueMs, graceMs }) => dueMs + graceMs >= nowMs)
  if (!isManual && isOver) {
    const hasAt = parsed.some(({ kind }) => kind === 'at' || kind === 'after')
    return hasAt
      ? refuse(
          'MC_PAST_INSTANT',
          'the instant of the schedule is past',
          'give one in the future, or dispatch',
        )
      : refuse('MC_BAD_SCHEDULE', 'the schedule has no tick after now', 'look at its year')
  }
  return ok({ schedules: parsed, nextMs: nextTick(name, timing, nowMs) })
}

/** First tick after `afterMs`; an entry that cannot be read has none. */
export function nextTick(name: string, timing: Timing, afterMs: number): number | undefined {
  let next: number | undefined
  for (const entry of timing.schedule) {
    const schedule = entryOf(entry, name, timing)
    if (!schedule.ok) continue
    const dueMs = nextOf(schedule.value, Math.max(afterMs, lastExcludedMs(timing, schedule.value)))
    if (dueMs !== undefined && (next === undefined || dueMs < next)) next = dueMs
  }
  if (next === undefined || (timing.endAtMs !== null && next >= timing.endAtMs)) return undefined
  return next
}

/** Newest tick at or before `beforeMs`. */
export function previousTick(name: string, timing: Timing, beforeMs: number): number | undefined {
  const to = timing.endAtMs === null ? beforeMs : Math.min(beforeMs, timing.endAtMs - 1)
  let previous: number | undefined
  for (const entry of timing.schedule) {
    const schedule = entryOf(entry, name, timing)
    if (!schedule.ok) continue
    const dueMs = previousOf(schedule.value, to)
    if (dueMs === undefined || dueMs <= lastExcludedMs(timing, schedule.value)) continue
    if (previous === undefined || dueMs > previous) previous = dueMs
  }
  return previous
}

/** The ticks of `@after` entries, each with its grace. */
export function graceTicks(
  name: string,
  timing: Timing,
): readonly { readonly dueMs: number; readonly graceMs: number }[] {
  return timing.schedule.flatMap((entry) => {
    if (!/^\s*@after\b/i.test(entry)) return []
    const read = entryOf(entry, name, timing)
    if (!read.ok || read.value.kind !== 'after') return []
    const { atMs: dueMs, graceMs } = read.value
    const isIn = dueMs > lastExcludedMs(timing, read.value) && dueMs < (timing.endAtMs ?? Infinity)
    return isIn ? [{ dueMs, graceMs }] : []
  })
}

/** The newest `n` ticks with afterMs < T ≤ beforeMs, newest first. */
export function newestTicks(
  name: string,
  timing: Timing,
  afterMs: number,
  beforeMs: number,
  n: number,
): readonly number[] {
  const ticks: number[] = []
  let dueMs = n > 0 ? previousTick(name, timing, beforeMs) : undefined
  while (dueMs !== undefined && dueMs > afterMs) {
    ticks.push(dueMs)
    dueMs = ticks.length < n ? previousTick(name, timing, dueMs - 1) : undefined
  }
  return ticks
}

/** Interval of the tick at `dueMs`: from it to the next one, or a day when it is the last. */
export function intervalAfter(name: string, timing: Timing, dueMs: number): number {
  const next = nextTick(name, timing, dueMs)
  return next === undefined ? LAST_INTERVAL_MS : next - dueMs
}

/**
 * Planned start: T plus the jitter, which is below the interval, so ticks never change order. With
 * `jitterPer: member` the member of a slot of its own gets an offset of its own.
 */
export function plannedStart(
  name: string,
  timing: Timing,
  dueMs: number,
  memberId?: string,
): number {
  if (timing.jitterMs <= 0) return dueMs
  const span = Math.min(timing.jitterMs, intervalAfter(name, timing, dueMs), SCALE_MAX)
  const isOwn = memberId !== undefined && timing.jitterPer === 'member'
  const suffix = isOwn ? `|${memberId}` : ''
  return dueMs + scale(hash64(`J|${name}|${dueMs}${suffix}`), span)
}

/** Ticks of an entry exist only after this instant. */
function lastExcludedMs({ anchorMs, startAtMs, fromMs }: Timing, schedule: Schedule): number {
  const writtenMs = schedule.kind === 'after' ? anchorMs - schedule.graceMs - 1 : anchorMs
  return Math.max(writtenMs, (startAtMs ?? -Infinity) - 1, (fromMs ?? -Infinity) - 1)
}

/** The parsed entry; `@every` depends on its own job's anchor and is read anew, which is cheap. */
function entryOf(entry: string, name: string, timing: Timing): Result<Schedule> {
  const { timezone, dst } = timing
  const key = `${entry}\n${timezone}\n${dst}\n${entry.includes('H') ? name : ''}`
  const known = schedules.get(key)
  if (known !== undefined) return known
  const anchorMs = timing.startAtMs ?? timing.anchorMs
  const parsed = parseSchedule(entry, { name, timezone, dst, anchorMs })
  if (!parsed.ok || parsed.value.kind !== 'every') schedules.set(key, parsed)
  return parsed
}
