// What lies between the machines: connections that open, close and fall silent, and directions that
// are slow, held back or cut. A connection carries frames as TCP does: late, but in order and whole;
// a direction that is cut holds them until it is healed or the connection is given up.

import type { Channel, Protocol, Topic } from '../core/effect.ts'
import { limits } from '../core/limits.ts'
import type { Random } from '../core/random.ts'
import { exponential, hits, within } from './chance.ts'
import type { NodeIndex } from './history.ts'
import type { NetOptions } from './options.ts'
import type { Recorder } from './recorder.ts'
import type { Timeline } from './timeline.ts'

/** A gossiped message on its way. */
export interface Gossip {
  readonly id: string
  readonly author: NodeIndex
  readonly topic: Topic
  readonly bytes: Uint8Array
}

/** A question on its way; `answer` brings the answer back, whenever it comes. */
export interface Question {
  readonly protocol: Protocol
  readonly bytes: Uint8Array
  readonly answer: (bytes: Uint8Array) => void
}

/** One end of the wires: the network of one machine. */
export interface End {
  isUp(): boolean
  /** Deaf and dumb for a while, but not dead. */
  isStalled(): boolean
  wants(peer: NodeIndex): boolean
  refuses(peer: NodeIndex): boolean
  linked(peer: NodeIndex, isUp: boolean): void
  message(from: NodeIndex, channel: Channel, bytes: Uint8Array): void
  gossip(from: NodeIndex, message: Gossip): void
  request(from: NodeIndex, question: Question): void
}

/** What a link carries; frames of one lane do not overtake each other. */
type Lane = 'heartbeat' | 'exec' | 'gossip' | 'ask' | 'answer'

/** Something to be carried: on which lane, how many bytes, and what it does on arrival. */
interface Frame {
  readonly lane: Lane
  readonly size: number
  readonly arrive: () => void
}

interface Held extends Frame {
  readonly link: Link
}

/** One direction between two machines, whether connected or not. */
interface Way {
  readonly from: NodeIndex
  readonly to: NodeIndex
  cuts: number
  clogs: number
  held: Held[]
  readonly lastMs: Record<Lane, number>
  /** When the last byte that was given to it has left, and the last heartbeat. */
  freeMs: number
  beatMs: number
  /** When the receiver heard its last heartbeat. */
  heardMs: number
}

/** One connection; each side closes for itself. */
interface Link {
  readonly openAt: Set<NodeIndex>
}

interface Dialing {
  fails: number
  isPlanned: boolean
}

export interface WiresInit {
  readonly net: NetOptions
  /** A side without a heartbeat for so long closes its connection. */
  readonly deadLinkMs: number
  /** A frame that waits longer than this for its turn comes too late for a question about an attempt. */
  readonly slowMs: number
}

/** What a node has sent. */
export interface Sent {
  frames: number
  bytes: number
}

/** Framing, encryption, TCP and IP around a frame: a round figure. */
const overheadBytes = 80
const backoffMs = { first: 200, max: 30_000 }
const retransmitMs = 200

export class Wires {
  readonly #timeline: Timeline
  readonly #recorder: Recorder
  readonly #random: Random
  readonly #deadLinkMs: number
  readonly #slowMs: number
  /** By node. */
  readonly sent: Sent[] = []
  #net: NetOptions
  readonly #ends: End[] = []
  readonly #links = new Map<number, Link>()
  /** By sender, then by receiver. */
  readonly #ways: Way[][] = []
  readonly #dialing = new Map<number, Dialing>()

  constructor(
    components: {
      readonly timeline: Timeline
      readonly recorder: Recorder
      readonly random: Random
    },
    init: WiresInit,
  ) {
    this.#timeline = components.timeline
    this.#recorder = components.recorder
    this.#random = components.random
    this.#net = init.net
    this.#deadLinkMs = init.deadLinkMs
    this.#slowMs = init.slowMs
  }

  join(end: End): void {
    this.#ends.push(end)
    this.sent.push({ frames: 0, bytes: 0 })
  }

  /** From now on nothing is delayed or lost beyond what a quiet network does. */
  calm(): void {
    this.#net = quietNet
  }

  #way(from: NodeIndex, to: NodeIndex): Way {
    const ways = (this.#ways[from] ??= [])
    return (ways[to] ??= createWay(from, to))
  }

  // ── connections ────────────────────────────────────────────────────────────────────────────────

  /** A machine has started: it dials everybody it wants, and everybody who wants it answers. */
  booted(node: NodeIndex): void {
    for (let peer = 0; peer < this.#ends.length; peer++) {
      if (peer === node) continue
      this.#dropStale(node, peer)
      this.#dialing.delete(pair(node, peer))
      this.dial(node, peer)
    }
  }

  /** A process has ended; its peers hear of it unless the power went. */
  died(node: NodeIndex, isSilent: boolean): void {
    for (let peer = 0; peer < this.#ends.length; peer++) {
      const link = this.#links.get(pair(node, peer))
      if (link === undefined || !link.openAt.delete(node)) continue
      if (!isSilent) this.#sayClosed(node, peer, link)
    }
  }

  /** What a peer still holds for open, a new process refuses. */
  #dropStale(node: NodeIndex, peer: NodeIndex): void {
    const link = this.#links.get(pair(node, peer))
    if (link === undefined) return
    link.openAt.delete(node)
    if (link.openAt.has(peer)) this.#sayClosed(node, peer, link)
  }

  /** Connects two machines as soon as they can be, if one of them wants it. */
  dial(a: NodeIndex, b: NodeIndex): void {
    const key = pair(a, b)
    const state = this.#dialing.get(key) ?? { fails: 0, isPlanned: false }
    this.#dialing.set(key, state)
    if (state.isPlanned) return
    state.isPlanned = true
    const waitMs =
      state.fails === 0
        ? within(this.#random, [2, 40]) + 2 * this.#delay()
        : Math.min(backoffMs.max, backoffMs.first * 2 ** Math.min(20, state.fails)) *
          within(this.#random, [0.5, 1.5])
    this.#timeline.after(waitMs, () => {
      state.isPlanned = false
      this.#connect(a, b, state)
    })
  }

  #connect(a: NodeIndex, b: NodeIndex, state: Dialing): void {
    const [one, other] = [this.#ends[a]!, this.#ends[b]!]
    // who comes up again dials
    if (!one.isUp() || !other.isUp() || this.#dialing.get(pair(a, b)) !== state) return
    if (!one.wants(b) && !other.wants(a)) return
    const old = this.#links.get(pair(a, b))
    if (old?.openAt.size === 2) return
    const isBlocked = isHeld(this.#way(a, b)) || isHeld(this.#way(b, a))
    const isStalled = one.isStalled() || other.isStalled()
    if (isBlocked || isStalled || one.refuses(b) || other.refuses(a)) {
      state.fails += 1
      this.dial(a, b)
      return
    }
    state.fails = 0
    if (old !== undefined)
      for (const side of [...old.openAt]) this.#closeSide(old, side, side === a ? b : a)
    const link: Link = { openAt: new Set([a, b]) }
    this.#links.set(pair(a, b), link)
    this.#open(link, a, b)
    this.#open(link, b, a)
  }

  #open(link: Link, node: NodeIndex, peer: NodeIndex): void {
    const way = this.#way(peer, node)
    way.heardMs = this.#timeline.nowMs
    way.held = []
    this.#timeline.after(this.#delay(), () => {
      if (!this.#isCurrent(link, node, peer) || !link.openAt.has(node)) return
      this.#ends[node]!.linked(peer, true)
      this.#watch(link, way)
    })
  }

  #isCurrent(link: Link, a: NodeIndex, b: NodeIndex): boolean {
    return this.#links.get(pair(a, b)) === link
  }

  /** Closes a side that hears nothing. A side that is stalled cannot judge. */
  #watch(link: Link, way: Way): void {
    const dueMs = way.heardMs + this.#deadLinkMs
    this.#timeline.at(Math.max(dueMs, this.#timeline.nowMs + 500), () => {
      if (!this.#isCurrent(link, way.from, way.to) || !link.openAt.has(way.to)) return
      if (this.#ends[way.to]!.isStalled()) way.heardMs = this.#timeline.nowMs
      if (this.#timeline.nowMs - way.heardMs < this.#deadLinkMs) this.#watch(link, way)
      else this.close(way.to, way.from)
    })
  }

  /** A machine closes its connection to a peer. */
  close(node: NodeIndex, peer: NodeIndex): void {
    const link = this.#links.get(pair(node, peer))
    if (link === undefined || !link.openAt.has(node)) return
    this.#closeSide(link, node, peer)
    this.#sayClosed(node, peer, link)
  }

  #closeSide(link: Link, node: NodeIndex, peer: NodeIndex): void {
    if (!link.openAt.delete(node)) return
    this.#ends[node]!.linked(peer, false)
    this.dial(node, peer)
  }

  /** The other side hears that the connection was closed, when it can hear. */
  #sayClosed(node: NodeIndex, peer: NodeIndex, link: Link): void {
    const arrive = (): void => this.#closeSide(link, peer, node)
    this.#carry(link, node, peer, { lane: 'answer', size: 0, arrive })
  }

  // ── directions ─────────────────────────────────────────────────────────────────────────────────

  cut(from: NodeIndex, to: NodeIndex): void {
    const way = this.#way(from, to)
    way.cuts += 1
    if (way.cuts === 1) this.#recorder.note({ kind: 'link.cut', from, to })
  }

  heal(from: NodeIndex, to: NodeIndex): void {
    const way = this.#way(from, to)
    if (way.cuts === 0) return
    way.cuts -= 1
    if (way.cuts > 0) return
    this.#recorder.note({ kind: 'link.healed', from, to })
    this.#release(way)
  }

  clog(from: NodeIndex, to: NodeIndex): void {
    const way = this.#way(from, to)
    way.clogs += 1
    if (way.clogs === 1) this.#recorder.note({ kind: 'link.clogged', from, to })
  }

  unclog(from: NodeIndex, to: NodeIndex): void {
    const way = this.#way(from, to)
    if (way.clogs === 0) return
    way.clogs -= 1
    if (way.clogs > 0) return
    this.#recorder.note({ kind: 'link.unclogged', from, to })
    this.#release(way)
  }

  /** Ends every cut and clog of a direction. */
  open(from: NodeIndex, to: NodeIndex): void {
    const way = this.#way(from, to)
    if (way.cuts > 0) way.cuts = 1
    if (way.clogs > 0) way.clogs = 1
    this.heal(from, to)
    this.unclog(from, to)
  }

  isBlocked(from: NodeIndex, to: NodeIndex): boolean {
    return isHeld(this.#way(from, to))
  }

  #release(way: Way): void {
    if (isHeld(way)) return
    for (const held of way.held.splice(0)) this.#carry(held.link, way.from, way.to, held)
  }

  // ── what is carried ────────────────────────────────────────────────────────────────────────────

  send(from: NodeIndex, to: NodeIndex, channel: Channel, bytes: Uint8Array): void {
    const link = this.#linkOf(from, to)
    if (link === undefined) return
    const way = this.#way(from, to)
    const arrive = (): void => {
      if (channel === 'heartbeat') way.heardMs = this.#timeline.nowMs
      this.#ends[to]!.message(from, channel, bytes)
    }
    this.#carry(link, from, to, { lane: channel, size: bytes.length, arrive })
  }

  gossip(from: NodeIndex, to: NodeIndex, message: Gossip): void {
    const link = this.#linkOf(from, to)
    if (link === undefined) return
    const { loss, duplicate, replay } = this.#net
    if (hits(this.#random, loss)) return
    const frame: Frame = {
      lane: 'gossip',
      size: message.bytes.length,
      arrive: () => this.#ends[to]!.gossip(from, message),
    }
    this.#carry(link, from, to, frame)
    if (hits(this.#random, duplicate)) this.#carry(link, from, to, frame)
    if (!hits(this.#random, replay)) return
    this.#timeline.after(within(this.#random, [120_000, 600_000]), () => {
      const present = this.#linkOf(from, to)
      if (present !== undefined) this.#carry(present, from, to, frame)
    })
  }

  /** Brings a question; `answered` is called with the answer if it comes. */
  ask(
    from: NodeIndex,
    to: NodeIndex,
    question: { readonly protocol: Protocol; readonly bytes: Uint8Array },
    answered: (bytes: Uint8Array) => void,
  ): void {
    const link = this.#linkOf(from, to)
    if (link === undefined || hits(this.#random, this.#net.loss / 4)) return
    const answer = (bytes: Uint8Array): void => {
      if (!link.openAt.has(to) || hits(this.#random, this.#net.loss / 4)) return
      const arrive = (): void => answered(bytes)
      this.#carry(link, to, from, { lane: 'answer', size: bytes.length, arrive })
    }
    const arrive = (): void => this.#ends[to]!.request(from, { ...question, answer })
    this.#carry(link, from, to, { lane: 'ask', size: question.bytes.length, arrive })
  }

  /** The connection that a side holds for open. */
  #linkOf(from: NodeIndex, to: NodeIndex): Link | undefined {
    const link = this.#links.get(pair(from, to))
    return link?.openAt.has(from) === true ? link : undefined
  }

  #carry(link: Link, from: NodeIndex, to: NodeIndex, frame: Frame): void {
    const way = this.#way(from, to)
    const { lane, size, arrive } = frame
    if (isHeld(way)) {
      this.#hold(way, { link, lane, size, arrive })
      return
    }
    const queuedMs = this.#queue(way, lane, size)
    if (queuedMs === undefined) return
    this.sent[from]!.frames += 1
    this.sent[from]!.bytes += size + overheadBytes
    const atMs = Math.max(this.#timeline.nowMs + queuedMs + this.#delay(), way.lastMs[lane])
    way.lastMs[lane] = atMs
    this.#timeline.at(atMs, () => {
      if (!this.#isCurrent(link, from, to) || !link.openAt.has(to)) return
      if (isHeld(way)) this.#hold(way, { link, lane, size, arrive })
      else arrive()
    })
  }

  /**
   * How long a frame waits until its last byte has left, where a link carries only so many bytes per
   * second; undefined when it does not get into the queue, as frames of a full outbox do not.
   */
  #queue(way: Way, lane: Lane, size: number): number | undefined {
    const { capacity } = this.#net
    if (capacity === Infinity) return 0
    const { nowMs } = this.#timeline
    if (lane === 'heartbeat' && way.beatMs > nowMs) return undefined
    const before = (Math.max(0, way.freeMs - nowMs) * capacity) / 1_000
    if (before + size > limits.peerQueueBytesMax) return undefined
    way.freeMs = Math.max(nowMs, way.freeMs) + (1_000 * (size + overheadBytes)) / capacity
    if (lane === 'heartbeat') way.beatMs = way.freeMs
    const queuedMs = way.freeMs - nowMs
    if (queuedMs > this.#slowMs && lane !== 'gossip') this.#noteSlow(way)
    return queuedMs
  }

  #noteSlow({ from, to, freeMs }: Way): void {
    const arrivesMs = this.#recorder.nowMs + freeMs - this.#timeline.nowMs
    this.#recorder.note({ kind: 'link.slow', from, to, arrivesMs })
  }

  /** A newer heartbeat replaces an unsent one; a full queue of records closes their stream. */
  #hold(way: Way, held: Held): void {
    if (held.lane === 'heartbeat') way.held = way.held.filter(({ lane }) => lane !== 'heartbeat')
    const sameLane = way.held.filter(({ lane }) => lane === held.lane).length
    if (sameLane >= limits.peerQueueMessagesMax) {
      way.held = way.held.filter(({ lane }) => lane !== held.lane)
      return
    }
    way.held.push(held)
  }

  #delay(): number {
    const { delayMs, tailMs, loss } = this.#net
    let delay = within(this.#random, delayMs) + exponential(this.#random, tailMs)
    let againMs = retransmitMs
    while (hits(this.#random, loss) && againMs < 30_000) {
      delay += againMs
      againMs *= 2
    }
    return delay
  }
}

function createWay(from: NodeIndex, to: NodeIndex): Way {
  const lastMs = { heartbeat: 0, exec: 0, gossip: 0, ask: 0, answer: 0 }
  return { from, to, cuts: 0, clogs: 0, held: [], lastMs, freeMs: 0, beatMs: 0, heardMs: 0 }
}

/** A network that does nothing to anybody. */
export const quietNet: NetOptions = {
  delayMs: [0.25, 1],
  tailMs: 0.25,
  loss: 0,
  duplicate: 0,
  replay: 0,
  capacity: Infinity,
}

const isHeld = ({ cuts, clogs }: Way): boolean => cuts > 0 || clogs > 0

/** A number for two machines, in either order. */
const pair = (a: NodeIndex, b: NodeIndex): number => Math.min(a, b) * 0x1_0000 + Math.max(a, b)
