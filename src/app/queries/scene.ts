// What every query looks at: the state of this node, read between its steps.

import type { Outlook } from '../../core/forecast.ts'
import type { MemberId } from '../../core/ids.ts'
import type { Node } from '../../core/node.ts'
import type { Store } from '../../ports/store.ts'
import type { OwnPolicy } from '../policy-file.ts'

export interface Scene {
  readonly node: Node
  readonly store: Store
  /** What the owner of this node allows. */
  policy(): OwnPolicy
  /** Cluster time now. */
  nowMs(): number
  /** The monotonic clock that the node is stepped with. */
  monoMs(): number
}

/** The facts for forecasts, as of now. */
export function outlookOf({ node, nowMs }: Scene): Outlook {
  return {
    members: node.membership.members(),
    settleMs: node.timers.settleMs,
    nowMs: nowMs(),
    usesOf: (job) => node.replica.catalog.usesOf(job),
  }
}

/** A member's label; null when it has none or is not known. */
export function nameOf(node: Node, member: MemberId | string | null): string | null {
  if (member === null) return null
  const name = node.membership.get(member as MemberId)?.record.name
  return name === undefined || name === '' ? null : name
}

/** What people call a member: its label, else its id. */
export function labelOf(node: Node, member: MemberId | string): string {
  return nameOf(node, member) ?? member
}

const instantMaxMs = 253_402_300_799_999

/** An instant in RFC 3339; those that no calendar holds become its last one. */
export function toInstant(ms: number): string {
  return new Date(Math.max(0, Math.min(ms, instantMaxMs))).toISOString()
}

/** The instant, or null where there is none. */
export const toInstantOrNull = (ms: number | null): string | null =>
  ms === null ? null : toInstant(ms)
