// libp2p does not stay connected by itself: it dials once, gives up, keeps two connections where one
// is wanted, and never reopens a gossip stream that died. What to do about it is decided here, from
// facts alone; the keeper gathers the facts and does what the plan says (docs/design/0006-libp2p-settings.md).

import type { MemberId } from '../../core/ids.ts'

/** Somebody to stay connected to. */
export interface Wanted {
  /** The member's id, or the address of a configured peer whose id is not given. */
  readonly key: string
  /** Undefined while it is not known who answers at the address. */
  readonly member: MemberId | undefined
  /** Whether the id was learnt from an earlier dial, so that somebody else may answer now. */
  readonly isLearnt: boolean
  /** Given by the user: the other side may not know us, so its turn is not waited for. */
  readonly isConfigured: boolean
  readonly addresses: readonly string[]
}

/** One link as it is now. */
export interface LinkFact {
  readonly member: MemberId
  /** Oldest first. */
  readonly connections: readonly { readonly id: string; readonly openedMs: number }[]
  readonly openedMs: number
  readonly admittedMs: number | undefined
  readonly isGossipHealthy: boolean
  /** When the last heartbeat came. */
  readonly heardMs: number | undefined
}

/** How the dials to one of those wanted have gone. */
export interface Track {
  readonly fails: number
  readonly dueMs: number
  readonly isDialing: boolean
}

/** Since when gossip with a member does not flow both ways. */
export interface Sickness {
  readonly sinceMs: number
  readonly isReopened: boolean
}

/** What the plan remembers from one time to the next. */
export interface Memory {
  readonly tracks: ReadonlyMap<string, Track>
  readonly sick: ReadonlyMap<MemberId, Sickness>
}

/** Everything that the plan depends on. */
export interface Facts {
  readonly nowMs: number
  readonly self: MemberId
  readonly wanted: readonly Wanted[]
  readonly links: readonly LinkFact[]
  readonly memory: Memory
  /** Members that are kept away. */
  readonly isKeptAway: (member: MemberId) => boolean
  /** No heartbeat for this long on a link that carries them: cut it; 0 = never. */
  readonly deadLinkMs: number
  /** Since when silence counts: later than the last stall of our own. */
  readonly judgeFromMs: number
  readonly admissionTimeoutMs: number
  /** From 0 up to, not including, 1. */
  readonly random: () => number
}

/** What the keeper must do. */
export type Action =
  | { readonly kind: 'dial'; readonly wanted: Wanted }
  /** A second connection to the same peer. */
  | { readonly kind: 'close'; readonly member: MemberId; readonly connection: string }
  /** Identify again: that makes gossipsub open its streams. */
  | { readonly kind: 'reopen'; readonly member: MemberId }
  | { readonly kind: 'abort'; readonly member: MemberId; readonly reason: string }

/** Actions, what to remember, and when to look again. */
export interface Plan {
  readonly actions: readonly Action[]
  readonly memory: Memory
  readonly nextMs: number
}

/** Nothing known yet. */
export const emptyMemory: Memory = { tracks: new Map(), sick: new Map() }

const tickMs = 1_000
const backoffMs = { first: 200, max: 30_000 } as const
/** A link that lived shorter was none: the other side refused us after the handshake. */
const provenMs = 10_000
const duplicateMs = 3_000
const reopenAfterMs = 2_500
const hangUpAfterMs = 5_500
const dialsAtOnceMax = 10
/** With so many links the mesh holds, and addresses without an id only find those we have. */
const linksEnough = 5

/** Decides what to do now. Pure but for `random`. */
export function planKeeper(facts: Facts): Plan {
  const health = planHealth(facts)
  const aborted = new Set(health.actions.flatMap((one) => (one.kind === 'abort' ? one.member : [])))
  const dials = planDials(facts)
  return {
    actions: [...health.actions, ...planDuplicates(facts, aborted), ...dials.actions],
    memory: { tracks: dials.tracks, sick: health.sick },
    nextMs: dials.nextMs,
  }
}

/** min(30 s, 0.2 s × 2^fails) × 0.5…1.5: for ever, and never all at once. */
export function backoff(fails: number, random: () => number): number {
  return Math.min(backoffMs.max, backoffMs.first * 2 ** Math.min(fails, 20)) * (0.5 + random())
}

/** How long to leave the dialling to the other side: the lower id dials. */
export function courtesyMs(
  self: MemberId,
  member: MemberId | undefined,
  random: () => number,
): number {
  return member === undefined || self < member ? 0 : 2_000 + 1_000 * random()
}

/** The track after a dial that failed. */
export function afterFailure(track: Track, nowMs: number, random: () => number): Track {
  const fails = track.fails + 1
  return { fails, dueMs: nowMs + backoff(fails, random), isDialing: false }
}

/** What became of a link. */
export interface Loss {
  readonly livedMs: number
  readonly wasAdmitted: boolean
  /** Whether our dial had made it. */
  readonly wasOurs: boolean
}

/** The track after a link was lost. */
export function afterLoss(
  track: Track,
  loss: Loss,
  facts: Pick<Facts, 'nowMs' | 'self' | 'random'> & { readonly member: MemberId },
): Track {
  const { nowMs, self, member, random } = facts
  const wasProven = loss.wasAdmitted && loss.livedMs >= provenMs
  const fails = wasProven ? 0 : track.fails + 1
  const waitMs = Math.max(
    wasProven ? 0 : backoff(fails, random),
    loss.wasOurs ? 0 : courtesyMs(self, member, random),
  )
  return { ...track, fails, dueMs: nowMs + waitMs }
}

function planDials(facts: Facts): {
  readonly actions: readonly Action[]
  readonly tracks: ReadonlyMap<string, Track>
  readonly nextMs: number
} {
  const { nowMs, self, wanted, links, memory, random } = facts
  const linked = new Set(links.map((link) => link.member))
  const enough = links.filter((link) => link.admittedMs !== undefined).length >= linksEnough
  const tracks = new Map<string, Track>()
  const actions: Action[] = []
  let nextMs = nowMs + tickMs
  let dialing = [...memory.tracks.values()].filter((track) => track.isDialing).length
  for (const one of wanted) {
    const track = memory.tracks.get(one.key) ?? {
      fails: 0,
      dueMs: nowMs + (one.isConfigured ? 0 : courtesyMs(self, one.member, random)),
      isDialing: false,
    }
    tracks.set(one.key, track)
    if (track.isDialing || one.addresses.length === 0) continue
    if (one.member !== undefined && (linked.has(one.member) || facts.isKeptAway(one.member)))
      continue
    if (isPinless(one) && (enough || isTriedByItsId(one, facts))) continue
    if (track.dueMs > nowMs) {
      nextMs = Math.min(nextMs, track.dueMs)
      continue
    }
    if (dialing >= dialsAtOnceMax) continue
    dialing += 1
    tracks.set(one.key, { ...track, isDialing: true })
    actions.push({ kind: 'dial', wanted: one })
  }
  return { actions, tracks, nextMs }
}

function isPinless(one: Wanted): boolean {
  return one.member === undefined || one.isLearnt
}

/** The member that answered at this address last is dialled under its id already. */
function isTriedByItsId(one: Wanted, { memory, wanted }: Facts): boolean {
  const { member } = one
  if (member === undefined || !wanted.some((other) => other.key === member)) return false
  return (memory.tracks.get(member)?.fails ?? 0) < 3
}

/** Only the higher id closes: both at once would leave none. */
function planDuplicates(facts: Facts, aborted: ReadonlySet<MemberId>): readonly Action[] {
  return facts.links.flatMap(({ member, connections }) => {
    if (connections.length < 2 || facts.self < member || aborted.has(member)) return []
    const isSettled = connections.every((one) => facts.nowMs - one.openedMs >= duplicateMs)
    if (!isSettled) return []
    return connections
      .slice(1)
      .map((one): Action => ({ kind: 'close', member, connection: one.id }))
  })
}

function planHealth(facts: Facts): {
  readonly actions: readonly Action[]
  readonly sick: ReadonlyMap<MemberId, Sickness>
} {
  const sick = new Map<MemberId, Sickness>()
  const actions: Action[] = []
  for (const link of facts.links) {
    const reason = whyCut(link, facts)
    if (reason !== undefined) {
      actions.push({ kind: 'abort', member: link.member, reason })
      continue
    }
    if (link.admittedMs === undefined || link.isGossipHealthy) continue
    const state = facts.memory.sick.get(link.member) ?? { sinceMs: facts.nowMs, isReopened: false }
    const sickMs = facts.nowMs - state.sinceMs
    if (sickMs >= hangUpAfterMs) {
      actions.push({ kind: 'abort', member: link.member, reason: 'gossip does not recover' })
      continue
    }
    const isDue = sickMs >= reopenAfterMs && !state.isReopened
    if (isDue) actions.push({ kind: 'reopen', member: link.member })
    sick.set(link.member, { ...state, isReopened: state.isReopened || isDue })
  }
  return { actions, sick }
}

function whyCut(link: LinkFact, facts: Facts): string | undefined {
  const { nowMs, deadLinkMs, judgeFromMs, admissionTimeoutMs } = facts
  if (link.admittedMs === undefined) {
    return nowMs - link.openedMs >= admissionTimeoutMs ? 'not admitted in time' : undefined
  }
  // only a link that has carried heartbeats can miss them
  if (deadLinkMs === 0 || link.heardMs === undefined) return undefined
  const silentMs = nowMs - Math.max(link.heardMs, judgeFromMs)
  return silentMs >= deadLinkMs ? 'no heartbeat' : undefined
}
