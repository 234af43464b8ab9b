// Whether and when a failed attempt is tried again, and how long all attempts of a slot may take.

import type { Job } from '../jobs/catalog.ts'
import type { RetryCause } from '../jobs/definition.ts'
import { exitsOf } from '../jobs/document-retry.ts'
import { retryWaitMs } from '../scheduler/retry.ts'
import type { Ledger } from './ledger.ts'
import type { ExecutionRecord } from './record.ts'

type End = Pick<ExecutionRecord, 'outcome' | 'reason' | 'exit'>

/** When the attempt after this one is due, cluster time; null when none follows. */
export function nextAttemptAtMs(
  job: Job,
  record: ExecutionRecord,
  end: End,
  { ledger, nowMs }: { readonly ledger: Ledger; readonly nowMs: number },
): number | null {
  const { retry, misfire } = job.groups.delivery
  const isWanted = retry.on.some((cause) => isCausedBy(end, cause))
  if (record.attempt === 0 || !isWanted || record.attempt > retry.max) return null
  const atMs = nowMs + retryWaitMs(retry, record.execution, record.slot, record.attempt)
  if (atMs > totalEndMs(job, ledger, record, nowMs)) return null
  // a written deadline bounds retries too; the default one would cut the chains of frequent jobs
  // the T of a child is its root's, which may be long over
  const fromMs = record.root === undefined ? record.dueMs : firstClaimMs(ledger, record, nowMs)
  const isTooLate = misfire.deadlineMs !== null && atMs > fromMs + misfire.deadlineMs
  return isTooLate ? null : atMs
}

/** Nothing of this slot runs or starts after this instant, cluster time. */
export function totalEndMs(
  job: Job,
  ledger: Ledger,
  { execution, slot }: Pick<ExecutionRecord, 'execution' | 'slot'>,
  nowMs: number,
): number {
  const { totalTimeoutMs } = job.groups.action
  if (totalTimeoutMs === null) return Infinity
  return firstClaimMs(ledger, { execution, slot }, nowMs) + totalTimeoutMs
}

function firstClaimMs(
  ledger: Ledger,
  { execution, slot }: Pick<ExecutionRecord, 'execution' | 'slot'>,
  nowMs: number,
): number {
  const claims = ledger.attempts(execution, slot).map(({ record }) => record.claimedMs ?? nowMs)
  return Math.min(nowMs, ...claims)
}

function isCausedBy({ outcome, reason, exit }: End, cause: RetryCause): boolean {
  if (outcome === 'lost') return cause === 'lost'
  if (outcome !== 'failure') return false
  if (reason === 'timeout') return cause === 'timeout'
  if (cause === 'failure') return true
  if (cause === 'spawn') return /^(spawn|policy)(:|$)/.test(reason)
  const exits = exitsOf(cause)
  if (exits === undefined || exit === null || !/^exit(:|$)/.test(reason)) return false
  return exits[0] <= exit && exit <= exits[1]
}
