// What runs, has run and did not run: claims of this node, records of all, and what follows from them.

import type { Author } from '../author.ts'
import type { Counts, ExecutionReport } from '../event.ts'
import {
  attemptId,
  dispatchExecutionId,
  everySlot,
  isDispatch,
  parseAttemptId,
  soleSlot,
  tickExecutionId,
  type AttemptId,
  type ExecutionId,
  type JobName,
  type MemberId,
  type Slot,
} from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Member, Membership } from '../membership/membership.ts'
import { rankCandidates, type Ranking } from '../placement/candidates.ts'
import { ok, refuse, type Result } from '../result.ts'
import { deadlineOf } from '../scheduler/misfire.ts'
import { retryWaitMs } from '../scheduler/retry.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Turn } from '../turn.ts'
import { attemptOf, isRan, isSettled, Ledger } from './ledger.ts'
import { launchOf } from './launch.ts'
import type { Post } from './post.ts'
import type { ExecutionRecord, NotRunOutcome, Outcome, StoredRecord, Why } from './record.ts'
import { isRecordSigned, openRecord, sealRecord } from './record-codec.ts'
import { Takeover, type Wanted, type Watch } from './takeover.ts'

/** What this node is running. */
interface Running {
  readonly wanted: Wanted
  record: ExecutionRecord
  readonly startedMonoMs: number
  /** When it is stopped for taking too long, monotonic. */
  readonly timeoutAtMs: number
  /** Why we asked it to stop. */
  stopReason: 'timeout' | 'operator' | 'shutdown' | undefined
}

export interface ExecutionsWorld {
  /** A tick of the job is decided. */
  tickDecided(job: JobName, dueMs: number, slot: Slot): void
  /** A tick that was decided is not, after all. */
  tickUndecided(job: JobName, dueMs: number): void
  /** Whether this node became ready or resumed so shortly before P that others may not know. */
  isFresh(plannedMs: number): boolean
  isReady(): boolean
  /** Why this node starts nothing now; undefined when it does. */
  inability(): string | undefined
}

const dayMs = 86_400_000
const dispatchDeadlineMs = 3_600_000
const fencesPerInstant = 64

export class Executions {
  readonly ledger: Ledger
  readonly takeover: Takeover
  readonly #turn: Turn
  readonly #author: Author
  readonly #crypto: Crypto
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #replica: Replica
  readonly #post: Post
  readonly #world: ExecutionsWorld
  readonly #running = new Map<AttemptId, Running>()
  /** Notes of recent decisions, for `explain`; oldest first. */
  readonly #notes = new Map<AttemptId, readonly string[]>()
  #sweptAtMs = -Infinity

  constructor(
    components: {
      turn: Turn
      author: Author
      crypto: Crypto
      timers: Timers
      membership: Membership
      replica: Replica
      post: Post
      world: ExecutionsWorld
    },
    counts: Counts,
  ) {
    this.#turn = components.turn
    this.#author = components.author
    this.#crypto = components.crypto
    this.#timers = components.timers
    this.#membership = components.membership
    this.#replica = components.replica
    this.#post = components.post
    this.#world = components.world
    this.ledger = new Ledger(counts)
    this.takeover = new Takeover({
      turn: this.#turn,
      timers: this.#timers,
      world: {
        self: this.#membership.self,
        rank: (watch) => this.rankOf(watch).rank,
        isAlive: (member) => this.#membership.isAlive(member),
        hasLink: (member) => this.#membership.link(member) !== undefined,
        observersOf: (member) => this.#membership.observersOf(member),
        isDecided: (watch) => this.isDecided(watch),
        isFresh: (plannedMs) => this.#world.isFresh(plannedMs),
        home: (job) => this.#post.home(job),
        claim: (watch, rank, why) => this.#claim(watch, rank, why),
        expire: (watch) => this.#expire(watch),
        send: (to, message) => this.#post.send(to, message),
        teach: (member, watch) => this.#teach(member, watch),
      },
    })
  }

  get runningCount(): number {
    return this.#running.size
  }

  notesOf(attempt: AttemptId): readonly string[] {
    return this.takeover.get(attempt)?.notes ?? this.#notes.get(attempt) ?? []
  }

  // ── who ────────────────────────────────────────────────────────────────────────────────────────

  /** Candidates of an attempt with the facts of now. */
  rankOf(wanted: Wanted): Ranking {
    const job = this.#replica.catalog.live(wanted.job)
    if (job === undefined) return { rank: [], excluded: [] }
    const isLate = wanted.why === 'catch-up' || wanted.why === 'dispatch' || wanted.why === 'retry'
    const plannedMs = isLate ? this.#turn.clusterMs : wanted.plannedMs
    const planned = this.rankAt(job, wanted.execution, plannedMs)
    const open = planned.rank.some((member) => this.#membership.isAlive(member))
      ? planned
      : this.#withLatecomers(planned, this.rankAt(job, wanted.execution, this.#turn.clusterMs))
    if (job.groups.placement.every) {
      return { ...open, rank: open.rank.filter((member) => member === wanted.slot) }
    }
    if (wanted.number > 1 && job.groups.delivery.retry.where === 'same') {
      return { ...open, rank: open.rank.filter((member) => wanted.avoid.includes(member)) }
    }
    const others = open.rank.filter((member) => !wanted.avoid.includes(member))
    const isElsewhere = wanted.number > 1 && job.groups.delivery.retry.where === 'other'
    return isElsewhere && others.length > 0 ? { ...open, rank: others } : open
  }

  /** When no candidate of the planned instant lives, those that became candidates since come behind. */
  #withLatecomers(planned: Ranking, now: Ranking): Ranking {
    const latecomers = now.rank.filter((member) => !planned.rank.includes(member))
    return { rank: [...planned.rank, ...latecomers], excluded: now.excluded }
  }

  /** Candidates of an execution planned for an instant. */
  rankAt(job: Job, execution: ExecutionId, plannedMs: number): Ranking {
    return rankCandidates(
      'tick',
      execution,
      job.groups,
      this.#membership.members(),
      plannedMs,
      this.#timers.settleMs,
    )
  }

  /** The slot that this node looks after. */
  slotOf(job: Job): Slot {
    return job.groups.placement.every ? this.#membership.self : soleSlot
  }

  #graceOf(job: Job | undefined): number {
    return job?.groups.delivery.graceMs ?? this.#timers.graceMs
  }

  isDecided(wanted: Wanted): boolean {
    if (this.ledger.isDecided(wanted.execution, wanted.slot, wanted.number)) return true
    if (wanted.number > 1 || isDispatch(wanted.execution)) return false
    const generation = this.#replica.catalog.get(wanted.job)?.generation ?? 1
    return this.ledger.isInRange(wanted.job, generation, wanted.dueMs, wanted.slot)
  }

  // ── starting ───────────────────────────────────────────────────────────────────────────────────

  /** Watches a scheduled tick of a job; P may lie ahead. */
  wantTick(job: Job, tick: { dueMs: number; plannedMs: number; cutoffMs: number }, why: Why): void {
    const execution = tickExecutionId(job.name, job.generation, tick.dueMs)
    const slot = this.slotOf(job)
    this.takeover.want({
      attempt: attemptId(execution, slot, 1),
      execution,
      job: job.name,
      slot,
      number: 1,
      avoid: [],
      why,
      graceMs: this.#graceOf(job),
      ...tick,
    })
  }

  /** Claims and starts; otherwise says why this node cannot. */
  #claim(watch: Watch, rank: number, why: Why): string | undefined {
    const inability = this.#world.inability()
    if (inability !== undefined) return inability
    if (this.#running.size >= limits.runningMax) return 'busy'
    const job = this.#replica.catalog.live(watch.job)
    if (job === undefined || !job.isSupported) return 'unknown job'
    if (!this.#replica.isAuthentic(watch.job)) {
      this.#turn.report({ kind: 'damaged', what: `definition of ${watch.job}`, count: 1 })
      return 'the definition does not verify here'
    }
    this.#keepNotes(watch)
    this.takeover.drop(watch.attempt)
    if (watch.number === 1 && this.#overlaps(job, watch)) {
      this.#write(this.#notRun(watch, 'skipped-overlap', 'running'), 'full', [])
      return undefined
    }
    const record: ExecutionRecord = {
      ...this.#draft(watch, job.generation),
      phase: 'claimed',
      executor: this.#membership.self,
      why,
      rank,
      claimedMs: this.#turn.clusterMs,
    }
    const receivers = [...this.#post.receivers(job.name, this.rankOf(watch).rank), ...watch.askers]
    this.#write(record, 'full', receivers, true)
    const { timeoutMs } = job.groups.action
    this.#running.set(watch.attempt, {
      wanted: watch,
      record,
      startedMonoMs: this.#turn.monoMs,
      timeoutAtMs: timeoutMs === null ? Infinity : this.#turn.monoMs + timeoutMs,
      stopReason: undefined,
    })
    const launch = launchOf(job, record, this.#membership.own().name, watch.plannedMs)
    this.#turn.emit({ kind: 'start', launch })
    return undefined
  }

  #draft(wanted: Wanted, generation: number): ExecutionRecord {
    return {
      execution: wanted.execution,
      job: wanted.job,
      generation,
      dueMs: wanted.dueMs,
      slot: wanted.slot,
      attempt: wanted.number,
      phase: 'ended',
      executor: null,
      trigger: isDispatch(wanted.execution) ? 'dispatch' : 'schedule',
      why: wanted.why,
      rank: 0,
      claimedMs: null,
      startedMs: null,
      endedMs: null,
      outcome: null,
      reason: '',
      exit: null,
      nextAttemptAtMs: null,
      fence: wanted.dueMs * fencesPerInstant + Math.min(wanted.number, fencesPerInstant - 1),
      outputBytes: 0,
      outputDropped: 0,
      throughMs: wanted.dueMs,
      count: 1,
    }
  }

  /** Whether another execution of the job is running as far as this node knows. */
  #overlaps(job: Job, wanted: Wanted): boolean {
    if (job.groups.delivery.overlap === 'allow') return false
    for (const execution of this.ledger.open(job.name)) {
      if (execution === wanted.execution) continue
      const slots = job.groups.placement.every ? [wanted.slot] : this.ledger.slots(execution)
      for (const slot of slots) {
        const newest = this.ledger.newest(execution, slot)?.record
        if (newest !== undefined && !isSettled(newest) && newest.phase !== 'queued') return true
      }
    }
    return false
  }

  #keepNotes(watch: Watch): void {
    this.#notes.set(watch.attempt, watch.notes)
    if (this.#notes.size <= limits.openExecutionsPerJobMax) return
    this.#notes.delete(this.#notes.keys().next().value!)
  }

  /** Takes back claims that could not be stored and so did not start; others are asked to act. */
  unclaim(attempts: readonly AttemptId[]): ReadonlySet<StoredRecord> {
    const claims = new Set<StoredRecord>()
    for (const attempt of attempts) {
      const running = this.#running.get(attempt)
      if (running === undefined) continue
      this.#running.delete(attempt)
      const { record } = running
      const claim = this.ledger.retract(
        record.execution,
        record.slot,
        record.attempt,
        this.#membership.self,
      )
      if (claim !== undefined) claims.add(claim)
      if (record.trigger === 'schedule') this.#world.tickUndecided(record.job, record.dueMs)
      this.takeover.want({ ...running.wanted })
    }
    return claims
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────

  /** What an executor of this node says about an attempt of ours. */
  onReport(report: ExecutionReport): void {
    const running = this.#running.get(report.attempt)
    if (running === undefined) return
    if (report.kind === 'started') {
      running.record = { ...running.record, phase: 'running', startedMs: this.#turn.clusterMs }
      this.#write(running.record, 'normal', this.#post.receivers(running.record.job, []))
      return
    }
    this.#running.delete(report.attempt)
    const { outcome, reason } = judgeEnd(report, running.stopReason)
    this.#end(running.record, {
      outcome,
      reason,
      exit: report.exit,
      outputBytes: report.outputBytes,
      outputDropped: report.outputDropped,
    })
  }

  /** Writes the end of an attempt, and when the next one is due if there is one. */
  #end(
    record: ExecutionRecord,
    end: Pick<ExecutionRecord, 'outcome' | 'reason' | 'exit' | 'outputBytes' | 'outputDropped'>,
  ): void {
    const ended: ExecutionRecord = {
      ...record,
      ...end,
      phase: 'ended',
      endedMs: this.#turn.clusterMs,
      nextAttemptAtMs: this.#nextAttemptAt(record, end),
    }
    this.#write(ended, 'full', this.#post.receivers(record.job, []))
  }

  #nextAttemptAt(
    record: ExecutionRecord,
    end: { readonly outcome: Outcome | null; readonly reason: string },
  ): number | null {
    const job = this.#replica.catalog.live(record.job)
    if (job === undefined || record.attempt === 0) return null
    const { retry, misfire } = job.groups.delivery
    const cause = causeOf(end.outcome, end.reason)
    if (cause === undefined || !retry.on.includes(cause) || record.attempt > retry.max) return null
    const atMs =
      this.#turn.clusterMs + retryWaitMs(retry, record.execution, record.slot, record.attempt)
    // a written deadline bounds retries too; the default one would cut the chains of frequent jobs
    const isTooLate = misfire.deadlineMs !== null && atMs > record.dueMs + misfire.deadlineMs
    return isTooLate ? null : atMs
  }

  /** Stamps, stores and sends a record of ours, and draws the consequences. */
  #write(
    record: ExecutionRecord,
    durability: 'full' | 'normal',
    receivers: readonly MemberId[],
    isUrgent = false,
  ): void {
    const stored = sealRecord(this.#author, record, this.#turn.clusterMs)
    this.#replica.noteSeen()
    this.#turn.emit({ kind: 'persist', durability, writes: [{ kind: 'record', stored }] })
    this.#merged(stored)
    const all = receivers.length > 0 ? receivers : this.#post.receivers(record.job, [])
    this.#post.record(stored.bytes, [...new Set(all)], isUrgent)
  }

  /** Merges a record and does what follows from it. */
  #merged(stored: StoredRecord): boolean {
    const { record } = stored
    const { isNews, isDuplicate } = this.ledger.merge(stored)
    if (!isNews) return false
    this.#turn.report({ kind: 'execution', record, duplicate: isDuplicate })
    const attempt = attemptOf(record)
    if (record.phase === 'queued') this.#wantDispatch(record)
    else {
      const watch = this.takeover.drop(attempt)
      if (watch !== undefined) {
        this.#keepNotes(watch)
        this.#post.record(stored.bytes, [...watch.askers], true)
      }
      if (record.count > 1 || record.attempt === 0) this.#dropDecided(record)
    }
    if (record.phase === 'ended') this.#ended(record)
    if (record.trigger === 'schedule') {
      this.#world.tickDecided(record.job, record.dueMs, record.slot)
    }
    return true
  }

  /** What the end of an attempt says about the next one. */
  #ended(record: ExecutionRecord): void {
    const { execution, slot, attempt } = record
    if (record.nextAttemptAtMs !== null) this.#wantRetry(record)
    // it was given up for lost, and now it is known how it went
    else if (isRan(record)) this.takeover.drop(attemptId(execution, slot, attempt + 1))
    if (slot === everySlot) this.takeover.drop(attemptId(execution, this.#membership.self, 1))
  }

  /** A record that no attempt ran decides the first attempt of its ticks. */
  #dropDecided(record: ExecutionRecord): void {
    for (const watch of [...this.takeover.watches()]) {
      const isCovered =
        watch.job === record.job && watch.dueMs >= record.dueMs && watch.dueMs <= record.throughMs
      if (!isCovered || watch.slot !== record.slot || !this.isDecided(watch)) continue
      this.takeover.drop(watch.attempt)
      this.#world.tickDecided(watch.job, watch.dueMs, watch.slot)
    }
  }

  /** Forgets the ticks of a job up to one: another member holds their records. */
  dropTicks(job: JobName, throughMs: number): void {
    for (const watch of [...this.takeover.watches()]) {
      const isTick = watch.number === 1 && !isDispatch(watch.execution)
      if (watch.job === job && isTick && watch.dueMs <= throughMs) this.takeover.drop(watch.attempt)
    }
  }

  // ── further attempts and dispatches ────────────────────────────────────────────────────────────

  #wantRetry(record: ExecutionRecord): void {
    const job = this.#replica.catalog.live(record.job)
    const plannedMs = record.nextAttemptAtMs
    if (job === undefined || plannedMs === null) return
    const number = record.attempt + 1
    const failed = this.ledger
      .attempts(record.execution, record.slot)
      .map((stored) => stored.record.executor)
      .filter((member) => member !== null)
    this.takeover.want({
      attempt: attemptId(record.execution, record.slot, number),
      execution: record.execution,
      job: record.job,
      slot: record.slot,
      number,
      plannedMs,
      cutoffMs: plannedMs + deadlineOf(job.groups.delivery.misfire, dayMs),
      dueMs: record.dueMs,
      why: 'retry',
      avoid: job.groups.delivery.retry.where === 'same' ? failed.slice(-1) : failed,
      graceMs: this.#graceOf(job),
    })
  }

  #wantDispatch(record: ExecutionRecord): void {
    const job = this.#replica.catalog.live(record.job)
    const isMine = job?.groups.placement.every === true
    const slot = isMine ? this.#membership.self : soleSlot
    this.takeover.want({
      attempt: attemptId(record.execution, slot, 1),
      execution: record.execution,
      job: record.job,
      slot,
      number: 1,
      plannedMs: record.dueMs,
      cutoffMs: record.dueMs + dispatchDeadlineMs,
      dueMs: record.dueMs,
      why: 'dispatch',
      avoid: [],
      graceMs: this.#graceOf(job),
    })
  }

  /** Runs a job now; the same key gives the same execution on whichever member it is said. */
  dispatch(name: JobName, key: string): Result<ExecutionId> {
    const job = this.#replica.catalog.live(name)
    if (job === undefined) return unknownJob(name)
    const execution = dispatchExecutionId(name, key)
    if (this.ledger.has(execution)) return ok(execution)
    const wanted: Wanted = {
      attempt: attemptId(execution, soleSlot, 1),
      execution,
      job: name,
      slot: job.groups.placement.every ? everySlot : soleSlot,
      number: 1,
      plannedMs: this.#turn.clusterMs,
      cutoffMs: this.#turn.clusterMs + dispatchDeadlineMs,
      dueMs: Math.floor(this.#turn.clusterMs),
      why: 'dispatch',
      avoid: [],
      graceMs: this.#graceOf(job),
    }
    const record = { ...this.#draft(wanted, job.generation), phase: 'queued' as const }
    this.#write(record, 'full', this.#post.receivers(name, []), true)
    return ok(execution)
  }

  /** Stops what runs or waits of an execution, here or by asking its executor. */
  stop(execution: ExecutionId, attempt: AttemptId | undefined): Result<ExecutionId> {
    if (!this.ledger.has(execution)) {
      return refuse(
        'MC_UNKNOWN_EXECUTION',
        `no execution ${execution} is known here`,
        'list them with `meshcron run ls`',
      )
    }
    let isAsked = false
    for (const slot of this.ledger.slots(execution)) {
      const newest = this.ledger.newest(execution, slot)?.record
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
      this.stopHere(attemptOf(newest), 'operator')
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
    const isQueued = newest.phase === 'queued'
    const number = isQueued ? newest.attempt : newest.attempt + 1
    this.takeover.drop(attemptId(newest.execution, newest.slot, number))
    this.#write(
      {
        ...newest,
        attempt: number,
        phase: 'ended',
        executor: null,
        outcome: 'cancelled',
        reason: 'operator',
        nextAttemptAtMs: null,
        endedMs: this.#turn.clusterMs,
      },
      'full',
      [],
    )
  }

  /** Asks the executor of this node to stop an attempt. */
  stopHere(attempt: AttemptId, reason: 'timeout' | 'operator' | 'shutdown'): void {
    const running = this.#running.get(attempt)
    if (running === undefined) return
    running.stopReason ??= reason
    const killAfterMs = this.#replica.catalog.live(running.record.job)?.groups.action.killAfterMs
    this.#turn.emit({ kind: 'stop', attempt, killAfterMs: killAfterMs ?? 10_000 })
  }

  stopAllHere(): void {
    for (const attempt of this.#running.keys()) this.stopHere(attempt, 'shutdown')
  }

  // ── what did not run ───────────────────────────────────────────────────────────────────────────

  #notRun(wanted: Wanted, outcome: NotRunOutcome, reason: string): ExecutionRecord {
    const generation = this.#replica.catalog.get(wanted.job)?.generation ?? 1
    // of a dispatch or a retry the attempt itself ends; a tick that never started has attempt 0
    const isTick = wanted.number === 1 && !isDispatch(wanted.execution)
    return {
      ...this.#draft({ ...wanted, number: isTick ? 0 : wanted.number }, generation),
      outcome: wanted.number > 1 ? 'failure' : outcome,
      reason: wanted.number > 1 ? 'no-executor' : reason,
      endedMs: this.#turn.clusterMs,
    }
  }

  /** Records that ticks did not run; a range is one record. */
  writeNotRun(
    job: Job,
    ticks: { fromMs: number; toMs: number; count: number },
    outcome: NotRunOutcome,
    reason: string,
  ): void {
    const execution = tickExecutionId(job.name, job.generation, ticks.fromMs)
    const slot = this.slotOf(job)
    const wanted: Wanted = {
      attempt: attemptId(execution, slot, 1),
      execution,
      job: job.name,
      slot,
      number: 1,
      plannedMs: ticks.fromMs,
      cutoffMs: ticks.fromMs,
      dueMs: ticks.fromMs,
      why: 'on-time',
      avoid: [],
      graceMs: this.#graceOf(job),
    }
    const record = this.#notRun(wanted, outcome, reason)
    this.#write({ ...record, throughMs: ticks.toMs, count: ticks.count }, 'normal', [])
  }

  /** Nobody started it before its cutoff: the best rank says so, the next one a grace later. */
  #expire(watch: Watch): void {
    const { rank } = this.rankOf(watch)
    const speakers = rank.filter((member) => this.#membership.isAlive(member))
    const order = speakers.length > 0 ? speakers : this.#post.home(watch.job)
    const place = order.indexOf(this.#membership.self)
    const lateMs = this.#turn.clusterMs - watch.cutoffMs
    if (place > 0 && lateMs < place * this.#timers.graceMs) {
      this.takeover.later(watch, place * this.#timers.graceMs - lateMs)
      return
    }
    this.#keepNotes(watch)
    this.takeover.drop(watch.attempt)
    if (place >= 0 && this.#world.isReady()) {
      const outcome = rank.length === 0 ? 'no-eligible-node' : 'missed'
      this.#write(this.#notRun(watch, outcome, rank.length === 0 ? '' : 'deadline'), 'normal', [])
    } else this.#world.tickDecided(watch.job, watch.dueMs, watch.slot)
  }

  /** The job was edited, paused or deleted: what was due and not started ends so. */
  supersede(job: JobName, isStillWanted: (watch: Watch) => boolean): void {
    for (const watch of [...this.takeover.watches()]) {
      if (watch.job !== job || isStillWanted(watch)) continue
      this.takeover.drop(watch.attempt)
      const place = this.#post.home(job).indexOf(this.#membership.self)
      const isDue = watch.plannedMs <= this.#turn.clusterMs
      if (isDue && place === 0) this.#write(this.#notRun(watch, 'superseded', ''), 'normal', [])
      else this.#world.tickDecided(job, watch.dueMs, watch.slot)
    }
  }

  // ── what others say ────────────────────────────────────────────────────────────────────────────

  /** A record from a peer; true when it was authentic. */
  receive(bytes: Uint8Array, from: MemberId): boolean {
    const opened = openRecord(this.#author.identity.clusterId, bytes)
    if (!opened.ok) {
      this.#turn.report({ kind: 'refused', from, what: 'record', reason: opened.reason })
      return false
    }
    const { stored } = opened.value
    // what was seen and forgotten again is looked at once more while somebody waits for it
    const isAsked = this.takeover.get(attemptOf(stored.record)) !== undefined
    if (this.#replica.seen.has(stored) && !isAsked) return true
    if (stored.author !== from && !isRecordSigned(this.#crypto, opened.value)) {
      this.#turn.report({ kind: 'refused', from, what: 'record', reason: 'bad signature' })
      return false
    }
    this.#author.hlc.receive(stored.hlc, this.#turn.clusterMs)
    this.#replica.seen.add(stored)
    this.#replica.noteSeen()
    if (this.#merged(stored)) {
      this.#turn.emit({
        kind: 'persist',
        durability: 'normal',
        writes: [{ kind: 'record', stored }],
      })
    }
    return true
  }

  #teach(member: MemberId, watch: Watch): void {
    const intents = this.#replica.catalog.intentsOf(watch.job).map((intent) => intent.bytes)
    const small = intents.filter((bytes) => bytes.length < limits.execFrameBytesMax / 2)
    for (const bytes of small) this.#post.send(member, { kind: 'intents', intents: [bytes] })
    for (const { bytes } of this.ledger.attempts(watch.execution, watch.slot)) {
      this.#post.record(bytes, [member], true)
    }
  }

  /** Takes up stored records. Open ones of an earlier process of this node are lost. */
  restore(records: Iterable<Uint8Array>): void {
    const opened = [...records].map((bytes) => openRecord(this.#author.identity.clusterId, bytes))
    for (const one of opened) {
      if (!one.ok) continue
      const { stored } = one.value
      this.ledger.merge(stored, false)
      if (stored.record.slot === everySlot) this.#resume(stored.record)
    }
    for (const job of this.ledger.openJobs()) {
      for (const newest of this.#newestOpen(job)) this.#resume(newest.record)
    }
  }

  *#newestOpen(job: JobName): Generator<StoredRecord> {
    for (const execution of this.ledger.open(job)) {
      for (const slot of this.ledger.slots(execution)) {
        const newest = this.ledger.newest(execution, slot)
        if (newest !== undefined && !isSettled(newest.record)) yield newest
      }
    }
  }

  #resume(record: ExecutionRecord): void {
    if (record.phase === 'queued') {
      if (this.#turn.clusterMs <= record.dueMs + dispatchDeadlineMs) this.#wantDispatch(record)
    } else if (record.phase === 'ended') this.#wantRetry(record)
    else if (record.executor === this.#membership.self) this.#lose(record, 'unreported')
  }

  #lose(record: ExecutionRecord, reason: 'member-down' | 'unreported'): void {
    this.#end(record, { outcome: 'lost', reason, exit: null, outputBytes: 0, outputDropped: 0 })
  }

  // ── time passes ────────────────────────────────────────────────────────────────────────────────

  wake(): void {
    this.takeover.wake()
    const now = this.#turn.monoMs
    for (const [attempt, running] of this.#running) {
      if (now >= running.timeoutAtMs && running.stopReason === undefined) {
        this.stopHere(attempt, 'timeout')
      }
    }
    if (now - this.#sweptAtMs < 1_000 || !this.#world.isReady()) return
    this.#sweptAtMs = now
    for (const job of this.ledger.openJobs()) {
      for (const newest of this.#newestOpen(job)) this.#loseIfGone(newest)
    }
  }

  /** Monotonic instant of the next thing to do. */
  nextMs(): number {
    let next = this.takeover.nextMs() ?? Infinity
    for (const { timeoutAtMs, stopReason } of this.#running.values()) {
      if (stopReason === undefined) next = Math.min(next, timeoutAtMs)
    }
    return next
  }

  /** Writes `lost` for an execution whose member is down or runs as another process, one home at a time. */
  #loseIfGone({ record, startId }: StoredRecord): void {
    const { executor } = record
    if (executor === null || executor === this.#membership.self || record.phase === 'ended') return
    const member = this.#membership.get(executor)
    const isRestarted = member !== undefined && member.record.startId !== startId
    const isGone = member === undefined || member.state === 'down' || member.state === 'left'
    if (!isGone && !isRestarted) return
    const sinceMs = isRestarted
      ? member.record.hlc.ms + 2 * this.#timers.syncMs
      : goneSince(member, record) + this.#timers.downAfterMs
    const place = this.#post.home(record.job).indexOf(this.#membership.self)
    if (place < 0 || this.#turn.clusterMs < sinceMs + place * this.#timers.graceMs) return
    this.#lose(record, isRestarted ? 'unreported' : 'member-down')
  }

  /** Whether an attempt is running on this node. */
  isRunning(attempt: AttemptId): boolean {
    return this.#running.has(attempt)
  }

  /** The claim or end that answers a question about an attempt; several when it was started twice. */
  answersFor(attempt: AttemptId): readonly StoredRecord[] {
    const parts = parseAttemptId(attempt)
    if (parts === undefined) return []
    const { execution, slot, attempt: number } = parts
    const claims = this.ledger.claims(execution, slot, number)
    if (claims.length > 0) return claims
    const newest = this.ledger.newest(execution, slot)
    const isDecided = this.ledger.isDecided(execution, slot, number)
    return newest !== undefined && isDecided ? [newest] : []
  }
}

/** From when an executor is known to be gone, cluster time. */
function goneSince(member: Member | undefined, record: ExecutionRecord): number {
  if (member === undefined) return record.claimedMs ?? 0
  return Math.min(member.missingSinceMs, member.record.leaveAtMs ?? Infinity)
}

export const unknownJob = (name: string): Result<never> =>
  refuse('MC_UNKNOWN_JOB', `no job ${name}`, 'list the jobs with `meshcron job ls`')

function judgeEnd(
  report: Extract<ExecutionReport, { kind: 'ended' }>,
  stopReason: Running['stopReason'],
): { outcome: Outcome; reason: string } {
  if (stopReason === 'operator' || stopReason === 'shutdown') {
    return { outcome: 'cancelled', reason: stopReason }
  }
  if (stopReason === 'timeout') return { outcome: 'failure', reason: 'timeout' }
  if (report.reason === 'exit' && report.exit === 0) return { outcome: 'success', reason: '' }
  const detail = report.detail === '' ? '' : `: ${report.detail}`
  return { outcome: 'failure', reason: `${report.reason}${detail}`.slice(0, 255) }
}

function causeOf(
  outcome: Outcome | null,
  reason: string,
): 'failure' | 'timeout' | 'lost' | undefined {
  if (outcome === 'lost') return 'lost'
  if (outcome !== 'failure') return undefined
  return reason === 'timeout' ? 'timeout' : 'failure'
}
