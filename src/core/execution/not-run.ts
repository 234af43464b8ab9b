// Every tick ends in one recorded outcome, also when nothing ran: what was skipped, missed, passed
// over while paused, or overtaken by an edit.

import { isDispatch, type JobName } from '../ids.ts'
import type { Timers } from '../limits.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Membership } from '../membership/membership.ts'
import type { Turn } from '../turn.ts'
import type { Attempts } from './attempts.ts'
import type { Candidacy } from './candidacy.ts'
import { notRunOf } from './draft.ts'
import type { Post } from './post.ts'
import type { ExecutionRecord, NotRunOutcome } from './record.ts'
import type { Records } from './records.ts'
import type { Claim } from '../register/register.ts'
import type { Takeover, Wanted, Watch } from './takeover.ts'

export interface NotRunWorld {
  /** This node has done with a tick. */
  tickDecided(watch: Watch): void
  isDecided(watch: Watch): boolean
  isReady(): boolean
  /** Whose claim kept this node from starting an at-most-once attempt; null: it got no majority. */
  keptBy(watch: Watch): Claim | null | undefined
}

export class NotRun {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #replica: Replica
  readonly #post: Post
  readonly #records: Records
  readonly #candidacy: Candidacy
  readonly #attempts: Attempts
  readonly #takeover: Takeover
  readonly #world: NotRunWorld

  constructor(components: {
    turn: Turn
    timers: Timers
    membership: Membership
    replica: Replica
    post: Post
    records: Records
    candidacy: Candidacy
    attempts: Attempts
    takeover: Takeover
    world: NotRunWorld
  }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#membership = components.membership
    this.#replica = components.replica
    this.#post = components.post
    this.#records = components.records
    this.#candidacy = components.candidacy
    this.#attempts = components.attempts
    this.#takeover = components.takeover
    this.#world = components.world
  }

  #draft(wanted: Wanted, outcome: NotRunOutcome, reason: string): ExecutionRecord {
    const generation = this.#replica.catalog.get(wanted.job)?.generation ?? 1
    return notRunOf(wanted, generation, { outcome, reason, endedMs: this.#turn.clusterMs })
  }

  /** Another execution of the job is running. */
  skip(watch: Watch): void {
    this.#records.write(this.#draft(watch, 'skipped-overlap', 'running'), 'full')
  }

  /** Records that ticks did not run; a range is one record. */
  writeRange(
    job: Job,
    ticks: { readonly fromMs: number; readonly toMs: number; readonly count: number },
    outcome: NotRunOutcome,
    reason: string,
  ): void {
    const { fromMs: dueMs, toMs: throughMs, count } = ticks
    const times = { dueMs, plannedMs: dueMs, cutoffMs: dueMs }
    for (const slot of this.#candidacy.slotsOf(job)) {
      const first = this.#attempts.ofTick(job, slot, times, 'on-time')
      const record = { ...this.#draft(first, outcome, reason), throughMs, count }
      this.#records.write(record, 'normal')
    }
  }

  /** Nobody started it before its cutoff: the best rank says so, the next one a grace later. */
  expire(watch: Watch): void {
    if (!this.#world.isReady()) {
      this.#takeover.later(watch, this.#timers.graceMs)
      return
    }
    const { rank } = this.#candidacy.of(watch)
    const speakers = rank.filter((member) => this.#membership.isAlive(member))
    const order = speakers.length > 0 ? speakers : this.#post.home(watch.job)
    const place = order.indexOf(this.#membership.self)
    const lateMs = this.#turn.clusterMs - watch.cutoffMs
    if (place > 0 && lateMs < place * this.#timers.graceMs) {
      this.#takeover.later(watch, place * this.#timers.graceMs - lateMs)
      return
    }
    this.#takeover.drop(watch.attempt)
    if (place < 0) this.#world.tickDecided(watch)
    else {
      this.#records.write(this.#expired(watch, rank.length === 0), 'normal')
    }
  }

  #expired(watch: Watch, isNobodyEligible: boolean): ExecutionRecord {
    if (isNobodyEligible) return this.#draft(watch, 'no-eligible-node', '')
    const job = this.#replica.catalog.live(watch.job)
    if (job !== undefined && this.#candidacy.isHeld(job)) {
      return this.#draft(watch, 'missed', 'minority-hold')
    }
    const by = this.#world.keptBy(watch)
    if (by === undefined) return this.#draft(watch, 'missed', 'deadline')
    if (by === null) return this.#draft(watch, 'missed', 'no-majority')
    const { execution, number: attempt } = watch
    if (by.execution !== execution || by.attempt !== attempt) {
      return this.#draft(watch, 'missed', 'overtaken')
    }
    // its owner was allowed to start it and nobody has heard of it since
    const draft = this.#draft(watch, 'missed', 'unreported')
    return { ...draft, attempt, executor: by.owner, outcome: 'unknown', fence: by.fence }
  }

  /** The job was edited, paused or deleted: what was due and not started ends so. */
  supersede(job: JobName, isStillWanted: (watch: Watch) => boolean): void {
    for (const watch of this.#takeover.watches()) {
      if (watch.job !== job || isStillWanted(watch)) continue
      this.#takeover.drop(watch.attempt)
      const isSpeaker = this.#post.home(job)[0] === this.#membership.self
      const isDue = watch.plannedMs <= this.#turn.clusterMs
      if (isDue && isSpeaker) this.#records.write(this.#draft(watch, 'superseded', ''), 'normal')
      else this.#world.tickDecided(watch)
    }
  }

  /** Forgets the ticks of a job up to one: another member holds their records. */
  dropTicks(job: JobName, throughMs: number): void {
    for (const watch of this.#takeover.watches()) {
      const isTick = watch.number === 1 && !isDispatch(watch.execution)
      if (watch.job === job && isTick && watch.dueMs <= throughMs) {
        this.#takeover.drop(watch.attempt)
      }
    }
  }

  /** A record without a run decides the first attempt of its ticks. */
  dropCovered(record: ExecutionRecord): void {
    for (const watch of this.#takeover.watches()) {
      const isCovered =
        watch.job === record.job && watch.dueMs >= record.dueMs && watch.dueMs <= record.throughMs
      if (!isCovered || watch.slot !== record.slot || !this.#world.isDecided(watch)) continue
      this.#takeover.drop(watch.attempt)
      this.#world.tickDecided(watch)
    }
  }
}
