// Whether a run reached what it is there to reach. A gate whose interesting states never occurred
// proves nothing.

import type { Effect } from '../core/effect.ts'
import type { JobName } from '../core/ids.ts'
import type { Node } from '../core/node.ts'
import type { Report } from '../core/report.ts'
import { decodeExecMessage } from '../core/wire/exec-message.ts'
import type { Counters } from './history.ts'

/** No message without a record in it is longer, and none with one is shorter. */
const shortBytes = 250

export class Sometimes {
  readonly #counts = new Map<string, number>()

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  /** Counts what members say to each other about an attempt, and how they answer. */
  overhear(question: Uint8Array, effects: readonly Effect[]): void {
    // records are long, and there are many; everything else of this stream is short
    if (question.length > shortBytes) return
    const message = decodeExecMessage(question)
    if (!message.ok || message.value.kind === 'records') return
    const { kind } = message.value
    this.add(`heard ${kind}`)
    const hasRecords = effects.some(
      (effect) => effect.kind === 'send' && effect.bytes.length > shortBytes,
    )
    if (kind === 'probe' && hasRecords) this.add('probe answered with its start')
  }

  /** Counts what a node reports about itself; only counted, never judged. */
  hear(report: Report, policyOf: (job: JobName) => string | undefined = () => undefined): void {
    switch (report.kind) {
      case 'execution': {
        const { job, phase, why, rank, outcome, reason, attempt } = report.record
        if (phase === 'claimed') this.add(`claimed ${why}`)
        if (phase === 'claimed' && why === 'catch-up') this.add(`caught up by ${policyOf(job)}`)
        if (outcome === 'missed') this.add(`missed by ${policyOf(job)}`)
        if (phase === 'claimed' && why === 'takeover' && rank >= 2) this.add('takeover by rank ≥ 2')
        if (phase === 'claimed' && attempt > 1) this.add('second attempt')
        if (phase === 'ended') this.add(`ended ${outcome} ${reason}`.trimEnd().slice(0, 40))
        if (report.duplicate) this.add('duplicate seen')
        return
      }
      case 'calendarChanged':
        this.add(`calendar ${report.change}`)
        return
      case 'memberChanged':
        this.add(`member ${report.state}`)
        return
      case 'clockChanged':
        this.add(`clock ${report.state}`)
        return
      case 'refused':
        this.add(`refused ${report.what}: ${report.reason}`.slice(0, 60))
        return
      case 'declined':
        this.add(`declined: ${report.reason}`)
        return
      case 'jobChanged':
        this.add(`job ${report.change}`)
        return
      case 'damaged':
      case 'notified':
      case 'notifyFailed':
      case 'limitReached':
      case 'probed':
      case 'refuted':
      case 'resumed':
      case 'conflict':
      case 'graphConflict':
      case 'isolated':
      case 'ready':
      case 'standbyDropped':
      case 'storeFailed':
      case 'storeRecovered':
      case 'duplicateIdentity':
        this.add(report.kind)
    }
  }

  get counters(): Counters {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** What a node believes that is to be done about late ticks of a job. */
export const misfireOf = (node: Node | undefined, job: JobName): string | undefined =>
  node?.replica.catalog.live(job)?.groups.delivery.misfire.policy
