import type { Channel, Topic } from '../../src/core/effect.ts'
import type { MemberId } from '../../src/core/ids.ts'
import type { Network, NetworkHandlers, ServedProtocol } from '../../src/ports/network.ts'

type Verdict = 'accept' | 'ignore' | 'reject'

/** What a network told its owner, in order, and how the owner reacts. */
export class Recorder implements NetworkHandlers {
  readonly network: Network
  readonly links: { readonly peer: MemberId; readonly up: boolean }[] = []
  readonly messages: {
    readonly from: MemberId
    readonly channel: Channel
    readonly text: string
  }[] = []
  readonly gossips: { readonly from: MemberId; readonly topic: Topic; readonly text: string }[] = []
  readonly requests: { readonly from: MemberId; readonly protocol: ServedProtocol }[] = []
  readonly refusals: { readonly from: MemberId | null; readonly what: string }[] = []
  /** Admit every peer as soon as its link is up. */
  isOpen: boolean
  verdict: (text: string) => Verdict = () => 'accept'
  respond: (bytes: Uint8Array, protocol: ServedProtocol) => Promise<Uint8Array> = (bytes) =>
    Promise.resolve(bytes)

  constructor(network: Network, isOpen = true) {
    this.network = network
    this.isOpen = isOpen
  }

  link(peer: MemberId, up: boolean): void {
    this.links.push({ peer, up })
    if (up && this.isOpen) this.network.admit(peer)
  }

  message(from: MemberId, channel: Channel, bytes: Uint8Array): void {
    this.messages.push({ from, channel, text: decode(bytes) })
  }

  gossip(from: MemberId, topic: Topic, bytes: Uint8Array): Promise<Verdict> {
    const text = decode(bytes)
    this.gossips.push({ from, topic, text })
    return Promise.resolve(this.verdict(text))
  }

  request(from: MemberId, protocol: ServedProtocol, bytes: Uint8Array): Promise<Uint8Array> {
    this.requests.push({ from, protocol })
    return this.respond(bytes, protocol)
  }

  refused(from: MemberId | null, what: string, _reason: string): void {
    this.refusals.push({ from, what })
  }

  /** Whether the link to a peer is up. */
  isUp(peer: MemberId): boolean {
    return this.links.findLast((one) => one.peer === peer)?.up === true
  }

  /** Texts received on a channel. */
  texts(channel: Channel): readonly string[] {
    return this.messages.filter((one) => one.channel === channel).map((one) => one.text)
  }

  /** Whether a gossiped text was heard. */
  heard(text: string): boolean {
    return this.gossips.some((one) => one.text === text)
  }

  /** How much was delivered so far. */
  get deliveries(): number {
    const { links, messages, gossips, requests, refusals } = this
    return [links, messages, gossips, requests, refusals].reduce((sum, one) => sum + one.length, 0)
  }
}

/** Bytes of a text. */
export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Text of bytes. */
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
