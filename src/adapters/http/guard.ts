// What every request must pass before anything of it is looked at: the host it believes to talk to
// (a page of another site can point its own name at this machine), the page it comes from, and a
// token. The unix socket needs none of it: who may open the file is the owner, and no browser can.

import { TokenBuckets } from '../../core/token-buckets.ts'
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

export class Guard {
  readonly #gate: TokenGate
  readonly #hosts: ReadonlySet<string>
  readonly #nowMs: () => number
  readonly #writes = new TokenBuckets(writeRate)

  /** `hosts`: names without a port that `Host` may carry. */
  constructor(
    components: { readonly gate: TokenGate; readonly nowMs: () => number },
    init: { readonly hosts: readonly string[] },
  ) {
    this.#gate = components.gate
    this.#nowMs = components.nowMs
    this.#hosts = new Set(init.hosts.map((host) => host.toLowerCase()))
  }

  /** Refuses what does not come from where it may; undefined lets it pass. */
  refuseOrigin(request: Request, caller: Caller): Response | undefined {
    if (caller.via === 'socket') return undefined
    const host = (request.headers.get('host') ?? new URL(request.url).host).toLowerCase()
    if (!this.#hosts.has(host.replace(/:\d+$/, ''))) {
      return forbidden(
        'the Host header names no address of this node',
        'ask 127.0.0.1 or localhost',
      )
    }
    const origin = request.headers.get('origin')
    if (origin === null || origin.toLowerCase() === `http://${host}`) return undefined
    return forbidden('the Origin header names another site', 'ask from a page of this node')
  }

  /** Who asks; throws {@link RequestRefused} without a valid token, or when it writes too fast. */
  bearerOf(request: Request, caller: Caller): Bearer {
    if (caller.via === 'socket') return { scope: 'admin', token: undefined }
    const verdict = this.#gate.judge(request.headers.get('authorization'), caller.address)
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
