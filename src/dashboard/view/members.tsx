import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Member, Status } from '../answers.ts'
import { commands } from '../model/command.ts'
import { nodeText, toneOf } from '../model/outcome.ts'
import { spanText } from '../model/time.ts'
import { refreshStatus, status } from '../state/fleet.ts'
import { apiPath, ask } from '../state/session.ts'
import { Enrolment } from './enrolment.tsx'
import { CommandLine, Distance, Heading, Loading, Pairs, Panel, Problem, Word } from './pieces.tsx'
import { Table, type Column } from './table.tsx'

const columns: readonly Column<Member>[] = [
  {
    key: 'name',
    label: 'member',
    cell: ({ id, name }) => nodeText(id, name),
    view: (member) => (
      <>
        <span class="mono">{nodeText(member.id, member.name)}</span>
        {member.self ? <span class="quiet"> this node</span> : null}
      </>
    ),
  },
  {
    key: 'state',
    label: 'state',
    cell: ({ state }) => state,
    view: ({ state, leaveAtMs }) => (
      <Word word={leaveAtMs === null ? state : `${state}, leaving`} tone={toneOf(state)} />
    ),
  },
  {
    key: 'work',
    label: 'new work',
    cell: ({ cordonedFromMs }) => (cordonedFromMs === null ? 'takes it' : 'cordoned'),
    view: (member) => <Cordon key={member.id} member={member} />,
  },
  {
    key: 'seen',
    label: 'heard',
    isNumber: true,
    cell: ({ lastSeenMs }) => lastSeenMs,
    view: ({ lastSeenMs, self }) =>
      self ? 'now' : lastSeenMs === null ? 'never' : `${spanText(lastSeenMs)} ago`,
  },
  {
    key: 'clock',
    label: 'clock',
    isNumber: true,
    cell: ({ clockOffsetMs }) => clockOffsetMs,
    view: ({ clockOffsetMs }) => (clockOffsetMs === null ? '–' : signedMs(clockOffsetMs)),
  },
  {
    key: 'trip',
    label: 'round trip',
    isNumber: true,
    isWide: true,
    cell: ({ roundTripMs }) => roundTripMs,
    view: ({ roundTripMs }) => (roundTripMs === null ? '–' : `${roundTripMs} ms`),
  },
  { key: 'running', label: 'runs', isNumber: true, cell: ({ running }) => running },
  {
    key: 'tags',
    label: 'tags',
    isWide: true,
    cell: ({ tags }) => tagText(tags),
    view: ({ tags }) => <span class="mono">{tagText(tags) || '–'}</span>,
  },
  { key: 'version', label: 'version', isWide: true, cell: ({ version }) => version },
  {
    key: 'jobs',
    label: 'jobs held',
    isWide: true,
    cell: ({ storeDigest }) => storeDigest,
    view: ({ id, storeDigest }) => <Held id={id} digest={storeDigest} />,
  },
]

/** Everybody whom this node knows. */
export function Members(): VNode {
  const seen = status.value
  if (seen === undefined) return <Loading />
  return (
    <>
      <Heading title="Members" />
      <Table
        caption="members"
        thing="member"
        rows={seen.members}
        columns={columns}
        usual="name"
        keyOf={({ id }) => id}
        rowClass={({ state }) => (state === 'alive' ? '' : 'gone')}
      />
      <Versions members={seen.members} />
      <Self status={seen} />
      <Enrolment />
      <CommandLine command={commands.members()} />
    </>
  )
}

/** Takes a member out of the choice of nodes, and back. */
function Cordon(props: { member: Member }): VNode {
  const { id, name, cordonedFromMs, running, state } = props.member
  const [error, setError] = useState<unknown>(undefined)
  const isCordoned = cordonedFromMs !== null
  const verb = isCordoned ? 'uncordon' : 'cordon'
  const label = nodeText(id, name)
  const act = (): void => {
    setError(undefined)
    ask('POST', `${apiPath`/members/${id}`}/${verb}`).then(refreshStatus, setError)
  }
  return (
    <>
      {isCordoned ? <Word word={running === 0 ? 'drained' : 'cordoned'} tone="warn" /> : null}{' '}
      {state === 'alive' ? (
        <button
          type="button"
          class="plain link-like"
          title={commands[verb](label)}
          aria-label={`${verb} ${label}`}
          onClick={act}
        >
          {verb}
        </button>
      ) : null}
      <Problem error={error} />
    </>
  )
}

const versionKinds = [
  ['version', 'meshcron'],
  ['engine', 'scheduler'],
  ['timezoneData', 'time zones'],
] as const

/** Which versions work together; members that differ may see clock changes otherwise. */
function Versions(props: { members: readonly Member[] }): VNode {
  const here = props.members.filter(({ state }) => state === 'alive')
  const pairs = versionKinds.map(([key, label]) => {
    const byValue = Map.groupBy(here, (member) => member[key])
    const views = [...byValue].map(([value, members]) => (
      <span key={value}>
        <Word word={value} tone={byValue.size === 1 ? 'ok' : 'warn'} />{' '}
        <span class="quiet">
          {byValue.size === 1
            ? `all ${members.length}`
            : members.map(({ id, name }) => nodeText(id, name)).join(', ')}
        </span>{' '}
      </span>
    ))
    return [label, <>{views}</>] as const
  })
  return (
    <Panel title="Versions">
      <Pairs pairs={pairs} />
    </Panel>
  )
}

function Self(props: { status: Status }): VNode {
  const { self, clock, ready, asOf, jobs } = props.status
  const facts: readonly (readonly [string, VNode | string])[] = [
    ['id', <code key="id">{self.id}</code>],
    ['ready', ready ? 'it may own ticks' : 'not yet: it catches up with the others'],
    ['up since', <Distance key="up" ms={Date.parse(self.startedAt)} />],
    ['profile', self.profile],
    ['addresses', self.addresses.join('  ')],
    ['clock', `${clock.state}, ${signedMs(clock.offsetMs)} to cluster time, ± ${clock.errorMs} ms`],
    ['oldest information', spanText(asOf.oldestMs)],
    ['digest of the jobs', <code key="digest">{jobs.digest}</code>],
  ]
  return (
    <Panel title={`This node: ${nodeText(self.id, self.name)}`}>
      <Pairs pairs={facts} />
    </Panel>
  )
}

/** Whether a member holds the same jobs as the node that answers. */
function Held(props: { id: string; digest: string | null }): VNode {
  const seen = status.value
  if (props.digest === null || seen === undefined) return <span class="quiet">not heard</span>
  return props.digest === seen.jobs.digest ? (
    <Word word="same" tone="ok" />
  ) : (
    <Word word="others" tone="warn" title="it has not yet heard of some changes, or we have not" />
  )
}

const tagText = (tags: Member['tags']): string =>
  Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join('  ')

const signedMs = (ms: number): string => `${ms > 0 ? '+' : ms < 0 ? '−' : ''}${Math.abs(ms)} ms`
