// What lies between the networks of one process: who is connected, what is under way, what is cut.
// Nothing here has a clock or chance of its own, so that one seed gives one run.

import type { Channel, Topic } from '../../core/effect.ts'
import type { MemberId } from '../../core/ids.ts'
import { invariant } from '../../core/invariant.ts'
import type { ServedProtocol } from '../../ports/network.ts'

/** What the hub needs. */
export interface HubComponents {
  /** Calls `run` after `delayMs`; equal instants in the order of the calls. */
  readonly schedule: (run: () => void, delayMs: number) => void
}

/** How the hub behaves. */
export interface HubInit {
  /** One-way delay; may draw from a seeded generator. Default 1 ms. */
  readonly latencyMs?: (from: MemberId, to: MemberId) => number
  /** From a cut to the loss of the link, as heartbeats would find it; 0 = never. Default 4 s. */
  readonly deadLinkMs?: number
  /** From a loss, a refusal or the end of a cut to the next dial. Default 200 ms. */
  readonly redialMs?: () => number
}

/** One end of a link, as the hub sees it. */
export interface HubPort {
  readonly self: MemberId
  /** Whether this side wants a connection to the peer. */
  wants(peer: MemberId): boolean
  /** Whether this side refuses one. */
  refuses(peer: MemberId): boolean
  linked(peer: MemberId, up: boolean): void
  message(from: MemberId, channel: Channel, bytes: Uint8Array): void
  gossip(from: MemberId, message: HubMessage): void
  request(from: MemberId, question: HubQuestion): void
  /** The answer to one of our questions; undefined when there is none. */
  answer(from: MemberId, id: number, bytes: Uint8Array | undefined): void
}

/** A gossiped message on its way. */
export interface HubMessage {
  readonly id: string
  readonly author: MemberId
  readonly topic: Topic
  readonly bytes: Uint8Array
}

/** A question on its way; `id` counts the questions of the asker. */
export interface HubQuestion {
  readonly id: number
  readonly protocol: ServedProtocol
  readonly bytes: Uint8Array
}

type Delivery = (port: HubPort) => void

interface Lane {
  readonly queue: Delivery[]
  isMoving: boolean
}

interface HubLink {
  readonly lanes: ReadonlyMap<MemberId, Lane>
}

/** Connects the networks of one process; every effect goes through `schedule`. */
export class MemoryHub {
  readonly #schedule: HubComponents['schedule']
  readonly #init: Required<HubInit>
  readonly #ports = new Map<MemberId, HubPort>()
  readonly #links = new Map<string, HubLink>()
  readonly #cuts = new Map<string, number>()
  readonly #dialing = new Set<string>()
  #cutCount = 0

  constructor(components: HubComponents, init: HubInit = {}) {
    this.#schedule = components.schedule
    this.#init = {
      latencyMs: init.latencyMs ?? (() => 1),
      deadLinkMs: init.deadLinkMs ?? 4_000,
      redialMs: init.redialMs ?? (() => 200),
    }
  }

  /** Runs something later. */
  schedule(run: () => void, delayMs: number): void {
    this.#schedule(run, delayMs)
  }

  /** Adds a started network. */
  join(port: HubPort): void {
    invariant(!this.#ports.has(port.self), 'two networks have one id')
    this.#ports.set(port.self, port)
    for (const peer of this.#others(port.self)) this.dial(port.self, peer)
  }

  /** Removes a network; its links go down. */
  leave(self: MemberId): void {
    this.#ports.delete(self)
    for (const peer of this.#others(self)) this.reset(self, peer)
  }

  /** Connects two networks if one of them wants it, now and for as long as it fails. */
  dial(a: MemberId, b: MemberId): void {
    const key = pair(a, b)
    if (a === b || this.#links.has(key) || this.#dialing.has(key)) return
    if (!this.#isWanted(a, b)) return
    this.#dialing.add(key)
    this.#schedule(() => this.#connect(a, b), this.#roundTrip(a, b))
  }

  /** Carries something over the link, behind everything sent before; lost with the link. */
  carry(from: MemberId, to: MemberId, deliver: Delivery): void {
    const lane = this.#links.get(pair(from, to))?.lanes.get(to)
    if (lane === undefined) return
    lane.queue.push(deliver)
    this.#move(from, to)
  }

  /** Whether what is sent now waits for the end of a cut. */
  isCut(from: MemberId, to: MemberId): boolean {
    return this.#cuts.has(lane(from, to))
  }

  /** Closes the connection of two networks as seen by both at once; they dial again. */
  reset(a: MemberId, b: MemberId): void {
    if (!this.#links.delete(pair(a, b))) return
    for (const [self, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#schedule(() => this.#ports.get(self)?.linked(peer, false), 0)
    }
    this.#redial(a, b)
  }

  /** Holds everything from one to the other, and the way back unless it is one-way. */
  cut(a: MemberId, b: MemberId, isOneWay = false): void {
    this.#cutLane(a, b)
    if (!isOneWay) this.#cutLane(b, a)
  }

  /** Lets through again what was held. */
  heal(a: MemberId, b: MemberId): void {
    this.#cuts.delete(lane(a, b))
    this.#cuts.delete(lane(b, a))
    this.#move(a, b)
    this.#move(b, a)
    this.#redial(a, b)
  }

  #redial(a: MemberId, b: MemberId): void {
    this.#schedule(() => this.dial(a, b), this.#init.redialMs())
  }

  #cutLane(from: MemberId, to: MemberId): void {
    const cut = ++this.#cutCount
    this.#cuts.set(lane(from, to), cut)
    if (this.#init.deadLinkMs === 0) return
    const link = this.#links.get(pair(from, to))
    this.#schedule(() => {
      const isSame = this.#cuts.get(lane(from, to)) === cut
      // silence in one direction is enough: whoever misses heartbeats closes
      if (isSame && link !== undefined && this.#links.get(pair(from, to)) === link) {
        this.reset(from, to)
      }
    }, this.#init.deadLinkMs)
  }

  #connect(a: MemberId, b: MemberId): void {
    const key = pair(a, b)
    this.#dialing.delete(key)
    const [one, other] = [this.#ports.get(a), this.#ports.get(b)]
    if (this.#links.has(key) || !this.#isWanted(a, b)) return
    const isCut = this.#cuts.has(lane(a, b)) || this.#cuts.has(lane(b, a))
    // joining and healing dial again, so nothing has to be polled meanwhile
    if (one === undefined || other === undefined || isCut) return
    if (one.refuses(b) || other.refuses(a)) {
      this.#redial(a, b)
      return
    }
    this.#links.set(key, {
      lanes: new Map([
        [a, { queue: [], isMoving: false }],
        [b, { queue: [], isMoving: false }],
      ]),
    })
    one.linked(b, true)
    other.linked(a, true)
  }

  #move(from: MemberId, to: MemberId): void {
    const link = this.#links.get(pair(from, to))
    const way = link?.lanes.get(to)
    if (link === undefined || way === undefined || way.isMoving) return
    if (way.queue.length === 0 || this.#cuts.has(lane(from, to))) return
    way.isMoving = true
    const batch = way.queue.length
    this.#schedule(
      () => {
        way.isMoving = false
        if (this.#cuts.has(lane(from, to))) return
        for (const deliver of way.queue.splice(0, batch)) {
          // a delivery may close the link; then the rest is lost
          const port = this.#ports.get(to)
          if (port === undefined || this.#links.get(pair(from, to)) !== link) return
          deliver(port)
        }
        this.#move(from, to)
      },
      this.#init.latencyMs(from, to),
    )
  }

  #isWanted(a: MemberId, b: MemberId): boolean {
    return this.#ports.get(a)?.wants(b) === true || this.#ports.get(b)?.wants(a) === true
  }

  #roundTrip(a: MemberId, b: MemberId): number {
    return this.#init.latencyMs(a, b) + this.#init.latencyMs(b, a)
  }

  #others(self: MemberId): readonly MemberId[] {
    return [...this.#ports.keys()].filter((one) => one !== self).sort()
  }
}

function pair(a: MemberId, b: MemberId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

function lane(from: MemberId, to: MemberId): string {
  return `${from}>${to}`
}
