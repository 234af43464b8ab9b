import { createHash, timingSafeEqual } from 'node:crypto'
import type { Grant, Tokens } from './api.ts'

/** What a caller may do; each scope holds those before it. */
export type Scope = 'none' | 'read' | 'author' | 'admin'

const scopes: readonly Scope[] = ['none', 'read', 'author', 'admin']

/** Whether a caller of scope `has` may do what needs `needed`. */
export function allows(has: Scope, needed: Scope): boolean {
  return scopes.indexOf(has) >= scopes.indexOf(needed)
}

/** Who asks: what it may do, and by which token. */
export interface Bearer {
  readonly scope: Scope
  /** Undefined: through the socket. */
  readonly token: string | undefined
}

export type Verdict = Bearer | 'missing' | 'wrong' | 'throttled'

const failuresMax = 5
const windowMs = 60_000
/** Addresses remembered; the oldest is forgotten, which only gives it new tries. */
const addressesMax = 1_024

interface Failures {
  readonly sinceMs: number
  count: number
}

/**
 * Judges bearer tokens. An address with too many wrong ones hears so until its minute is over; the
 * right token still works from there, or any process of this machine could lock its owner out.
 */
export class TokenGate {
  readonly #nowMs: () => number
  readonly #tokens: Pick<Tokens, 'grants'>
  readonly #own: Grant
  readonly #failures = new Map<string, Failures>()

  /** `token` is that of the file api-token, and may everything. */
  constructor(
    components: { readonly nowMs: () => number; readonly tokens: Pick<Tokens, 'grants'> },
    init: { readonly token: string },
  ) {
    this.#nowMs = components.nowMs
    this.#tokens = components.tokens
    this.#own = { id: 'api-token', scope: 'admin', digest: digestOf(init.token) }
  }

  judge(authorization: string | null, address: string): Verdict {
    if (authorization === null) return 'missing'
    const token = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1]
    const grant = token === undefined ? undefined : this.#grantOf(digestOf(token))
    if (grant !== undefined) return { scope: grant.scope, token: grant.id }
    return this.#countFailure(address) > failuresMax ? 'throttled' : 'wrong'
  }

  /** Compared with every digest, in constant time: how long it takes tells nothing about any. */
  #grantOf(digest: Buffer): Grant | undefined {
    let found: Grant | undefined
    for (const grant of [this.#own, ...this.#tokens.grants()]) {
      if (timingSafeEqual(digest, grant.digest)) found = grant
    }
    return found
  }

  #countFailure(address: string): number {
    const nowMs = this.#nowMs()
    const known = this.#failures.get(address)
    if (known !== undefined && nowMs - known.sinceMs < windowMs) return (known.count += 1)
    this.#failures.delete(address)
    const oldest = this.#failures.keys().next().value
    if (this.#failures.size >= addressesMax && oldest !== undefined) this.#failures.delete(oldest)
    this.#failures.set(address, { sinceMs: nowMs, count: 1 })
    return 1
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
