// Who may start an attempt, with the facts of now.

import { soleSlot, type ExecutionId, type MemberId, type Slot } from '../ids.ts'
import type { Timers } from '../limits.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Membership } from '../membership/membership.ts'
import { placementKey, rankCandidates, type Ranking, attrsAt } from '../placement/candidates.ts'
import { rankKey, rankMembers } from '../placement/rendezvous.ts'
import type { Turn } from '../turn.ts'
import type { Wanted } from './takeover.ts'

export class Candidacy {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #replica: Replica

  constructor(components: {
    turn: Turn
    timers: Timers
    membership: Membership
    replica: Replica
  }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#membership = components.membership
    this.#replica = components.replica
  }

  get self(): MemberId {
    return this.#membership.self
  }

  /** Candidates of an attempt. */
  of(wanted: Wanted): Ranking {
    const job = this.#replica.catalog.live(wanted.job)
    if (job === undefined) return { rank: [], excluded: [] }
    const open = onlyOn(wanted.order?.on ?? null, this.#open(job, wanted))
    if (job.groups.placement.every) {
      return { ...open, rank: open.rank.filter((member) => member === wanted.slot) }
    }
    const { where } = job.groups.delivery.retry
    if (wanted.number === 1 || where === 'any') return open
    if (where === 'same') {
      return { ...open, rank: open.rank.filter((member) => wanted.avoid.includes(member)) }
    }
    const others = open.rank.filter((member) => !wanted.avoid.includes(member))
    return others.length > 0 ? { ...open, rank: others } : open
  }

  /** Those of the planned instant; while none of them lives, those that came since stand behind. */
  #open(job: Job, wanted: Wanted): Ranking {
    const nowMs = this.#turn.clusterMs
    const isLate = wanted.why === 'catch-up' || wanted.why === 'dispatch' || wanted.why === 'retry'
    const planned = this.at(job, wanted.execution, isLate ? nowMs : wanted.plannedMs)
    if (isLate || planned.rank.some((member) => this.#membership.isAlive(member))) return planned
    const now = this.at(job, wanted.execution, nowMs)
    const latecomers = now.rank.filter((member) => !planned.rank.includes(member))
    return { rank: [...planned.rank, ...latecomers], excluded: now.excluded }
  }

  /** Candidates of an execution planned for an instant. */
  at(job: Job, execution: ExecutionId, plannedMs: number): Ranking {
    const members = this.#membership.members()
    const { settleMs } = this.#timers
    const key = placementKey(job.groups.placement, job.name, execution)
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
      const { tags } = attrsAt(record, this.#turn.clusterMs)
      return state !== 'left' && wanted.every(([key, value]) => tags[key] === value)
    })
    const alive = known.filter(({ state }) => state === 'alive').map(({ record }) => record.member)
    if (alive.length * 2 !== known.length) return alive.length * 2 < known.length
    const equal = known.map(({ record }) => ({ id: record.member, weight: 16 }))
    const [first] = rankMembers(rankKey('watch', job.name), equal)
    return !alive.some((member) => member === first)
  }

  /** The slot that this node looks after. */
  slotOf(job: Job): Slot {
    return job.groups.placement.every ? this.#membership.self : soleSlot
  }

  /** Wait per alive better rank. */
  graceOf(job: Job | undefined): number {
    return job?.groups.delivery.graceMs ?? this.#timers.graceMs
  }
}

/** Somebody wants it on one member and nowhere else. */
const onlyOn = (on: MemberId | null, ranking: Ranking): Ranking =>
  on === null ? ranking : { ...ranking, rank: ranking.rank.filter((member) => member === on) }
