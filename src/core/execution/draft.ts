// Records as this node begins to write them.

import { isDispatch } from '../ids.ts'
import type { ExecutionRecord, NotRunOutcome } from './record.ts'
import type { Wanted } from './takeover.ts'

/** Attempts that have a fence of their own within one instant. */
const fencesPerInstant = 64

/** What a record takes over from the attempt that it is about. */
type Drafted = Pick<
  Wanted,
  'execution' | 'job' | 'slot' | 'dueMs' | 'number' | 'why' | 'order' | 'root'
>

function triggerOf({ execution, root }: Drafted): Pick<ExecutionRecord, 'trigger' | 'root'> {
  if (root !== undefined) return { trigger: 'graph', root }
  return { trigger: isDispatch(execution) ? 'dispatch' : 'schedule' }
}

/** A record about an attempt that says nothing yet. */
export function draftOf(wanted: Drafted, generation: number): ExecutionRecord {
  return {
    execution: wanted.execution,
    job: wanted.job,
    generation,
    dueMs: wanted.dueMs,
    slot: wanted.slot,
    attempt: wanted.number,
    phase: 'ended',
    executor: null,
    ...triggerOf(wanted),
    why: wanted.why,
    rank: 0,
    claimedMs: null,
    startedMs: null,
    endedMs: null,
    outcome: null,
    reason: '',
    exit: null,
    nextAttemptAtMs: null,
    fence: wanted.dueMs * fencesPerInstant + Math.min(wanted.number, fencesPerInstant - 1),
    outputBytes: 0,
    outputDropped: 0,
    throughMs: wanted.dueMs,
    count: 1,
    ...(wanted.order === undefined ? {} : { order: wanted.order }),
  }
}

/**
 * A record that an attempt did not run. Of a dispatch, a retry or what was queued the attempt itself
 * ends; a tick that never started has attempt 0.
 */
export function notRunOf(
  wanted: Drafted,
  generation: number,
  end: { readonly outcome: NotRunOutcome; readonly reason: string; readonly endedMs: number },
): ExecutionRecord {
  const isRetry = wanted.number > 1
  const isTick = !isRetry && wanted.why !== 'queue' && !isDispatch(wanted.execution)
  return {
    ...draftOf({ ...wanted, number: isTick ? 0 : wanted.number }, generation),
    outcome: isRetry ? 'failure' : end.outcome,
    reason: isRetry ? 'no-executor' : end.reason,
    endedMs: end.endedMs,
  }
}
