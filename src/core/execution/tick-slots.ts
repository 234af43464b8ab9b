// The slots of a tick that this node looks after, and what is left to do about them.

import { attemptId, tickExecutionId, type Slot } from '../ids.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Replica } from '../jobs/replica.ts'
import { isDistinct } from '../placement/slots.ts'
import type { Candidacy } from './candidacy.ts'
import type { Ledger } from './ledger.ts'
import type { ExecutionRecord, NotRunOutcome } from './record.ts'
import type { Takeover } from './takeover.ts'
import type { NotRunTicks, TickRange } from './untold.ts'

export class TickSlots {
  readonly #candidacy: Candidacy
  readonly #replica: Replica
  readonly #takeover: Takeover
  readonly #ledger: Ledger

  constructor(components: {
    candidacy: Candidacy
    replica: Replica
    takeover: Takeover
    ledger: Ledger
  }) {
    this.#candidacy = components.candidacy
    this.#replica = components.replica
    this.#takeover = components.takeover
    this.#ledger = components.ledger
  }

  of(job: Job): readonly Slot[] {
    return this.#candidacy.slotsOf(job)
  }

  /** What is to be told of ticks that did not run, slot by slot. */
  notRun(
    job: Job,
    { fromMs, toMs, count }: TickRange,
    outcome: NotRunOutcome,
    reason: string,
  ): readonly NotRunTicks[] {
    const { name, generation } = job
    const told = { job: name, generation, fromMs, toMs, count, outcome, reason }
    return this.of(job).map((slot) => ({ ...told, slot }))
  }

  /** Whether some slot of a tick runs, waits or is to be repeated. */
  isOpen(job: Job, dueMs: number): boolean {
    const execution = tickExecutionId(job.name, job.generation, dueMs)
    return this.of(job).some((slot) => this.#ledger.isSlotOpen(execution, slot))
  }

  /** A member that has a slot now is out of the way of the others that stand in for any. */
  rejudgeOthers({ job: name, execution, slot, phase }: ExecutionRecord): void {
    const job = this.#replica.catalog.live(name)
    if (job === undefined || phase !== 'claimed' || !isDistinct(job.groups.placement)) return
    for (const other of this.of(job)) {
      if (other !== slot) this.#takeover.rejudge(attemptId(execution, other, 1))
    }
  }
}
