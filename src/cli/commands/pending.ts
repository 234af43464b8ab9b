import type { Pending, PendingList } from '../answers.ts'
import { apiPath } from '../client.ts'
import { action, reading } from '../context.ts'
import type { Define } from '../context.ts'
import { showList, showOne } from '../output.ts'
import type { Column } from '../output.ts'
import { instantText, tagsText } from '../text.ts'

export const define: Define = (command, io) => {
  command
    .command('ls')
    .description('machines that wait to be accepted on this node')
    .action(
      reading(io, async ({ client, format }) => {
        const list = await client.get<PendingList>('/pending')
        await showList(io, format, {
          value: list,
          rows: list.items,
          columns: columns(io.nowMs()),
          name: ({ member }) => member,
          empty: 'nobody waits',
        })
      }),
    )
  for (const [verb, about, done] of [
    ['accept', 'let a machine in whose id is the one that it shows itself', 'is let in'],
    ['refuse', 'turn a machine away', 'is turned away'],
  ] as const) {
    command
      .command(`${verb} <member>`)
      .description(about)
      .action(
        action(io, async ({ client, format }, member) => {
          await client.send('POST', apiPath`/pending/${member}/${verb}`)
          const lines = (): readonly string[] => [`${member} ${done}`]
          await showOne(io, format, { value: { member }, name: member, lines })
        }),
      )
  }
}

const columns = (nowMs: number): readonly Column<Pending>[] => [
  { title: 'ID', cell: ({ shortId }) => shortId },
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'ROLES', cell: ({ roles }) => roles.join(',') },
  { title: 'TAGS', cell: ({ tags }) => tagsText(tags) },
  { title: 'SINCE', cell: ({ at }) => instantText(at, nowMs) },
  { title: 'INVITE', cell: ({ invite }) => invite },
  { title: 'MEMBER', cell: ({ member }) => member, wide: true },
]
