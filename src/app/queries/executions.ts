import type { ListExecutions } from '../../adapters/http/api.ts'
import type { ExecutionDetail, ExecutionPage } from '../../adapters/http/schema.ts'
import { unknownJob } from '../../core/execution/requests.ts'
import { notRunOutcomes, phases, ranOutcomes } from '../../core/execution/record.ts'
import { together } from '../../core/execution/slot-share.ts'
import { tickOf } from '../../core/execution/rerun.ts'
import { executionId, type ExecutionId, type JobName, type Slot } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'
import { ok, refuse, type Result } from '../../core/result.ts'
import type { ExecutionRow } from '../../ports/store.ts'
import { headsOf, parseId, toItem, type Named } from './execution-item.ts'
import type { Scene } from './scene.ts'

/** What is stored under an id: the attempts it names, oldest first, and the one that speaks for them. */
export interface Found {
  readonly named: Named
  readonly rows: readonly ExecutionRow[]
  readonly head: ExecutionRow
  readonly slots: readonly Slot[]
}

const states: readonly string[] = [...phases, ...ranOutcomes, ...notRunOutcomes]

export class History {
  readonly #scene: Scene

  constructor(scene: Scene) {
    this.#scene = scene
  }

  list({ job, state, sinceMs, limit, cursor }: ListExecutions): Result<ExecutionPage> {
    if (state !== undefined && !states.includes(state)) {
      return refuse(
        'MC_BAD_INPUT',
        `no execution is ever ${JSON.stringify(state.slice(0, 40))}`,
        `use ${states.join(', ')}`,
      )
    }
    const { node, store } = this.#scene
    const page = store.executions({
      limit,
      ...(job === undefined ? {} : { job }),
      ...(state === undefined ? {} : { state }),
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...(cursor === undefined ? {} : { cursor }),
    })
    // a deleted job keeps its history
    const isKnown = job === undefined || page.rows.length > 0
    if (!isKnown && node.replica.catalog.get(job as JobName) === undefined) return unknownJob(job)
    return ok({
      items: page.rows.map((row) => toItem(node, row)),
      cursor: page.cursor ?? null,
    })
  }

  detail(id: string): Result<ExecutionDetail> {
    const found = this.find(id)
    if (!found.ok) return found
    const { rows, head } = found.value
    const { node } = this.#scene
    const placement = node.replica.catalog.live(head.record.job)?.groups.placement
    const heads = headsOf(rows).map(({ record }) => record)
    return ok({
      ...toItem(node, head),
      id,
      attempts: attemptsOf(rows).map((row) => toItem(node, row)),
      together: together(heads, placement?.countStrict ?? false),
    })
  }

  /** How often a tick was run again, as far as it is on record. */
  replaysOf(execution: ExecutionId): number {
    const tick = tickOf(execution)?.tick
    if (tick === undefined) return 0
    let number = 0
    while (number < limits.replaysMax) {
      const next = executionId(`${tick}+${number + 1}`)
      if (this.#scene.store.attempts(next).length === 0) break
      number += 1
    }
    return number
  }

  /** Looks an id up: an execution, one of its slots, or one attempt. */
  find(id: string): Result<Found> {
    const named = parseId(id)
    if (named === undefined) return unknownExecution(id)
    const rows = this.#scene.store
      .attempts(named.execution)
      .filter(
        ({ record }) =>
          (named.slot === undefined || record.slot === named.slot) &&
          (named.attempt === undefined || record.attempt === named.attempt),
      )
    const heads = headsOf(rows)
    const head = spokesman(heads)
    if (head === undefined) return unknownExecution(id)
    return ok({ named, rows, head, slots: heads.map(({ record }) => record.slot) })
  }
}

/** A dispatch waits as an attempt of nobody, until somebody claims it. */
function attemptsOf(rows: readonly ExecutionRow[]): readonly ExecutionRow[] {
  const tried = rows.filter(({ record }) => record.phase !== 'queued')
  return tried.length > 0 ? tried : rows
}

/** Of several slots the one that most wants to be seen: what is open, then what went wrong. */
function spokesman(heads: readonly ExecutionRow[]): ExecutionRow | undefined {
  const urgency = ({ record }: ExecutionRow): number => {
    if (record.phase !== 'ended') return 3
    if (record.nextAttemptAtMs !== null) return 2
    return record.outcome === 'success' ? 0 : 1
  }
  return heads.reduce<ExecutionRow | undefined>(
    (best, row) => (best === undefined || urgency(row) > urgency(best) ? row : best),
    undefined,
  )
}

export const unknownExecution = (id: string): Result<never> =>
  refuse(
    'MC_UNKNOWN_EXECUTION',
    `no execution ${JSON.stringify(id.slice(0, 256))} is known here`,
    'list them with `meshcron run ls`',
  )
