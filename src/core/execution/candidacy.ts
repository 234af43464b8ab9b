// Who may start an attempt, with the facts of now.

import type { MemberId, Slot } from '../ids.ts'
import type { Timers } from '../limits.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Membership } from '../membership/membership.ts'
import { placementKey, rankCandidates, type Ranking, attrsAt } from '../placement/candidates.ts'
import { rankKey, rankMembers } from '../placement/rendezvous.ts'
import { isDistinct, slotOrder, slotsOf } from '../placement/slots.ts'
import { previousTick } from '../scheduler/tick.ts'
import type { Turn } from '../turn.ts'
import type { Ledger } from './ledger.ts'
import { holdsOther } from './slot-share.ts'
import type { Wanted } from './takeover.ts'

type SlotOfExecution = Pick<Wanted, 'execution' | 'slot'>

export class Candidacy {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #replica: Replica
  readonly #ledger: () => Ledger

  constructor(components: {
    turn: Turn
    timers: Timers
    membership: Membership
    replica: Replica
    ledger: () => Ledger
  }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#membership = components.membership
    this.#replica = components.replica
    this.#ledger = components.ledger
  }

  get self(): MemberId {
    return this.#membership.self
  }

  /** Candidates of an attempt. */
  of(wanted: Wanted): Ranking {
    const job = this.#replica.catalog.live(wanted.job)
    if (job === undefined) return { rank: [], excluded: [] }
    const open = onlyOn(wanted.order?.on ?? null, this.#open(job, wanted))
    const { placement, delivery } = job.groups
    const isRetry = wanted.number > 1
    if (isRetry && !placement.every && delivery.retry.where === 'same') {
      return { ...open, rank: open.rank.filter((member) => wanted.avoid.includes(member)) }
    }
    const rank = this.#ofSlot(job, wanted, open.rank)
    const isElsewhere = isRetry && !placement.every && delivery.retry.where === 'other'
    const others = isElsewhere ? rank.filter((member) => !wanted.avoid.includes(member)) : rank
    return { ...open, rank: others.length > 0 ? others : rank }
  }

  /** Those that may run the slot; one that has another slot of the execution is none of them. */
  #ofSlot(job: Job, wanted: Wanted, rank: readonly MemberId[]): readonly MemberId[] {
    const { placement } = job.groups
    const order = slotOrder(placement, wanted.slot, rank)
    if (!isDistinct(placement)) return order
    return order.filter((member) => !this.holdsOther(wanted, member))
  }

  /** Whether a member has another slot of the same execution, which wants distinct ones. */
  holdsOther({ job, execution, slot }: Wanted, member: MemberId = this.self): boolean {
    const placement = this.#replica.catalog.live(job)?.groups.placement
    if (placement === undefined || !isDistinct(placement)) return false
    return holdsOther(this.#ledger(), execution, slot, member)
  }

  /** Those of the planned instant; while none of them lives, those that came since stand behind. */
  #open(job: Job, wanted: Wanted): Ranking {
    const nowMs = this.#turn.clusterMs
    const isLate = wanted.why !== 'on-time' && wanted.why !== 'takeover'
    const planned = this.at(job, wanted, isLate ? nowMs : wanted.plannedMs)
    if (this.#isJoining(job, wanted, planned)) return this.at(job, wanted, nowMs)
    if (isLate || planned.rank.some((member) => this.#membership.isAlive(member))) return planned
    const now = this.at(job, wanted, nowMs)
    const latecomers = now.rank.filter((member) => !planned.rank.includes(member))
    return { rank: [...planned.rank, ...latecomers], excluded: now.excluded }
  }

  /** Whether every member is to run it and this one came after its planned start; the latest tick only. */
  #isJoining({ name, groups }: Job, wanted: Wanted, { rank }: Ranking): boolean {
    const { every, lateJoiners } = groups.placement
    if (!every || !lateJoiners || rank.some((member) => member === wanted.slot)) return false
    return previousTick(name, groups.timing, this.#turn.clusterMs) === wanted.dueMs
  }

  /** Candidates of an execution, or of one of its shards, planned for an instant. */
  at(job: Job, { execution, slot }: SlotOfExecution, plannedMs: number): Ranking {
    const members = this.#membership.members()
    const { settleMs } = this.#timers
    const key = placementKey(job.groups, job.name, execution, slot)
    return rankCandidates(key, job.groups, members, plannedMs, settleMs)
  }

  /**
   * Whether a job that holds in a minority is in one: of the members that match it, those that are
   * down included, too few are alive here. Of two halves the one with the job's first watcher goes on.
   */
  isHeld(job: Job): boolean {
    if (job.groups.delivery.promised.minority === 'run') return false
    const wanted = Object.entries(job.groups.placement.tags)
    const known = this.#membership.members().filter(({ state, record }) => {
      const { tags, roles } = attrsAt(record, this.#turn.clusterMs)
      return (
        state !== 'left' &&
        roles.includes('executor') &&
        wanted.every(([key, value]) => tags[key] === value)
      )
    })
    const alive = known.filter(({ state }) => state === 'alive').map(({ record }) => record.member)
    if (alive.length * 2 !== known.length) return alive.length * 2 < known.length
    const equal = known.map(({ record }) => ({ id: record.member, weight: 16 }))
    const [first] = rankMembers(rankKey('watch', job.name), equal)
    return !alive.some((member) => member === first)
  }

  /** The slots that this node looks after. */
  slotsOf(job: Job): readonly Slot[] {
    return slotsOf(job.groups.placement, this.#membership.self)
  }

  /** Wait per alive better rank. */
  graceOf(job: Job | undefined): number {
    return job?.groups.delivery.graceMs ?? this.#timers.graceMs
  }
}

/** Somebody wants it on one member and nowhere else. */
const onlyOn = (on: MemberId | null, ranking: Ranking): Ranking =>
  on === null ? ranking : { ...ranking, rank: ranking.rank.filter((member) => member === on) }
