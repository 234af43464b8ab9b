import type { Member, MemberList } from '../answers.ts'
import { CliError } from '../cli-error.ts'
import { reading } from '../context.ts'
import type { Define } from '../context.ts'
import type { Io } from '../io.ts'
import { pairLines, showList, showOne } from '../output.ts'
import type { Column } from '../output.ts'
import { colourOf } from '../style.ts'
import { durationText, instantText, shortName, tagsText } from '../text.ts'

export const define: Define = (command, io) => {
  command
    .command('ls')
    .description('every member that the node knows of')
    .action(
      reading(io, async ({ client, format }) => {
        const list = await client.get<MemberList>('/members')
        await showList(io, format, {
          value: list,
          rows: list.items,
          columns: memberColumns,
          name: ({ id }) => id,
          empty: 'no members',
        })
      }),
    )
  command
    .command('show <member>')
    .description('one member, by name, id or the end of its id')
    .action(
      reading(io, async ({ client, format }, text) => {
        const { items } = await client.get<MemberList>('/members')
        const member = find(items, text)
        const { id } = member
        await showOne(io, format, { value: member, name: id, lines: () => linesOf(io, member) })
      }),
    )
}

/** Columns of a list of members. */
export const memberColumns: readonly Column<Member>[] = [
  { title: 'MEMBER', cell: (member) => `${shortName(member)}${member.self ? ' *' : ''}` },
  { title: 'STATE', cell: ({ state }) => state, colour: ({ state }) => colourOf(state) },
  { title: 'SEEN', cell: seenText },
  { title: 'CLOCK', cell: clockText },
  { title: 'RUNS', cell: ({ running }) => running.toString() },
  { title: 'VERSION', cell: ({ version }) => version },
  { title: 'TAGS', cell: ({ tags }) => tagsText(tags) },
  { title: 'ADDRESS', cell: ({ addresses }) => addresses[0] ?? '-', wide: true },
  { title: 'ID', cell: ({ id }) => id, wide: true },
]

function seenText({ self, lastSeenMs }: Member): string {
  if (self) return 'now'
  return lastSeenMs === null ? 'never' : `${durationText(lastSeenMs)} ago`
}

function clockText({ clockOffsetMs }: Member): string {
  if (clockOffsetMs === null) return '-'
  const ms = Math.round(clockOffsetMs)
  return `${ms > 0 ? '+' : ''}${ms === 0 ? 0 : ms} ms`
}

/** Shorter ends of ids are more likely typos of names. */
const shortestEnd = 4

function find(members: readonly Member[], text: string): Member {
  const isEnd = text.length >= shortestEnd
  const found = members.filter(
    ({ id, name }) => name === text || id === text || (isEnd && id.endsWith(text)),
  )
  if (found.length === 1) return found[0]!
  const hint = `there are ${members.map(shortName).join(', ')}`
  const message = `${found.length === 0 ? 'no' : 'more than one'} member is called ${JSON.stringify(text)}`
  throw new CliError('MC_UNKNOWN_MEMBER', message, hint)
}

function linesOf(io: Io, member: Member): readonly string[] {
  return pairLines([
    ['id', member.id],
    ['name', member.name === '' ? '-' : member.name],
    ['state', member.state],
    ['seen', seenText(member)],
    ['clock', clockText(member)],
    ['round trip', member.roundTripMs === null ? '-' : `${member.roundTripMs.toFixed(1)} ms`],
    ['version', member.version],
    ['incarnation', member.incarnation.toString()],
    ['started', instantText(member.startedAt, io.nowMs())],
    ['tags', tagsText(member.tags)],
    ['addresses', member.addresses.join(' ')],
    ['jobs digest', member.storeDigest ?? '-'],
  ])
}
