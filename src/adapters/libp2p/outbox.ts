import type { Connection, Stream } from '@libp2p/interface'
import type { Channel } from '../../core/effect.ts'
import { limits } from '../../core/limits.ts'
import { channelProtocols, streamLimits, streamOpenMs, streamRetryMs } from './constants.ts'

/** What an outbox asks. */
export interface OutboxComponents {
  /** The connection to open the stream on; undefined when the link is down. */
  readonly connection: () => Connection | undefined
  /** A full queue was thrown away. */
  readonly overflowed: () => void
  /** A frame went out. */
  readonly sent: (bytes: number) => void
}

/**
 * Our stream to one peer on one channel, and what waits for it. The stream is opened at once and
 * again after each loss, so that the first frame does not wait for it.
 */
export class Outbox {
  readonly #components: OutboxComponents
  readonly #channel: Channel
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #stream: Stream | undefined
  #isOpening = false
  #isClosed = false
  #failures = 0
  #retry: NodeJS.Timeout | undefined

  constructor(components: OutboxComponents, channel: Channel) {
    this.#components = components
    this.#channel = channel
  }

  /** Opens the stream if there is none. */
  open(): void {
    if (this.#isClosed || this.#isOpening || this.#stream !== undefined) return
    const connection = this.#components.connection()
    if (connection === undefined) return
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#isOpening = true
    const options = { signal: AbortSignal.timeout(streamOpenMs), ...streamLimits }
    connection
      .newStream(channelProtocols[this.#channel], options)
      .then((stream) => this.#opened(stream))
      .catch(() => this.#failed())
  }

  /** Queues an encoded frame. */
  push(frame: Uint8Array): void {
    if (this.#isClosed) return
    if (this.#channel === 'heartbeat') this.#clear()
    this.#queue.push(frame)
    this.#queuedBytes += frame.byteLength
    const isFull =
      this.#queue.length > limits.peerQueueMessagesMax ||
      this.#queuedBytes > limits.peerQueueBytesMax
    if (isFull) {
      // nothing is dropped from the middle: the peer sees the stream end and asks again
      this.#clear()
      this.#components.overflowed()
      this.#stream?.abort(new Error('queue full'))
      return
    }
    this.#pump()
  }

  /** Ends the stream and forgets what waits. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#clear()
    this.#stream?.abort(new Error('link down'))
    this.#stream = undefined
  }

  #opened(stream: Stream): void {
    this.#isOpening = false
    if (this.#isClosed) {
      stream.abort(new Error('link down'))
      return
    }
    this.#stream = stream
    const openedMs = performance.now()
    stream.addEventListener('drain', () => queueMicrotask(() => this.#pump()))
    stream.addEventListener('close', () => {
      if (this.#stream !== stream) return
      this.#stream = undefined
      if (performance.now() - openedMs > streamRetryMs.last) this.#failures = 0
      this.#failed()
    })
    if (stream.status !== 'open') {
      this.#stream = undefined
      this.#failed()
      return
    }
    this.#pump()
  }

  #failed(): void {
    this.#isOpening = false
    if (this.#isClosed) return
    const waitMs = Math.min(streamRetryMs.last, streamRetryMs.first * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 10)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.open(), waitMs)
  }

  #pump(): void {
    const stream = this.#stream
    if (stream === undefined) {
      if (this.#retry === undefined) this.open()
      return
    }
    while (this.#queue.length > 0 && stream.status === 'open' && !stream.writableNeedsDrain) {
      const frame = this.#queue.shift()!
      this.#queuedBytes -= frame.byteLength
      try {
        stream.send(frame)
      } catch (error) {
        stream.abort(error as Error)
        return
      }
      this.#components.sent(frame.byteLength)
    }
  }

  #clear(): void {
    this.#queue = []
    this.#queuedBytes = 0
  }
}
