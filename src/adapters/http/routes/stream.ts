import type { EventStreams } from '../event-stream.ts'
import { route } from '../route.ts'
import type { Route } from '../route.ts'
import { eventSchema } from '../schema.ts'

/** The row of the event stream. */
export function streamRoutes(streams: EventStreams): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/events',
      operation: 'watchEvents',
      summary: 'Everything that happens from now on, as server-sent events',
      scope: 'read',
      query: {},
      headers: {
        'last-event-id': 'Go on after this event; a `gap` event says that some are lost.',
      },
      answers: {
        200: { description: 'Events in JSON.', content: { 'text/event-stream': eventSchema } },
      },
      problems: ['MC_BUSY'],
      handle: ({ request }) => streams.serve(request),
    }),
  ]
}
