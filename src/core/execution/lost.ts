// When an execution of another member counts as lost, and who says so.

import type { MemberId } from '../ids.ts'
import type { Timers } from '../limits.ts'
import type { Member } from '../membership/membership.ts'
import type { ExecutionRecord, StoredRecord } from './record.ts'

export interface Loss {
  readonly reason: 'member-down' | 'unreported'
  /** From when it may be said, cluster time; one home of the job after the other, a grace apart. */
  readonly fromMs: number
}

/** Whether the executor of an open execution is down or runs as another process. */
export function lossOf(
  { record, startId }: StoredRecord,
  self: MemberId,
  member: Member | undefined,
  timers: Timers,
): Loss | undefined {
  const { executor, phase } = record
  if (executor === null || executor === self || phase === 'ended') return undefined
  if (member !== undefined && member.record.startId !== startId) {
    return { reason: 'unreported', fromMs: member.record.hlc.ms + 2 * timers.syncMs }
  }
  const isGone = member === undefined || member.state === 'down' || member.state === 'left'
  if (!isGone) return undefined
  return { reason: 'member-down', fromMs: goneSince(member, record) + timers.downAfterMs }
}

/** From when an executor is known to be gone, cluster time. */
function goneSince(member: Member | undefined, record: ExecutionRecord): number {
  if (member === undefined) return record.claimedMs ?? 0
  return Math.min(member.missingSinceMs, member.record.leaveAtMs ?? Infinity)
}
