import type { VNode } from 'preact'
import type { ExecutionItem, Job } from '../answers.ts'
import { commands } from '../model/command.ts'
import { jobStateText, nodeText, toneOf, toneOfExecution, wordOf } from '../model/outcome.ts'
import { hrefOf } from '../model/route.ts'
import { scheduleText, zoneOfDocument } from '../model/schedule.ts'
import { jobs, shelf, shelfVersion } from '../state/fleet.ts'
import { Spark } from './charts.tsx'
import { Templates } from './first-steps.tsx'
import { CommandLine, Distance, Heading, Instant, Loading, Word } from './pieces.tsx'
import { Table, type Column } from './table.tsx'

const marksShown = 12

const columns: readonly Column<Job>[] = [
  {
    key: 'name',
    label: 'job',
    cell: ({ name }) => name,
    view: ({ name }) => <span class="mono">{name}</span>,
  },
  {
    key: 'state',
    label: 'state',
    cell: (job) => `${jobStateText(job)}${job.conflicts.length > 0 ? ' conflict' : ''}`,
    view: (job) => (
      <>
        <Word word={job.state} title={jobStateText(job)} />
        {job.conflicts.length > 0 ? <Word word="conflict" tone="warn" /> : null}
      </>
    ),
  },
  {
    key: 'schedule',
    label: 'schedule',
    isWide: true,
    cell: ({ name, document }) => scheduleText(name, document),
  },
  {
    key: 'next',
    label: 'next',
    cell: ({ next }) => next[0]?.plannedAt ?? null,
    view: ({ next: [tick], document }) =>
      tick === undefined ? (
        <span class="quiet">–</span>
      ) : (
        <>
          <Instant ms={Date.parse(tick.plannedAt)} jobZone={zoneOfDocument(document)} />{' '}
          <Distance ms={Date.parse(tick.plannedAt)} />
        </>
      ),
  },
  {
    key: 'node',
    label: 'on',
    isWide: true,
    cell: ({ next: [tick] }) => (tick === undefined ? null : nodeText(tick.node, tick.nodeName)),
  },
  {
    key: 'last',
    label: 'last',
    cell: ({ last }) => (last === null ? null : last.outcome),
    view: ({ last }) =>
      last === null ? <span class="quiet">never</span> : <LastRun last={last} />,
  },
  {
    key: 'history',
    label: 'history',
    isWide: true,
    cell: ({ streak }) =>
      streak === null ? null : streak.count * (streak.outcome === 'success' ? 1 : -1),
    view: ({ name }) => <Recent job={name} />,
  },
]

/** All jobs. */
export function Jobs(): VNode {
  const list = jobs.value
  return (
    <>
      <Heading title="Jobs">
        <a class="button" href={hrefOf(['new'])} title="g n">
          new job
        </a>
      </Heading>
      {list === undefined ? (
        <Loading />
      ) : (
        <Table
          caption="jobs"
          thing="job"
          rows={list}
          columns={columns}
          usual="name"
          keyOf={({ name }) => name}
          hrefOf={({ name }) => hrefOf(['jobs', name])}
          empty={<Templates />}
        />
      )}
      <CommandLine command={commands.jobs()} />
    </>
  )
}

function LastRun(props: { last: NonNullable<Job['last']> }): VNode {
  const { outcome, reason, execution, scheduledAt } = props.last
  return (
    <a href={hrefOf(['executions', execution])}>
      <Word word={outcome} tone={toneOf(outcome)} title={reason} />{' '}
      <Distance ms={Date.parse(scheduledAt)} />
    </a>
  )
}

function Recent(props: { job: string }): VNode {
  void shelfVersion.value
  return <Spark marks={marksOf(recentOf(props.job))} />
}

function recentOf(job: string): readonly ExecutionItem[] {
  const found: ExecutionItem[] = []
  for (const item of shelf.newestFirst()) {
    if (item.job === job) found.push(item)
    if (found.length === marksShown) break
  }
  return found.reverse()
}

const marksOf = (items: readonly ExecutionItem[]): Parameters<typeof Spark>[0]['marks'] =>
  items.map((item) => ({
    key: `${item.id}${item.attempt}`,
    tone: toneOfExecution(item),
    title: wordOf(item),
  }))
