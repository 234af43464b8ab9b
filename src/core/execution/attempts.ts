// From ticks, dispatches and failed attempts to attempts that are watched.

import {
  attemptId,
  everySlot,
  tickExecutionId,
  type ExecutionId,
  type JobName,
  type Slot,
} from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Replica } from '../jobs/replica.ts'
import { deadlineOf } from '../scheduler/misfire.ts'
import { intervalAfter } from '../scheduler/tick.ts'
import type { Candidacy } from './candidacy.ts'
import type { Ledger } from './ledger.ts'
import { isSameOrder } from './order.ts'
import type { ExecutionRecord, Why } from './record.ts'
import { totalEndMs } from './retrying.ts'
import { withdrawn, type Takeover, type Wanted } from './takeover.ts'

const dayMs = 86_400_000
/** A dispatch that nobody could start for so long is given up. */
const dispatchDeadlineMs = 3_600_000

/** When a tick is due, planned and too late. */
export interface TickTimes {
  readonly dueMs: number
  readonly plannedMs: number
  readonly cutoffMs: number
}

export class Attempts {
  readonly #replica: Replica
  readonly #candidacy: Candidacy
  readonly #ledger: Ledger
  readonly #takeover: Takeover

  constructor(components: {
    replica: Replica
    candidacy: Candidacy
    ledger: Ledger
    takeover: Takeover
  }) {
    this.#replica = components.replica
    this.#candidacy = components.candidacy
    this.#ledger = components.ledger
    this.#takeover = components.takeover
  }

  /** The first attempt at a slot of a tick, or of a child. */
  ofTick(
    job: Job,
    slot: Slot,
    tick: TickTimes,
    why: Why,
    execution: ExecutionId = tickExecutionId(job.name, job.generation, tick.dueMs),
  ): Wanted {
    const byMs = why === 'on-time' ? this.#staggerOf(job, execution, slot, tick) : 0
    const { dueMs, plannedMs, cutoffMs } = tick
    const first = this.#first(job.name, execution, slot)
    return { ...first, dueMs, plannedMs: plannedMs + byMs, cutoffMs: cutoffMs + byMs, why }
  }

  /** How much later a slot starts than the first one; never as late as the next tick. */
  #staggerOf(job: Job, execution: ExecutionId, slot: Slot, tick: TickTimes): number {
    const { name, groups } = job
    const { staggerMs, every } = groups.placement
    if (staggerMs === 0) return 0
    const { plannedMs, dueMs } = tick
    const rank: readonly string[] = every
      ? this.#candidacy.at(job, { execution, slot }, plannedMs).rank
      : []
    const place = every ? rank.indexOf(slot) : Number(slot)
    const roomMs = dueMs + intervalAfter(name, groups.timing, dueMs) - 1 - plannedMs
    return Math.max(0, Math.min(place * staggerMs, roomMs))
  }

  /** The first attempt of a dispatch. */
  ofDispatch(
    name: JobName,
    execution: ExecutionId,
    slot: Slot,
    { dueMs, order }: Pick<ExecutionRecord, 'dueMs' | 'order'>,
  ): Wanted {
    const cutoffMs = dueMs + dispatchDeadlineMs
    const first = this.#first(name, execution, slot)
    const asked = order === undefined ? {} : { order }
    return { ...first, dueMs, plannedMs: dueMs, cutoffMs, why: 'dispatch', ...asked }
  }

  #first(
    job: JobName,
    execution: ExecutionId,
    slot: Slot,
  ): Omit<Wanted, 'dueMs' | 'plannedMs' | 'cutoffMs' | 'why'> {
    const attempt = attemptId(execution, slot, 1)
    const graceMs = this.#candidacy.graceOf(this.#replica.catalog.live(job))
    return { attempt, execution, job, slot, number: 1, avoid: [], graceMs }
  }

  /** Watches a scheduled tick; P may lie ahead. */
  wantTick(job: Job, tick: TickTimes, why: Why): void {
    for (const slot of this.#candidacy.slotsOf(job)) {
      this.#takeover.want(this.ofTick(job, slot, tick, why))
    }
  }

  /** Watches a dispatch; one to every member under this node's own slot, while it is young. */
  wantDispatch(record: ExecutionRecord, nowMs: number): void {
    const { job, execution, dueMs } = record
    // a child is watched by what knows its graph
    if (record.root !== undefined) return
    const isToAll = record.slot === everySlot
    if (isToAll && nowMs > dueMs + dispatchDeadlineMs) return
    const slot = isToAll ? this.#candidacy.self : record.slot
    const wanted = this.ofDispatch(job, execution, slot, record)
    // the same key was said to two members with different words: the first one's count
    const known = this.#takeover.get(wanted.attempt)
    if (known !== undefined && !isSameOrder(known.order, record.order)) {
      this.#takeover.drop(wanted.attempt)
    }
    this.#takeover.want(wanted)
  }

  /** The first attempt of what was queued, to start now. */
  ofQueued(record: ExecutionRecord, nowMs: number): Wanted {
    const { job, execution, slot, dueMs, root } = record
    if (record.trigger === 'dispatch') return this.ofDispatch(job, execution, slot, record)
    const first = { ...this.#first(job, execution, slot), ...(root === undefined ? {} : { root }) }
    return { ...first, dueMs, plannedMs: nowMs, cutoffMs: this.#cutoffOf(record), why: 'queue' }
  }

  #cutoffOf(record: ExecutionRecord): number {
    const { job, dueMs, cutoffMs, trigger, nextAttemptAtMs } = record
    if (cutoffMs !== undefined) return cutoffMs
    if (trigger === 'dispatch') return dueMs + dispatchDeadlineMs
    const misfire = this.#replica.catalog.live(job)?.groups.delivery.misfire
    return (nextAttemptAtMs ?? dueMs) + (misfire === undefined ? 0 : deadlineOf(misfire, dayMs))
  }

  /** Watches the attempt that follows a failed one. */
  wantRetry(record: ExecutionRecord, nowMs: number): void {
    const { execution, slot, nextAttemptAtMs: plannedMs } = record
    const job = this.#replica.catalog.get(record.job)
    if (job === undefined || job.generation < record.generation || plannedMs === null) return
    // two members ran it, and with the other it went well
    if (!this.#ledger.isSlotOpen(execution, slot)) return
    const retry = this.#retryOf(job, record, plannedMs)
    const isGone = this.#replica.catalog.live(record.job)?.generation !== record.generation
    this.#takeover.want(isGone ? withdrawn(retry, nowMs) : retry)
  }

  #retryOf(job: Job, record: ExecutionRecord, plannedMs: number): Wanted {
    const { execution, slot } = record
    const number = record.attempt + 1
    const { root } = record
    const { misfire, retry } = job.groups.delivery
    const failed = this.#ledger
      .attempts(execution, slot)
      .map((stored) => stored.record.executor)
      .filter((member) => member !== null)
    return {
      ...this.#first(record.job, execution, slot),
      attempt: attemptId(execution, slot, number),
      number,
      dueMs: record.dueMs,
      ...(root === undefined ? {} : { root }),
      plannedMs,
      cutoffMs: Math.min(
        plannedMs + deadlineOf(misfire, dayMs),
        totalEndMs(job, this.#ledger, record, plannedMs),
      ),
      why: 'retry',
      avoid: retry.where === 'same' ? failed.slice(-1) : failed,
      ...(record.order === undefined ? {} : { order: record.order }),
    }
  }
}
