import type { Api } from '../api.ts'
import { send } from '../respond.ts'
import { jsonAnswer, route } from '../route.ts'
import type { Route } from '../route.ts'
import { channelListSchema } from '../schema.ts'

/** Rows of `/channels`. */
export function channelRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/channels',
      operation: 'listChannels',
      summary: 'Channels to people, and which members have them',
      scope: 'read',
      query: {},
      answers: { 200: jsonAnswer('The channels.', channelListSchema) },
      problems: [],
      handle: async () => send(await api.channels()),
    }),
    route({
      method: 'POST',
      path: '/api/v1/channels/{channel}/test',
      operation: 'testChannel',
      summary: 'Sends a test message through a channel of this node, and waits for its delivery',
      scope: 'admin',
      query: {},
      answers: { 204: { description: 'It was delivered.', content: {} } },
      problems: ['MC_UNKNOWN_CHANNEL', 'MC_NOT_DELIVERED', 'MC_BUSY'],
      handle: async ({ path }) => send(await api.testChannel(path['channel']!)),
    }),
  ]
}
