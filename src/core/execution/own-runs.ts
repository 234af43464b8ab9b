// What runs on this node: from the claim to the word of the executor how it ended.

import type { ExecutionReport } from '../event.ts'
import type { AttemptId, JobName, MemberId } from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import { profileOf } from '../jobs/definition.ts'
import type { Replica } from '../jobs/replica.ts'
import { limits, type Timers } from '../limits.ts'
import type { Membership } from '../membership/membership.ts'
import { deniedBy, type CalendarUse } from '../scheduler/calendar.ts'
import { narrowed, type OwnerPolicy } from '../trust/owner-policy.ts'
import { denialText } from '../trust/policy.ts'
import type { Turn } from '../turn.ts'
import { draftOf } from './draft.ts'
import { launchOf, type Given } from './launch.ts'
import type { ExecutionRecord, Outcome, StoredRecord, Why } from './record.ts'
import type { Records } from './records.ts'
import { nextAttemptAtMs, totalEndMs } from './retrying.ts'
import type { Wanted, Watch } from './takeover.ts'

export type StopReason = 'timeout' | 'operator' | 'shutdown' | 'window-end' | 'overlap'

interface Running {
  readonly wanted: Wanted
  record: ExecutionRecord
  /** When it is stopped for taking too long, monotonic. */
  readonly timeoutAtMs: number
  /** Exit statuses of success, as they were when it started. */
  readonly successCodes: readonly number[]
  readonly profile: string
  /** Why we asked it to stop. */
  stopReason: StopReason | undefined
  /** When others hear that it runs, monotonic; an end that comes before says it too. */
  tellAtMs: number
}

type End = Pick<
  ExecutionRecord,
  'outcome' | 'reason' | 'exit' | 'outputBytes' | 'outputDropped' | 'result'
>

/** TERM to KILL for a job whose definition is gone. */
const killAfterDefaultMs = 10_000

export class OwnRuns {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #replica: Replica
  readonly #records: Records
  readonly #owner: OwnerPolicy
  readonly #maxRunning: number
  readonly #running = new Map<AttemptId, Running>()

  constructor(components: {
    turn: Turn
    timers: Timers
    membership: Membership
    replica: Replica
    records: Records
    owner: OwnerPolicy
    maxRunning: number | undefined
  }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#membership = components.membership
    this.#replica = components.replica
    this.#records = components.records
    this.#owner = components.owner
    this.#maxRunning = components.maxRunning ?? limits.runningMax
  }

  get size(): number {
    return this.#running.size
  }

  /** Whether it runs as many as it may: what is wanted more goes to the next rank. */
  get isFull(): boolean {
    return this.#running.size >= this.#maxRunning
  }

  /** What runs here of a job. */
  ofJob(job: JobName): readonly ExecutionRecord[] {
    const found: ExecutionRecord[] = []
    for (const { record } of this.#running.values()) if (record.job === job) found.push(record)
    return found
  }

  /** What the owner of this node has against a start now. */
  refusalOf(job: Job): string | undefined {
    const denial = this.#owner.denialOf(job)
    if (denial !== undefined) return denialText(denial)
    const name = profileOf(job.groups.action.run)
    const count = [...this.#running.values()].filter(({ profile }) => profile === name).length
    const { concurrent } = this.#owner.profileOf(job)
    return count >= (concurrent ?? Infinity) ? `its profile ${name} is busy` : undefined
  }

  /** Claims and starts, in one step: durable before said, said before started. */
  start(
    watch: Watch,
    job: Job,
    how: {
      readonly rank: number
      readonly why: Why
      readonly receivers: readonly MemberId[]
      /** From the register of an at-most-once job. */
      readonly fence?: number
      /** What it gets from its graph. */
      readonly given?: Given
    },
  ): void {
    const draft = draftOf(watch, job.generation)
    const record: ExecutionRecord = {
      ...draft,
      fence: how.fence ?? draft.fence,
      phase: 'claimed',
      executor: this.#membership.self,
      why: how.why,
      rank: how.rank,
      claimedMs: this.#turn.clusterMs,
    }
    this.#records.write(record, 'full', { receivers: how.receivers, isUrgent: true })
    const { timeoutMs, successCodes, run } = job.groups.action
    const profile = this.#owner.profileOf(job)
    const { clusterMs } = this.#turn
    const totalMs = totalEndMs(job, this.#records.ledger, record, clusterMs) - clusterMs
    this.#running.set(watch.attempt, {
      wanted: watch,
      record,
      timeoutAtMs:
        this.#turn.monoMs + Math.min(timeoutMs ?? Infinity, profile.timeoutMs ?? Infinity, totalMs),
      successCodes,
      profile: profileOf(run),
      stopReason: undefined,
      tellAtMs: Infinity,
    })
    const launch = launchOf(job, record, {
      node: this.#membership.own().name,
      plannedMs: watch.plannedMs,
      ...(how.given === undefined ? {} : { given: how.given }),
    })
    const bounds = narrowed(launch.bounds, profile)
    const leftMs = Math.max(0, watch.cutoffMs - clusterMs) + this.#timers.probeMs
    const untilMs = this.#turn.monoMs + leftMs
    this.#turn.emit({ kind: 'start', launch: { ...launch, bounds }, untilMs })
  }

  /** Takes back claims that could not be stored and so did not start. */
  unclaim(
    attempts: readonly AttemptId[],
  ): readonly { readonly wanted: Wanted; readonly claim: StoredRecord | undefined }[] {
    return attempts.flatMap((attempt) => {
      const running = this.#running.get(attempt)
      if (running === undefined) return []
      this.#running.delete(attempt)
      const { execution, slot, attempt: number } = running.record
      const { ledger } = this.#records
      const claim = ledger.retract(execution, slot, number, this.#membership.self)
      return [{ wanted: running.wanted, claim }]
    })
  }

  /** What the executor of this node says about an attempt of ours. */
  onReport(report: ExecutionReport, keepsResult: (job: JobName) => boolean): void {
    const running = this.#running.get(report.attempt)
    if (running === undefined) return
    if (report.kind === 'started') {
      running.record = { ...running.record, phase: 'running', startedMs: this.#turn.clusterMs }
      // most runs are over before anybody could look: one signature and one write less
      running.tellAtMs = this.#turn.monoMs + this.#timers.batchMs
      return
    }
    this.#running.delete(report.attempt)
    const { exit, outputBytes, outputDropped } = report
    const { outcome, reason } = judgeEnd(report, running)
    const { record } = running
    const isKept = report.result !== undefined && keepsResult(record.job)
    const said = isKept ? { result: report.result } : {}
    this.#end(record, { outcome, reason, exit, outputBytes, outputDropped, ...said })
  }

  /** Writes that an attempt is lost: ours of an earlier process, or another's. */
  lose(record: ExecutionRecord, reason: 'member-down' | 'unreported'): void {
    // who may start at most once must not start again for want of news
    const job = this.#replica.catalog.get(record.job)
    const isVoted = job?.generation === record.generation && job.groups.life.seats.length > 0
    const outcome = isVoted ? 'unknown' : 'lost'
    this.#end(record, { outcome, reason, exit: null, outputBytes: 0, outputDropped: 0 })
  }

  /** Writes the end of an attempt, and when the next one is due if there is one. */
  #end(record: ExecutionRecord, end: End): void {
    const endedMs = this.#turn.clusterMs
    const job = this.#replica.catalog.live(record.job)
    const { ledger } = this.#records
    // what was deleted and created again is another job
    const nextMs =
      job?.generation !== record.generation
        ? null
        : nextAttemptAtMs(job, record, end, { ledger, nowMs: endedMs })
    const ended = { ...record, ...end, phase: 'ended', endedMs, nextAttemptAtMs: nextMs } as const
    this.#records.write(ended, 'full')
  }

  /** Asks the executor of this node to stop an attempt, at once or after TERM and its grace. */
  stop(attempt: AttemptId, reason: StopReason, isKill = false): void {
    const running = this.#running.get(attempt)
    if (running === undefined) return
    running.stopReason ??= reason
    const job = this.#replica.catalog.live(running.record.job)
    const graceMs = job?.groups.action.killAfterMs ?? killAfterDefaultMs
    const killAfterMs = isKill ? 0 : graceMs
    this.#turn.emit({ kind: 'stop', attempt, killAfterMs })
  }

  /** Stops what a calendar that cancels does not let run on; what somebody asked for goes on. */
  stopOutside(usesOf: (job: Job) => readonly CalendarUse[]): void {
    for (const [attempt, { record, stopReason }] of this.#running) {
      const job = this.#replica.catalog.live(record.job)
      const isFree = record.trigger === 'dispatch' && record.order?.respectCalendars !== true
      if (job === undefined || stopReason !== undefined || isFree) continue
      if (deniedBy(usesOf(job), this.#turn.clusterMs) !== undefined)
        this.stop(attempt, 'window-end')
    }
  }

  stopAll(): void {
    for (const attempt of this.#running.keys()) this.stop(attempt, 'shutdown')
  }

  /** Tells what runs, and stops what takes too long. */
  wake(): void {
    const now = this.#turn.monoMs
    for (const [attempt, running] of this.#running) {
      if (now >= running.tellAtMs) {
        running.tellAtMs = Infinity
        this.#records.write(running.record, 'normal')
      }
      if (now >= running.timeoutAtMs && running.stopReason === undefined) {
        this.stop(attempt, 'timeout')
      }
    }
  }

  /** Monotonic instant of the next thing to do. */
  nextMs(): number {
    let next = Infinity
    for (const { timeoutAtMs, stopReason, tellAtMs } of this.#running.values()) {
      next = Math.min(next, tellAtMs, stopReason === undefined ? timeoutAtMs : Infinity)
    }
    return next
  }
}

function judgeEnd(
  report: Extract<ExecutionReport, { kind: 'ended' }>,
  { stopReason, successCodes }: Pick<Running, 'stopReason' | 'successCodes'>,
): { outcome: Outcome; reason: string } {
  // after a stall a stop may be asked for before the end that came before it is heard
  const hadEnded = report.reason === 'exit' && report.isStopped !== true
  if (hadEnded) return judgeExit(report, successCodes)
  if (stopReason === 'timeout') return { outcome: 'failure', reason: 'timeout' }
  if (stopReason !== undefined) return { outcome: 'cancelled', reason: stopReason }
  return judgeExit(report, successCodes)
}

function judgeExit(
  report: Extract<ExecutionReport, { kind: 'ended' }>,
  successCodes: readonly number[],
): { outcome: Outcome; reason: string } {
  if (report.reason === 'exit' && report.exit !== null && successCodes.includes(report.exit)) {
    return { outcome: 'success', reason: (report.warning ?? '').slice(0, 255) }
  }
  const detail = report.detail === '' ? '' : `: ${report.detail}`
  return { outcome: 'failure', reason: `${report.reason}${detail}`.slice(0, 255) }
}
