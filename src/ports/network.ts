import type { Channel, Protocol, Target, Topic } from '../core/effect.ts'
import type { MemberId } from '../core/ids.ts'

/** A question whose answer is pages of output: served by the application, not by the core. */
export type ServedProtocol = Protocol | 'out'

/** What a network tells its owner. All calls come from the loop, one at a time. */
export interface NetworkHandlers {
  /**
   * A peer can be asked (`up`), or the last connection to it has gone. Between two `link` calls
   * for one peer `up` alternates. Nothing is delivered from a peer whose link is down.
   */
  link(peer: MemberId, up: boolean): void
  /** A frame of an admitted peer; frames of one peer and channel come in the order they were sent. */
  message(from: MemberId, channel: Channel, bytes: Uint8Array): void
  /** A gossiped message of any author, passed on by `from`; its verdict decides whether it travels on. */
  gossip(from: MemberId, topic: Topic, bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'>
  /** A question; only `hello` comes from peers that are not admitted. A rejection closes the stream. */
  request(from: MemberId, protocol: ServedProtocol, bytes: Uint8Array): Promise<Uint8Array>
  /** Input that was refused before it could be delivered: oversized, malformed, not admitted. */
  refused(from: MemberId | null, what: string, reason: string): void
}

/**
 * Connections between members. Everything may be lost: a `send` or `publish` that returned proves
 * nothing. Frames and messages have the bounds of `core/limits.ts`; a larger one throws.
 */
export interface Network {
  /** Our own id. */
  readonly self: MemberId
  /** Listens; resolves to the addresses under which others may dial us, with `/p2p/<id>`. */
  start(handlers: NetworkHandlers): Promise<readonly string[]>
  /** Closes everything; nothing is delivered afterwards. */
  stop(): Promise<void>
  /** Members to stay connected to for ever, beside the configured peers; replaces the previous list. */
  setTargets(targets: readonly Target[]): void
  /** Serves all protocols to this peer until its link goes down. */
  admit(peer: MemberId): void
  /** Closes every connection to the peer and refuses it for a while. */
  disconnect(peer: MemberId, reason: string): void
  /**
   * Queues a frame to an admitted peer. A newer heartbeat replaces an unsent one. When the queue of
   * `exec` is full the stream is closed and everything in it is lost.
   */
  send(to: MemberId, channel: Channel, bytes: Uint8Array): void
  /** Gossips to all subscribed members; best effort. */
  publish(topic: Topic, bytes: Uint8Array): void
  /** Rejects when no answer came within `timeoutMs`, or the link is down. */
  request(
    to: MemberId,
    protocol: ServedProtocol,
    bytes: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array>
  /** What status shows. */
  counters(): NetworkCounters
}

export interface NetworkCounters {
  readonly connections: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly gossipReceived: number
  readonly gossipPublished: number
  readonly dialsFailed: number
  readonly refused: number
}
