// What is wrong with the fleet, as a pure function of what its members say and how they are seen.

import type { MemberId } from '../ids.ts'
import type { Member } from '../membership/membership.ts'
import type { FleetEvent } from './rule.ts'

/** Something that holds now. */
export interface Condition {
  readonly event: FleetEvent
  readonly member: MemberId
  readonly memberName: string
  /** Told once per episode: what the condition is about. */
  readonly about: string
  readonly reason: string
  readonly sinceMs: number
}

/** A disk is short of space below this share. */
const lowPercent = 5

export function conditionsOf(
  members: readonly Member[],
  own: { readonly self: MemberId; readonly isIsolated: boolean },
  nowMs: number,
): readonly Condition[] {
  const alive = members.filter(({ state }) => state === 'alive')
  const usual = mostCommon(alive.map(engineOf))
  return members.flatMap((member): readonly Condition[] => {
    const { record, state, missingSinceMs } = member
    const at = (event: FleetEvent, reason: string, sinceMs: number = nowMs): Condition => ({
      event,
      member: record.member,
      memberName: record.name,
      about: `${record.member}.${record.incarnation}`,
      reason,
      sinceMs,
    })
    // a node that is cut off tells of itself, not of everybody else
    if (own.isIsolated) return record.member === own.self ? [at('isolated', '')] : []
    if (state === 'down') return [at('member-down', '', missingSinceMs)]
    if (state !== 'alive') return []
    const { state: clock, offsetMs } = record.clock
    const isClockBad = ['skewed', 'unsynced', 'disputed'].includes(clock)
    const free = percentFree(member)
    return [
      ...(isClockBad ? [at('clock-bad', `${clock}, ${offsetMs} ms off`)] : []),
      ...(free < lowPercent ? [at('disk-low', `${free} % free`)] : []),
      ...(engineOf(member) === usual ? [] : [at('engine-skew', engineOf(member))]),
    ]
  })
}

const engineOf = ({ record }: Member): string =>
  `${record.engine}, time zone data ${record.timezoneData}`

function percentFree({ record }: Member): number {
  const { 'disk.free': free, 'disk.total': total } = record.attrs.facts
  if (typeof free !== 'number' || typeof total !== 'number' || total <= 0) return 100
  return Math.floor((100 * free) / total)
}

/** The greater text when several are as common. */
function mostCommon(texts: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  const [first] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? 1 : -1))
  return first?.[0] ?? ''
}
