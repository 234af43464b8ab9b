// What `top` knows, and what it asks and tells the daemon.

import { stringify } from 'yaml'
import type {
  ExecutionItem,
  ExecutionPage,
  Job,
  Member,
  MemberList,
  OutputPage,
  Status,
} from '../answers.ts'
import { apiPath } from '../client.ts'
import type { Client } from '../client.ts'
import { readJobs } from '../jobs.ts'
import { shortName } from '../text.ts'
import type { Order, Row, View } from './state.ts'

const runsMax = 500
const outputBytesMax = 65_536

export interface Data {
  readonly status: Status
  readonly jobs: readonly Job[]
  readonly runs: readonly ExecutionItem[]
  readonly members: readonly Member[]
}

export async function readData(client: Client): Promise<Data> {
  const status = await client.get<Status>('/status')
  const [jobs, runs, members] = await Promise.all([
    readJobs(client),
    client.get<ExecutionPage>('/executions', { limit: runsMax }),
    client.get<MemberList>('/members'),
  ])
  return { status, jobs, runs: runs.items, members: members.items }
}

const keyOfRun = ({ id, slot, attempt }: ExecutionItem): string => `${id} ${slot} ${attempt}`

/** The rows of a view. */
export function rowsOf(data: Data, view: View): readonly Row[] {
  if (view === 'jobs') {
    return data.jobs.map(({ name, state }) => ({
      key: name,
      text: `${name} ${state}`,
      isOff: state === 'paused',
    }))
  }
  if (view === 'members') {
    return data.members.map((member) => ({
      key: member.id,
      text: `${shortName(member)} ${member.id} ${member.state} ${Object.values(member.tags).join(' ')}`,
      isOff: member.cordonedFromMs !== null,
    }))
  }
  return data.runs.map((run) => ({
    key: keyOfRun(run),
    text: `${run.id} ${run.outcome ?? run.state} ${run.nodeName ?? ''}`,
    isOff: run.state === 'ended',
  }))
}

/** A text to read, asked for by its row. */
export async function readPage(
  client: Client,
  data: Data,
  { kind, view, key }: Extract<Order, { readonly view: View }>,
): Promise<{ readonly title: string; readonly lines: readonly string[] }> {
  const run = view === 'jobs' ? data.runs.find(({ job }) => job === key) : runOf(data, key)
  if (kind === 'logs') {
    if (run === undefined) return { title: key, lines: ['it has not run yet'] }
    return { title: `output of ${run.id}`, lines: await outputOf(client, run) }
  }
  const value = await detailOf(client, data, view, key)
  return { title: key, lines: stringify(value).trimEnd().split('\n') }
}

const runOf = (data: Data, key: string): ExecutionItem | undefined =>
  data.runs.find((run) => keyOfRun(run) === key)

async function detailOf(client: Client, data: Data, view: View, key: string): Promise<unknown> {
  if (view === 'jobs') return await client.get(apiPath`/jobs/${key}`)
  if (view === 'members') return data.members.find(({ id }) => id === key)
  return await client.get(apiPath`/executions/${key.split(' ')[0]!}`)
}

async function outputOf(client: Client, run: ExecutionItem): Promise<readonly string[]> {
  const { id, slot, attempt, outputBytes } = run
  const offset = Math.max(0, outputBytes - outputBytesMax)
  const page = await client.get<OutputPage>(apiPath`/executions/${id}/output`, {
    slot,
    attempt,
    offset,
  })
  const text = Buffer.from(page.data, page.encoding === 'utf8' ? 'utf8' : 'base64').toString()
  return text === '' ? ['no output yet'] : text.trimEnd().split('\n')
}

/** Carries an order out and says what was done. */
export async function carryOut(
  client: Client,
  { kind, key }: Exclude<Order, { readonly kind: 'quit' | 'show' | 'logs' }>,
): Promise<string> {
  const [id = key] = key.split(' ')
  switch (kind) {
    case 'run':
      await client.send('POST', apiPath`/jobs/${key}/trigger`, { body: {} })
      return `${key} is started`
    case 'pause':
      await client.send('POST', apiPath`/jobs/${key}/pause`, { body: { note: '', until: null } })
      return `${key} is paused`
    case 'resume':
      await client.send('POST', apiPath`/jobs/${key}/resume`)
      return `${key} runs again`
    case 'stop':
      await client.send('POST', apiPath`/executions/${id}/stop`)
      return `${id} is told to stop`
    case 'cordon':
    case 'uncordon':
      await client.send('POST', apiPath`/members/${key}/${kind}`)
      return `${key.slice(-5)} was told to ${kind}`
  }
}
