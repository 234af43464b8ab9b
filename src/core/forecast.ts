// What will run, when and where. The pick is a pure function of tick and view, so the forecast, the
// scheduler and the proof afterwards use the same code; only the facts are those of now.

import { soleSlot, tickExecutionId, type ExecutionId, type JobName, type Slot } from './ids.ts'
import type { Job } from './jobs/catalog.ts'
import type { Definition, Timing } from './jobs/definition.ts'
import { defaultGroups } from './jobs/document.ts'
import type { Timers } from './limits.ts'
import type { Member } from './membership/membership.ts'
import { placementKey, rankCandidates, type Ranking } from './placement/candidates.ts'
import { Agenda } from './scheduler/agenda.ts'
import type { CalendarUse } from './scheduler/calendar.ts'
import { judgeTick } from './scheduler/judge-tick.ts'
import { lateGraceTicks } from './scheduler/misfire.ts'
import { intervalAfter, nextTick, plannedStart, previousTick } from './scheduler/tick.ts'

/** The facts that a forecast rests on. */
export interface Outlook {
  readonly members: readonly Member[]
  readonly settleMs: number
  /** The calendars that a job obeys. */
  usesOf(job: Job): readonly CalendarUse[]
  /** Cluster time. */
  readonly nowMs: number
}

/** One tick with everybody who may run it. */
export interface Forecast {
  readonly job: Job
  readonly execution: ExecutionId
  readonly dueMs: number
  /** With jitter; where each member has its own, that of rank 0. */
  readonly plannedMs: number
  /** No first attempt starts after it. */
  readonly cutoffMs: number
  readonly ranking: Ranking
  /** The calendar that denies it: nobody will run it. */
  readonly deniedBy: string | null
}

/** Who would run this tick of a job, as far as can be known now. */
export function forecastTick(job: Job, dueMs: number, outlook: Outlook): Forecast {
  const { name, generation, groups } = job
  const { timing } = groups
  const execution = tickExecutionId(name, generation, dueMs)
  const isPerMember = groups.placement.every && timing.jitterPer === 'member'
  const memberId = isPerMember ? rankFor(job, execution, dueMs, outlook).rank[0] : undefined
  const tick = judgeTick(job, outlook.usesOf(job), dueMs, memberId)
  const { plannedMs, cutoffMs, deniedBy = null } = tick
  const planned = rankFor(job, execution, plannedMs, outlook)
  // nobody was there in time: until the cutoff whoever is there by now may act
  const isOpen = planned.rank.length === 0 && outlook.nowMs > plannedMs
  const ranking = isOpen ? rankFor(job, execution, outlook.nowMs, outlook) : planned
  return { job, execution, dueMs, plannedMs, cutoffMs, ranking, deniedBy }
}

/** Candidates of any execution of a job for a start at `plannedMs`. */
export function rankFor(
  job: Job,
  execution: ExecutionId,
  plannedMs: number,
  outlook: Outlook,
  slot: Slot = soleSlot,
): Ranking {
  const key = placementKey(job.groups, job.name, execution, slot)
  return rankCandidates(key, job.groups, outlook.members, plannedMs, outlook.settleMs)
}

/** Whether ticks at this instant are recorded as paused. */
export function isPaused({ groups }: Job, atMs: number): boolean {
  const { enabled, untilMs } = groups.enabled
  return !enabled && (untilMs === null || atMs < untilMs)
}

/** Whether the job has ticks at all, now or at some time. */
export const isManual = ({ schedule }: Timing): boolean =>
  schedule.some((entry) => entry.trim().toLowerCase() === '@manually')

/** First tick after `afterMs` that is not paused away; undefined when there is none. */
export function nextRun(job: Job, afterMs: number): number | undefined {
  const { timing, enabled } = job.groups
  if (!job.isSupported) return undefined
  if (enabled.enabled) return nextTick(job.name, timing, afterMs)
  if (enabled.untilMs === null) return undefined
  // jitter may carry the last tick before the end of the pause over it
  const last = previousTick(job.name, timing, enabled.untilMs - 1)
  if (last !== undefined && last > afterMs) {
    if (plannedStart(job.name, timing, last) >= enabled.untilMs) return last
  }
  return nextTick(job.name, timing, Math.max(afterMs, enabled.untilMs - 1))
}

/** The next ticks of one job that are not paused away. */
export function nextRuns(job: Job, afterMs: number, max: number): readonly number[] {
  const runs: number[] = []
  let dueMs = nextRun(job, afterMs)
  while (dueMs !== undefined && runs.length < max) {
    runs.push(dueMs)
    dueMs = nextRun(job, dueMs)
  }
  return runs
}

/** A tick of one of many jobs. */
export interface Run {
  readonly job: Job
  readonly dueMs: number
}

/**
 * The ticks of many jobs in the order of time. A heap holds the next tick of each job, so that a page
 * of ticks costs what it holds and not what the fleet has.
 */
export class Timeline {
  readonly #jobs = new Map<JobName, Job>()
  readonly #agenda = new Agenda()

  get(name: JobName): Job | undefined {
    return this.#jobs.get(name)
  }

  names(): Iterable<JobName> {
    return this.#jobs.keys()
  }

  /** Puts a job in or replaces it, with its ticks after `afterMs`. */
  set(job: Job, afterMs: number): void {
    this.#jobs.set(job.name, job)
    this.#arm(job.name, nextRun(job, afterMs))
  }

  delete(name: JobName): void {
    this.#jobs.delete(name)
    this.#agenda.delete(name)
  }

  /** The ticks with afterMs < T < beforeMs, earliest first; earlier ones are forgotten. */
  read(afterMs: number, beforeMs: number, max: number): readonly Run[] {
    for (const { name } of this.#agenda.popDue(afterMs, Infinity)) {
      this.#arm(name as JobName, nextRun(this.#jobs.get(name as JobName)!, afterMs))
    }
    const runs: Run[] = []
    const firsts = new Map<JobName, number>()
    while (runs.length < max && (this.#agenda.peekMs() ?? Infinity) < beforeMs) {
      const [due] = this.#agenda.popDue(Infinity, 1)
      const name = due!.name as JobName
      const dueMs = due!.atMs
      const job = this.#jobs.get(name)!
      runs.push({ job, dueMs })
      if (!firsts.has(name)) firsts.set(name, dueMs)
      this.#arm(name, nextRun(job, dueMs))
    }
    for (const [name, dueMs] of firsts) this.#agenda.set(name, dueMs)
    return runs.sort((a, b) => a.dueMs - b.dueMs || (a.job.name < b.job.name ? -1 : 1))
  }

  #arm(name: JobName, dueMs: number | undefined): void {
    if (dueMs === undefined) this.#agenda.delete(name)
    else this.#agenda.set(name, dueMs)
  }
}

/** The job that a write of this definition would make; `known` also when it is deleted. */
export function previewJob(known: Job | undefined, name: JobName, definition: Definition): Job {
  const live = known?.groups.life.state === 'live' ? known : undefined
  const old = live?.groups.timing
  const written = definition.timing
  const isSameSchedule =
    old !== undefined &&
    old.schedule.join('\n') === written.schedule.join('\n') &&
    old.timezone === written.timezone &&
    old.startAtMs === written.startAtMs
  const isStillPaused =
    live?.groups.enabled.enabled === false &&
    !definition.enabled.enabled &&
    definition.enabled.note === ''
  return {
    name,
    generation: live?.generation ?? (known === undefined ? 1 : known.generation + 1),
    groups: {
      ...definition,
      life: { ...(known?.groups.life ?? defaultGroups.life), state: 'live' },
      calendar: defaultGroups.calendar,
      timing: isSameSchedule ? { ...written, anchorMs: old.anchorMs } : written,
      enabled: isStillPaused ? live.groups.enabled : definition.enabled,
    },
    clock: live?.clock ?? new Map(),
    etag: live?.etag ?? '',
    conflicts: [],
    changedMs: live?.changedMs ?? written.anchorMs,
    isSupported: true,
  }
}

/** Things about a job that are allowed and probably not meant. */
export function warningsOf(
  job: Job,
  outlook: Outlook,
  given: { readonly timers: Timers; readonly hasTimezone: boolean },
): readonly string[] {
  const { timing, delivery } = job.groups
  const warnings: string[] = []
  const { nowMs } = outlook
  const dueMs = nextTick(job.name, timing, nowMs)
  if (dueMs === undefined && !isManual(timing) && !hasLateTick(job, nowMs)) {
    warnings.push('no tick lies ahead: see endAt')
  }
  const { rank, excluded } =
    dueMs === undefined
      ? rankFor(job, tickExecutionId(job.name, job.generation, nowMs), nowMs, outlook)
      : forecastTick(job, dueMs, outlook).ranking
  if (rank.length === 0) {
    const reasons = [...new Set(excluded.map(({ reason }) => reason))].join('; ')
    warnings.push(`no node is eligible now${reasons === '' ? '' : `: ${reasons}`}`)
  }
  if (!given.hasTimezone && timing.schedule.some(isZoned)) {
    warnings.push(`no timezone is given: ${timing.timezone} is used and stored`)
  }
  if (dueMs === undefined) return warnings
  const intervalMs = intervalAfter(job.name, timing, dueMs)
  const takeoverMs = given.timers.graceMs + given.timers.probeMs
  if (intervalMs <= takeoverMs) {
    warnings.push(
      `the interval of ${intervalMs} ms is not longer than a takeover, ${takeoverMs} ms: ` +
        'when a node fails, the next tick comes before another has taken over',
    )
  }
  const { policy, deadlineMs } = delivery.misfire
  if (policy === 'skip' && deadlineMs !== null && deadlineMs > intervalMs) {
    warnings.push('the misfire deadline is longer than the interval: late ticks pile up')
  }
  return warnings
}

/** Whether an `@after` is due already and may still start. */
const hasLateTick = ({ name, groups }: Job, nowMs: number): boolean =>
  lateGraceTicks(name, groups.timing, groups.delivery.misfire, nowMs).length > 0

/** Whether an entry means something else in another timezone. */
function isZoned(entry: string): boolean {
  return !/^\s*@(every|at|after|manually)\b/i.test(entry)
}
