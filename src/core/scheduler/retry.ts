// How long a slot waits before its next attempt: the same on every member (docs/reference/schedule.md).

import { hash64, scale, SCALE_MAX } from '../hash.ts'
import type { Retry } from '../jobs/definition.ts'

/**
 * Milliseconds from the end of attempt `attempt` (from 1) to the start of the next one: the backoff,
 * at most the cap, less a share of at most the jitter that depends on execution, slot and attempt.
 */
export function retryWaitMs(
  retry: Retry,
  executionId: string,
  slot: string,
  attempt: number,
): number {
  const raw = Math.min(retry.capMs, SCALE_MAX, retry.baseMs * backoffFactor(retry, attempt))
  const span = Math.floor((raw * retry.jitterPermille) / 1_000)
  return raw - scale(hash64(`R|${executionId}|${slot}|${attempt}`), span)
}

/** 1, 2^(a−1) or the a-th Fibonacci number, which starts 1, 1, 2. */
function backoffFactor(retry: Retry, attempt: number): number {
  switch (retry.backoff) {
    case 'fixed':
      return 1
    case 'exponential':
      return 2 ** Math.min(attempt - 1, 64)
    case 'fibonacci': {
      let [before, factor] = [0, 1]
      for (let i = 1; i < Math.min(attempt, 64); i++) [before, factor] = [factor, before + factor]
      return factor
    }
  }
}
