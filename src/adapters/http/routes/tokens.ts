import Type from 'typebox'
import { limits } from '../../../core/limits.ts'
import type { Tokens } from '../api.ts'
import { send } from '../respond.ts'
import { jsonAnswer, route } from '../route.ts'
import type { Route } from '../route.ts'
import { closed, newTokenSchema, text, tokenListSchema, tokenScope } from '../schema.ts'

const ttl = Type.Integer({ minimum: 1, maximum: limits.tokenTtlMsMax })
const askSchema = closed({
  name: Type.Optional(text),
  scope: tokenScope,
  ttlMs: Type.Optional(ttl),
})

/** Rows of `/tokens`: who else may ask this node, and what for. */
export function tokenRoutes(tokens: Tokens): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/tokens',
      operation: 'listTokens',
      summary: 'The tokens of this node, without themselves',
      scope: 'admin',
      query: {},
      answers: { 200: jsonAnswer('The tokens.', tokenListSchema) },
      problems: [],
      handle: () => send(tokens.list()),
    }),
    route({
      method: 'POST',
      path: '/api/v1/tokens',
      operation: 'createToken',
      summary: 'Makes a token; it is told this once',
      scope: 'admin',
      query: {},
      body: { schema: askSchema, required: true },
      answers: { 201: jsonAnswer('The token.', newTokenSchema) },
      problems: ['MC_STORE_FAILED', 'MC_BUSY'],
      handle: ({ body }) => send(tokens.create(body), 201),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/tokens/{id}',
      operation: 'removeToken',
      summary: 'From now on the token is a wrong one',
      scope: 'admin',
      query: {},
      answers: { 204: { description: 'It is gone.', content: {} } },
      problems: ['MC_UNKNOWN_TOKEN', 'MC_STORE_FAILED'],
      handle: ({ path }) => send(tokens.remove(path['id']!)),
    }),
  ]
}
