// Why this node does not start an attempt whose turn it is here; the next rank is told.

import { isDispatch } from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import { defaultsOf } from '../jobs/document-params.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Membership } from '../membership/membership.ts'
import { judgeWhere } from '../placement/where.ts'
import { deniedUntil } from '../scheduler/calendar.ts'
import type { Turn } from '../turn.ts'
import type { Candidacy } from './candidacy.ts'
import type { Wanted } from './takeover.ts'

export class Refusals {
  readonly #turn: Turn
  readonly #replica: Replica
  readonly #membership: Membership
  readonly #candidacy: Candidacy

  constructor(components: {
    turn: Turn
    replica: Replica
    membership: Membership
    candidacy: Candidacy
  }) {
    this.#turn = components.turn
    this.#replica = components.replica
    this.#membership = components.membership
    this.#candidacy = components.candidacy
  }

  of(job: Job, wanted: Wanted): string | undefined {
    if (!this.#replica.isAuthentic(job.name)) {
      this.#turn.report({ kind: 'damaged', what: `definition of ${job.name}`, count: 1 })
      return 'the definition does not verify here'
    }
    const { where } = job.groups.placement
    if (where !== null) {
      // what others know of this machine may be a while old
      const { holds, because } = judgeWhere(where, this.#membership.ownFacts)
      if (holds !== true) return `${because}, and the job wants ${where}`
    }
    if (wanted.order === undefined) {
      const { missing } = defaultsOf(job.groups.action.params)
      if (missing !== undefined) return `nobody says what its parameter ${missing} is`
    }
    if (this.deniedUntil(wanted) !== undefined) return 'a calendar denies it now'
    if (this.#candidacy.isHeld(job)) return 'fewer than half of the members are here: it holds'
    return undefined
  }

  /** A late start is judged again by the calendars; what somebody asked for is not. */
  deniedUntil(wanted: Wanted): number | undefined {
    const job = this.#replica.catalog.live(wanted.job)
    const isAsked = isDispatch(wanted.execution) && wanted.root === undefined
    const isFree = isAsked && wanted.order?.respectCalendars !== true
    if (job === undefined || isFree) return undefined
    return deniedUntil(this.#replica.catalog.usesOf(job), this.#turn.clusterMs)
  }
}
