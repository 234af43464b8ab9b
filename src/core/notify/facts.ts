// What a message about a job says, from the ledger and the members as they are now.

import type { Executions } from '../execution/executions.ts'
import { isRan } from '../execution/ledger.ts'
import type { ExecutionRecord } from '../execution/record.ts'
import type { ExecutionId, MemberId } from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Membership } from '../membership/membership.ts'
import type { Turn } from '../turn.ts'
import { emptyNotice, type Notice } from './notice.ts'

type Facts = Omit<Notice, 'id' | 'event'>

const othersMax = 10

export class NoticeFacts {
  readonly #turn: Turn
  readonly #membership: Membership
  readonly #executions: Executions

  constructor(components: { turn: Turn; membership: Membership; executions: Executions }) {
    this.#turn = components.turn
    this.#membership = components.membership
    this.#executions = components.executions
  }

  ofJob(job: Job): Facts {
    const { timezone } = job.groups.timing
    return { ...emptyNotice, atMs: this.#turn.clusterMs, job: job.name, timezone }
  }

  of(job: Job, record: ExecutionRecord): Facts {
    const { execution, dueMs, executor, outcome, attempt } = record
    const atMs = record.endedMs ?? record.startedMs ?? record.claimedMs ?? this.#turn.clusterMs
    const memberName = executor === null ? '' : (this.#membership.get(executor)?.record.name ?? '')
    return {
      ...this.ofJob(job),
      atMs,
      execution,
      dueMs,
      member: executor,
      memberName,
      outcome: outcome ?? record.phase,
      reason: reasonOf(record),
      attempts: attempt,
      others: executor === null ? [] : this.#othersOn(executor, execution),
    }
  }

  /** What else a member runs. */
  #othersOn(executor: MemberId, execution: ExecutionId): readonly ExecutionId[] {
    return this.#executions.ledger
      .newestOpen()
      .map(({ record }) => record)
      .filter((record) => record.executor === executor && record.execution !== execution)
      .slice(0, othersMax)
      .map((record) => record.execution)
  }

  /** The record that speaks for an execution: of a slot that went wrong, if one did. */
  newestOf(execution: ExecutionId): ExecutionRecord | undefined {
    const { ledger } = this.#executions
    const newest = ledger.slots(execution).map((slot) => ledger.newest(execution, slot)!.record)
    return newest.find((one) => isRan(one) && one.outcome !== 'success') ?? newest[0]
  }
}

/** Why it ended so, with the status where there is one. */
export const reasonOf = ({ reason, exit }: ExecutionRecord): string =>
  reason === 'exit' && exit !== null ? `exit ${exit}` : reason
