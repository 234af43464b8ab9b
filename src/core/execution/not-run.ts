// Every tick ends in one recorded outcome, also when nothing ran: what was skipped, missed, passed
// over while paused, or overtaken by an edit.

import { generationOf, isDispatch, tickExecutionId, type JobName } from '../ids.ts'
import type { Timers } from '../limits.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Membership } from '../membership/membership.ts'
import type { Turn } from '../turn.ts'
import type { Candidacy } from './candidacy.ts'
import { notRunOf } from './draft.ts'
import type { Post } from './post.ts'
import type { ExecutionRecord, NotRunOutcome } from './record.ts'
import type { Records } from './records.ts'
import type { Claim } from '../register/register.ts'
import { withdrawn, type Takeover, type Wanted, type Watch } from './takeover.ts'
import { Untold, type NotRunTicks } from './untold.ts'

export interface NotRunWorld {
  /** A tick does not exist any more. */
  tickGone(wanted: Wanted): void
  /** A tick has its record. */
  tickDecided(watch: Watch): void
  isDecided(watch: Watch): boolean
  isReady(): boolean
  /** Whether another execution of the job kept it from starting. */
  isPassedOver(watch: Watch): boolean
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
  readonly #takeover: Takeover
  readonly #world: NotRunWorld
  readonly #untold: Untold

  constructor(components: {
    turn: Turn
    timers: Timers
    membership: Membership
    replica: Replica
    post: Post
    records: Records
    candidacy: Candidacy
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
    this.#takeover = components.takeover
    this.#world = components.world
    this.#untold = new Untold({
      turn: components.turn,
      ledger: components.records.ledger,
      write: (ticks) => this.write(ticks),
    })
  }

  #draft(wanted: Wanted, outcome: NotRunOutcome, reason: string): ExecutionRecord {
    const generation =
      generationOf(wanted.execution) ?? this.#replica.catalog.get(wanted.job)?.generation ?? 1
    return notRunOf(wanted, generation, { outcome, reason, endedMs: this.#turn.clusterMs })
  }

  /** Another execution of the job is running, too many wait, or too many have begun. */
  skip(watch: Watch, reason: 'running' | 'queue-full' | 'rate'): void {
    const outcome = reason === 'rate' ? 'capped' : 'skipped-overlap'
    this.#records.write(this.#draft(watch, outcome, reason), 'full')
  }

  /** Records ticks of a job that did not run, or lets another member do so first. */
  tell(ticks: NotRunTicks): void {
    const order = this.#post.order(ticks.job)
    const isOurs = ticks.slot === this.#membership.self
    this.#untold.tell(ticks, isOurs ? 0 : Math.max(0, order.indexOf(this.#membership.self)))
  }

  /** Tells what others should have told by now. */
  wake(): void {
    this.#untold.wake()
  }

  /** Records that ticks did not run; a range is one record. */
  write(ticks: NotRunTicks): void {
    const { job, generation, slot, fromMs: dueMs, toMs: throughMs, count } = ticks
    const execution = tickExecutionId(job, generation, dueMs)
    const tick = { execution, job, slot, dueMs, number: 1, why: 'on-time' } as const
    const { outcome, reason } = ticks
    const record = notRunOf(tick, generation, { outcome, reason, endedMs: this.#turn.clusterMs })
    this.#records.write({ ...record, throughMs, count }, 'normal')
  }

  /**
   * Nobody started it before its cutoff: the best rank says so, the next one a grace later, and so on
   * through all members. Each keeps the tick until it has the record: the one whose turn it is may be
   * dying.
   */
  expire(watch: Watch): void {
    if (!this.#world.isReady()) {
      this.#takeover.later(watch, this.#timers.graceMs)
      return
    }
    const { rank } = this.#candidacy.of(watch)
    const speakers = rank.filter((member) => this.#membership.isAlive(member))
    const order = [...new Set([...speakers, ...this.#post.order(watch.job)])]
    const place = Math.max(0, order.indexOf(this.#membership.self))
    const lateMs = this.#turn.clusterMs - watch.cutoffMs
    if (lateMs < place * this.#timers.graceMs) {
      this.#takeover.later(watch, place * this.#timers.graceMs - lateMs)
      return
    }
    this.#takeover.drop(watch.attempt)
    this.#records.write(this.#expired(watch, rank.length === 0), 'normal')
  }

  #expired(watch: Watch, isNobodyEligible: boolean): ExecutionRecord {
    if (watch.isWithdrawn === true) return this.#draft(watch, 'superseded', '')
    if (isNobodyEligible) return this.#draft(watch, 'no-eligible-node', '')
    if (this.#world.isPassedOver(watch)) return this.#draft(watch, 'skipped-overlap', 'running')
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
      const { number, slot, dueMs, why } = watch
      if (number > 1 || why === 'queue' || isDispatch(watch.execution)) {
        // others know that it was to come, and wait for its end
        this.#takeover.want(withdrawn(watch, this.#turn.clusterMs))
      } else if (watch.plannedMs <= this.#turn.clusterMs) {
        const generation = generationOf(watch.execution) ?? 1
        const ticks = { job, generation, slot, fromMs: dueMs, toMs: dueMs, count: 1 }
        this.tell({ ...ticks, outcome: 'superseded', reason: '' })
      } else this.#world.tickGone(watch)
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

/**
 * Whether the word that a tick did not run is one on its time: a member whose clock runs ahead gives
 * up what for everybody else is still to come.
 */
export function isTimely(record: ExecutionRecord, tick: Wanted, nowMs: number): boolean {
  const isPassedOver = record.reason === 'policy' || record.reason === 'max'
  const isGivenUp =
    record.outcome === 'no-eligible-node' || (record.outcome === 'missed' && !isPassedOver)
  if (isGivenUp) return nowMs > tick.cutoffMs
  // a calendar denies it whatever the time is
  return record.outcome === 'blackout' || nowMs >= tick.plannedMs
}
