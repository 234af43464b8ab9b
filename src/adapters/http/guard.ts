// What every request must pass before anything of it is looked at: the host it believes to talk to
// (a page of another site can point its own name at this machine), the page it comes from, and a
// token. The unix socket needs none of it: who may open the file is the owner, and no browser can.

import { TokenBuckets } from '../../core/token-buckets.ts'
import { isLoopback } from './address.ts'
import { forwardedFor, TrustedProxy } from './proxy.ts'
import type { ProxyInit } from './proxy.ts'
import { refuseWith, RequestRefused } from './problem.ts'
import { allows } from './token-gate.ts'
import type { Bearer, Scope, TokenGate } from './token-gate.ts'

/** Who asks, as the listener knows it. */
export interface Caller {
  readonly via: 'socket' | 'tcp'
  readonly address: string
}

/** Writes of one token; a file of a thousand jobs is written at once. */
const writeRate = { perSecond: 100, burst: 2_000 }

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'

export interface GuardInit {
  /** Names without a port that `Host` may carry. */
  readonly hosts: readonly string[]
  /** The listener speaks TLS; default false. */
  readonly isSecure?: boolean
  readonly proxy?: ProxyInit
}

export class Guard {
  readonly #gate: TokenGate
  readonly #hosts: ReadonlySet<string>
  readonly #schemes: readonly string[]
  readonly #proxy: TrustedProxy | undefined
  readonly #nowMs: () => number
  readonly #writes = new TokenBuckets(writeRate)

  constructor(
    components: { readonly gate: TokenGate; readonly nowMs: () => number },
    init: GuardInit,
  ) {
    this.#gate = components.gate
    this.#nowMs = components.nowMs
    this.#schemes = init.isSecure === true ? ['https'] : ['http']
    this.#proxy = init.proxy && new TrustedProxy({}, init.proxy)
    this.#hosts = new Set(init.hosts.map((host) => host.toLowerCase()))
  }

  /** Refuses what does not come from where it may; undefined lets it pass. */
  refuseOrigin(request: Request, caller: Caller): Response | undefined {
    if (caller.via === 'socket') return undefined
    const isProxied = this.#proxy?.vouches(request, caller.address) === true
    const isPlain = !isProxied && this.#schemes[0] === 'http'
    if (isPlain && !isLoopback(caller.address)) {
      return forbidden('this node is reached through its proxy', 'ask the proxy')
    }
    const host = (request.headers.get('host') ?? new URL(request.url).host).toLowerCase()
    if (!this.#hosts.has(host.replace(/:\d+$/, ''))) {
      return forbidden(
        'the Host header names no address of this node',
        'ask 127.0.0.1 or localhost',
      )
    }
    const origin = request.headers.get('origin')
    const own = (isProxied ? ['http', 'https'] : this.#schemes).map((one) => `${one}://${host}`)
    if (origin === null || own.includes(origin.toLowerCase())) return undefined
    return forbidden('the Origin header names another site', 'ask from a page of this node')
  }

  /** Who asks; throws {@link RequestRefused} without a valid token, or when it writes too fast. */
  bearerOf(request: Request, caller: Caller): Bearer {
    if (caller.via === 'socket') return { scope: 'admin', token: undefined }
    const verdict = this.#gate.judge(
      request.headers.get('authorization'),
      this.#clientOf(request, caller),
    )
    switch (verdict) {
      case 'missing':
        throw unauthorised('the request carries no token')
      case 'wrong':
        throw unauthorised('the token is wrong, or has expired')
      case 'throttled':
        throw new RequestRefused(
          'MC_UNAUTHORISED',
          'too many wrong tokens from this address',
          'wait a minute, and send the token of <data-dir>/api-token',
          { status: 429, headers: { 'retry-after': '60' } },
        )
      default:
        this.#refuseHaste(request, verdict)
        return verdict
    }
  }

  /** Who is counted for wrong tokens: through a proxy all would be one. */
  #clientOf(request: Request, { address }: Caller): string {
    const isProxied = this.#proxy?.vouches(request, address) === true
    return (isProxied ? forwardedFor(request) : undefined) ?? address
  }

  #refuseHaste({ method }: Request, { token = '' }: Bearer): void {
    if (isRead(method) || this.#writes.take(token, this.#nowMs())) return
    throw new RequestRefused('MC_BUSY', 'this token writes too fast', 'wait a second', {
      status: 429,
      headers: { 'retry-after': '1' },
    })
  }
}

/** Refuses a caller whose token does not allow enough; undefined lets it pass. */
export function refuseScope(has: Scope, needed: Scope): Response | undefined {
  if (allows(has, needed)) return undefined
  return forbidden(`the token allows ${has}, this needs ${needed}`, 'use a token that allows more')
}

function forbidden(message: string, hint: string): Response {
  return refuseWith({ code: 'MC_FORBIDDEN', message, hint })
}

function unauthorised(message: string): RequestRefused {
  return new RequestRefused(
    'MC_UNAUTHORISED',
    message,
    'send authorization: Bearer and the token of <data-dir>/api-token',
    { headers: { 'www-authenticate': 'Bearer' } },
  )
}
