// What lies between the nodes of a simulated fleet: links that open and close, delays, cuts in one
// direction or both. A cut loses what is sent and closes nothing; a process that dies closes its links.

import type { Random } from '../../../src/core/random.ts'
import type { Channel, Protocol, Topic } from '../../../src/core/effect.ts'
import type { Timeline } from './timeline.ts'

/** One end: what arrives at a node. Nodes are numbers here. */
export interface End {
  isUp(): boolean
  link(peer: number, isUp: boolean): void
  message(from: number, channel: Channel, bytes: Uint8Array): void
  gossip(from: number, message: Gossip): void
  request(from: number, question: Question): void
  response(id: number, bytes: Uint8Array | undefined): void
}

export interface Gossip {
  readonly id: string
  readonly topic: Topic
  readonly bytes: Uint8Array
}

export interface Question {
  readonly protocol: Protocol
  readonly bytes: Uint8Array
  /** Brings the answer back, whenever it comes. */
  readonly answer: (bytes: Uint8Array) => void
}

export interface WiresInit {
  /** One-way delay of a message. */
  readonly delayMs: readonly [least: number, most: number]
  /** From an opportunity to connect to the link. */
  readonly dialMs: readonly [least: number, most: number]
}

export class Wires {
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #init: WiresInit
  readonly #ends: End[] = []
  /** Links by `a-b` with a < b; the number tells a link from the one after it. */
  readonly #links = new Map<string, number>()
  readonly #cuts = new Set<string>()
  /** Last arrival by direction and channel: frames do not overtake each other. */
  readonly #lanes = new Map<string, number>()
  #count = 0

  constructor(components: { timeline: Timeline; random: Random }, init: WiresInit) {
    this.#timeline = components.timeline
    this.#random = components.random
    this.#init = init
  }

  join(end: End): void {
    this.#ends.push(end)
  }

  isLinked(a: number, b: number): boolean {
    return this.#links.has(pair(a, b))
  }

  /** Opens every link that can be. */
  dialAll(): void {
    for (let a = 0; a < this.#ends.length; a++) {
      for (let b = a + 1; b < this.#ends.length; b++) this.#dial(a, b)
    }
  }

  #canLink(a: number, b: number): boolean {
    if (!this.#ends[a]!.isUp() || !this.#ends[b]!.isUp()) return false
    return !this.isLinked(a, b) && !this.isCut(a, b) && !this.isCut(b, a)
  }

  #dial(a: number, b: number): void {
    if (!this.#canLink(a, b)) return
    this.#timeline.after(this.#draw(this.#init.dialMs), () => {
      if (!this.#canLink(a, b)) return
      this.#count += 1
      const link = this.#count
      this.#links.set(pair(a, b), link)
      for (const [end, peer] of [
        [a, b],
        [b, a],
      ] as const) {
        this.#timeline.after(this.#draw(this.#init.delayMs), () => {
          if (this.#links.get(pair(a, b)) === link) this.#ends[end]!.link(peer, true)
        })
      }
    })
  }

  /** The link ends; whoever lives hears of it and, if it can, opens another. */
  close(a: number, b: number): void {
    if (!this.#links.delete(pair(a, b))) return
    for (const [end, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#timeline.after(this.#draw(this.#init.delayMs), () => {
        if (!this.isLinked(a, b)) this.#ends[end]!.link(peer, false)
      })
    }
    this.#timeline.after(this.#init.delayMs[1] + 100, () => this.#dial(a, b))
  }

  closeAll(node: number): void {
    for (let peer = 0; peer < this.#ends.length; peer++) this.close(node, peer)
  }

  cut(from: number, to: number): void {
    this.#cuts.add(`${from}>${to}`)
  }

  /** Ends all cuts. */
  heal(): void {
    this.#cuts.clear()
    this.dialAll()
  }

  isCut(from: number, to: number): boolean {
    return this.#cuts.has(`${from}>${to}`)
  }

  send(from: number, to: number, channel: Channel, bytes: Uint8Array): void {
    this.#carry(from, to, channel, () => this.#ends[to]!.message(from, channel, bytes))
  }

  /** To every linked peer but the one it came from. */
  flood(from: number, message: Gossip, except?: number): void {
    for (let peer = 0; peer < this.#ends.length; peer++) {
      if (peer === from || peer === except) continue
      this.#carry(from, peer, 'gossip', () => this.#ends[peer]!.gossip(from, message))
    }
  }

  request(
    from: number,
    to: number,
    question: { id: number; protocol: Protocol; bytes: Uint8Array; timeoutMs: number },
  ): void {
    let isOver = false
    const finish = (bytes: Uint8Array | undefined): void => {
      if (isOver) return
      isOver = true
      this.#ends[from]!.response(question.id, bytes)
    }
    if (!this.isLinked(from, to)) {
      this.#timeline.after(1, () => finish(undefined))
      return
    }
    this.#timeline.after(question.timeoutMs, () => finish(undefined))
    const answer = (bytes: Uint8Array): void => this.#carry(to, from, 'answer', () => finish(bytes))
    const { protocol, bytes } = question
    this.#carry(from, to, 'ask', () => this.#ends[to]!.request(from, { protocol, bytes, answer }))
  }

  /** Brings something over the present link, if nothing ends or cuts it on the way. */
  #carry(from: number, to: number, lane: string, arrive: () => void): void {
    const link = this.#links.get(pair(from, to))
    if (link === undefined || this.isCut(from, to)) return
    const key = `${link} ${from}>${to} ${lane}`
    const atMs = Math.max(
      this.#timeline.nowMs + this.#draw(this.#init.delayMs),
      this.#lanes.get(key) ?? 0,
    )
    this.#lanes.set(key, atMs)
    this.#timeline.at(atMs, () => {
      if (this.#links.get(pair(from, to)) === link && !this.isCut(from, to)) arrive()
    })
  }

  #draw([least, most]: readonly [number, number]): number {
    return least + ((most - least) * this.#random.below(1_000)) / 1_000
  }
}

const pair = (a: number, b: number): string => (a < b ? `${a}-${b}` : `${b}-${a}`)
