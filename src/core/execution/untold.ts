// Outcomes of ticks that nobody ran. One member records them for all: the first in order at once,
// each other one when those before it have not told in time, were they all dead. Until the record is
// there the ticks stay undecided everywhere: a watermark that passed them would hide them for ever.

import { tickExecutionId, type JobName, type Slot } from '../ids.ts'
import { limits } from '../limits.ts'
import type { Turn } from '../turn.ts'
import type { Ledger } from './ledger.ts'
import type { NotRunOutcome } from './record.ts'

/** Neighbouring ticks of one slot that did not run for one reason. */
export interface NotRunTicks {
  readonly job: JobName
  readonly generation: number
  readonly slot: Slot
  readonly fromMs: number
  readonly toMs: number
  readonly count: number
  readonly outcome: NotRunOutcome
  readonly reason: string
}

/** The ticks themselves, whatever became of them. */
export type TickRange = Pick<NotRunTicks, 'fromMs' | 'toMs' | 'count'>

/** How long each member that is to record an outcome before us may take. */
const tellWithinMs = 5_000

export class Untold {
  readonly #turn: Turn
  readonly #ledger: Ledger
  readonly #write: (ticks: NotRunTicks) => void
  readonly #waiting = new Map<string, { readonly ticks: NotRunTicks; readonly atMs: number }>()

  constructor(components: { turn: Turn; ledger: Ledger; write: (ticks: NotRunTicks) => void }) {
    this.#turn = components.turn
    this.#ledger = components.ledger
    this.#write = components.write
  }

  /** Records them now, or after `before` others had their time to. */
  tell(ticks: NotRunTicks, before: number): void {
    if (before === 0 || this.#waiting.size >= limits.untoldMax) {
      this.#write(ticks)
      return
    }
    const { job, generation, slot, fromMs } = ticks
    const key = `${tickExecutionId(job, generation, fromMs)}.${slot}`
    this.#waiting.set(key, { ticks, atMs: this.#turn.monoMs + before * tellWithinMs })
  }

  wake(): void {
    for (const [key, { ticks, atMs }] of this.#waiting) {
      const isTold = this.#isTold(ticks)
      if (!isTold && this.#turn.monoMs < atMs) continue
      this.#waiting.delete(key)
      if (!isTold) this.#write(ticks)
    }
  }

  #isTold({ job, generation, slot, fromMs, toMs }: NotRunTicks): boolean {
    return [fromMs, toMs].every((dueMs) => this.#ledger.isTickDecided(job, generation, dueMs, slot))
  }
}
