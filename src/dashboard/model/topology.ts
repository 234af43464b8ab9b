// The members on a ring, and the links of the node that is asked: of the others' links it knows
// nothing. Who cannot be seen stands apart, as an island of its own.

import type { Member } from '../answers.ts'
import { nodeText, toneOf, type Tone } from './outcome.ts'

export interface Spot {
  readonly id: string
  readonly label: string
  readonly state: string
  readonly tone: Tone
  readonly isSelf: boolean
  readonly x: number
  readonly y: number
  /** Round trip; undefined without a link. */
  readonly tripMs: number | undefined
}

export const mapSize = { width: 640, height: 400 } as const

/** In reach on the inner ring, out of reach on the outer one; the node that is asked in the middle. */
export function spotsOf(members: readonly Member[]): readonly Spot[] {
  const { width, height } = mapSize
  const others = members
    .filter(({ self }) => !self)
    .sort((a, b) => (nodeText(a.id, a.name) < nodeText(b.id, b.name) ? -1 : 1))
  const own = members.find(({ self }) => self)
  const around = others.map((member, i): Spot => {
    const angle = ((i + 0.5) / others.length) * 2 * Math.PI - Math.PI / 2
    const reach = member.state === 'alive' ? 0.62 : 0.94
    const x = width / 2 + Math.cos(angle) * reach * (width / 2 - 70)
    const y = height / 2 + Math.sin(angle) * reach * (height / 2 - 40)
    return spotOf(member, x, y)
  })
  return own === undefined ? around : [spotOf(own, width / 2, height / 2), ...around]
}

function spotOf({ id, name, state, self, roundTripMs }: Member, x: number, y: number): Spot {
  return {
    id,
    label: nodeText(id, name),
    state,
    tone: toneOf(state),
    isSelf: self,
    x,
    y,
    tripMs: state === 'alive' ? (roundTripMs ?? undefined) : undefined,
  }
}

/** What the picture says, in one sentence. */
export function topologyText(members: readonly Member[], isolated: boolean): string {
  const own = members.find(({ self }) => self)
  const name = own === undefined ? 'this node' : nodeText(own.id, own.name)
  const alive = members.filter(({ self, state }) => !self && state === 'alive').length
  const gone = members.filter(({ state }) => state === 'unreachable' || state === 'down').length
  const island = isolated ? ' It counts itself as cut off from the fleet.' : ''
  const lost = gone === 0 ? '' : ` ${gone} cannot be reached: switched off, or on an island.`
  return `${name} sees ${alive} of ${members.length - 1} other members.${lost}${island}`
}
