// Which slots of an execution a member has, and what the slots come to together.

import type { ExecutionId, MemberId, Slot } from '../ids.ts'
import { isRan, isSettled, type Ledger } from './ledger.ts'
import type { ExecutionRecord, Outcome } from './record.ts'

/** Whether a member has run or runs another slot of an execution. */
export function holdsOther(
  ledger: Ledger,
  execution: ExecutionId,
  slot: Slot,
  member: MemberId,
): boolean {
  return ledger
    .slots(execution)
    .some((other) => other !== slot && ledger.newest(execution, other)?.record.executor === member)
}

/** What the slots of an execution came to; `outcome` null while one of them is open. */
export interface Together {
  readonly outcome: Outcome | 'partial' | null
  readonly slots: number
  readonly succeeded: number
}

/**
 * Judges the last attempts of all slots. A slot for which there was no member counts only if the job is
 * strict about its count; members that never had a slot of their own count never.
 */
export function together(slots: readonly ExecutionRecord[], isStrict: boolean): Together {
  const succeeded = slots.filter(({ outcome }) => outcome === 'success').length
  const result = { slots: slots.length, succeeded }
  if (!slots.every(isSettled)) return { ...result, outcome: null }
  const counted = slots.filter(({ outcome }) => isStrict || outcome !== 'no-eligible-node')
  if (counted.length === 0) return { ...result, outcome: slots[0]?.outcome ?? null }
  if (succeeded === counted.length) return { ...result, outcome: 'success' }
  if (succeeded > 0) return { ...result, outcome: 'partial' }
  const worst = counted.find(({ outcome }) => outcome === 'failure') ?? counted.find(isRan)
  return { ...result, outcome: (worst ?? counted[0]!).outcome }
}
