// The parts of one execution: one for the fleet, n on distinct members, n shards, or one per member.
//
// Of `count: k` slot s belongs to the s-th of the ranking, and those behind the first k stand in for
// any slot: so a death moves one slot and leaves the others where they are.

import type { Placement } from '../jobs/definition.ts'
import { soleSlot, type MemberId, type Slot } from '../ids.ts'

type Shape = Pick<Placement, 'every' | 'count' | 'shards'>

/** How many slots an execution has where they are counted; 1 where every member has its own. */
export const slotCount = ({ every, count, shards }: Shape): number =>
  every ? 1 : (shards ?? count)

/** The slots of an execution that one member looks after. */
export function slotsOf(placement: Shape, self: MemberId): readonly Slot[] {
  if (placement.every) return [self]
  const count = slotCount(placement)
  return count === 1 ? [soleSlot] : Array.from({ length: count }, (_, slot) => `${slot}`)
}

/** Whether each member may run one slot of an execution only. */
export const isDistinct = ({ every, count, shards }: Shape): boolean =>
  !every && shards === null && count > 1

/** Who may run a slot, in order, out of the ranking of the execution. */
export function slotOrder(
  placement: Shape,
  slot: Slot,
  rank: readonly MemberId[],
): readonly MemberId[] {
  if (placement.every) return rank.filter((member) => member === slot)
  if (!isDistinct(placement)) return rank
  const { count } = placement
  const own = Number(slot)
  return rank.filter((_, place) => place === own || place >= count)
}
