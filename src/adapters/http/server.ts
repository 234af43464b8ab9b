import { randomBytes } from 'node:crypto'
import { getRequestListener } from '@hono/node-server'
import { ok, refuse } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import type { Clock } from '../../ports/clock.ts'
import { formatHttpAddress, isLoopback } from './address.ts'
import type { HttpAddress } from './address.ts'
import type { Api, Tokens } from './api.ts'
import { createApp } from './app.ts'
import type { App } from './app.ts'
import { EventRing } from './event-ring.ts'
import { EventStreams } from './event-stream.ts'
import { Guard } from './guard.ts'
import type { Caller } from './guard.ts'
import { closeListener, createListener, listenSocket, listenTcp } from './listener.ts'
import type { Listen, TlsFiles } from './listener.ts'
import type { PageFiles } from './pages.ts'
import type { ProxyInit } from './proxy.ts'
import { refuseWith } from './problem.ts'
import { TokenGate } from './token-gate.ts'

export interface HttpComponents {
  readonly api: Api
  readonly tokens: Tokens
  readonly clock: Pick<Clock, 'monoMs' | 'wallMs'>
  /** Hears of errors that no request should cause. */
  readonly onError: (error: unknown) => void
}

export interface HttpInit {
  /** Beyond this machine only with TLS or a proxy. */
  readonly address: HttpAddress
  readonly tls?: TlsFiles
  readonly proxy?: ProxyInit
  /** Group that may open the socket. */
  readonly socketGid?: number
  /** The file of the unix socket. */
  readonly socketPath: string
  /** The bearer that may everything; others are in `tokens`. */
  readonly token: string
  readonly version: string
  /** The dashboard; absent or empty: none is served. */
  readonly pages?: PageFiles
  /** Further names that `Host` may carry. */
  readonly hosts?: readonly string[]
}

/** Serves the API on a loopback address and on a unix socket. */
export class HttpServer {
  readonly #api: Api
  readonly #init: HttpInit
  readonly #app: App
  readonly #ring: EventRing
  readonly #streams: EventStreams
  readonly #onError: (error: unknown) => void
  readonly #tcp: ReturnType<typeof createListener>
  readonly #socket: ReturnType<typeof createListener>
  #unsubscribe: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(components: HttpComponents, init: HttpInit) {
    const { api, clock, tokens, onError } = components
    this.#api = api
    this.#init = init
    this.#onError = onError
    this.#ring = new EventRing(clock, { epoch: randomBytes(6).toString('hex') })
    this.#streams = new EventStreams({ ring: this.#ring })
    const { pages = new Map() } = init
    const nowMs = (): number => clock.monoMs()
    const gate = new TokenGate({ nowMs, tokens }, init)
    const bound = formatHttpAddress(init.address).replace(/:\d+$/, '')
    const hosts = ['localhost', '127.0.0.1', '[::1]', bound, ...(init.hosts ?? [])]
    const guard = new Guard(
      { gate, nowMs },
      { hosts, isSecure: init.tls !== undefined, ...(init.proxy && { proxy: init.proxy }) },
    )
    this.#app = createApp({ api, guard, tokens, streams: this.#streams, pages, onError }, init)
    this.#tcp = createListener(this.#listen('tcp'), init.tls)
    this.#socket = createListener(this.#listen('socket'))
  }

  /** Begins to serve; the value is the address, with the port that was given. */
  async start(): Promise<Result<HttpAddress>> {
    const { address, socketPath, tls, proxy } = this.#init
    if (tls === undefined && proxy === undefined && !isLoopback(address.host)) {
      const message = `http: ${address.host} can be reached from other machines, and there is no TLS`
      return refuse('MC_BAD_CONFIG', message, 'give a certificate, or a proxy with its secret')
    }
    const port = await listenTcp(this.#tcp, address)
    if (!port.ok) return port
    const socket = await listenSocket(this.#socket, socketPath, this.#init.socketGid)
    if (!socket.ok) {
      await this.close()
      return socket
    }
    this.#unsubscribe = this.#api.events((happening) => this.#ring.push(happening))
    return ok({ host: address.host, port: port.value })
  }

  /** Ends streams, answers what is being asked, and resolves when nothing is open. */
  close(): Promise<void> {
    // Two callers share one end: a second close of a server would never call back.
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#unsubscribe?.()
    this.#streams.close()
    await Promise.all([closeListener(this.#tcp), closeListener(this.#socket)])
  }

  #listen(via: Caller['via']): Listen {
    const answer = getRequestListener(
      (request, env) => {
        const { remoteAddress = '' } = env.incoming.socket
        return this.#app.fetch(request, { via, address: remoteAddress })
      },
      {
        overrideGlobalObjects: false,
        errorHandler: (error) => this.#answerBroken(error),
      },
    )
    return answer
  }

  /** The adapter calls this for requests that it cannot read, like one with a malformed host. */
  #answerBroken(error: unknown): Response {
    if (!(error instanceof Error && error.name === 'RequestError')) this.#onError(error)
    const message = 'the request cannot be read'
    return refuseWith({ code: 'MC_BAD_INPUT', message, hint: 'check its URL and its Host header' })
  }
}
