// One question, one answer, one stream: it is never left to a peer how much of it is read.

import { messageStreamToDuplex } from '@libp2p/utils'
import type { Connection, Stream } from '@libp2p/interface'
import * as lp from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import type { Uint8ArrayList } from 'uint8arraylist'
import { type MemberId, memberId } from '../../core/ids.ts'
import type { ServedProtocol } from '../../ports/network.ts'
import {
  requestBytesMax,
  requestProtocols,
  requestsInFlightMax,
  requestsWaitingMax,
  serveMs,
  streamLimits,
} from './constants.ts'
import type { Host } from './host.ts'
import type { Links } from './links.ts'
import { Turns } from './turns.ts'

type Bytes = Uint8Array | Uint8ArrayList

/** What requests need. */
export interface RequestsComponents {
  readonly links: Links
}

/** Whom requests ask and tell. */
export interface RequestsInit {
  readonly answer: (
    from: MemberId,
    protocol: ServedProtocol,
    bytes: Uint8Array,
  ) => Promise<Uint8Array>
  readonly refused: (from: MemberId, what: string, reason: string) => void
  readonly offended: (from: MemberId, what: string, reason: string) => void
}

/** Questions to and from peers. */
export class Requests {
  readonly #components: RequestsComponents
  readonly #init: RequestsInit
  readonly #turns = new Turns(requestsInFlightMax, requestsWaitingMax)
  readonly #stopped = new AbortController()

  constructor(components: RequestsComponents, init: RequestsInit) {
    this.#components = components
    this.#init = init
  }

  /** Takes questions. */
  async serve(host: Host): Promise<void> {
    for (const protocol of Object.keys(requestProtocols) as ServedProtocol[]) {
      await host.handle(
        requestProtocols[protocol],
        (stream, connection) => this.#serve(protocol, stream, connection),
        streamLimits,
      )
    }
  }

  /** Asks; rejects when no answer came in time or the link went down. */
  async request(
    to: MemberId,
    protocol: ServedProtocol,
    bytes: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#stopped.signal])
    const release = await this.#turns.take(`${protocol} ${to}`, signal)
    try {
      const connection = this.#components.links.connection(to)
      if (connection === undefined) throw new Error(`no link to ${to}`)
      return await ask(connection, protocol, bytes, signal)
    } finally {
      release()
    }
  }

  /** Rejects everything that is under way. */
  stop(): void {
    this.#stopped.abort(new Error('stopped'))
  }

  async #serve(protocol: ServedProtocol, stream: Stream, connection: Connection): Promise<void> {
    const { links } = this.#components
    const peer = memberId(connection.remotePeer.toString())
    const bytesMax = requestBytesMax[protocol]
    const offended = once((reason) => this.#init.offended(peer, protocol, reason))
    boundInput(stream, bytesMax, offended)
    if (protocol !== 'hello' && !links.isAdmitted(peer) && !(await links.whenAdmitted(peer))) {
      stream.abort(new Error('not admitted'))
      this.#init.refused(peer, protocol, 'not admitted')
      return
    }
    const answer = this.#init.answer
    async function* answers(questions: AsyncIterable<Bytes>): AsyncGenerator<Uint8Array> {
      let isAnswered = false
      for await (const question of questions) {
        if (isAnswered) {
          offended('more than one question')
          throw new Error('more than one question')
        }
        isAnswered = true
        const bytes = await answer(peer, protocol, question.slice())
        if (bytes.byteLength > bytesMax) throw new Error(`answer to ${protocol} over its bound`)
        yield bytes
      }
    }
    const late = setTimeout(() => stream.abort(new Error('not answered in time')), serveMs)
    // whoever answers may never do so, but who asked is gone then
    stream.addEventListener('close', () => clearTimeout(late))
    const duplex = messageStreamToDuplex(stream)
    try {
      await pipe(duplex, decoder(bytesMax), answers, lp.encode, duplex)
    } catch (error) {
      stream.abort(error as Error)
      const reason = decodingError(error)
      if (reason !== undefined) offended(reason)
    } finally {
      clearTimeout(late)
    }
  }
}

async function ask(
  connection: Connection,
  protocol: ServedProtocol,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const bytesMax = requestBytesMax[protocol]
  const stream = await connection.newStream(requestProtocols[protocol], { signal, ...streamLimits })
  const abort = (): void => stream.abort(reasonOf(signal))
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    boundInput(stream, bytesMax, () => {})
    const duplex = messageStreamToDuplex(stream)
    let answer: Uint8Array | undefined
    // to the end, not to the first frame: so the stream is closed on both sides afterwards
    for await (const frame of pipe([bytes], lp.encode, duplex, decoder(bytesMax))) {
      if (answer !== undefined) throw new Error('more than one answer')
      answer = frame.slice()
    }
    signal.throwIfAborted()
    if (answer === undefined) throw new Error('closed without an answer')
    return answer
  } catch (error) {
    stream.abort(error as Error)
    throw signal.aborted ? reasonOf(signal) : error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function decoder(
  bytesMax: number,
): (source: AsyncIterable<Bytes>) => AsyncGenerator<Uint8ArrayList> {
  return (source) => lp.decode(source, { maxDataLength: bytesMax, maxLengthLength: 4 })
}

/**
 * A peer could send without end while we look for the answer, and the source of a stream buffers all
 * of it: so no more is taken than one frame.
 */
function boundInput(stream: Stream, bytesMax: number, exceeded: (reason: string) => void): void {
  const most = bytesMax + 4
  let got = 0
  stream.addEventListener('message', ({ data }) => {
    got += data.byteLength
    if (got <= most || stream.status !== 'open') return
    stream.abort(new Error('more bytes than one frame may have'))
    exceeded('more bytes than one frame may have')
  })
}

/** One stream is one offence, however many rules it breaks. */
function once(report: (reason: string) => void): (reason: string) => void {
  let isDone = false
  return (reason) => {
    if (!isDone) report(reason)
    isDone = true
  }
}

function decodingError(error: unknown): string | undefined {
  const name = (error as Error).name
  return /^Invalid(Data|Message)Length/.test(name) ? name : undefined
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted')
}
