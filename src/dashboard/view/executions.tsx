import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ExecutionItem, ExecutionPage } from '../answers.ts'
import { commands } from '../model/command.ts'
import { nodeText, reasonText, toneOfExecution, wordOf } from '../model/outcome.ts'
import { hrefOf } from '../model/route.ts'
import { msOf, spanText } from '../model/time.ts'
import { now, putExecutions, shelf, shelfVersion } from '../state/fleet.ts'
import { route, setQuery } from '../state/place.ts'
import { ask } from '../state/session.ts'
import { CommandLine, Heading, Instant, JobLink, Problem, Word } from './pieces.tsx'
import { Table, type Column } from './table.tsx'

const rowsShown = 500

/** How long an execution took, or takes. */
export function tookMs(item: ExecutionItem, nowMs: number): number | null {
  const started = msOf(item.startedAt)
  if (started === undefined) return null
  return Math.max(0, (msOf(item.finishedAt) ?? nowMs) - started)
}

/** Columns of every list of executions. */
export const executionColumns: readonly Column<ExecutionItem>[] = [
  {
    key: 'scheduled',
    label: 'scheduled',
    cell: ({ scheduledAt }) => scheduledAt,
    view: ({ scheduledAt }) => <Instant ms={Date.parse(scheduledAt)} />,
  },
  { key: 'job', label: 'job', cell: ({ job }) => job, view: ({ job }) => <JobLink name={job} /> },
  {
    key: 'outcome',
    label: 'outcome',
    cell: (item) => wordOf(item),
    view: (item) => (
      <>
        <Word word={wordOf(item)} tone={toneOfExecution(item)} />{' '}
        <span class="quiet">{reasonText(item)}</span>
      </>
    ),
  },
  {
    key: 'node',
    label: 'on',
    cell: ({ node, nodeName }) => (node === null ? null : nodeText(node, nodeName)),
    view: ({ node, nodeName }) => <span class="mono">{nodeText(node, nodeName)}</span>,
  },
  {
    key: 'why',
    label: 'why',
    isWide: true,
    cell: (item) => whyText(item),
    view: (item) => <span class="quiet">{whyText(item)}</span>,
  },
  {
    key: 'took',
    label: 'took',
    isNumber: true,
    cell: (item) => tookMs(item, now.value),
    view: (item) => {
      const took = tookMs(item, now.value)
      return took === null ? '–' : spanText(took)
    },
  },
]

/** Everything that ran, and that did not. */
export function Executions(): VNode {
  const { query } = route.value
  const state = query.get('state') ?? ''
  const [error, setError] = useState<unknown>(undefined)
  useEffect(() => {
    const loaded = ask<ExecutionPage>('GET', '/executions', {
      query: { limit: rowsShown, state: state === '' ? undefined : state },
    })
    loaded.then(({ items }) => putExecutions(items), setError)
  }, [state])
  void shelfVersion.value
  const rows = shelf
    .newestFirst()
    .filter((item) => state === '' || item.state === state || item.outcome === state)
    .slice(0, rowsShown)
  return (
    <>
      <Heading title="Executions" />
      <Problem error={error} />
      <Table
        caption="executions"
        thing="execution"
        rows={rows}
        columns={executionColumns}
        usual="-scheduled"
        keyOf={(item) => `${item.id}|${item.attempt}|${item.state}`}
        hrefOf={({ id }) => hrefOf(['executions', id])}
        tools={<StateChoice state={state} />}
      />
      <CommandLine command={commands.executions()} />
    </>
  )
}

const states = ['running', 'success', 'failure', 'lost', 'cancelled', 'missed', 'skipped-overlap']

function StateChoice(props: { state: string }): VNode {
  return (
    <select
      aria-label="only with this outcome"
      value={props.state}
      onChange={({ currentTarget }) => setQuery({ state: currentTarget.value })}
    >
      <option value="">all outcomes</option>
      {states.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  )
}

function whyText({ why, rank, attempt, trigger, duplicate }: ExecutionItem): string {
  if (attempt === 0) return ''
  const parts = [
    why === 'on-time' ? '' : why,
    trigger === 'dispatch' && why !== 'dispatch' ? 'dispatch' : '',
    rank > 0 ? `rank ${rank + 1}` : '',
    attempt > 1 ? `attempt ${attempt}` : '',
    duplicate ? 'duplicate' : '',
  ]
  return parts.filter(Boolean).join(', ')
}
