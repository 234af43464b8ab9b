import type { ExecutionItem } from '../../adapters/http/schema.ts'
import { soleSlot, type AttemptId, type ExecutionId, type Slot } from '../../core/ids.ts'
import { phases, type ExecutionRecord } from '../../core/execution/record.ts'
import type { Node } from '../../core/node.ts'
import type { ExecutionRow } from '../../ports/store.ts'
import { nameOf, toInstant, toInstantOrNull } from './scene.ts'

/** Id of one slot of an execution: the execution's own where it has only one. */
export function slotId(execution: ExecutionId, slot: Slot): string {
  return slot === soleSlot ? execution : `${execution}.${slot}`
}

/** One slot of an execution as the API shows it. */
export function toItem(node: Node, { record, duplicate }: ExecutionRow): ExecutionItem {
  return {
    id: slotId(record.execution, record.slot),
    job: record.job,
    scheduledAt: toInstant(record.dueMs),
    slot: record.slot,
    attempt: record.attempt,
    node: record.executor,
    nodeName: nameOf(node, record.executor),
    state: record.phase,
    startedAt: toInstantOrNull(record.startedMs),
    finishedAt: toInstantOrNull(record.endedMs),
    exitCode: record.exit,
    outcome: record.outcome,
    reason: record.reason,
    duplicate,
    trigger: record.trigger,
    why: record.why,
    rank: record.rank,
    nextAttemptAt: toInstantOrNull(record.nextAttemptAtMs),
    outputBytes: record.outputBytes,
    outputDropped: record.outputDropped,
    through: toInstant(record.throughMs),
    count: record.count,
  }
}

/** What an id of the API names: an execution, one slot of it, or one attempt of that. */
export interface Named {
  readonly execution: ExecutionId
  readonly slot: Slot | undefined
  readonly attempt: number | undefined
}

const idForm =
  /^([a-z0-9_.-]+(?:~\d{1,10})?(?:@\d{1,16}(?:\+\d{1,10})?|:[0-9a-f]{16}))(?:\.([0-9A-Za-z]+|\*))?(?:\.(\d{1,6}))?$/

/** Reads `execution`, `execution.slot` or `execution.slot.attempt`; undefined for anything else. */
export function parseId(id: string): Named | undefined {
  const match = id.length > 256 ? null : idForm.exec(id)
  if (match === null) return undefined
  const [, execution, slot, attempt] = match
  return {
    execution: execution as ExecutionId,
    slot,
    attempt: attempt === undefined ? undefined : Number(attempt),
  }
}

/** Text of an attempt as the executor knows it. */
export const attemptText = (record: ExecutionRecord): AttemptId =>
  `${record.execution}.${record.slot}.${record.attempt}` as AttemptId

/** The row that speaks for each slot: of its last attempt, one that ran before one that did not. */
export function headsOf(rows: readonly ExecutionRow[]): readonly ExecutionRow[] {
  const heads = new Map<Slot, ExecutionRow>()
  for (const row of rows) {
    const head = heads.get(row.record.slot)
    if (head === undefined || speaksBefore(row.record, head.record)) heads.set(row.record.slot, row)
  }
  // a queued dispatch for every node has become the slots that nodes opened
  if (heads.size > 1) heads.delete('*')
  return [...heads.values()]
}

function speaksBefore(a: ExecutionRecord, b: ExecutionRecord): boolean {
  const order =
    a.attempt - b.attempt ||
    Number(hasClaim(a)) - Number(hasClaim(b)) ||
    Number(a.outcome === 'success') - Number(b.outcome === 'success') ||
    phases.indexOf(a.phase) - phases.indexOf(b.phase) ||
    (b.claimedMs ?? 0) - (a.claimedMs ?? 0)
  return order > 0
}

/** Whether a member has started this attempt, or was about to. */
export const hasClaim = (record: ExecutionRecord): boolean =>
  record.executor !== null && record.phase !== 'queued'
