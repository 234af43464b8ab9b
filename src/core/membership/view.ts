// Who lives, as a pure function of signed facts and the time: members that hold the same records and
// reports come to the same view, and nobody ever takes over another's verdict.

import type { MemberId } from '../ids.ts'
import type { NodeRecord } from './node-record.ts'
import type { LinkReport } from './link-report.ts'

export type MemberState = 'alive' | 'unreachable' | 'down' | 'left'

/** Facts about one member: its newest record and the newest report of each reporter. */
export interface MemberFacts {
  readonly record: NodeRecord
  readonly reports: Iterable<LinkReport>
}

/**
 * How many observers must miss a member before it counts at once: half of those it has, one to
 * three. Fewer count after `singleReportMs` without a refutation.
 */
export function reportQuorum(neighboursKnown: number): number {
  return Math.max(1, Math.min(3, Math.ceil(neighboursKnown / 2)))
}

/**
 * From when the member is not alive, in cluster time; Infinity when nothing speaks against it. `isHeard`:
 * this node hears it, so that the age of its record, which a clock far ahead takes for great, says nothing.
 */
export function missingSince(
  facts: MemberFacts,
  isKnown: (member: MemberId) => boolean,
  singleReportMs: number,
  isHeard: boolean,
): number {
  const { record } = facts
  const missedAt: number[] = []
  for (const report of facts.reports) {
    if (report.incarnation === record.incarnation && report.finding !== 'ok') {
      missedAt.push(report.atMs)
    }
  }
  missedAt.sort((a, b) => a - b)
  const quorum = reportQuorum(record.neighbours.filter(isKnown).length)
  return Math.min(
    missedAt[quorum - 1] ?? Infinity,
    (missedAt[0] ?? Infinity) + singleReportMs,
    // the member and all its observers may have died together
    isHeard ? Infinity : record.hlc.ms + 3 * record.refreshMs,
  )
}

/** The instants at which the member's state changes by itself. */
export function turningPoints(record: NodeRecord, missingSinceMs: number): readonly number[] {
  return [record.leaveAtMs ?? Infinity, missingSinceMs, missingSinceMs + record.downAfterMs]
}

/** The member's state at a cluster instant: whom this node hears may be missed by others, and is not down. */
export function stateOf(
  record: NodeRecord,
  missingSinceMs: number,
  nowMs: number,
  isHeard: boolean,
): MemberState {
  if (record.leaveAtMs !== null && nowMs >= record.leaveAtMs) return 'left'
  if (nowMs < missingSinceMs) return 'alive'
  return isHeard || nowMs < missingSinceMs + record.downAfterMs ? 'unreachable' : 'down'
}
