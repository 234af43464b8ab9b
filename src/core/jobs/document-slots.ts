// What a job's placement and its promise mean together.

import { refuse, type Result } from '../result.ts'
import type { Delivery, Placement } from './definition.ts'

const bad = (message: string, hint: string): Result<never> => refuse('MC_BAD_INPUT', message, hint)

/** Refuses slots that exclude each other, or the promise. */
export function checkSlots(
  { every, count, countStrict, shards, lateJoiners, staggerMs }: Placement,
  { promised }: Delivery,
): Result<never> | undefined {
  const isVoted = promised.mode === 'at-most-once'
  if (isVoted && every) {
    return bad(
      'placement.every: every node starts its own, so there is nothing to agree on',
      'leave out delivery, or placement.every',
    )
  }
  const ways = Object.entries({ every, count: count > 1, shards: shards !== null })
  const used = ways.flatMap(([key, isUsed]) => (isUsed ? [key] : []))
  if (used.length > 1) {
    return bad(
      `placement.${used[1]}: cannot stand beside placement.${used[0]}`,
      'write one of every, count, shards',
    )
  }
  if (countStrict && count === 1) {
    return bad('placement.countStrict: means nothing without count', 'write count: 2, or more')
  }
  if (!lateJoiners && !every) {
    return bad('placement.lateJoiners: means nothing without every', 'write every: true')
  }
  if (staggerMs > 0 && used.length === 0) {
    return bad('placement.stagger: means nothing with one slot', 'write every, count or shards')
  }
  if (isVoted && used.length > 0) {
    return bad(
      `placement.${used[0]}: the roster of delivery at-most-once votes on one slot only`,
      'leave out delivery, or write one job per slot',
    )
  }
  return undefined
}
