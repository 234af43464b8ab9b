// Executions of this fleet as this node sees them: it joins what is watched, what runs here and what
// is on record, and draws the consequences of each new record. Every part has a file of its own.

import type { Author } from '../author.ts'
import type { ExecutionReport, Loaded } from '../event.ts'
import {
  attemptId,
  everySlot,
  generationOf,
  isDispatch,
  soleSlot,
  type AttemptId,
  type ExecutionId,
  type JobName,
  type MemberId,
  type Slot,
} from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Membership } from '../membership/membership.ts'
import type { Ranking } from '../placement/candidates.ts'
import type { Ballots } from '../register/ballots.ts'
import { Claims, type Role } from '../register/claims.ts'
import type { Claim } from '../register/register.ts'
import type { Result } from '../result.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { OwnerPolicy } from '../trust/owner-policy.ts'
import type { Turn } from '../turn.ts'
import { Attempts, type TickTimes } from './attempts.ts'
import { Candidacy } from './candidacy.ts'
import { attemptOf, isRan, type Ledger } from './ledger.ts'
import { lossOf } from './lost.ts'
import { isTimely, NotRun } from './not-run.ts'
import type { Ask } from './order.ts'
import { Overlap } from './overlap.ts'
import { OwnRuns, type StopReason } from './own-runs.ts'
import type { Post } from './post.ts'
import type { ExecutionRecord, NotRunOutcome, StoredRecord, Why } from './record.ts'
import { Records } from './records.ts'
import { Refusals } from './refusals.ts'
import { Requests } from './requests.ts'
import { TickSlots } from './tick-slots.ts'
import { Children } from '../graph/children.ts'
import type { Refusal } from '../scheduler/not-run-ranges.ts'
import { Takeover, type Wanted, type Watch } from './takeover.ts'
import type { TickRange } from './untold.ts'

export interface ExecutionsWorld {
  /** Ticks of the job may be decided. */
  tickDecided(job: JobName, dueMs: number, throughMs: number, slot: Slot): void
  /** A tick does not exist any more. */
  tickGone(job: JobName, dueMs: number): void
  /** A tick that was decided is not, after all. */
  tickUndecided(job: JobName, dueMs: number): void
  /** Whether this node became ready or resumed so shortly before P that others may not know. */
  isFresh(plannedMs: number): boolean
  isReady(): boolean
  /** A record told something new. */
  recorded(stored: StoredRecord): void
  /** Whether an attempt of a job belongs to what the job is now. */
  isWanted(job: Job, wanted: Wanted): boolean
  /** Why nothing of the job starts now: paused, or its limit is reached. */
  refusalOf(job: Job): Refusal | undefined
  /** Why this node starts nothing now; undefined when it does. */
  inability(): string | undefined
  nextRequest(): number
  randomBelow(n: number): number
}

interface Components {
  readonly turn: Turn
  readonly author: Author
  readonly crypto: Crypto
  readonly timers: Timers
  readonly membership: Membership
  readonly replica: Replica
  readonly post: Post
  readonly ballots: Ballots
  readonly owner: OwnerPolicy
  readonly maxRunning: number | undefined
  readonly world: ExecutionsWorld
}

/** Open executions are looked through for lost ones this often. */
const sweepMs = 1_000

export class Executions {
  readonly takeover: Takeover
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #replica: Replica
  readonly #post: Post
  readonly #world: ExecutionsWorld
  readonly #candidacy: Candidacy
  readonly #refusals: Refusals
  readonly #records: Records
  readonly #runs: OwnRuns
  readonly #attempts: Attempts
  readonly #notRun: NotRun
  readonly #requests: Requests
  readonly #overlap: Overlap
  readonly claims: Claims
  readonly slots: TickSlots
  readonly children: Children
  /** Notes of recent decisions, for `explain`; oldest first. */
  readonly #notes = new Map<AttemptId, readonly string[]>()
  #sweptAtMs = -Infinity

  constructor(components: Components, loaded: Pick<Loaded, 'counts' | 'tallies'>) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#membership = components.membership
    this.#replica = components.replica
    this.#post = components.post
    this.#world = components.world
    this.#candidacy = new Candidacy({ ...components, ledger: () => this.ledger })
    this.#refusals = new Refusals({ ...components, candidacy: this.#candidacy })
    this.takeover = this.#createTakeover()
    const world = {
      merged: (stored: StoredRecord) => this.#merged(stored),
      heard: (stored: StoredRecord) => this.#overlap.heard(stored),
      isAsked: (attempt: AttemptId) => this.takeover.get(attempt) !== undefined,
    }
    this.#records = new Records({ ...components, world }, loaded)
    const parts = {
      ...components,
      candidacy: this.#candidacy,
      records: this.#records,
      takeover: this.takeover,
    }
    this.#runs = new OwnRuns(parts)
    this.#attempts = new Attempts({ ...parts, ledger: this.ledger })
    this.slots = new TickSlots({ ...parts, ledger: this.ledger })
    this.#notRun = new NotRun({
      ...parts,
      world: {
        tickGone: ({ job, dueMs }) => this.#world.tickGone(job, dueMs),
        tickDecided: ({ job, dueMs, slot }) => this.#world.tickDecided(job, dueMs, dueMs, slot),
        isDecided: (watch) => this.isDecided(watch),
        isReady: () => this.#world.isReady(),
        isPassedOver: (watch) => this.#overlap.isPassedOver(watch),
        keptBy: ({ attempt }) =>
          this.claims.isSought(attempt) ? (this.claims.takenBy(attempt) ?? null) : undefined,
      },
    })
    this.claims = this.#createClaims(components)
    this.#overlap = new Overlap({
      ...parts,
      attempts: this.#attempts,
      runs: this.#runs,
      notRun: this.#notRun,
      world: {
        keepNotes: (watch) => this.#keepNotes(watch),
        isReady: () => this.#world.isReady(),
        isWanted: (job, wanted) => this.#world.isWanted(job, wanted),
      },
    })
    this.children = new Children({ ...parts, attempts: this.#attempts })
    this.#requests = new Requests({ ...parts, runs: this.#runs, attempts: this.#attempts })
  }

  #createTakeover(): Takeover {
    return new Takeover({
      turn: this.#turn,
      timers: this.#timers,
      world: {
        self: this.#membership.self,
        rank: (watch) => this.rankOf(watch).rank,
        isAlive: (member) => this.#membership.isAlive(member),
        hasLink: (member) => this.#membership.link(member) !== undefined,
        observersOf: (member) => this.#membership.observersOf(member),
        isDecided: (watch) => this.isDecided(watch),
        decided: ({ job, dueMs, slot }) => this.#world.tickDecided(job, dueMs, dueMs, slot),
        isFresh: (plannedMs) => this.#world.isFresh(plannedMs),
        deniedUntil: (watch) => this.#refusals.deniedUntil(watch),
        home: (job) => this.#post.home(job),
        claim: (watch, rank, why) => this.#claim(watch, rank, why),
        expire: (watch) => {
          this.#keepNotes(watch)
          this.#notRun.expire(watch)
        },
        send: (to, message) => this.#post.send(to, message),
        teach: (member, watch) => this.#teach(member, watch),
      },
    })
  }

  #createClaims(components: Components): Claims {
    const { nextRequest, randomBelow } = components.world
    return new Claims(
      {
        ...components,
        world: {
          self: this.#membership.self,
          hasLink: (member) => this.#membership.link(member) !== undefined,
          isWanted: (attempt) => this.takeover.get(attempt) !== undefined,
          won: (watch, claim, role) => this.#won(watch, claim, role),
          nextRequest,
          randomBelow,
        },
      },
      components.author.identity,
    )
  }

  // ── what is known ──────────────────────────────────────────────────────────────────────────────

  get ledger(): Ledger {
    return this.#records.ledger
  }

  get runningCount(): number {
    return this.#runs.size
  }

  notesOf(attempt: AttemptId): readonly string[] {
    return this.takeover.get(attempt)?.notes ?? this.#notes.get(attempt) ?? []
  }

  #keepNotes(watch: Watch): void {
    this.#notes.set(watch.attempt, watch.notes)
    if (this.#notes.size <= limits.openExecutionsPerJobMax) return
    this.#notes.delete(this.#notes.keys().next().value!)
  }

  /** Candidates of an attempt with the facts of now. */
  rankOf(wanted: Wanted): Ranking {
    return this.#candidacy.of(wanted)
  }

  /** Candidates of an execution planned for an instant. */
  rankAt(job: Job, execution: ExecutionId, plannedMs: number): Ranking {
    return this.#candidacy.at(job, { execution, slot: soleSlot }, plannedMs)
  }

  /** The first attempt at a slot of a tick. */
  attemptOfTick(job: Job, tick: TickTimes, slot: Slot): Wanted {
    return this.#attempts.ofTick(job, slot, tick, 'on-time')
  }

  /** Why this node does not take a slot of an execution, though it would take another. */
  isSlotTaken(wanted: Wanted): boolean {
    return this.#candidacy.holdsOther(wanted)
  }

  /** Whether an attempt needs nobody any more, as this node sees it now. */
  isDecided(wanted: Wanted): boolean {
    const { execution, slot, number, job, dueMs } = wanted
    if (this.ledger.isTaken(execution, slot, number)) return true
    const generation = generationOf(execution)
    if (number > 1 || generation === undefined) return false
    // what was queued has a record of its own
    if (wanted.why === 'queue') return this.ledger.isDecided(execution, slot, number)
    const told = this.ledger.notRun(job, generation, dueMs, slot)
    return told.some((record) => isTimely(record, wanted, this.#turn.clusterMs))
  }

  /** The same for a scheduled tick of a job; one that is queued has its record. */
  isTickDecided(job: Job, tick: TickTimes): boolean {
    return this.slots.of(job).every((slot) => {
      const wanted = this.#attempts.ofTick(job, slot, tick, 'on-time')
      return this.ledger.isQueued(wanted.execution, slot) || this.isDecided(wanted)
    })
  }

  /** The claim or end that answers a question about an attempt; several when it was started twice. */
  answersFor(attempt: AttemptId): readonly StoredRecord[] {
    return this.#records.answersFor(attempt)
  }

  // ── starting ───────────────────────────────────────────────────────────────────────────────────

  /** Watches a scheduled tick of a job; P may lie ahead. */
  wantTick(job: Job, tick: TickTimes, why: Why): void {
    this.#attempts.wantTick(job, tick, why)
  }

  /** Claims and starts; otherwise says why this node cannot. */
  #claim(watch: Watch, rank: number, why: Why): string | undefined {
    const inability = this.#world.inability()
    if (inability !== undefined) return inability
    if (this.#runs.isFull) return 'busy'
    const job = this.#replica.catalog.live(watch.job)
    if (job === undefined || !job.isSupported) return 'unknown job'
    const refusal = this.#runs.refusalOf(job) ?? this.#refusals.of(job, watch)
    if (refusal !== undefined) return refusal
    if (watch.number === 1 && this.#overlap.holds(job, watch)) return undefined
    if (job.groups.life.seats.length > 0) return this.#seek(watch, job, { rank, why })
    this.#keepNotes(watch)
    this.takeover.drop(watch.attempt)
    const receivers = [...this.#post.receivers(), ...watch.askers]
    this.#runs.start(watch, job, { rank, why, receivers, given: this.children.givenTo(watch) })
    return undefined
  }

  /** Asks the roster of the job for the right to start; the watch goes on until it is there. */
  #seek(watch: Watch, job: Job, role: Role): string | undefined {
    if (job.conflicts.some(({ group }) => group === 'life')) return 'two rosters were written'
    this.takeover.later(watch, watch.graceMs)
    this.claims.seek(watch, job, role)
    return undefined
  }

  /** The roster lets this process start an attempt: now or never. */
  #won(watch: Watch, { fence }: Claim, role: Role): void {
    const job = this.#replica.catalog.live(watch.job)
    const isLate = this.#turn.clusterMs > watch.cutoffMs || this.isDecided(watch)
    const isUnable = this.#world.inability() !== undefined || this.#runs.isFull
    if (job === undefined || isLate || isUnable) return
    // the vote took a while; the claim is ours, and is told so again when the calendar allows
    if (this.#refusals.deniedUntil(watch) !== undefined) return
    this.#keepNotes(watch)
    this.takeover.drop(watch.attempt)
    const receivers = [...this.#post.receivers(), ...watch.askers]
    this.#runs.start(watch, job, { ...role, receivers, fence, given: this.children.givenTo(watch) })
  }

  /** Takes back claims that could not be stored and so did not start; others are asked to act. */
  unclaim(attempts: readonly AttemptId[]): ReadonlySet<StoredRecord> {
    const claims = new Set<StoredRecord>()
    for (const { wanted, claim } of this.#runs.unclaim(attempts)) {
      if (claim !== undefined) claims.add(claim)
      if (!isDispatch(wanted.execution)) this.#world.tickUndecided(wanted.job, wanted.dueMs)
      this.takeover.want({ ...wanted })
    }
    return claims
  }

  #teach(member: MemberId, watch: Watch): void {
    const intents = this.#replica.catalog.intentsOf(watch.job).map((intent) => intent.bytes)
    const small = intents.filter((bytes) => bytes.length < limits.execFrameBytesMax / 2)
    for (const bytes of small) this.#post.send(member, { kind: 'intents', intents: [bytes] })
    this.children.teach(member, watch)
    const isToAll = watch.slot === this.#membership.self
    for (const slot of isToAll ? [watch.slot, everySlot] : [watch.slot]) {
      for (const { bytes } of this.ledger.attempts(watch.execution, slot)) {
        this.#post.record(bytes, [member], true)
      }
    }
  }

  // ── what users and the executor say ────────────────────────────────────────────────────────────

  dispatch(name: JobName, key: string, ask: Ask = {}): Result<ExecutionId> {
    return this.#requests.dispatch(name, key, ask)
  }

  rerun(
    execution: ExecutionId,
    what: { readonly name: JobName; readonly key: string; readonly from: number },
  ): Result<ExecutionId> {
    return this.#requests.rerun(execution, what)
  }

  stop(execution: ExecutionId, attempt: AttemptId | undefined): Result<ExecutionId> {
    return this.#requests.stop(execution, attempt)
  }

  stopHere(attempt: AttemptId, reason: StopReason, isKill: boolean): void {
    this.#runs.stop(attempt, reason, isKill)
  }

  stopAllHere(): void {
    this.#runs.stopAll()
  }

  onReport(report: ExecutionReport): void {
    this.#runs.onReport(report, (job) => this.children.keepsResult(job))
  }

  // ── what did not run ───────────────────────────────────────────────────────────────────────────

  /** Records that ticks did not run, in each slot; a range is one record. */
  writeNotRun(job: Job, ticks: TickRange, outcome: NotRunOutcome, reason: string): void {
    for (const one of this.slots.notRun(job, ticks, outcome, reason)) this.#notRun.write(one)
  }

  /** The same, unless another member that comes first does so. */
  tellNotRun(job: Job, ticks: TickRange, outcome: NotRunOutcome, reason: string): void {
    for (const one of this.slots.notRun(job, ticks, outcome, reason)) this.#notRun.tell(one)
  }

  /** The job was edited, paused or deleted: what was due and not started ends so. */
  supersede(job: JobName, isStillWanted: (watch: Watch) => boolean): void {
    this.#notRun.supersede(job, isStillWanted)
    this.#overlap.release(job)
  }

  // ── what follows from a record ─────────────────────────────────────────────────────────────────

  /** A record from a peer; true when it was authentic. */
  receive(bytes: Uint8Array, from: MemberId): boolean {
    return this.#records.receive(bytes, from)
  }

  #merged(stored: StoredRecord): void {
    const { record } = stored
    if (record.phase === 'queued') this.#overlap.admit(record)
    else {
      const watch = this.takeover.drop(attemptOf(record))
      if (watch !== undefined) {
        this.#keepNotes(watch)
        this.#post.record(stored.bytes, [...watch.askers], true)
      }
      if (record.count > 1 || record.attempt === 0) this.#notRun.dropCovered(record)
      this.slots.rejudgeOthers(record)
    }
    if (record.phase === 'ended') this.#ended(record)
    this.#overlap.merged(record)
    this.children.merged(stored)
    this.#world.recorded(stored)
    if (record.trigger !== 'dispatch') {
      const { job, dueMs, throughMs, slot } = record
      this.#world.tickDecided(job, dueMs, throughMs, slot)
    }
  }

  /** What the end of an attempt says about the next one. */
  #ended(record: ExecutionRecord): void {
    const { execution, slot, attempt } = record
    if (record.nextAttemptAtMs !== null) this.#attempts.wantRetry(record, this.#turn.clusterMs)
    // it was given up for lost, and now it is known how it went
    else if (isRan(record)) this.takeover.drop(attemptId(execution, slot, attempt + 1))
    if (slot === everySlot) this.takeover.drop(attemptId(execution, this.#membership.self, 1))
  }

  /** Takes up stored records. Open ones of an earlier process of this node are lost. */
  restore(records: Iterable<Uint8Array>): void {
    const restored = this.#records.restore(records)
    for (const { record } of restored) {
      this.#overlap.restore(record)
      if (record.slot === everySlot) this.#resume(record)
    }
    for (const { record } of this.ledger.newestOpen()) this.#resume(record)
    this.children.restore(restored)
  }

  #resume(record: ExecutionRecord): void {
    if (record.phase === 'queued') this.#overlap.admit(record)
    else if (record.phase === 'ended') this.#attempts.wantRetry(record, this.#turn.clusterMs)
    else if (record.executor === this.#membership.self) this.#runs.lose(record, 'unreported')
  }

  // ── time passes ────────────────────────────────────────────────────────────────────────────────

  wake(): void {
    this.takeover.wake()
    this.claims.wake()
    this.#notRun.wake()
    this.#runs.wake()
    this.children.wake()
    const now = this.#turn.monoMs
    if (now - this.#sweptAtMs < sweepMs || !this.#world.isReady()) return
    this.#sweptAtMs = now
    for (const newest of this.ledger.newestOpen()) this.#loseIfGone(newest)
    this.#overlap.sweep()
    this.#runs.stopOutside((job) =>
      this.#replica.catalog.usesOf(job).filter(({ atEnd }) => atEnd === 'cancel'),
    )
  }

  /** Monotonic instant of the next thing to do. */
  nextMs(): number {
    return Math.min(
      this.takeover.nextMs() ?? Infinity,
      this.claims.nextMs(),
      this.#runs.nextMs(),
      this.children.nextMs(),
    )
  }

  /** Writes `lost` for an execution whose member is down or runs as another process, one home at a time. */
  #loseIfGone(stored: StoredRecord): void {
    const { job, executor } = stored.record
    const member = executor === null ? undefined : this.#membership.get(executor)
    const loss = lossOf(stored, this.#membership.self, member, this.#timers)
    const place = this.#post.home(job).indexOf(this.#membership.self)
    if (loss === undefined || place < 0) return
    if (this.#turn.clusterMs < loss.fromMs + place * this.#timers.graceMs) return
    this.#runs.lose(stored.record, loss.reason)
  }
}
