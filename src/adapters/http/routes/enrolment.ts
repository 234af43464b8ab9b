import type { TSchema } from 'typebox'
import Type from 'typebox'
import { Value } from 'typebox/value'
import { limits } from '../../../core/limits.ts'
import type { Api, InviteAsk } from '../api.ts'
import { refuseUnknownKey } from '../body.ts'
import { RequestRefused } from '../problem.ts'
import { send } from '../respond.ts'
import { jsonAnswer, route } from '../route.ts'
import type { Route } from '../route.ts'
import { inviteListSchema, inviteMadeSchema, oneOf, pendingListSchema } from '../schema.ts'

const known = ['tags', 'allowTags', 'roles', 'uses', 'ttlMs', 'confirm']

const inviteBody: TSchema = Type.Object(
  {
    tags: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 63 }), Type.String({ maxLength: 255 })),
    ),
    allowTags: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 63 }), { maxItems: limits.tagsMax }),
    ),
    roles: Type.Optional(
      Type.Array(oneOf('admin', 'author', 'executor', 'viewer'), {
        minItems: 1,
        maxItems: 4,
        uniqueItems: true,
      }),
    ),
    uses: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.inviteUsesMax })),
    ttlMs: Type.Optional(Type.Integer({ minimum: 60_000, maximum: limits.inviteTtlMsMax })),
    confirm: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, title: 'InviteAsk' },
)

/** Rows of `/invites` and `/pending`: they speak of the asked node's own invites. */
export function enrolmentRoutes(api: Api): readonly Route[] {
  return [...inviteRoutes(api), ...pendingRoutes(api)]
}

function inviteRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/invites',
      operation: 'listInvites',
      summary: 'The invites that were made on this node',
      scope: 'admin',
      query: {},
      answers: { 200: jsonAnswer('The invites.', inviteListSchema) },
      problems: [],
      handle: async () => send(await api.enrolment.invites()),
    }),
    route({
      method: 'POST',
      path: '/api/v1/invites',
      operation: 'createInvite',
      summary: 'A token with which other machines join this cluster',
      scope: 'admin',
      query: {},
      body: { schema: inviteBody, required: false },
      answers: {
        201: jsonAnswer('The invite, and the only sight of its token.', inviteMadeSchema),
      },
      problems: ['MC_BUSY', 'MC_PORT_IN_USE', 'MC_STORE_FAILED'],
      handle: async ({ body }) => send(await api.enrolment.invite(readInvite(body)), 201),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/invites/{invite}',
      operation: 'revokeInvite',
      summary: 'The invite ends; who joined with it stays a member',
      scope: 'admin',
      query: {},
      answers: { 204: { description: 'It has ended.', content: {} } },
      problems: ['MC_UNKNOWN_INVITE', 'MC_STORE_FAILED'],
      handle: async ({ path }) => send(await api.enrolment.revokeInvite(path['invite']!)),
    }),
  ]
}

function pendingRoutes(api: Api): readonly Route[] {
  const decide = (verb: 'accept' | 'refuse', summary: string): Route =>
    route({
      method: 'POST',
      path: `/api/v1/pending/{member}/${verb}`,
      operation: `${verb}Pending`,
      summary,
      scope: 'admin',
      query: {},
      answers: { 204: { description: 'It hears so when it asks again.', content: {} } },
      problems: ['MC_UNKNOWN_MEMBER', 'MC_NOT_INVITED', 'MC_STORE_FAILED'],
      handle: async ({ path }) =>
        send(await api.enrolment.decide(path['member']!, verb === 'accept')),
    })
  return [
    route({
      method: 'GET',
      path: '/api/v1/pending',
      operation: 'listPending',
      summary: 'Who wants to join and waits to be accepted on this node',
      scope: 'admin',
      query: {},
      answers: { 200: jsonAnswer('Who waits.', pendingListSchema) },
      problems: [],
      handle: async () => send(await api.enrolment.pending()),
    }),
    decide('accept', 'It gets a certificate'),
    decide('refuse', 'It gets none'),
  ]
}

function readInvite(body: unknown): InviteAsk {
  const value = body ?? {}
  if (Value.Check(inviteBody, value)) return value
  refuseUnknownKey(value, known)
  const [first] = Value.Errors(inviteBody, value)
  const where = first?.instancePath.replaceAll('/', '.').slice(1) ?? ''
  throw new RequestRefused(
    'MC_BAD_INPUT',
    `${where === '' ? 'the body' : where}: ${first?.message ?? 'does not say what to invite'}`,
    `write {"roles": ["executor"], "tags": {"site": "barn"}, "uses": 1 to ${limits.inviteUsesMax}, "ttlMs": 3600000}`,
  )
}
