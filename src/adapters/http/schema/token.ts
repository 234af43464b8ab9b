import { closed, instant, listOf, oneOf, text } from './typed.ts'
import type { Instant, SchemaOf } from './typed.ts'

/** What the holder of a token may do on this node; each holds those before it. */
export type TokenScope = 'read' | 'author' | 'admin'

/** A token of this node's API, without itself: only its hash is kept. */
export interface Token {
  readonly id: string
  /** What it is for, in words. */
  readonly name: string
  readonly scope: TokenScope
  readonly createdAt: Instant
  readonly expiresAt: Instant
}

/** Answer of `GET /tokens`. */
export interface TokenList {
  readonly items: readonly Token[]
}

/** Answer of `POST /tokens`: the only time that the token itself is told. */
export interface NewToken extends Token {
  readonly token: string
}

/** Schema of {@link TokenScope}. */
export const tokenScope: SchemaOf<TokenScope> = oneOf('read', 'author', 'admin')

const fields = { id: text, name: text, scope: tokenScope, createdAt: instant, expiresAt: instant }

/** Schema of {@link TokenList}. */
export const tokenListSchema: SchemaOf<TokenList> = closed(
  { items: listOf(closed(fields, 'Token')) },
  'TokenList',
)

/** Schema of {@link NewToken}. */
export const newTokenSchema: SchemaOf<NewToken> = closed({ ...fields, token: text }, 'NewToken')
