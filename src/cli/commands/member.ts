import type { Member, MemberList } from '../answers.ts'
import { suggest } from '../../core/suggest.ts'
import { CliError } from '../cli-error.ts'
import { apiPath, type Client } from '../client.ts'
import { action, reading } from '../context.ts'
import type { Define } from '../context.ts'
import { pause, type Io } from '../io.ts'
import { pairLines, showList, showOne } from '../output.ts'
import type { Column } from '../output.ts'
import { colourOf } from '../style.ts'
import { readDuration } from '../values.ts'
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
  cordonable(command, io)
  drainable(command, io)
}

const cordonable: Define = (command, io) => {
  for (const [verb, about] of [
    ['cordon', 'give a member nothing new; what runs there goes on'],
    ['uncordon', 'give a cordoned member work again'],
  ] as const) {
    command
      .command(`${verb} <member>`)
      .description(about)
      .action(
        action(io, async ({ client, format }, text) => {
          const { items } = await client.get<MemberList>('/members')
          const member = find(items, text)
          await client.send('POST', apiPath`/members/${member.id}/${verb}`)
          const lines = (): readonly string[] => [`${shortName(member)} was told to ${verb}`]
          await showOne(io, format, { value: member, name: member.id, lines })
        }),
      )
  }
}

const drainable: Define = (command, io) => {
  command
    .command('drain <member>')
    .description('cordon a member and wait until nothing runs there')
    .option('--timeout <duration>', 'how long to wait', '10m')
    .action(
      action<{ readonly timeout: string }>(io, async ({ client, format, options }, text) => {
        const { items } = await client.get<MemberList>('/members')
        const { id } = find(items, text)
        const untilMs = io.nowMs() + readDuration('--timeout', options.timeout)
        await client.send('POST', apiPath`/members/${id}/cordon`)
        const member = await untilDrained(io, client, id, untilMs)
        const lines = (): readonly string[] => [`nothing runs on ${shortName(member)} any more`]
        await showOne(io, format, { value: member, name: id, lines })
      }),
    )
}

async function untilDrained(io: Io, client: Client, id: string, untilMs: number): Promise<Member> {
  for (;;) {
    const { items } = await client.get<MemberList>('/members')
    const member = items.find((one) => one.id === id)
    if (member === undefined) throw new CliError('MC_UNKNOWN_MEMBER', `${id} is gone`, '')
    const fromMs = member.cordonedFromMs ?? Infinity
    if (fromMs <= io.nowMs() && member.running === 0) return member
    if (io.nowMs() >= untilMs) {
      const message = `${member.running} executions still run on ${shortName(member)}`
      throw new CliError(
        'MC_BUSY',
        message,
        'wait longer with --timeout, or stop them: meshcron run stop',
      )
    }
    await pause(io, 500)
    if (io.signal.aborted) throw new CliError('MC_BUSY', 'stopped waiting', 'it stays cordoned')
  }
}

/** Columns of a list of members. */
export const memberColumns: readonly Column<Member>[] = [
  { title: 'MEMBER', cell: (member) => `${shortName(member)}${member.self ? ' *' : ''}` },
  { title: 'STATE', cell: stateText, colour: ({ state }) => colourOf(state) },
  { title: 'SEEN', cell: seenText },
  { title: 'CLOCK', cell: clockText },
  { title: 'RUNS', cell: ({ running }) => running.toString() },
  { title: 'VERSION', cell: ({ version }) => version },
  { title: 'TAGS', cell: ({ tags }) => tagsText(tags) },
  { title: 'ADDRESS', cell: ({ addresses }) => addresses[0] ?? '-', wide: true },
  { title: 'ID', cell: ({ id }) => id, wide: true },
]

function stateText({ state, cordonedFromMs }: Member): string {
  return cordonedFromMs === null ? state : `${state}, cordoned`
}

function seenText({ self, lastSeenMs }: Member): string {
  if (self) return 'now'
  return lastSeenMs === null ? 'never' : `${durationText(lastSeenMs)} ago`
}

function factsText({ facts }: Member): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
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
  const meant = suggest(text, members.map(shortName))
  const all = `there are ${members.map(shortName).join(', ')}`
  const hint = found.length === 0 && meant !== undefined ? `did you mean ${meant}?` : all
  const message = `${found.length === 0 ? 'no' : 'more than one'} member is called ${JSON.stringify(text)}`
  throw new CliError('MC_UNKNOWN_MEMBER', message, hint)
}

function linesOf(io: Io, member: Member): readonly string[] {
  return pairLines([
    ['id', member.id],
    ['name', member.name === '' ? '-' : member.name],
    ['state', stateText(member)],
    ['seen', seenText(member)],
    ['clock', clockText(member)],
    ['round trip', member.roundTripMs === null ? '-' : `${member.roundTripMs.toFixed(1)} ms`],
    ['version', `${member.version}, scheduler ${member.engine}, time zones ${member.timezoneData}`],
    ['incarnation', member.incarnation.toString()],
    ['started', instantText(member.startedAt, io.nowMs())],
    ['tags', tagsText(member.tags)],
    ['weight', member.weight.toString()],
    ['runs', member.executors.join(' ')],
    ['facts', factsText(member)],
    ['addresses', member.addresses.join(' ')],
    ['jobs digest', member.storeDigest ?? '-'],
  ])
}
