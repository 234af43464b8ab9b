import type { Membership } from './membership/membership.ts'
import type { Readiness } from './readiness.ts'
import type { StoreOutage } from './store-outage.ts'
import type { Turn } from './turn.ts'

/** Why a node starts nothing now; undefined when it does. */
export function inabilityOf(
  { readiness, outage, membership, turn }: Components,
  clockState: string | undefined,
): string | undefined {
  if (!readiness.isReady) return 'not ready'
  if (readiness.isListening) return 'just woke'
  if (outage.reason !== undefined) return 'its store has failed'
  const { leaveAtMs } = membership.own()
  if (leaveAtMs !== null && turn.clusterMs >= leaveAtMs) return 'leaving'
  return clockState === 'unsynced' ? 'its clock is unsynced' : undefined
}

interface Components {
  readonly readiness: Readiness
  readonly outage: StoreOutage
  readonly membership: Membership
  readonly turn: Turn
}
