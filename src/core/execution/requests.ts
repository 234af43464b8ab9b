// What users ask about executions: run it now, stop it.

import {
  attemptId,
  dispatchExecutionId,
  everySlot,
  executionId,
  soleSlot,
  type AttemptId,
  type ExecutionId,
  type JobName,
  type Slot,
} from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import { resolveParams } from '../jobs/document-params.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Membership } from '../membership/membership.ts'
import { isDistinct, slotsOf } from '../placement/slots.ts'
import { ok, refuse, type Result } from '../result.ts'
import type { Turn } from '../turn.ts'
import { isPaused } from '../forecast.ts'
import type { Attempts } from './attempts.ts'
import type { Candidacy } from './candidacy.ts'
import { draftOf } from './draft.ts'
import { attemptOf, isSettled } from './ledger.ts'
import { isSameOrder, type Ask, type Order } from './order.ts'
import type { OwnRuns } from './own-runs.ts'
import type { Post } from './post.ts'
import { askAgain, nextReplay, replayKey, tickOf } from './rerun.ts'
import type { ExecutionRecord } from './record.ts'
import type { Records } from './records.ts'
import type { Takeover } from './takeover.ts'

export class Requests {
  readonly #turn: Turn
  readonly #membership: Membership
  readonly #replica: Replica
  readonly #post: Post
  readonly #records: Records
  readonly #candidacy: Candidacy
  readonly #runs: OwnRuns
  readonly #attempts: Attempts
  readonly #takeover: Takeover

  constructor(components: {
    turn: Turn
    membership: Membership
    replica: Replica
    post: Post
    records: Records
    candidacy: Candidacy
    runs: OwnRuns
    attempts: Attempts
    takeover: Takeover
  }) {
    this.#turn = components.turn
    this.#membership = components.membership
    this.#replica = components.replica
    this.#post = components.post
    this.#records = components.records
    this.#candidacy = components.candidacy
    this.#runs = components.runs
    this.#attempts = components.attempts
    this.#takeover = components.takeover
  }

  /** Runs a job now; the same key gives the same execution on whichever member it is said. */
  dispatch(name: JobName, key: string, ask: Ask): Result<ExecutionId> {
    const job = this.#replica.catalog.live(name)
    if (job === undefined) return unknownJob(name)
    return this.#ask(job, dispatchExecutionId(name, key), ask)
  }

  /** Runs an execution once more; replays of a tick are numbered, and those before `from` are used. */
  rerun(
    id: ExecutionId,
    { name, key, from }: { readonly name: JobName; readonly key: string; readonly from: number },
  ): Result<ExecutionId> {
    const job = this.#replica.catalog.live(name)
    if (job === undefined) return unknownJob(name)
    const { ledger } = this.#records
    const ask = askAgain(ledger, id, name)
    if (!ask.ok) return ask
    const tick = tickOf(id)?.tick
    if (tick === undefined) return this.#ask(job, dispatchExecutionId(name, key), ask.value)
    const hashed = replayKey(tick, key)
    const replay = nextReplay(ledger, tick, { key: hashed, from })
    return replay.ok ? this.#ask(job, replay.value, ask.value, hashed) : replay
  }

  #ask(job: Job, execution: ExecutionId, ask: Ask, key?: string): Result<ExecutionId> {
    const { name } = job
    const dueMs = this.#turn.clusterMs
    const ordered = this.#orderOf(job, ask, dueMs)
    if (!ordered.ok) return ordered
    const order = key === undefined ? ordered.value : { ...ordered.value, key }
    if (this.#records.ledger.has(execution)) return this.#sameAgain(execution, order)
    if (ask.evenIfPaused !== true && isPaused(job, dueMs)) {
      const hint = `resume it, or run it in spite of that: --even-if-paused`
      return refuse('MC_PAUSED', `job ${name} is paused`, hint)
    }
    for (const slot of this.#slotsFor(job, order)) {
      const wanted = this.#attempts.ofDispatch(name, execution, slot, { dueMs, order })
      const record = { ...draftOf(wanted, job.generation), phase: 'queued' } as const
      this.#records.write(record, 'full', { isUrgent: true })
    }
    return ok(execution)
  }

  /** Which slots a dispatch has; on one member a job of distinct members has one. */
  #slotsFor({ groups: { placement } }: Job, { on }: Order): readonly Slot[] {
    if (placement.every) return [on ?? everySlot]
    if (on !== null && isDistinct(placement)) return [soleSlot]
    return slotsOf(placement, this.#membership.self)
  }

  /** Checks what somebody asks for, before anything is recorded. */
  #orderOf(job: Job, ask: Ask, askedMs: number): Result<Order> {
    const params = resolveParams(job.groups.action.params, ask.params ?? {})
    if (!params.ok) return params
    const { overlap = null, respectCalendars = false, on = null } = ask
    if (on !== null) {
      const { rank, excluded } = this.#candidacy.at(
        job,
        { execution: executionId(`${job.name}:`), slot: soleSlot },
        askedMs,
      )
      if (!rank.includes(on)) {
        const because = excluded.find(({ member }) => member === on)?.reason ?? 'it is unknown here'
        const hint = `see who may run it: meshcron explain ${job.name}`
        return refuse('MC_BAD_INPUT', `on: ${on} may not run ${job.name}: ${because}`, hint)
      }
    }
    return ok({ params: params.value, overlap, respectCalendars, on, askedMs })
  }

  /** A key said again means the same execution, and must ask for the same. */
  #sameAgain(execution: ExecutionId, order: Order): Result<ExecutionId> {
    const { ledger } = this.#records
    const first = ledger.slots(execution).flatMap((slot) => ledger.attempts(execution, slot))[0]
    if (first === undefined || isSameOrder(first.record.order, order)) return ok(execution)
    return refuse(
      'MC_KEY_REUSED',
      `this key stands for ${execution}, which was asked for with other words`,
      'use another key',
    )
  }

  /** Stops what runs or waits of an execution, here or by asking its executor. */
  stop(execution: ExecutionId, attempt: AttemptId | undefined): Result<ExecutionId> {
    const { ledger } = this.#records
    if (!ledger.has(execution)) {
      return refuse(
        'MC_UNKNOWN_EXECUTION',
        `no execution ${execution} is known here`,
        'list them with `meshcron run ls`',
      )
    }
    let isAsked = false
    for (const slot of ledger.slots(execution)) {
      const newest = ledger.newest(execution, slot)?.record
      if (newest === undefined || isSettled(newest)) continue
      if (attempt !== undefined && attemptOf(newest) !== attempt) continue
      const result = this.#stopSlot(newest)
      if (!result.ok) return result
      isAsked = true
    }
    if (isAsked) return ok(execution)
    return refuse('MC_NOT_RUNNING', `execution ${execution} has ended`, 'nothing is left to stop')
  }

  #stopSlot(newest: ExecutionRecord): Result<true> {
    const { executor } = newest
    if (newest.phase === 'queued' || newest.phase === 'ended') {
      this.#cancelWaiting(newest)
      return ok(true)
    }
    if (executor === this.#membership.self) {
      this.#runs.stop(attemptOf(newest), 'operator')
      return ok(true)
    }
    if (executor === null || this.#membership.link(executor) === undefined) {
      return refuse(
        'MC_MEMBER_UNREACHABLE',
        `its executor ${executor ?? ''} cannot be reached`,
        'try again when it is back, or stop it there',
      )
    }
    this.#post.send(executor, { kind: 'cancel', attempt: attemptOf(newest) })
    return ok(true)
  }

  /** Ends an execution of which no attempt is running. */
  #cancelWaiting(newest: ExecutionRecord): void {
    const number = newest.phase === 'queued' ? newest.attempt : newest.attempt + 1
    this.#takeover.drop(attemptId(newest.execution, newest.slot, number))
    const cancelled: ExecutionRecord = {
      ...newest,
      attempt: number,
      phase: 'ended',
      executor: null,
      outcome: 'cancelled',
      reason: 'operator',
      nextAttemptAtMs: null,
      endedMs: this.#turn.clusterMs,
    }
    this.#records.write(cancelled, 'full')
  }
}

export const unknownJob = (name: string): Result<never> =>
  refuse('MC_UNKNOWN_JOB', `no job ${name}`, 'list the jobs with `meshcron job ls`')
