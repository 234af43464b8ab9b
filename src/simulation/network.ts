// The network of one machine, as its loop sees it: who is linked and admitted, what was gossiped,
// which questions are open. It speaks member ids inwards and numbers outwards.

import type { Arrival } from '../app/driver.ts'
import type { Channel, Effect, Protocol, Target, Topic } from '../core/effect.ts'
import type { MemberId } from '../core/ids.ts'
import { peerId } from './crypto.ts'
import type { NodeIndex } from './history.ts'
import type { Timeline } from './timeline.ts'
import type { End, Gossip, Question, Wires } from './wires.ts'

/** The machine behind a network. */
export interface Host {
  /** Runs something in the loop, or keeps it while nothing runs. */
  arrive(run: () => void): void
  push(arrival: Arrival): void
  answer(
    from: MemberId,
    protocol: Protocol,
    bytes: Uint8Array,
    answer: (bytes: Uint8Array) => void,
  ): void
  judge(from: MemberId, topic: Topic, bytes: Uint8Array, judged: (ok: boolean) => void): void
  isUp(): boolean
  isStalled(): boolean
  monoMs(): number
}

interface Peer {
  isAdmitted: boolean
  /** What came before the admission. */
  early: { readonly atMs: number; readonly deliver: () => void }[]
  /** Questions that fail when the link goes down. */
  readonly asked: Set<() => void>
}

const refuseMs = 30_000
const seenMs = 120_000
const seenMax = 4_096
const admissionWaitMs = 3_000
const earlyMax = 64

export class Network implements End {
  readonly #timeline: Timeline
  readonly #wires: Wires
  readonly #self: NodeIndex
  /** Peers of the configuration. */
  readonly #configured: ReadonlySet<NodeIndex>
  readonly #indexOf: (member: string) => NodeIndex | null
  #host!: Host
  readonly #peers = new Map<NodeIndex, Peer>()
  readonly #targets = new Set<NodeIndex>()
  readonly #refusedUntilMs = new Map<NodeIndex, number>()
  readonly #seen = new Map<string, number>()
  #published = 0
  #boots = 0

  constructor(
    components: {
      readonly timeline: Timeline
      readonly wires: Wires
      readonly indexOf: (member: string) => NodeIndex | null
    },
    init: { readonly self: NodeIndex; readonly configured: readonly NodeIndex[] },
  ) {
    this.#timeline = components.timeline
    this.#wires = components.wires
    this.#indexOf = components.indexOf
    this.#self = init.self
    this.#configured = new Set(init.configured)
    this.#wires.join(this)
  }

  attach(host: Host): void {
    this.#host = host
  }

  booted(): void {
    this.#boots += 1
    this.#wires.booted(this.#self)
  }

  died(isSilent: boolean): void {
    this.#peers.clear()
    this.#targets.clear()
    this.#refusedUntilMs.clear()
    this.#seen.clear()
    this.#wires.died(this.#self, isSilent)
  }

  // ── what the wires ask and bring ───────────────────────────────────────────────────────────────

  isUp(): boolean {
    return this.#host.isUp()
  }

  isStalled(): boolean {
    return this.#host.isStalled()
  }

  wants(peer: NodeIndex): boolean {
    return this.#targets.has(peer) || this.#configured.has(peer)
  }

  refuses(peer: NodeIndex): boolean {
    return this.#timeline.nowMs < (this.#refusedUntilMs.get(peer) ?? 0)
  }

  linked(peer: NodeIndex, isUp: boolean): void {
    this.#host.arrive(() => {
      const state = this.#peers.get(peer)
      if ((state !== undefined) === isUp) return
      if (isUp) this.#peers.set(peer, { isAdmitted: false, early: [], asked: new Set() })
      else {
        this.#peers.delete(peer)
        for (const fail of state!.asked) fail()
      }
      this.#host.push({ kind: 'link', peer: peerId(peer), up: isUp })
    })
  }

  message(from: NodeIndex, channel: Channel, bytes: Uint8Array): void {
    this.#whenAdmitted(from, () =>
      this.#host.push({ kind: 'message', from: peerId(from), channel, bytes }),
    )
  }

  gossip(from: NodeIndex, message: Gossip): void {
    this.#whenAdmitted(from, () => {
      const { nowMs } = this.#timeline
      if (nowMs - (this.#seen.get(message.id) ?? -seenMs) < seenMs) return
      this.#remember(message.id)
      this.#host.judge(peerId(from), message.topic, message.bytes, (isAccepted) => {
        if (isAccepted) this.#forward(message, from)
      })
    })
  }

  request(from: NodeIndex, { protocol, bytes, answer }: Question): void {
    const serve = (): void => this.#host.answer(peerId(from), protocol, bytes, answer)
    if (protocol === 'hello') this.#host.arrive(serve)
    else this.#whenAdmitted(from, serve)
  }

  #whenAdmitted(from: NodeIndex, deliver: () => void): void {
    this.#host.arrive(() => {
      const peer = this.#peers.get(from)
      if (peer === undefined) return
      if (peer.isAdmitted) deliver()
      else if (peer.early.length < earlyMax)
        peer.early.push({ atMs: this.#timeline.nowMs, deliver })
    })
  }

  #remember(id: string): void {
    this.#seen.delete(id)
    this.#seen.set(id, this.#timeline.nowMs)
    if (this.#seen.size <= seenMax) return
    const [oldest] = this.#seen.keys()
    this.#seen.delete(oldest!)
  }

  // ── what the node asks for ─────────────────────────────────────────────────────────────────────

  setTargets(targets: readonly Target[]): void {
    this.#targets.clear()
    for (const { member } of targets) {
      const index = this.#index(member)
      if (index === this.#self) continue
      this.#targets.add(index)
      if (!this.#peers.has(index)) this.#wires.dial(this.#self, index)
    }
  }

  admit(member: MemberId): void {
    const index = this.#index(member)
    const peer = this.#peers.get(index)
    if (peer === undefined || peer.isAdmitted) return
    peer.isAdmitted = true
    const early = peer.early.splice(0)
    this.#timeline.after(0, () => {
      for (const { atMs, deliver } of early) {
        const isFresh = this.#timeline.nowMs - atMs < admissionWaitMs
        if (isFresh && this.#peers.get(index) === peer) this.#host.arrive(deliver)
      }
    })
  }

  disconnect(member: MemberId): void {
    const index = this.#index(member)
    this.#refusedUntilMs.set(index, this.#timeline.nowMs + refuseMs)
    this.#wires.close(this.#self, index)
  }

  send(to: MemberId, channel: Channel, bytes: Uint8Array): void {
    const index = this.#index(to)
    if (this.#peers.get(index)?.isAdmitted !== true) return
    this.#wires.send(this.#self, index, channel, bytes)
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    this.#published += 1
    const id = `${this.#self}.${this.#boots}.${this.#published}`
    this.#remember(id)
    this.#forward({ id, author: this.#self, topic, bytes }, undefined)
  }

  #forward(message: Gossip, from: NodeIndex | undefined): void {
    for (const [peer, { isAdmitted }] of this.#peers) {
      if (!isAdmitted || peer === from || peer === message.author) continue
      this.#wires.gossip(this.#self, peer, message)
    }
  }

  /** Asks a peer; the answer, or that there is none, comes as an event. */
  ask(effect: Extract<Effect, { kind: 'request' }>): void {
    const { id, to, protocol, bytes, timeoutMs } = effect
    const index = this.#index(to)
    const peer = this.#peers.get(index)
    const boots = this.#boots
    let isOver = false
    const finish = (answer: Uint8Array | undefined): void => {
      if (isOver || this.#boots !== boots) return
      isOver = true
      peer?.asked.delete(fail)
      this.#host.arrive(() => this.#host.push({ kind: 'response', id, bytes: answer }))
    }
    const fail = (): void => finish(undefined)
    if (peer === undefined || (protocol !== 'hello' && !peer.isAdmitted)) {
      this.#timeline.after(0, fail)
      return
    }
    peer.asked.add(fail)
    this.#timeline.after(timeoutMs, fail)
    this.#wires.ask(this.#self, index, { protocol, bytes }, finish)
  }

  #index(member: MemberId): NodeIndex {
    return this.#indexOf(member) ?? this.#self
  }
}
