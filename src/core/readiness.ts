// When a node may own ticks. It must hold what the others hold, and the others must know about it:
// so it is ready after one complete exchange, and a candidate from an instant that it announces ahead.
//
// The announcement protects against two members ranking one tick differently. Where no other member
// is a candidate there is nobody to differ with, and where no job is there is nothing to differ about:
// so a new fleet, and the first node to come back after an outage, acts at once. What a node starts
// within `settleMs` of such a start it asks about first.

import { limits, type Timers } from './limits.ts'
import type { Member, Membership } from './membership/membership.ts'
import type { Turn } from './turn.ts'

export class Readiness {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #membership: Membership
  /** Whether other members are configured. */
  readonly #hasPeers: boolean
  readonly #hasJobs: () => boolean
  #startedAtMs = 0
  #isReady = false
  /** Cluster instant from which on this node has been awake and ready without a break. */
  #freshAtMs = 0
  #lastWakeMs: number | undefined
  #lastWallLeadMs = 0
  /** Until then, monotonic, a node that slept waits for what others did meanwhile. */
  #listensUntilMs = -Infinity

  constructor(components: {
    turn: Turn
    timers: Timers
    membership: Membership
    hasPeers: boolean
    hasJobs: () => boolean
  }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#membership = components.membership
    this.#hasPeers = components.hasPeers
    this.#hasJobs = components.hasJobs
  }

  get isReady(): boolean {
    return this.#isReady
  }

  started(): void {
    this.#startedAtMs = this.#turn.monoMs
    this.#lastWakeMs = this.#turn.monoMs
    this.#lastWallLeadMs = this.#turn.wallMs - this.#turn.monoMs
  }

  /** Whether others may not have known at P that this node was there. */
  isFresh(plannedMs: number): boolean {
    return plannedMs - this.#timers.settleMs < this.#freshAtMs
  }

  /** Notices a sleep of process or machine; true when there was one. */
  noticeSleep(lagMs: number): boolean {
    const { monoMs, wallMs } = this.#turn
    const sleptMs = Math.max(lagMs, monoMs - (this.#lastWakeMs ?? monoMs) - this.#timers.wakeMs)
    const jumpedMs = wallMs - monoMs - this.#lastWallLeadMs
    this.#lastWakeMs = monoMs
    this.#lastWallLeadMs = wallMs - monoMs
    if (sleptMs >= this.#timers.silenceMs) this.#listen()
    if (sleptMs < limits.resumeAfterMs && jumpedMs < limits.wallJumpMs) return false
    this.#turn.report({ kind: 'resumed', gapMs: Math.round(Math.max(sleptMs, jumpedMs)) })
    this.#freshAtMs = this.#turn.clusterMs
    if (this.#isReady) this.#membership.announceReady()
    if (Math.max(sleptMs, jumpedMs) > this.#timers.downAfterMs && this.#isReady) {
      this.#membership.announceEligible(0)
    }
    return true
  }

  /** Others may have acted for us while we slept: everything that they know is asked for anew. */
  #listen(): void {
    this.#listensUntilMs = this.#turn.monoMs + this.#timers.graceMs
    for (const link of this.#membership.links()) {
      link.hasPulled = false
      link.hasView = false
    }
  }

  /**
   * Whether this node slept so long that others took over, and has not heard yet what they did. Its
   * links may have died meanwhile without its knowing, so it waits for an answer, and not for ever.
   */
  get isListening(): boolean {
    if (this.#turn.monoMs >= this.#listensUntilMs) return false
    const others = this.#others()
    if (others.length === 0) return false
    const alive = others.filter(({ state }) => state === 'alive').length
    return this.#exchanged() < Math.max(1, Math.min(limits.exchangesWanted, alive))
  }

  /** Becomes ready when it can; true in the step in which it does. */
  update(): boolean {
    if (!this.#isReady) {
      if (!this.#hasExchanged()) return false
      this.#isReady = true
      this.#freshAtMs = this.#turn.clusterMs
      this.#membership.announceReady()
      this.#announce()
      const { eligibleFromMs } = this.#membership.durable
      this.#turn.report({ kind: 'ready', eligibleFromMs })
      return true
    }
    this.#announce()
    return false
  }

  #hasExchanged(): boolean {
    const others = this.#others()
    if (!this.#hasPeers && others.length === 0) return true
    const links = [...this.#membership.links()]
    const exchanged = this.#exchanged()
    const isAlone =
      links.length === 0 && this.#turn.monoMs - this.#startedAtMs >= this.#timers.aloneMs
    const alive = others.filter(({ state }) => state === 'alive').length
    if (isAlone || (exchanged > 0 && exchanged >= Math.min(limits.exchangesWanted, alive)))
      return true
    // a member that counts as alive may have died while we were off: nobody waits for it for long
    const waitedMs = this.#turn.monoMs - this.#startedAtMs
    return links.length > 0 && exchanged === links.length && waitedMs >= this.#timers.singleReportMs
  }

  #others(): readonly Member[] {
    return this.#membership
      .members()
      .filter(({ record }) => record.member !== this.#membership.self)
  }

  /** Links on which a pull and a view exchange have succeeded. */
  #exchanged(): number {
    const links = [...this.#membership.links()]
    return links.filter(({ hasPulled, hasView }) => hasPulled && hasView).length
  }

  /** Announces from when this node is a candidate, unless it has. */
  #announce(): void {
    const { settleMs, leadMs } = this.#timers
    const { eligibleFromMs } = this.#membership.durable
    const nowMs = this.#turn.clusterMs
    if (this.#membership.own().leaveAtMs !== null) return
    if (eligibleFromMs !== 0 && eligibleFromMs <= nowMs - settleMs) return
    if (!this.#hasJobs() || !this.#hasOtherCandidate()) {
      this.#freshAtMs = nowMs
      // a board may begin in 1970, when settleMs ago was no instant yet; 0 would mean never
      this.#membership.announceEligible(Math.max(1, nowMs - settleMs))
    } else if (eligibleFromMs === 0) this.#membership.announceEligible(nowMs + leadMs)
  }

  #hasOtherCandidate(): boolean {
    return this.#membership
      .members()
      .some(
        ({ record, state }) =>
          record.member !== this.#membership.self &&
          state === 'alive' &&
          record.eligibleFromMs !== 0 &&
          record.eligibleFromMs <= this.#turn.clusterMs - this.#timers.settleMs,
      )
  }
}
