// An application of a few fixed values: enough to see every answer of the adapter and of the
// command line. What a test wants to differ it overrides.

import type { Api, EnrolmentApi, Tokens } from '../../../src/adapters/http/api.ts'
import type {
  Token,
  Calendar,
  ExecutionDetail,
  ExecutionItem,
  Happening,
  Invite,
  Job,
  JobWrite,
  Member,
  Status,
} from '../../../src/adapters/http/schema.ts'
import { ok, refuse } from '../../../src/core/result.ts'

export const now = '2027-03-01T12:00:00.000Z'
export const barn = '12D3KooWBarnBarnBarnBarnBarnBarnBarnBarnBarnBarnb2m9x'
export const field = '12D3KooWFieldFieldFieldFieldFieldFieldFieldFielda7f3k'

export const members: readonly Member[] = [
  member(barn, 'barn', true, 'alive', { site: 'barn' }),
  member(field, '', false, 'unreachable', {}),
]

function member(
  id: string,
  name: string,
  self: boolean,
  state: string,
  tags: Readonly<Record<string, string>>,
): Member {
  return {
    id,
    name,
    self,
    state,
    tags,
    weight: 1,
    cordonedFromMs: null,
    facts: { arch: 'arm64' },
    lastSeenMs: self ? 0 : 4_200,
    clockOffsetMs: self ? 0 : -3.5,
    roundTripMs: self ? null : 0.4,
    version: '0.1.0',
    engine: '1',
    timezoneData: '2026a',
    executors: ['exec', 'shell'],
    incarnation: 1,
    addresses: ['/ip4/127.0.0.1/tcp/7171'],
    eligibleFromMs: 1_804_000_000_000,
    leaveAtMs: null,
    startedAt: '2027-03-01T11:00:00.000Z',
    running: 0,
    storeDigest: 'cafe',
  }
}

export const execution: ExecutionItem = {
  id: 'hello@1803902400000',
  job: 'hello',
  scheduledAt: now,
  slot: '0',
  attempt: 1,
  node: barn,
  nodeName: 'barn',
  state: 'ended',
  startedAt: '2027-03-01T12:00:00.004Z',
  finishedAt: '2027-03-01T12:00:01.504Z',
  exitCode: 0,
  outcome: 'success',
  reason: 'exit',
  duplicate: false,
  trigger: 'schedule',
  why: 'on-time',
  rank: 0,
  nextAttemptAt: null,
  outputBytes: 6,
  outputDropped: 0,
  through: now,
  count: 1,
}

export const detail: ExecutionDetail = {
  ...execution,
  attempts: [execution],
  together: { outcome: null, slots: 1, succeeded: 0 },
}

export const hello: Job = {
  name: 'hello',
  generation: 1,
  etag: '00000000000000e1',
  state: 'idle',
  document: {
    name: 'hello',
    schedule: '@every 10s',
    timezone: 'UTC',
    run: { exec: ['echo', 'hi'] },
  },
  pause: null,
  conflicts: [],
  dependencies: { after: [], join: 'all', delayMs: 0, before: [], cycle: null },
  next: [
    {
      scheduledAt: '2027-03-01T12:00:10.000Z',
      plannedAt: '2027-03-01T12:00:10.000Z',
      node: barn,
      nodeName: 'barn',
      deniedBy: null,
    },
  ],
  last: {
    execution: execution.id,
    scheduledAt: now,
    node: barn,
    nodeName: 'barn',
    outcome: 'success',
    reason: 'exit',
  },
  streak: { outcome: 'success', count: 7 },
}

export const status: Status = {
  self: {
    id: barn,
    name: 'barn',
    incarnation: 1,
    version: '0.1.0',
    profile: 'lan',
    startedAt: '2027-03-01T11:00:00.000Z',
    addresses: ['/ip4/127.0.0.1/tcp/7171'],
    tags: { site: 'barn' },
  },
  clock: { state: 'synced', offsetMs: 0.5, errorMs: 2, clusterMs: 1_803_902_400_000 },
  ready: true,
  isolated: false,
  members,
  view: { agreeing: 1, neighbours: 1 },
  jobs: { count: 1, digest: 'cafe', laggingMembers: [] },
  conflicts: [],
  next: [
    {
      job: 'hello',
      scheduledAt: '2027-03-01T12:00:10.000Z',
      node: barn,
      nodeName: 'barn',
      rank: [barn, field],
    },
  ],
  recent: [execution],
  counters: {
    started: 12,
    succeeded: 11,
    failed: 1,
    takeovers: 1,
    duplicates: 0,
    missed: 0,
    skipped: 0,
  },
  network: { sent: 10, received: 9 },
  asOf: { oldestMs: 4_200 },
}

const unknownJob = (name: string) =>
  refuse('MC_UNKNOWN_JOB', `no job is named ${JSON.stringify(name)}`, 'meshcron job ls shows all')
const unknownExecution = (id: string) =>
  refuse('MC_UNKNOWN_EXECUTION', `no execution ${id}`, 'meshcron run ls shows the newest')

const invite: Invite = {
  id: '0123456789abcdef',
  state: 'open',
  roles: ['executor', 'viewer'],
  tags: { site: 'barn' },
  allowTags: [],
  uses: 1,
  usesLeft: 1,
  confirm: false,
  createdAt: now,
  until: now,
  guests: [],
}

/** One open invite, and nobody who waits. */
export const enrolment: EnrolmentApi = {
  invites: async () => ok({ items: [invite] }),
  invite: async () => ok({ ...invite, token: 'mc1:…' }),
  revokeInvite: async () => ok(undefined),
  pending: async () => ok({ items: [] }),
  decide: async () => ok(undefined),
}

/** What the adapter asked for, in order. */
export type Calls = (readonly [string, ...unknown[]])[]

/** An {@link Api} that knows one job, `hello`, and one execution of it. */
export function fakeApi(
  overrides: Partial<Api> = {},
): Api & { readonly calls: Calls; emit(happening: Happening): void; listeners(): number } {
  const calls: Calls = []
  const listeners = new Set<(happening: Happening) => void>()
  const note = (...call: readonly [string, ...unknown[]]): void => void calls.push(call)
  return {
    calls,
    emit: (happening) => listeners.forEach((listener) => listener(happening)),
    listeners: () => listeners.size,
    listJobs: async (query) => {
      note('listJobs', query)
      return ok({ items: [hello], cursor: null })
    },
    ...fleet(note),
    getJob: async (name) => (name === 'hello' ? ok(hello) : unknownJob(name)),
    putJob: async (document, options) => {
      note('putJob', document, options)
      return ok(written(document, options.dryRun))
    },
    removeJob: async (name, options) => {
      note('removeJob', name, options)
      return name === 'hello' ? ok(undefined) : unknownJob(name)
    },
    pauseJob: async (name, options) => {
      note('pauseJob', name, options)
      return ok({ ...hello, state: 'paused', pause: { note: options.note, until: null } })
    },
    resumeJob: async (name) => (name === 'hello' ? ok(hello) : unknownJob(name)),
    runJob: async (name, options) => {
      note('runJob', name, options)
      return name === 'hello' ? ok({ job: name, execution: execution.id }) : unknownJob(name)
    },
    ...calendars(note),
    executions: async (query) => {
      note('executions', query)
      return ok({ items: [execution], cursor: null })
    },
    execution: async (id) => (id === execution.id ? ok(detail) : unknownExecution(id)),
    output: async (id, query) => {
      note('output', id, query)
      if (id !== execution.id) return unknownExecution(id)
      const all = Buffer.from('hello\n')
      const bytes = all.subarray(query.offset, query.offset + query.limit)
      const { offset } = query
      return ok({ slot: '0', attempt: 1, offset, bytes, total: 6, dropped: 0, ended: true })
    },
    rerunExecution: async (id) =>
      id === execution.id ? ok({ job: 'hello', execution: `${id}+1` }) : unknownExecution(id),
    stopExecution: async (id) =>
      id === execution.id ? ok({ job: 'hello', execution: id }) : unknownExecution(id),
    ...forecasts(note),
    ...answers,
    leave: async () => {
      note('leave')
      return ok(undefined)
    },
    events: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    ...overrides,
  }
}

const answers: Pick<Api, 'members' | 'status' | 'ready' | 'enrolment'> = {
  members: async () => ok({ items: members }),
  status: async () => ok(status),
  ready: () => ({ ready: true, reason: '' }),
  enrolment,
}

type Note = (...call: readonly [string, ...unknown[]]) => void

const fleet = (note: Note): Pick<Api, 'channels' | 'testChannel' | 'cordon'> => ({
  cordon: async (id, isCordoned) => {
    note('cordon', id, isCordoned)
    if (members.some((one) => one.id === id)) return ok(undefined)
    return refuse('MC_UNKNOWN_MEMBER', `no member ${id}`, 'meshcron member ls shows all')
  },
  channels: async () =>
    ok({ items: [{ name: 'ops', self: true, members: [members[0]!.id], waiting: 2 }] }),
  testChannel: async (name) => {
    note('testChannel', name)
    if (name === 'ops') return ok(undefined)
    if (name === 'broken')
      return refuse('MC_NOT_DELIVERED', 'channel broken: status 500', 'check it')
    return refuse('MC_UNKNOWN_CHANNEL', `this node has no channel "${name}"`, 'name it')
  },
})

export const night: Calendar = {
  name: 'night',
  etag: '00000000000000c1',
  document: {
    name: 'night',
    timezone: 'Europe/Berlin',
    rules: [{ kind: 'deny', daily: '22:00-06:00' }],
  },
  conflicts: [],
}

function calendars(
  note: Note,
): Pick<Api, 'calendars' | 'calendar' | 'putCalendar' | 'removeCalendar'> {
  const unknown = (name: string) =>
    refuse('MC_UNKNOWN_CALENDAR', `there is no calendar ${name}`, 'did you mean "night"?')
  return {
    calendars: async () => ok({ items: [night] }),
    calendar: async (name) => (name === 'night' ? ok(night) : unknown(name)),
    putCalendar: async (document, options) => {
      note('putCalendar', document, options)
      const given = document as Calendar['document']
      const name = String(given['name'])
      const change = name === 'night' ? 'replaced' : 'created'
      const { dryRun } = options
      return ok({ ...night, name, document: given, change, differences: [], dryRun })
    },
    removeCalendar: async (name, options) => {
      note('removeCalendar', name, options)
      return name === 'night' ? ok(undefined) : unknown(name)
    },
  }
}

function forecasts(note: Note): Pick<Api, 'plan' | 'explain'> {
  return {
    plan: async (query) => {
      note('plan', query)
      const [tick] = hello.next
      const rank = [{ id: barn, name: 'barn' }]
      const excluded = [{ id: field, name: '', reason: 'unreachable' }]
      return ok({ ticks: [{ job: 'hello', ...tick!, rank, excluded }] })
    },
    explain: async (query) => {
      note('explain', query)
      return ok({
        job: 'hello',
        scheduledAt: now,
        execution,
        view: [{ id: barn, name: 'barn', state: 'alive' }],
        rank: [{ id: barn, name: 'barn', score: 0.75, state: 'alive' }],
        excluded: [{ id: field, name: '', reason: 'unreachable' }],
        facts: ['enabled', 'barn ranks first of 1'],
        outcome: 'success',
        reason: 'exit',
      })
    },
  }
}

function written(document: unknown, dryRun: boolean): JobWrite {
  const given = document as Readonly<Record<string, unknown>>
  const name = String(given['name'])
  const isNew = name !== 'hello'
  return {
    ...hello,
    name,
    document: given,
    change: isNew ? 'created' : 'replaced',
    differences: isNew ? [] : [{ path: 'schedule', before: '@every 10s', after: '@every 20s' }],
    rank: [{ id: barn, name: 'barn' }],
    excluded: [{ id: field, name: '', reason: 'it is not alive' }],
    warnings: [],
    dryRun,
  }
}

/** No tokens beside the node's own; one may be made and removed. */
export const fakeTokens: Tokens = {
  grants: () => [],
  list: () => ok({ items: [fakeToken] }),
  create: () => ok({ ...fakeToken, token: 'mct_made' }),
  remove: () => ok(undefined),
}

const fakeToken: Token = {
  id: '0a1b2c3d',
  name: 'grafana',
  scope: 'read',
  createdAt: '2027-03-01T12:00:00.000Z',
  expiresAt: '2027-05-30T12:00:00.000Z',
}
