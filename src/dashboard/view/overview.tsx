import { Fragment, type VNode } from 'preact'
import type { PlannedTick, Status } from '../answers.ts'
import { commands } from '../model/command.ts'
import { healthOf } from '../model/health.ts'
import { nodeText, reasonText, whoText, wordOf } from '../model/outcome.ts'
import { hrefOf } from '../model/route.ts'
import { minutesOf, nextHour, troublesSince } from '../model/summary.ts'
import { clockText } from '../model/time.ts'
import { jobs, now, plan, shelf, shelfVersion, status } from '../state/fleet.ts'
import { HourBars, MinuteBars } from './charts.tsx'
import { JoinLine, Templates } from './first-steps.tsx'
import {
  CommandLine,
  Distance,
  Instant,
  JobLink,
  Loading,
  Panel,
  shownZone,
  Word,
} from './pieces.tsx'

const hourMs = 3_600_000
const ticksShown = 8
const failuresShown = 6

/** How the fleet is, what comes next, and what went wrong. */
export function Overview(): VNode {
  const seen = status.value
  if (seen === undefined) return <Loading />
  const hasJobs = (jobs.value?.length ?? seen.jobs.count) > 0
  return (
    <>
      <HealthLine status={seen} />
      <Tiles status={seen} />
      {hasJobs ? (
        <div class="columns">
          <NextHour ticks={plan.value} />
          <Failures />
        </div>
      ) : (
        <Templates />
      )}
      {seen.members.length === 1 ? <JoinLine /> : null}
      <CommandLine command={commands.status()} />
    </>
  )
}

function HealthLine(props: { status: Status }): VNode {
  void shelfVersion.value
  const troubles = troublesSince(shelf.newestFirst(), now.value - hourMs).length
  const { tone, sentence, findings } = healthOf(props.status, troubles)
  return (
    <div class={`health tone-${tone}`}>
      <h1>
        <i aria-hidden="true" />
        <span>
          {findings.length === 0
            ? sentence
            : findings.map((finding, i) => (
                <Fragment key={finding.text}>
                  {i === 0 ? '' : ' · '}
                  <a href={hrefOf(finding.path)}>{finding.text}</a>
                </Fragment>
              ))}
        </span>
      </h1>
    </div>
  )
}

interface TileProps {
  readonly label: string
  readonly value: string | number
  readonly note: string
  readonly href: string
  readonly tone?: string
}

function Tile({ label, value, note, href, tone = 'quiet' }: TileProps): VNode {
  return (
    <a class={`tile tone-${tone}`} href={href}>
      <span class="label">{label}</span>
      <strong>{value}</strong>
      <span class="note">{note}</span>
    </a>
  )
}

function Tiles(props: { status: Status }): VNode {
  const { members, jobs: held, counters, conflicts, clock, view } = props.status
  const alive = members.filter(({ state }) => state === 'alive').length
  const running = members.reduce((sum, one) => sum + one.running, 0)
  void shelfVersion.value
  const minutes = minutesOf(shelf.newestFirst(), now.value)
  const bad = minutes.reduce((sum, one) => sum + one.bad, 0)
  const all = minutes.reduce((sum, one) => sum + one.good + one.bad, 0)
  const offset = `${clock.offsetMs >= 0 ? '+' : '−'}${Math.abs(clock.offsetMs).toFixed(1)} ms`
  return (
    <div class="tiles">
      <Tile
        label="members"
        value={`${alive}/${members.length}`}
        note={`${view.agreeing} of ${view.neighbours} neighbours agree`}
        href={hrefOf(['members'])}
        tone={alive === members.length ? 'ok' : 'bad'}
      />
      <Tile
        label="jobs"
        value={held.count}
        note={conflicts.length === 0 ? 'no conflicts' : `${conflicts.length} with two versions`}
        href={hrefOf(['jobs'], conflicts.length === 0 ? {} : { filter: 'conflict' })}
        tone={conflicts.length === 0 ? 'ok' : 'warn'}
      />
      <Tile
        label="running now"
        value={running}
        note="over all nodes"
        href={hrefOf(['executions'], { state: 'running' })}
        tone={running > 0 ? 'busy' : 'quiet'}
      />
      <a
        class={`tile hour tone-${bad > 0 ? 'bad' : 'quiet'}`}
        href={hrefOf(['timeline'], { span: '1h' })}
      >
        <span class="label">last hour</span>
        <HourBars minutes={minutes} />
        <span class="note">{`${all} ticks, ${bad} went wrong`}</span>
      </a>
      <Tile
        label="takeovers"
        value={counters.takeovers}
        note={`${counters.duplicates} duplicates`}
        href={hrefOf(['executions'], { filter: 'takeover' })}
        tone={counters.duplicates > 0 ? 'warn' : 'quiet'}
      />
      <Tile
        label="missed"
        value={counters.missed}
        note={`${counters.skipped} skipped`}
        href={hrefOf(['executions'], { state: 'missed' })}
        tone={counters.missed > 0 ? 'warn' : 'quiet'}
      />
      <Tile
        label="clock"
        value={offset}
        note={`${clock.state}, ± ${clock.errorMs.toFixed(1)} ms`}
        href={hrefOf(['members'])}
        tone={clock.state === 'synced' || clock.state === 'alone' ? 'ok' : 'warn'}
      />
    </div>
  )
}

function NextHour(props: { ticks: readonly PlannedTick[] }): VNode {
  const nowMs = now.value
  const coming = props.ticks.filter(({ plannedAt }) => Date.parse(plannedAt) > nowMs)
  const lanes = nextHour(coming, nowMs)
  const top = Math.max(1, ...lanes.flatMap(({ minutes }) => minutes))
  const zone = shownZone()
  return (
    <Panel title="Next hour" aside={<a href={hrefOf(['timeline'])}>timeline →</a>}>
      <div class="hour-lanes">
        {lanes.map(({ node, name, minutes, count }) => (
          <div key={node} class="hour-lane">
            <span class="mono">{name}</span>
            <MinuteBars minutes={minutes} top={top} label={`${count} ticks on ${name}`} />
            <span class="quiet number">{count}</span>
          </div>
        ))}
        <div class="hour-axis quiet" aria-hidden="true">
          <span>now</span>
          <span>{clockText(nowMs + hourMs / 2, zone).slice(0, 5)}</span>
          <span>{clockText(nowMs + hourMs, zone).slice(0, 5)}</span>
        </div>
      </div>
      <ol class="coming">
        {coming.slice(0, ticksShown).map(({ job, node, nodeName, deniedBy, plannedAt, rank }) => (
          <li key={`${job}${plannedAt}`}>
            <Instant ms={Date.parse(plannedAt)} />
            <JobLink name={job} />
            <span class={node === null ? 'tone-bad' : ''}>
              {node === null ? '' : 'on '}
              {whoText({ node, nodeName, deniedBy })}
              {rank.length > 1 ? <span class="quiet"> 1st of {rank.length}</span> : null}
            </span>
            <Distance ms={Date.parse(plannedAt)} />
          </li>
        ))}
      </ol>
      {coming.length === 0 ? <p class="quiet nothing">no tick is planned</p> : null}
    </Panel>
  )
}

function Failures(): VNode {
  void shelfVersion.value
  const found = troublesSince(shelf.newestFirst(), 0).slice(0, failuresShown)
  return (
    <Panel
      title="Last failures"
      aside={<a href={hrefOf(['executions'], { state: 'failure' })}>all →</a>}
    >
      {found.length === 0 ? (
        <p class="quiet nothing">nothing that this node remembers has gone wrong</p>
      ) : (
        <ol class="coming">
          {found.map((item) => (
            <li key={`${item.id}${item.attempt}`}>
              <a href={hrefOf(['executions', item.id])}>
                <Instant ms={Date.parse(item.scheduledAt)} />
              </a>
              <JobLink name={item.job} />
              <span>
                <Word word={wordOf(item)} /> {reasonText(item)}
                <span class="quiet">
                  {' '}
                  {item.node === null ? '' : nodeText(item.node, item.nodeName)}
                </span>
              </span>
              <Distance ms={Date.parse(item.scheduledAt)} />
            </li>
          ))}
        </ol>
      )}
    </Panel>
  )
}
