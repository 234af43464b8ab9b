import type { NewToken, Token, TokenList } from '../answers.ts'
import { apiPath } from '../client.ts'
import { action, reading } from '../context.ts'
import type { Define } from '../context.ts'
import { showList, showOne } from '../output.ts'
import { instantText } from '../text.ts'
import { readDuration } from '../values.ts'

export const define: Define = (command, io) => {
  command
    .command('create')
    .description('make a token for the API of the node; it is shown this once')
    .option('--name <text>', 'what it is for')
    .option('--scope <scope>', 'read, author or admin', 'read')
    .option('--ttl <duration>', 'how long it counts', '90d')
    .action(
      action<{ name?: string; scope: string; ttl: string }>(
        io,
        async ({ client, format, options }) => {
          const { name, scope, ttl } = options
          const body = {
            ...(name === undefined ? {} : { name }),
            scope,
            ttlMs: readDuration('--ttl', ttl),
          }
          const made = await client.send<NewToken>('POST', '/tokens', { body })
          const lines = (): readonly string[] => [made.token]
          await showOne(io, format, { value: made, name: made.id, lines })
        },
      ),
    )
  command
    .command('ls')
    .description('the tokens of the node, without themselves')
    .action(
      reading(io, async ({ client, format }) => {
        const { items } = await client.get<TokenList>('/tokens')
        const nowMs = io.nowMs()
        await showList<Token>(io, format, {
          value: { items },
          rows: items,
          columns: [
            { title: 'ID', cell: ({ id }) => id },
            { title: 'NAME', cell: ({ name }) => name },
            { title: 'SCOPE', cell: ({ scope }) => scope },
            { title: 'EXPIRES', cell: ({ expiresAt }) => instantText(expiresAt, nowMs) },
            {
              title: 'CREATED',
              cell: ({ createdAt }) => instantText(createdAt, nowMs),
              wide: true,
            },
          ],
          name: ({ id }) => id,
          empty: 'there is only the token of the file api-token',
        })
      }),
    )
  command
    .command('rm <id>')
    .description('take a token back')
    .action(
      action(io, async ({ client, format }, id) => {
        await client.send('DELETE', apiPath`/tokens/${id}`)
        const lines = (): readonly string[] => [`${id} is gone`]
        await showOne(io, format, { value: { id }, name: id, lines })
      }),
    )
}
