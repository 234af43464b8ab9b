// A tick that comes due while another execution of its job is open.
//
// The ledger is replicated, so what it calls open may have ended already: before a tick is passed over
// its node asks the executor, whose word is final. An executor that cannot be reached may still be
// running it: the tick waits until that one has answered, or has been given up for lost and the orphan
// grace is over, and no longer than its cutoff. A tick that queues is a record that all members hold;
// none of them keeps a line of its own. Whoever sees that the way is free wants the first of the line,
// and the takeover ladder picks one of them. Between members that cannot reach each other all of this is
// best effort.

import {
  everySlot,
  type AttemptId,
  type ExecutionId,
  type JobName,
  type MemberId,
  type Slot,
} from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Delivery } from '../jobs/definition.ts'
import type { Replica } from '../jobs/replica.ts'
import { mapGet } from '../map-get.ts'
import type { Membership } from '../membership/membership.ts'
import type { Turn } from '../turn.ts'
import type { Attempts } from './attempts.ts'
import type { Candidacy } from './candidacy.ts'
import { draftOf } from './draft.ts'
import { attemptOf, isSettled } from './ledger.ts'
import type { NotRun } from './not-run.ts'
import type { OwnRuns } from './own-runs.ts'
import type { Post } from './post.ts'
import type { ExecutionRecord, StoredRecord } from './record.ts'
import type { Records } from './records.ts'
import { withdrawn, type Takeover, type Wanted, type Watch } from './takeover.ts'

/** Something of another execution that may be running. */
interface Blocker {
  readonly attempt: AttemptId
  /** Null: it waits for its next attempt. */
  readonly executor: MemberId | null
  readonly record: ExecutionRecord
  /** Nobody hears of it any more. */
  readonly isOrphan: boolean
}

type Meeting = 'free' | 'running' | 'queue-full' | 'rate' | 'queue' | { readonly waitMs: number }

interface Components {
  readonly turn: Turn
  readonly timers: Timers
  readonly membership: Membership
  readonly replica: Replica
  readonly post: Post
  readonly records: Records
  readonly candidacy: Candidacy
  readonly attempts: Attempts
  readonly takeover: Takeover
  readonly runs: OwnRuns
  readonly notRun: NotRun
  readonly world: {
    /** The watch has come to its end. */
    keepNotes(watch: Watch): void
    isReady(): boolean
    /** Whether it belongs to what the job is now. */
    isWanted(job: Job, wanted: Wanted): boolean
  }
}

const orphanGraceDefaultMs = 300_000
/** An executor's word that an attempt runs holds for so many probe times. */
const answerProbes = 4

export class Overlap {
  readonly #of: Components
  /** Attempts of others that we asked about or told to stop, and when, monotonic. */
  readonly #asked = new Map<AttemptId, number>()
  readonly #told = new Map<AttemptId, number>()
  /** When the executor said that it runs, monotonic. */
  readonly #answered = new Map<AttemptId, number>()
  /** Watches that wait for an answer or an end. */
  readonly #waiting = new Map<JobName, Set<AttemptId>>()
  /** Attempts given up for lost with their member, as long as they may still run. */
  readonly #orphans = new Map<JobName, Map<ExecutionId, ExecutionRecord>>()
  /** Jobs of which something is queued. */
  readonly #lines = new Set<JobName>()

  constructor(components: Components) {
    this.#of = components
  }

  // ── a claim meets others ───────────────────────────────────────────────────────────────────────

  /** Whether something keeps a first attempt from starting now; what is to be done then is done. */
  holds(job: Job, watch: Watch): boolean {
    const { takeover, notRun, world } = this.#of
    const meeting = this.#meet(job, watch)
    if (meeting === 'free') return false
    if (typeof meeting === 'object') {
      takeover.later(watch, meeting.waitMs)
      mapGet(this.#waiting, job.name, () => new Set()).add(watch.attempt)
      return true
    }
    world.keepNotes(watch)
    takeover.drop(watch.attempt)
    if (meeting === 'queue') this.#queue(job, watch)
    else notRun.skip(watch, meeting)
    return true
  }

  /** Whether a tick that was not started in time was passed over for another execution. */
  isPassedOver(watch: Watch): boolean {
    const job = this.#of.replica.catalog.live(watch.job)
    if (job === undefined || policyOf(job, watch) !== 'skip' || watch.number > 1) return false
    return this.#blockers(job, watch).length > 0
  }

  #meet(job: Job, watch: Watch): Meeting {
    const { ledger } = this.#of.records
    const overlap = policyOf(job, watch)
    const isFurther = ledger.hasBegun(watch.execution)
    if (!isFurther && ledger.tallies.isRateReached(job, this.#of.turn.clusterMs)) return 'rate'
    if (ledger.openCount(job.name) > limits.openExecutionsPerJobMax) return 'queue-full'
    if (overlap === 'allow') return 'free'
    const blockers = this.#blockers(job, watch)
    if (isQueueing(overlap)) return this.#meetLine(job, watch, blockers)
    if (blockers.length === 0) return 'free'
    if (overlap === 'skip') return this.#ask(watch, blockers)
    return this.#replace(job, watch, blockers)
  }

  #meetLine(job: Job, watch: Watch, blockers: readonly Blocker[]): Meeting {
    const key = keyOf(job, watch)
    const line = this.#line(job.name, watch.slot).filter((other) => keyOf(job, other) === key)
    const place = new Set(
      line.filter((other) => isBefore(other, watch)).map(({ execution }) => execution),
    ).size
    if (place === 0 && blockers.length === 0) return 'free'
    for (const { attempt } of blockers) this.#of.takeover.note(watch, `waits behind ${attempt}`)
    return place >= lineMax(policyOf(job, watch)) ? 'queue-full' : 'queue'
  }

  /** Passed over only on the word of an executor that runs it, or for a retry that is to come. */
  #ask(watch: Watch, blockers: readonly Blocker[]): Meeting {
    const { turn, timers, membership, post, takeover } = this.#of
    let waitMs = timers.graceMs
    for (const { attempt, executor, isOrphan } of blockers) {
      const isHere = executor === null || (executor === membership.self && !isOrphan)
      const isFresh = this.#isRecent(this.#answered, attempt, answerProbes * timers.probeMs)
      if (isHere || (isFresh && !isOrphan)) {
        takeover.note(watch, `${attempt} runs on ${executor ?? 'nobody yet: it is tried again'}`)
        return 'running'
      }
      if (isOrphan || membership.link(executor) === undefined) {
        takeover.note(watch, `${executor} may still run ${attempt}, and cannot be asked`)
        continue
      }
      waitMs = Math.min(waitMs, timers.probeMs)
      if (this.#isRecent(this.#asked, attempt, timers.probeMs)) continue
      this.#asked.set(attempt, turn.monoMs)
      takeover.note(watch, `asked ${executor} whether ${attempt} runs`)
      post.send(executor, { kind: 'probe', attempt })
    }
    return { waitMs }
  }

  /** Stops what runs. A killed one is not waited for, a cancelled one until it must be dead. */
  #replace(job: Job, watch: Watch, blockers: readonly Blocker[]): Meeting {
    const { turn, timers, takeover } = this.#of
    const isKill = job.groups.delivery.overlap === 'kill-other'
    const mostMs = job.groups.action.killAfterMs + timers.probeMs
    let waitMs: number = -1
    for (const blocker of blockers) {
      const sinceMs = this.#told.get(blocker.attempt)
      const isTold = sinceMs !== undefined || this.#stop(blocker, isKill)
      if (!isTold) {
        takeover.note(watch, `${blocker.executor} may still run ${blocker.attempt}`)
        waitMs = Math.max(waitMs, timers.graceMs)
        continue
      }
      if (sinceMs === undefined) takeover.note(watch, `stopped ${blocker.attempt}`)
      const restMs = mostMs - (turn.monoMs - (sinceMs ?? turn.monoMs))
      if (!isKill && blocker.executor !== null && restMs > 0) waitMs = Math.max(waitMs, restMs)
    }
    return waitMs < 0 ? 'free' : { waitMs }
  }

  /** Stops another execution; false when its executor cannot be told. */
  #stop({ attempt, executor, record, isOrphan }: Blocker, isKill: boolean): boolean {
    const { turn, membership, runs, post, records } = this.#of
    if (executor === null) {
      records.write(cancelledRetry(record, turn.clusterMs), 'full')
      return true
    }
    if (executor === membership.self && !isOrphan) runs.stop(attempt, 'overlap', isKill)
    else if (isOrphan || membership.link(executor) === undefined) return false
    else post.send(executor, { kind: 'cancel', attempt, reason: 'overlap', isKill })
    this.#told.set(attempt, turn.monoMs)
    return true
  }

  #isRecent(at: ReadonlyMap<AttemptId, number>, attempt: AttemptId, withinMs: number): boolean {
    return this.#of.turn.monoMs - (at.get(attempt) ?? -Infinity) < withinMs
  }

  // ── what is open ───────────────────────────────────────────────────────────────────────────────

  #blockers(job: Job, wanted: Pick<Wanted, 'execution' | 'slot' | 'order'>): readonly Blocker[] {
    const { execution: own, slot: ownSlot } = wanted
    const { ledger } = this.#of.records
    const isEvery = job.groups.placement.every
    const found = new Map<AttemptId, Blocker>()
    // others may have given up for lost what goes on here
    for (const record of this.#of.runs.ofJob(job.name)) {
      if (record.execution !== own) add(found, record, false)
    }
    for (const execution of ledger.open(job.name)) {
      if (execution === own) continue
      for (const slot of isEvery ? [ownSlot] : ledger.slots(execution)) {
        const newest = ledger.newest(execution, slot)
        if (newest !== undefined && this.#isOpen(newest)) add(found, newest.record, false)
      }
    }
    for (const record of this.#orphansOf(job)) {
      const isElsewhere = isEvery && record.slot !== ownSlot
      if (record.execution !== own && !isElsewhere) add(found, record, true)
    }
    const key = keyOf(job, wanted)
    return [...found.values()].filter(({ record }) => keyOf(job, record) === key)
  }

  /** It runs or is to be tried again; what a process that has ended began runs no more. */
  #isOpen({ record, startId }: StoredRecord): boolean {
    if (isSettled(record) || record.phase === 'queued') return false
    if (record.phase === 'ended' || record.executor === null) return true
    const { membership } = this.#of
    if (record.executor === membership.self) return true
    const member = membership.get(record.executor)
    return member?.state !== 'alive' || member.record.startId === startId
  }

  #orphansOf(job: Job): readonly ExecutionRecord[] {
    const orphans = this.#orphans.get(job.name)
    if (orphans === undefined) return []
    const { timeoutMs } = job.groups.action
    const graceMs =
      job.groups.delivery.orphanGraceMs ??
      (timeoutMs === null ? orphanGraceDefaultMs : 2 * timeoutMs)
    for (const [execution, { endedMs }] of orphans) {
      if (this.#of.turn.clusterMs >= (endedMs ?? 0) + graceMs) orphans.delete(execution)
    }
    if (orphans.size === 0) this.#orphans.delete(job.name)
    return [...orphans.values()]
  }

  // ── the line ───────────────────────────────────────────────────────────────────────────────────

  /** What waits for its turn, in the order of T. */
  #line(job: JobName, ownSlot: Slot): readonly ExecutionRecord[] {
    const { turn, records, replica } = this.#of
    const { ledger } = records
    const isEvery = replica.catalog.get(job)?.groups.placement.every ?? false
    const line = ledger.open(job).flatMap((execution) =>
      (isEvery ? [ownSlot] : ledger.slots(execution)).flatMap((slot) => {
        const record = slot === everySlot ? undefined : ledger.newest(execution, slot)?.record
        const isDue = (record?.nextAttemptAtMs ?? 0) <= turn.clusterMs
        return record?.phase === 'queued' && isDue ? [record] : []
      }),
    )
    return line.toSorted((a, b) => (isBefore(a, b) ? -1 : 1))
  }

  #queue(job: Job, watch: Watch): void {
    const { records } = this.#of
    this.#lines.add(job.name)
    if (records.ledger.isQueued(watch.execution, watch.slot)) return
    const { cutoffMs } = watch
    const record = { ...draftOf(watch, job.generation), phase: 'queued', cutoffMs } as const
    records.write(record, 'full', { isUrgent: true })
  }

  /** Something was queued: it is wanted when its turn comes, which may be now. */
  admit(record: ExecutionRecord): void {
    if (record.slot === everySlot) {
      this.#of.attempts.wantDispatch(record, this.#of.turn.clusterMs)
      return
    }
    // a child is watched by what knows its graph, until it meets another execution
    if (record.root !== undefined && record.cutoffMs === undefined) return
    this.#of.takeover.drop(attemptOf(record))
    this.#lines.add(record.job)
    this.release(record.job)
  }

  /** Wants what has its turn, is too late, or is no attempt of the job any more and is to end so. */
  release(name: JobName): void {
    const { turn, replica, candidacy, attempts, takeover, world } = this.#of
    // before that it could only decline what it asks for
    if (!world.isReady() || !this.#lines.has(name)) return
    const job = replica.catalog.live(name)
    const line = this.#line(name, candidacy.self)
    if (line.length === 0) this.#lines.delete(name)
    const linesByKey = new Map<string, Set<ExecutionId>>()
    for (const record of line) {
      const key = job === undefined ? '' : keyOf(job, record)
      const before = mapGet(linesByKey, key, () => new Set<ExecutionId>())
      const place = before.has(record.execution) ? before.size - 1 : before.size
      before.add(record.execution)
      const wanted = attempts.ofQueued(record, turn.clusterMs)
      const isLate = turn.clusterMs > wanted.cutoffMs
      // what was asked for may come before the definition of its job
      if (replica.catalog.get(name) === undefined) takeover.want(wanted)
      else if (job === undefined || !world.isWanted(job, wanted)) {
        takeover.want(withdrawn(wanted, turn.clusterMs))
      } else if (isLate || this.#hasTurn(job, record, place)) takeover.want(wanted)
    }
  }

  #hasTurn(job: Job, record: ExecutionRecord, place: number): boolean {
    const overlap = policyOf(job, record)
    if (!isQueueing(overlap) || place >= lineMax(overlap)) return true
    return place === 0 && this.#blockers(job, record).length === 0
  }

  // ── news ───────────────────────────────────────────────────────────────────────────────────────

  /** What a record says about others that wait. */
  merged(record: ExecutionRecord): void {
    if (record.phase === 'queued' || record.attempt === 0) return
    const attempt = attemptOf(record)
    if (record.phase === 'ended') {
      this.#noteOrphan(record)
      this.#asked.delete(attempt)
      this.#told.delete(attempt)
      this.#answered.delete(attempt)
    }
    this.#goOn(record.job)
    this.release(record.job)
  }

  /** Only what vanished with its member may go on unseen; its own word ends that. */
  #noteOrphan(record: ExecutionRecord): void {
    const { job, execution } = record
    if (record.reason !== 'member-down' || record.executor === null) {
      this.#orphans.get(job)?.delete(execution)
      return
    }
    const orphans = mapGet(this.#orphans, job, () => new Map<ExecutionId, ExecutionRecord>())
    orphans.set(execution, record)
    if (orphans.size > limits.ledgerSettledPerJobMax) orphans.delete(orphans.keys().next().value!)
  }

  /** Takes up a stored record. */
  restore(record: ExecutionRecord): void {
    if (record.phase === 'ended') this.#noteOrphan(record)
  }

  /** The executor says again what it runs: the answer to our question. */
  heard({ record, author }: StoredRecord): void {
    if (record.phase === 'ended' || record.phase === 'queued' || record.executor !== author) return
    const attempt = attemptOf(record)
    if (!this.#asked.has(attempt)) return
    this.#answered.set(attempt, this.#of.turn.monoMs)
    this.#goOn(record.job)
  }

  /** Judges again what waited for news of its job. */
  #goOn(job: JobName): void {
    const { takeover } = this.#of
    const waiting = this.#waiting.get(job)
    this.#waiting.delete(job)
    for (const attempt of waiting ?? []) {
      const watch = takeover.get(attempt)
      if (watch?.phase.kind === 'watching') takeover.later(watch, 0)
    }
  }

  /** Lets go what has its turn or is too late, and forgets what nobody asks for any more. */
  sweep(): void {
    for (const job of this.#lines) this.release(job)
    const { monoMs } = this.#of.turn
    for (const at of [this.#asked, this.#told, this.#answered]) {
      for (const [attempt, sinceMs] of at) {
        if (monoMs - sinceMs > orphanGraceDefaultMs) at.delete(attempt)
      }
    }
  }
}

/** What somebody who asked for it wants, else what the job says. */
const policyOf = (job: Job, { order }: Pick<ExecutionRecord, 'order'>): Delivery['overlap'] =>
  order?.overlap ?? job.groups.delivery.overlap

/** The value of the parameter that narrows overlap; of all executions the same where there is none. */
function keyOf({ groups }: Job, { order }: Pick<ExecutionRecord, 'order'>): string {
  const { overlapKey } = groups.delivery
  if (overlapKey === null) return ''
  return order?.params[overlapKey] ?? groups.action.params[overlapKey]?.default ?? ''
}

const isQueueing = (overlap: Delivery['overlap']): boolean =>
  overlap === 'queue-one' || overlap === 'queue-all'

const lineMax = (overlap: Delivery['overlap']): number =>
  overlap === 'queue-one' ? 1 : limits.queuedPerJobMax

type Placed = Pick<ExecutionRecord, 'dueMs' | 'execution'>

const isBefore = (a: Placed, b: Placed): boolean =>
  a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.execution < b.execution)

function add(found: Map<AttemptId, Blocker>, record: ExecutionRecord, isOrphan: boolean): void {
  const attempt = attemptOf(record)
  if (found.has(attempt)) return
  const executor = record.phase === 'ended' && !isOrphan ? null : record.executor
  found.set(attempt, { attempt, executor, record, isOrphan })
}

/** The attempt that was to follow a failed one does not come. */
function cancelledRetry(failed: ExecutionRecord, endedMs: number): ExecutionRecord {
  return {
    ...failed,
    attempt: failed.attempt + 1,
    phase: 'ended',
    executor: null,
    outcome: 'cancelled',
    reason: 'overlap',
    exit: null,
    nextAttemptAtMs: null,
    endedMs,
  }
}
