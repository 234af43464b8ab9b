// The heart of the dashboard: what every node did, what it does, and what it will do.

import { useComputed } from '@preact/signals'
import type { VNode } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { ExecutionItem } from '../answers.ts'
import { commands } from '../model/command.ts'
import { laneHeads } from '../model/lane-heads.ts'
import { layLanes, typicalDurations, type Grouping, type Lane } from '../model/lanes.ts'
import { hrefOf } from '../model/route.ts'
import { axisHeight, laneHeight } from '../model/scene.ts'
import { filterRows } from '../model/table.ts'
import { instantText } from '../model/time.ts'
import {
  edgesOf,
  live,
  parseSpan,
  spanName,
  spans,
  zoomed,
  type Viewport,
} from '../model/viewport.ts'
import {
  clusterNow,
  jobs,
  now,
  plan,
  presence,
  shelf,
  shelfVersion,
  status,
} from '../state/fleet.ts'
import {
  isCut,
  isReading,
  knownFrom,
  lookUpLinks,
  originOf,
  readBack,
  rememberPlan,
} from '../state/history.ts'
import { route, setQuery } from '../state/place.ts'
import { executionColumns } from './executions.tsx'
import { CommandLine, Empty, Heading, Loading, shownZone, Word } from './pieces.tsx'
import { Table } from './table.tsx'
import { TimelineCanvas } from './timeline-canvas.tsx'

const rowsShown = 40

export function Timeline(): VNode {
  const { query } = route.value
  const by: Grouping = query.get('by') === 'job' ? 'job' : 'node'
  const at = Number(query.get('at'))
  const viewport: Viewport = {
    spanMs: parseSpan(query.get('span')),
    fromMs: at > 0 ? at : undefined,
  }
  const filter = query.get('jobs') ?? ''
  const items = useComputed(() => {
    void shelfVersion.value
    return shelf.newestFirst()
  }).value
  const shown = filterRows(items, filter, ({ job }) => job)
  const ticks = filterRows(plan.value, filter, ({ job }) => job)
  const { fromMs, toMs } = edgesOf(viewport, now.value)
  const inView = shown.filter((item) => isInView(item, fromMs, toMs))
  useEffect(() => rememberPlan(plan.value), [plan.value])
  useEffect(() => readBack(fromMs), [Math.floor(fromMs / 30_000), isReading.value])
  useEffect(() => void lookUpLinks(inView), [shelfVersion.value, Math.floor(fromMs / 10_000)])
  const members = status.value?.members ?? []
  const heads = laneHeads(by, members, jobs.value ?? [], inView, filter)
  // laid anew when something has come, not with every pixel that is dragged
  const key = `${shelfVersion.value}|${filter}|${heads.map(({ key, state }) => key + state).join()}`
  const lanes = useMemo(() => layLanes(shown, heads, by, clusterNow()), [key, by])
  const typicalMs = useMemo(() => typicalDurations(shown), [shelfVersion.value, filter])
  if (status.value === undefined) return <Loading />
  const onViewport = (next: Viewport): void => {
    const at = next.fromMs === undefined ? undefined : String(Math.round(next.fromMs))
    setQuery({ span: spanName(next.spanMs), at })
  }
  return (
    <>
      <Heading title="Timeline">
        <Controls by={by} viewport={viewport} onViewport={onViewport} filter={filter} />
      </Heading>
      {lanes.length === 0 ? (
        <Empty>
          There is no job yet: <a href={hrefOf(['new'])}>write the first one</a>.
        </Empty>
      ) : (
        <div class="timeline">
          <Gutter lanes={lanes} />
          <TimelineCanvas
            lanes={lanes}
            by={by}
            ticks={ticks}
            absencesOf={(member) => presence.of(member)}
            originOf={({ item }) => originOf(item)}
            typicalMs={typicalMs}
            viewport={viewport}
            zone={shownZone()}
            onViewport={onViewport}
            label={`${inView.length} executions in ${lanes.length} lanes, by ${by}; the table below holds the same`}
          />
        </div>
      )}
      <Legend fromMs={fromMs} />
      <InView items={inView.slice(0, rowsShown)} />
      <CommandLine command={commands.plan()} label="what is to come, in a terminal" />
    </>
  )
}

/** The same without a picture. */
function InView(props: { items: readonly ExecutionItem[] }): VNode {
  return (
    <Table
      caption="executions in this window"
      thing="execution"
      rows={props.items}
      columns={executionColumns}
      usual="-scheduled"
      hasFilter={false}
      keyOf={(item) => `${item.id}|${item.attempt}|${item.state}`}
      hrefOf={({ id }) => hrefOf(['executions', id])}
    />
  )
}

function isInView(
  { scheduledAt, finishedAt, through, state }: ExecutionItem,
  fromMs: number,
  toMs: number,
): boolean {
  if (Date.parse(scheduledAt) > toMs) return false
  if (state !== 'ended') return true
  return Date.parse(finishedAt ?? through) >= fromMs
}

function Controls(props: {
  by: Grouping
  viewport: Viewport
  filter: string
  onViewport: (viewport: Viewport) => void
}): VNode {
  const { by, viewport, filter, onViewport } = props
  const current = spanName(viewport.spanMs)
  return (
    <div class="controls">
      <fieldset class="switch">
        <legend class="unseen">lanes</legend>
        {(['node', 'job'] as const).map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={by === one}
            onClick={() => setQuery({ by: one })}
          >
            by {one}
          </button>
        ))}
      </fieldset>
      <fieldset class="switch">
        <legend class="unseen">window</legend>
        {spans.map((span) => (
          <button
            key={span}
            type="button"
            aria-pressed={span === current}
            onClick={() =>
              onViewport(zoomed(viewport, parseSpan(span) / viewport.spanMs, 0.5, clusterNow()))
            }
          >
            {span}
          </button>
        ))}
      </fieldset>
      <button
        type="button"
        disabled={viewport.fromMs === undefined}
        onClick={() => onViewport(live(viewport))}
      >
        now
      </button>
      <input
        type="search"
        data-filter
        value={filter}
        placeholder="jobs  /"
        aria-label="only jobs with these words"
        onInput={({ currentTarget }) => setQuery({ jobs: currentTarget.value })}
      />
    </div>
  )
}

function Gutter(props: { lanes: readonly Lane[] }): VNode {
  return (
    <ol class="gutter" style={{ paddingTop: `${axisHeight}px` }} aria-label="lanes">
      {props.lanes.map((lane) => (
        <li key={lane.key} style={{ height: `${laneHeight(lane)}px` }}>
          <a class="mono" href={hrefOf(lane.path)} title={lane.label}>
            {lane.label}
          </a>
          {['alive', 'idle', '', 'running'].includes(lane.state) ? null : (
            <Word word={lane.state} />
          )}
        </li>
      ))}
    </ol>
  )
}

function Legend(props: { fromMs: number }): VNode {
  const zone = shownZone()
  const reach =
    isCut.value && knownFrom.value > props.fromMs
      ? `only back to ${instantText(knownFrom.value, zone, now.value)}: there are more ticks than can be drawn`
      : isReading.value
        ? 'reading history …'
        : ''
  return (
    <div class="legend quiet">
      {['success', 'running', 'retry', 'failure', 'lost', 'paused'].map((word) => (
        <Word key={word} word={word} />
      ))}
      <span>
        <i class="ghost" aria-hidden="true" /> predicted
      </span>
      <span>
        <i class="flag" aria-hidden="true" /> taken over
      </span>
      <span>
        <i class="hatch" aria-hidden="true" /> out of reach
      </span>
      <output>{reach}</output>
      <span id="timeline-keys" class="keys">
        drag or ← → to move, ctrl and wheel or + − to zoom, ↑ ↓ to walk, enter to open
      </span>
    </div>
  )
}
