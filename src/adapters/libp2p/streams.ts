// Two long-lived streams per direction and peer: heartbeats, and what executors tell each other.
// Each side opens its own and writes on it, and reads what the other opened; so a stream has one
// writer, and losing one direction does not take the other.

import type { Connection, Stream } from '@libp2p/interface'
import type { Channel } from '../../core/effect.ts'
import { type MemberId, memberId } from '../../core/ids.ts'
import { channelBytesMax, channelProtocols, execRate, streamLimits } from './constants.ts'
import { encodeFrame, FrameDecoder } from './frames.ts'
import type { Host } from './host.ts'
import type { Links } from './links.ts'
import { Outbox } from './outbox.ts'
import { TokenBuckets } from '../../core/token-buckets.ts'

const channels: readonly Channel[] = ['heartbeat', 'exec']

/** What the streams need. */
export interface StreamsComponents {
  readonly links: Links
  readonly clock: { monoMs(): number }
}

/** Whom the streams tell. */
export interface StreamsInit {
  readonly message: (from: MemberId, channel: Channel, bytes: Uint8Array) => void
  readonly refused: (from: MemberId, what: string, reason: string) => void
  /** Input that no honest member sends; its stream is closed already. */
  readonly offended: (from: MemberId, what: string, reason: string) => void
}

/** The framed streams to and from all admitted peers. */
export class Streams {
  readonly #components: StreamsComponents
  readonly #init: StreamsInit
  readonly #outboxes = new Map<MemberId, Readonly<Record<Channel, Outbox>>>()
  readonly #inbound = new Map<string, Stream>()
  readonly #heardMs = new Map<MemberId, number>()
  readonly #execRate = new TokenBuckets(execRate)

  constructor(components: StreamsComponents, init: StreamsInit) {
    this.#components = components
    this.#init = init
  }

  /** Takes streams that peers open. */
  async serve(host: Host): Promise<void> {
    for (const channel of channels) {
      await host.handle(
        channelProtocols[channel],
        (stream, connection) => this.#accept(channel, stream, connection),
        streamLimits,
      )
    }
  }

  /** Opens our streams to a peer. */
  admitted(peer: MemberId): void {
    const outboxes = {
      heartbeat: this.#outbox(peer, 'heartbeat'),
      exec: this.#outbox(peer, 'exec'),
    }
    this.#outboxes.set(peer, outboxes)
    for (const channel of channels) outboxes[channel].open()
  }

  /** Forgets a peer. */
  gone(peer: MemberId): void {
    const outboxes = this.#outboxes.get(peer)
    this.#outboxes.delete(peer)
    this.#heardMs.delete(peer)
    for (const channel of channels) {
      outboxes?.[channel].close()
      this.#inbound.delete(`${channel} ${peer}`)
    }
  }

  /** Queues a frame; without an admitted peer it is lost. */
  send(to: MemberId, channel: Channel, bytes: Uint8Array): void {
    this.#outboxes.get(to)?.[channel].push(encodeFrame(bytes))
  }

  /** When the last heartbeat of a peer came, monotonic; undefined before the first one. */
  heardMs(peer: MemberId): number | undefined {
    return this.#heardMs.get(peer)
  }

  #outbox(peer: MemberId, channel: Channel): Outbox {
    return new Outbox(
      {
        connection: () => this.#components.links.connection(peer),
        overflowed: () => this.#init.refused(peer, channel, 'outgoing queue full, stream closed'),
        sent: () => {},
      },
      channel,
    )
  }

  async #accept(channel: Channel, stream: Stream, connection: Connection): Promise<void> {
    const { links } = this.#components
    const peer = memberId(connection.remotePeer.toString())
    if (!links.isAdmitted(peer) && !(await links.whenAdmitted(peer))) {
      stream.abort(new Error('not admitted'))
      this.#init.refused(peer, channel, 'not admitted')
      return
    }
    const key = `${channel} ${peer}`
    const earlier = this.#inbound.get(key)
    this.#inbound.set(key, stream)
    // the sender has one stream at a time: what still comes on the earlier one is out of order
    earlier?.abort(new Error('replaced'))
    this.#read(peer, channel, stream, key)
  }

  #read(peer: MemberId, channel: Channel, stream: Stream, key: string): void {
    const decoder = new FrameDecoder(channelBytesMax[channel])
    const isCurrent = (): boolean => this.#inbound.get(key) === stream
    stream.addEventListener('message', ({ data }) => {
      try {
        for (const frame of decoder.push(data)) {
          if (!isCurrent() || !this.#components.links.isAdmitted(peer)) return
          this.#deliver(peer, channel, frame)
        }
      } catch (error) {
        stream.abort(error as Error)
        this.#init.offended(peer, channel, (error as Error).message)
      }
    })
    stream.addEventListener('remoteCloseWrite', () => {
      stream.close({ signal: AbortSignal.timeout(1_000) }).catch(() => {})
    })
    stream.addEventListener('close', () => {
      if (isCurrent()) this.#inbound.delete(key)
    })
  }

  #deliver(peer: MemberId, channel: Channel, frame: Uint8Array): void {
    const nowMs = this.#components.clock.monoMs()
    if (channel === 'heartbeat') this.#heardMs.set(peer, nowMs)
    else if (!this.#execRate.take(peer, nowMs)) {
      this.#init.refused(peer, channel, 'more frames than a member sends')
      return
    }
    this.#init.message(peer, channel, frame)
  }
}
