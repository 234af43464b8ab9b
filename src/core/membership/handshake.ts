// The first words on a link. Both sides introduce themselves; only a member of this cluster that
// shows a certificate that counts, and speaks a common protocol version, is admitted to anything else.

import type { Author } from '../author.ts'
import type { MemberId } from '../ids.ts'
import type { Timers } from '../limits.ts'
import type { Trust } from '../trust/trust.ts'
import type { Turn } from '../turn.ts'
import { decodeHello, encodeHello, protocols, type Hello } from './member-message.ts'
import type { Membership } from './membership.ts'
import { openNode } from './node-record.ts'

export class Handshake {
  readonly #turn: Turn
  readonly #author: Author
  readonly #trust: Trust
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #nextRequest: () => number
  /** Hellos that wait for an answer. */
  readonly #asked = new Map<number, MemberId>()
  /** Those of them whose link has ended meanwhile. */
  readonly #void = new Set<number>()
  /** Peers whose hello got no answer: asked again while the link is up. */
  readonly #unanswered = new Map<MemberId, number>()

  constructor(components: {
    turn: Turn
    author: Author
    trust: Trust
    timers: Timers
    membership: Membership
    nextRequest: () => number
  }) {
    this.#turn = components.turn
    this.#author = components.author
    this.#trust = components.trust
    this.#timers = components.timers
    this.#membership = components.membership
    this.#nextRequest = components.nextRequest
  }

  #hello(to: MemberId): Hello {
    return {
      kind: 'hello',
      clusterId: this.#author.identity.clusterId,
      protoMin: protocols.min,
      protoMax: protocols.max,
      node: this.#membership.ownBytes(),
      yourIncarnation: this.#membership.get(to)?.record.incarnation ?? 0,
    }
  }

  /** Introduces this node to a peer that can be reached. */
  greet(peer: MemberId): void {
    const id = this.#nextRequest()
    this.#asked.set(id, peer)
    this.#turn.emit({
      kind: 'request',
      id,
      to: peer,
      protocol: 'hello',
      bytes: encodeHello(this.#hello(peer)),
      timeoutMs: 2 * this.#timers.silenceMs,
    })
  }

  /** Answers a peer's hello with ours, or with the reason why not. */
  answer(id: number, from: MemberId, bytes: Uint8Array): void {
    const refusal = this.#judge(from, bytes)
    const { min, max } = protocols
    const hello: Hello =
      refusal === undefined
        ? this.#hello(from)
        : { kind: 'refused', reason: refusal, protoMin: min, protoMax: max }
    this.#turn.emit({ kind: 'respond', id, bytes: encodeHello(hello) })
    if (refusal === undefined) this.#admit(from)
    else this.#turn.report({ kind: 'refused', from, what: 'hello', reason: refusal })
  }

  /** The answer to a hello of ours; false when the question was not a hello. */
  onResponse(id: number, bytes: Uint8Array | undefined): boolean {
    const peer = this.#asked.get(id)
    if (peer === undefined) return false
    this.#asked.delete(id)
    if (this.#void.delete(id)) return true
    if (bytes === undefined || isBusy(bytes)) {
      this.#unanswered.set(peer, this.#turn.monoMs + this.#timers.silenceMs)
      return true
    }
    const refusal = this.#judge(peer, bytes)
    if (refusal === undefined) this.#admit(peer)
    else {
      this.#turn.report({ kind: 'refused', from: peer, what: 'hello', reason: refusal })
      this.#turn.emit({ kind: 'disconnect', peer, reason: refusal })
    }
    return true
  }

  /** Why a peer is not admitted; undefined when it is. */
  #judge(from: MemberId, bytes: Uint8Array): string | undefined {
    const decoded = decodeHello(bytes)
    if (!decoded.ok) return `malformed hello: ${decoded.reason}`
    const hello = decoded.value
    if (hello.kind === 'busy') return 'a question with the answer of a busy peer'
    if (hello.kind === 'refused') {
      return `refused by the peer, which speaks versions ${hello.protoMin} to ${hello.protoMax}`
    }
    if (hello.clusterId !== this.#author.identity.clusterId) return 'of another cluster'
    if (hello.protoMin > protocols.max || hello.protoMax < protocols.min) {
      return `it speaks protocol versions ${hello.protoMin} to ${hello.protoMax}, this node ${protocols.min} to ${protocols.max}`
    }
    const node = openNode(hello.clusterId, hello.node)
    if (!node.ok) return `its node record cannot be read: ${node.reason}`
    if (node.value.record.member !== from) return 'its node record is not its own'
    const trusted = this.#trust.verify(node.value.record.chain)
    if (!trusted.ok) return `its certificate does not count: ${trusted.reason}`
    const found = this.#membership.receiveNode(hello.node)
    if (found === 'rejected') return 'its node record is forged'
    // its own gossip has no mesh yet: the members that we reach hear of it from us
    if (found === 'news') this.#membership.spread(hello.node)
    if (this.#membership.get(from) === undefined) return 'full'
    this.#membership.heardOwnIncarnation(hello.yourIncarnation)
    return undefined
  }

  /** A peer that is gone is not asked again; an answer that is under way counts for nothing. */
  linkDown(peer: MemberId): void {
    this.#unanswered.delete(peer)
    for (const [id, asked] of this.#asked) if (asked === peer) this.#void.add(id)
  }

  #admit(peer: MemberId): void {
    this.#turn.emit({ kind: 'admit', peer })
    this.#unanswered.delete(peer)
    this.#membership.linkUp(peer)
  }

  wake(): void {
    for (const [peer, atMs] of this.#unanswered) {
      if (this.#turn.monoMs < atMs) continue
      this.#unanswered.delete(peer)
      if (this.#membership.link(peer) === undefined) this.greet(peer)
    }
  }
}

/** The peer's disk fails: it is no stranger, and is asked again. */
function isBusy(bytes: Uint8Array): boolean {
  const decoded = decodeHello(bytes)
  return decoded.ok && decoded.value.kind === 'busy'
}
