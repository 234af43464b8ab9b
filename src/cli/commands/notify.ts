import type { Channel, ChannelList } from '../answers.ts'
import { apiPath } from '../client.ts'
import { action, reading } from '../context.ts'
import type { Define } from '../context.ts'
import { showList, showOne } from '../output.ts'

export const define: Define = (command, io) => {
  command
    .command('ls')
    .description('channels to people, and how many nodes have them')
    .action(
      reading(io, async ({ client, format }) => {
        const list = await client.get<ChannelList>('/channels')
        await showList<Channel>(io, format, {
          value: list,
          rows: list.items,
          columns: [
            { title: 'CHANNEL', cell: ({ name }) => name },
            { title: 'HERE', cell: ({ self }) => (self ? 'yes' : 'no') },
            { title: 'NODES', cell: ({ members }) => members.length.toString() },
            { title: 'WAITING', cell: ({ waiting }) => waiting.toString() },
          ],
          name: ({ name }) => name,
          empty: 'no channels yet: docs/reference/notifications.md shows how to name one',
        })
      }),
    )
  command
    .command('test <channel>')
    .description('send a test message through a channel of the node')
    .action(
      action(io, async ({ client, format }, name) => {
        await client.send('POST', apiPath`/channels/${name}/test`)
        const lines = (): readonly string[] => [`a test message was delivered through ${name}`]
        await showOne(io, format, { value: { channel: name, delivered: true }, name, lines })
      }),
    )
}
