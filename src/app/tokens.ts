// Tokens of this node's API beside the one of the file api-token. Only their hashes are kept, so whoever
// reads the file or a backup of it cannot ask the API.

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Tokens } from '../adapters/http/api.ts'
import type { NewToken, Token, TokenList, TokenScope } from '../adapters/http/schema.ts'
import { list } from '../core/jobs/shape-collection.ts'
import { field, record, type Fields } from '../core/jobs/shape-record.ts'
import { choice, integer, text } from '../core/jobs/shape.ts'
import { limits } from '../core/limits.ts'
import { ok, refuse, type Result } from '../core/result.ts'
import { replaceFile } from './private-file.ts'

/** Its name in the data directory. */
export const tokensFileName = 'tokens.json'

interface Stored {
  readonly id: string
  readonly name: string
  readonly scope: TokenScope
  /** SHA-256 in hex. */
  readonly hash: string
  readonly createdMs: number
  readonly expiresMs: number
}

const day = 86_400_000
const instantMs = integer(0, Number.MAX_SAFE_INTEGER)
const scope = choice<TokenScope>(['read', 'author', 'admin'])
const name = text({
  name: 'a name',
  hint: 'one line of up to 63 characters',
  max: 63,
  pattern: '^\\P{Cc}*$',
})
const hex = (length: number) =>
  text({ name: 'hex', hint: 'delete the file', max: length, pattern: `^[0-9a-f]{${length}}$` })

const ask = record<Pick<Stored, 'name' | 'scope'> & { readonly ttlMs: number }>({
  name: field('name', name, 'what it is for', ''),
  scope: field('scope', scope, 'read, author or admin'),
  ttlMs: field('ttlMs', integer(1, limits.tokenTtlMsMax), 'how long it counts', 90 * day),
})

const fields: Fields<Stored> = {
  id: field('id', hex(8), 'its name for people'),
  name: field('name', name, 'what it is for'),
  scope: field('scope', scope, 'what it allows'),
  hash: field('hash', hex(64), 'SHA-256'),
  createdMs: field('createdMs', instantMs, 'since when'),
  expiresMs: field('expiresMs', instantMs, 'until when'),
}
const file = record<{ readonly v: number; readonly tokens: readonly Stored[] }>({
  v: field('v', integer(1, 1), 'version of this form'),
  tokens: field('tokens', list(record(fields), { min: 0, max: limits.tokensMax, hint: '' }), 'all'),
})

/** Tokens in a file of the data directory. */
export class TokenFile implements Tokens {
  readonly #nowMs: () => number
  readonly #path: string
  #stored: readonly Stored[] = []

  constructor(components: { readonly nowMs: () => number }, init: { readonly path: string }) {
    this.#nowMs = components.nowMs
    this.#path = init.path
  }

  /** Takes up the file; none is none. */
  load(): Result<void> {
    let value: unknown
    try {
      value = JSON.parse(readFileSync(this.#path, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ok(undefined)
      return refuse('MC_DATA_DIR', `${this.#path} cannot be read`, 'delete it, and make new tokens')
    }
    const read = file.parse(value, '')
    if (!read.ok) {
      const message = `${this.#path}: ${read.refusal.message}`
      return refuse('MC_DATA_DIR', message, 'delete it, and make new tokens')
    }
    this.#stored = read.value.tokens
    return ok(undefined)
  }

  grants(): ReturnType<Tokens['grants']> {
    const nowMs = this.#nowMs()
    return this.#stored
      .filter(({ expiresMs }) => nowMs < expiresMs)
      .map(({ id, scope, hash }) => ({ id, scope, digest: Buffer.from(hash, 'hex') }))
  }

  list(): Result<TokenList> {
    return ok({ items: this.#stored.map(toToken) })
  }

  create(body: unknown): Result<NewToken> {
    const asked = ask.parse(body, '')
    if (!asked.ok) return asked
    const nowMs = this.#nowMs()
    const kept = this.#stored.filter(({ expiresMs }) => nowMs < expiresMs)
    if (kept.length >= limits.tokensMax) {
      const hint = 'remove one with meshcron token rm'
      return refuse('MC_BUSY', `this node has ${limits.tokensMax} tokens`, hint)
    }
    const token = `mct_${randomBytes(32).toString('base64url')}`
    const { name, scope, ttlMs } = asked.value
    const stored: Stored = {
      id: randomBytes(4).toString('hex'),
      name,
      scope,
      hash: createHash('sha256').update(token).digest('hex'),
      createdMs: nowMs,
      expiresMs: nowMs + ttlMs,
    }
    const saved = this.#save([...kept, stored])
    return saved.ok ? ok({ ...toToken(stored), token }) : saved
  }

  remove(id: string): Result<void> {
    const kept = this.#stored.filter((one) => one.id !== id)
    if (kept.length < this.#stored.length) return this.#save(kept)
    return refuse('MC_UNKNOWN_TOKEN', 'no token has this id', 'list them with meshcron token ls')
  }

  #save(tokens: readonly Stored[]): Result<void> {
    try {
      replaceFile(this.#path, `${JSON.stringify({ v: 1, tokens })}\n`)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
      const hint = 'free or repair the disk of this node'
      return refuse('MC_STORE_FAILED', `the tokens cannot be written: ${code}`, hint)
    }
    this.#stored = tokens
    return ok(undefined)
  }
}

function toToken({ id, name, scope, createdMs, expiresMs }: Stored): Token {
  const [createdAt, expiresAt] = [createdMs, expiresMs].map((ms) => new Date(ms).toISOString())
  return { id, name, scope, createdAt: createdAt!, expiresAt: expiresAt! }
}
