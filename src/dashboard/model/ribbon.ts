// The line under the head: through whose eyes the fleet is seen, and whether it is still seen.

import type { Status } from '../answers.ts'
import type { Tone } from './outcome.ts'
import { count } from './health.ts'
import { roughText } from './time.ts'

export interface Ribbon {
  readonly tone: Tone
  readonly seen: string
  readonly connection: string
}

export function ribbonOf(
  status: Status | undefined,
  link: 'connecting' | 'live' | 'lost',
  nowMs: number,
): Ribbon {
  const connection = {
    connecting: 'connecting',
    live: 'live',
    lost: 'connection lost, trying again',
  }[link]
  if (status === undefined) return { tone: 'quiet', seen: 'reading …', connection }
  const { self, members, isolated, clock } = status
  const gone = members.filter(({ state }) => state === 'unreachable' || state === 'down').length
  const name = self.name === '' ? self.id.slice(-8) : self.name
  const reach =
    gone === 0
      ? members.length === 1
        ? 'it is alone'
        : `all ${members.length} members in reach`
      : `${count(gone, 'member')} unreachable`
  const island = isolated ? ' · this node is an island' : ''
  const ageMs = nowMs - clock.clusterMs
  const age = link === 'lost' && ageMs > 2_000 ? ` · ${roughText(ageMs)} old` : ''
  const tone = link === 'lost' ? 'bad' : isolated || gone > 0 ? 'lost' : 'quiet'
  return { tone, seen: `as seen by ${name} · ${reach}${island}${age}`, connection }
}
