/**
 * Ticks that nobody was there to run: which of them run after all, and what is recorded about the
 * others (docs/reference/schedule.md).
 *
 * First answer: walk from the last handled tick to now. After a year of absence a job of every second
 * has 31 million of them, and a scheduler that counts its backlog stops for good (Kubernetes did,
 * after 100). So ticks come newest first, computed backwards, and at most `max` are looked at; what
 * is older is one range whose end is told and whose size nobody counts.
 */
import { hash64, scale } from '../hash.ts'
import type { Misfire, Timing } from '../jobs/definition.ts'
import { limits } from '../limits.ts'
import { graceTicks, intervalAfter, plannedStart, previousTick } from './tick.ts'

const DEADLINE_MIN_MS = 5_000
const DEADLINE_MAX_MS = 3_600_000
const SPREAD_MAX_MS = 30_000

/** A tick with what its judgement needs. */
export interface OverdueTick {
  readonly dueMs: number
  readonly plannedMs: number
  readonly cutoffMs: number
  /** Of an `@after`: it runs late whatever the policy says. */
  readonly hasGrace: boolean
  /** The calendar that denies its start. */
  readonly deniedBy?: string
}

/** `policy`: the policy passes it over; `deadline`: its cutoff is over; `max`: newer ones are enough. */
export type MissedReason = 'policy' | 'deadline' | 'max'

/** Neighbouring ticks that do not run for one reason. */
export interface MissedRange {
  readonly fromMs: number
  readonly toMs: number
  readonly count: number
  readonly outcome: 'missed' | 'blackout'
  /** The calendar's name for a blackout. */
  readonly reason: string
}

export interface Judgement {
  /** Ticks to start, ascending. */
  readonly runs: readonly OverdueTick[]
  /** Ticks to record as not run, newest first. */
  readonly missed: readonly MissedRange[]
  /** Ticks older than this were not looked at and are missed; null when all were. */
  readonly unlistedBeforeMs: number | null
}

export interface Overdue {
  /** Newest first; read only as far as needed. */
  readonly ticks: Iterable<OverdueTick>
  readonly misfire: Misfire
  readonly nowMs: number
  /** Ticks looked at. */
  readonly max: number
}

/** Deadline of a tick: as written, else half of its interval, from 5 s to 1 h. */
export function deadlineOf(misfire: Misfire, intervalMs: number): number {
  if (misfire.deadlineMs !== null) return misfire.deadlineMs
  return Math.max(DEADLINE_MIN_MS, Math.min(DEADLINE_MAX_MS, Math.floor(intervalMs / 2)))
}

/** Last instant at which a first attempt may start. */
export function cutoffOf(misfire: Misfire, plannedMs: number, intervalMs: number): number {
  return plannedMs + deadlineOf(misfire, intervalMs)
}

/** When a tick is planned, and until when it may start. */
export function tickTimes(
  name: string,
  timing: Timing,
  misfire: Misfire,
  dueMs: number,
  memberId?: string,
): OverdueTick {
  const plannedMs = plannedStart(name, timing, dueMs, memberId)
  const grace = graceTicks(name, timing).find((tick) => tick.dueMs === dueMs)
  const cutoffMs =
    grace === undefined
      ? cutoffOf(misfire, plannedMs, intervalAfter(name, timing, dueMs))
      : plannedMs + grace.graceMs
  return { dueMs, plannedMs, cutoffMs, hasGrace: grace !== undefined }
}

/** Ticks of `@after` that may still start although they were due at or before `untilMs`. */
export function lateGraceTicks(
  name: string,
  timing: Timing,
  misfire: Misfire,
  untilMs: number,
): readonly OverdueTick[] {
  return graceTicks(name, timing)
    .filter(({ dueMs }) => dueMs <= untilMs)
    .map(({ dueMs }) => tickTimes(name, timing, misfire, dueMs))
    .filter(({ cutoffMs }) => cutoffMs >= untilMs)
}

/** How many ticks of a long past are looked at: those that may run, and some to tell why not. */
export function lookedAtMax({ policy, max }: Misfire): number {
  return limits.catchUpTicksMax + (policy === 'all' ? max : 0)
}

/**
 * The job's ticks with afterMs < T, planned before the node was ready, newest first. `isSettled`
 * takes out those that somebody has handled.
 */
export function* overdueTicks(
  name: string,
  timing: Timing,
  misfire: Misfire,
  span: {
    readonly afterMs: number
    readonly readyAtMs: number
    /** When a tick starts, if it is not only for its own timing to say. */
    readonly judge?: (dueMs: number) => OverdueTick
  },
  isSettled: (dueMs: number) => boolean = () => false,
): Generator<OverdueTick, void, void> {
  let dueMs = previousTick(name, timing, span.readyAtMs - 1)
  while (dueMs !== undefined && dueMs > span.afterMs) {
    const tick = span.judge?.(dueMs) ?? tickTimes(name, timing, misfire, dueMs)
    if (tick.plannedMs < span.readyAtMs && !isSettled(dueMs)) yield tick
    dueMs = previousTick(name, timing, dueMs - 1)
  }
}

/** Judges overdue ticks once the node is ready. */
export function judgeOverdue(overdue: Overdue): Judgement {
  const runs: OverdueTick[] = []
  const missed: MissedRange[] = []
  let counted = 0
  let looked = 0
  let lastMs: number | null = null
  for (const tick of overdue.ticks) {
    if (looked === overdue.max) return { runs, missed, unlistedBeforeMs: lastMs }
    looked++
    lastMs = tick.dueMs
    if (tick.deniedBy !== undefined) {
      addMissed(missed, tick.dueMs, 'blackout', tick.deniedBy)
      continue
    }
    const verdict = judge(tick, overdue, counted)
    if (verdict === 'run') {
      runs.unshift(tick)
      if (!tick.hasGrace) counted++
    } else addMissed(missed, tick.dueMs, 'missed', verdict)
  }
  return { runs, missed, unlistedBeforeMs: null }
}

/** Delay of a catch-up start, so that a fleet that comes back does not start everything at once. */
export function catchUpDelayMs(tickId: string, intervalMs: number): number {
  return scale(hash64(`M|${tickId}`), Math.min(SPREAD_MAX_MS, Math.floor(intervalMs / 2)))
}

function judge(tick: OverdueTick, overdue: Overdue, running: number): 'run' | MissedReason {
  if (tick.cutoffMs < overdue.nowMs) return 'deadline'
  if (tick.hasGrace) return 'run'
  const { policy, max } = overdue.misfire
  switch (policy) {
    case 'skip':
      return 'policy'
    case 'latest':
      return running === 0 ? 'run' : 'policy'
    case 'all':
      return running < max ? 'run' : 'max'
  }
}

function addMissed(
  missed: MissedRange[],
  dueMs: number,
  outcome: MissedRange['outcome'],
  reason: string,
): void {
  const last = missed.at(-1)
  if (last?.outcome === outcome && last.reason === reason) {
    missed[missed.length - 1] = { ...last, fromMs: dueMs, count: last.count + 1 }
  } else {
    missed.push({ fromMs: dueMs, toMs: dueMs, count: 1, outcome, reason })
  }
}
