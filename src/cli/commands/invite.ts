import type { Invite, InviteList, InviteMade } from '../answers.ts'
import { apiPath } from '../client.ts'
import { action, collect, reading } from '../context.ts'
import type { Context, Define } from '../context.ts'
import type { Sink } from '../io.ts'
import { showList, showOne } from '../output.ts'
import type { Column } from '../output.ts'
import { instantText, tagsText } from '../text.ts'
import { present, readCount, readDuration, readPairs } from '../values.ts'

interface InviteOptions {
  readonly tag?: readonly string[]
  readonly allowTag?: readonly string[]
  readonly role?: readonly string[]
  readonly uses?: string
  readonly ttl?: string
  readonly confirm?: boolean
  readonly qr?: boolean
}

export const define: Define = (command, io) => {
  command
    .option('--tag <key=value>', 'a tag that every machine gets; repeatable', collect)
    .option('--allow-tag <key>', 'a tag that a machine may ask for, * for any; repeatable', collect)
    .option('--role <role>', 'author, executor, viewer; repeatable (executor and viewer)', collect)
    .option('--uses <n>', 'how many machines may join (1)')
    .option('--ttl <duration>', 'how long it holds (1h)')
    .option('--confirm', 'each machine waits until it is accepted: meshcron pending')
    .option('--qr', 'show the token as a QR code too')
    .action(action<InviteOptions>(io, make))
  command
    .command('ls')
    .description('invites of this node, and who came with them')
    .action(
      reading(io, async ({ client, format }) => {
        const list = await client.get<InviteList>('/invites')
        await showList(io, format, {
          value: list,
          rows: list.items,
          columns: columns(io.nowMs()),
          name: ({ id }) => id,
          empty: 'no invites; make one with meshcron invite',
        })
      }),
    )
  command
    .command('revoke <invite>')
    .description('end an invite; who joined with it stays a member')
    .action(
      action(io, async ({ client, format }, id) => {
        await client.send('DELETE', apiPath`/invites/${id}`)
        const lines = (): readonly string[] => [`invite ${id} has ended`]
        await showOne(io, format, { value: { id }, name: id, lines })
      }),
    )
}

async function make({ io, client, format, options }: Context<InviteOptions>): Promise<void> {
  const { tag, allowTag, role, uses, ttl, confirm, qr } = options
  const body = present({
    tags: readPairs('--tag', tag),
    allowTags: allowTag,
    roles: role,
    uses: uses === undefined ? undefined : readCount('--uses', uses, 1, 64),
    ttlMs: ttl === undefined ? undefined : readDuration('--ttl', ttl),
    confirm,
  })
  const made = await client.send<InviteMade>('POST', '/invites', { body })
  const code = qr === true ? await qrLines(io.stdout, made.token) : []
  const lines = (): readonly string[] => [
    ...code,
    `meshcron start --join ${made.token}`,
    `  ${aboutText(made, io.nowMs())}`,
  ]
  await showOne(io, format, { value: made, name: made.token, lines })
}

function aboutText({ id, uses, until, roles, tags, confirm }: InviteMade, nowMs: number): string {
  const parts = [
    `invite ${id}`,
    uses === 1 ? '1 use' : `${uses} uses`,
    `until ${instantText(until, nowMs)}`,
    roles.join(', '),
    ...(Object.keys(tags).length === 0 ? [] : [tagsText(tags)]),
    ...(confirm ? ['each waits in meshcron pending'] : []),
  ]
  return parts.join(' · ')
}

/** Dark on light, whatever the terminal's own colours are: cameras want it so. */
async function qrLines({ isTTY }: Sink, text: string): Promise<readonly string[]> {
  const { renderUnicodeCompact } = await import('uqr')
  const rows = renderUnicodeCompact(text, { ecc: 'L', border: 2 }).split('\n')
  return isTTY === true ? rows.map((row) => `\u001b[97;40m${row}\u001b[0m`) : rows
}

const columns = (nowMs: number): readonly Column<Invite>[] => [
  { title: 'INVITE', cell: ({ id }) => id },
  { title: 'STATE', cell: ({ state }) => state },
  { title: 'LEFT', cell: ({ usesLeft, uses }) => `${usesLeft} of ${uses}` },
  { title: 'UNTIL', cell: ({ until }) => instantText(until, nowMs) },
  { title: 'ROLES', cell: ({ roles }) => roles.join(',') },
  { title: 'TAGS', cell: ({ tags }) => tagsText(tags) },
  {
    title: 'JOINED',
    cell: ({ guests }) =>
      guests
        .filter(({ state }) => state === 'joined')
        .map(({ name, member }) => name || member.slice(-8))
        .join(' ') || '-',
  },
]
