import type { VNode } from 'preact'
import type { Event, ExecutionPage, Explain, Job as JobAnswer } from '../answers.ts'
import { commands } from '../model/command.ts'
import { jobStateText, toneOf } from '../model/outcome.ts'
import { hrefOf } from '../model/route.ts'
import { scheduleText, zoneOfDocument } from '../model/schedule.ts'
import { putExecutions, shelf, shelfVersion } from '../state/fleet.ts'
import { useRead } from '../state/read.ts'
import { apiPath, ask } from '../state/session.ts'
import { Coming } from './coming.tsx'
import { Conflicts } from './conflict.tsx'
import { Dependencies } from './dependencies.tsx'
import { Durations } from './durations.tsx'
import { executionColumns } from './executions.tsx'
import { JobActions } from './job-actions.tsx'
import {
  CommandLine,
  Heading,
  Instant,
  Loading,
  Panel,
  Problem,
  shownZone,
  Word,
} from './pieces.tsx'
import { Table } from './table.tsx'
import { Why } from './why.tsx'

const historyRows = 100

/** One job: what it is, when and where it runs next, how it went. */
export function Job(props: { name: string }): VNode {
  const { name } = props
  const concerns = (event: Event): boolean =>
    (event.type === 'job' && event.job === name) ||
    event.type === 'member' ||
    (event.type === 'execution' && event.execution.job === name)
  const read = useRead(name, () => ask<JobAnswer>('GET', apiPath`/jobs/${name}`), concerns)
  const explain = useRead(
    name,
    () => ask<Explain>('GET', '/explain', { query: { job: name } }),
    concerns,
  )
  const history = useRead(name, async () => {
    const query = { job: name, limit: historyRows }
    const page = await ask<ExecutionPage>('GET', '/executions', { query })
    putExecutions(page.items)
    return page.items.length
  })
  const job = read.value
  if (job === undefined) {
    return (
      <>
        <Heading title={<span class="mono">{name}</span>} />
        {read.error === undefined ? <Loading /> : <Problem error={read.error} />}
      </>
    )
  }
  return (
    <>
      <Heading title={<span class="mono">{name}</span>}>
        <Word word={job.state} tone={toneOf(job.state)} title={jobStateText(job)} />
        <JobActions job={job} onChange={read.again} />
      </Heading>
      <About job={job} />
      <Problem error={read.error ?? history.error} />
      <Conflicts job={job} onChange={read.again} />
      <div class="columns">
        <NextTicks job={job} />
        <Panel
          title="Ranking for the next tick"
          aside={<a href={hrefOf(['members'])}>members →</a>}
        >
          {explain.value === undefined ? (
            <Problem error={explain.error} />
          ) : (
            <Why explain={explain.value} />
          )}
        </Panel>
      </div>
      <Dependencies name={name} />
      <History name={name} />
      <CommandLine command={commands.logs(name)} label="follow it in a terminal" />
    </>
  )
}

/** How it went. */
function History(props: { name: string }): VNode {
  const { name } = props
  void shelfVersion.value
  const items = shelf
    .newestFirst()
    .filter((item) => item.job === name)
    .slice(0, historyRows)
  return (
    <>
      <Durations items={items} />
      <Panel
        title="History"
        aside={<a href={hrefOf(['timeline'], { by: 'job', jobs: name })}>timeline →</a>}
      >
        <Table
          caption={`executions of ${name}`}
          thing="execution"
          rows={items}
          columns={executionColumns.filter(({ key }) => key !== 'job')}
          usual="-scheduled"
          keyOf={(item) => `${item.id}|${item.attempt}|${item.state}`}
          hrefOf={({ id }) => hrefOf(['executions', id])}
          empty={<p class="quiet nothing">It has not run yet. “run now” starts it at once.</p>}
        />
      </Panel>
    </>
  )
}

function About(props: { job: JobAnswer }): VNode {
  const { name, document, streak, pause } = props.job
  const { description } = document
  const words = [
    scheduleText(name, document),
    runText(document['run']),
    streak === null ? 'never ran' : `${streak.count} × ${streak.outcome} in a row`,
  ]
  return (
    <div class="about">
      {typeof description === 'string' ? <p>{description}</p> : null}
      <p class="quiet">{words.filter(Boolean).join(' · ')}</p>
      {pause === null ? null : (
        <p class="note-box">
          Paused{pause.note === '' ? '' : `: ${pause.note}`}
          {pause.until === null ? '' : ', until '}
          {pause.until === null ? null : <Instant ms={Date.parse(pause.until)} />}
        </p>
      )}
    </div>
  )
}

/** What a job runs, in one line. */
function runText(run: unknown): string {
  if (typeof run !== 'object' || run === null) return ''
  if ('shell' in run) return `sh: ${String(run.shell).split('\n', 1)[0]}`
  if ('exec' in run && Array.isArray(run.exec)) return run.exec.join(' ')
  if ('http' in run && typeof run.http === 'object' && run.http !== null && 'url' in run.http) {
    return `http: ${String(run.http.url)}`
  }
  return ''
}

function NextTicks(props: { job: JobAnswer }): VNode {
  const { next, document } = props.job
  const jobZone = zoneOfDocument(document)
  return (
    <Panel title="Next ticks" aside={<span class="quiet">{shownZone(jobZone)}</span>}>
      {next.length === 0 ? <p class="quiet nothing">none: it is started by hand</p> : null}
      <Coming ticks={next} jobZone={jobZone} />
    </Panel>
  )
}
