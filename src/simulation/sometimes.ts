// Whether a run reached what it is there to reach. A gate whose interesting states never occurred
// proves nothing.

import type { Report } from '../core/report.ts'
import type { Counters } from './history.ts'

export class Sometimes {
  readonly #counts = new Map<string, number>()

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  /** Counts what a node reports about itself; only counted, never judged. */
  hear(report: Report): void {
    switch (report.kind) {
      case 'execution': {
        const { phase, why, rank, outcome, reason, attempt } = report.record
        if (phase === 'claimed') this.add(`claimed ${why}`)
        if (phase === 'claimed' && why === 'takeover' && rank >= 2) this.add('takeover by rank ≥ 2')
        if (phase === 'claimed' && attempt > 1) this.add('second attempt')
        if (phase === 'ended') this.add(`ended ${outcome} ${reason}`.trimEnd().slice(0, 40))
        if (report.duplicate) this.add('duplicate seen')
        return
      }
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
      case 'limitReached':
      case 'probed':
      case 'refuted':
      case 'resumed':
      case 'conflict':
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
