// How executions are listed, wherever that is asked for.

import type { ExecutionItem, ExecutionPage } from './answers.ts'
import type { Client, Query } from './client.ts'
import type { Io } from './io.ts'
import { showList } from './output.ts'
import type { Column, Format } from './output.ts'
import { colourOf } from './style.ts'
import { instantText, nodeText, tookText } from './text.ts'

const pageRows = 1_000

/** The outcome, or how far it has come. */
export function endText({ outcome, state, reason, count, duplicate }: ExecutionItem): string {
  const word = outcome ?? state
  const why = outcome === null || outcome === 'success' || reason === '' ? '' : ` (${reason})`
  return `${word}${why}${count > 1 ? ` ×${count}` : ''}${duplicate ? ' duplicate' : ''}`
}

/** Columns of a list of executions. */
export function executionColumns(io: Io): readonly Column<ExecutionItem>[] {
  const nowMs = io.nowMs()
  return [
    { title: 'ID', cell: ({ id }) => id },
    { title: 'SCHEDULED', cell: ({ scheduledAt }) => instantText(scheduledAt, nowMs) },
    { title: 'NODE', cell: ({ node, nodeName }) => nodeText(node, nodeName) },
    {
      title: 'OUTCOME',
      cell: endText,
      colour: ({ outcome, state }) => colourOf(outcome ?? state),
    },
    { title: 'TOOK', cell: (item) => tookText(item, nowMs) },
    { title: 'EXIT', cell: ({ exitCode }) => exitCode?.toString() ?? '-' },
    { title: 'SLOT', cell: ({ slot }) => slot.slice(-5), wide: true },
    { title: 'ATTEMPT', cell: ({ attempt }) => attempt.toString(), wide: true },
    { title: 'WHY', cell: ({ why }) => why, wide: true },
    { title: 'RANK', cell: ({ rank }) => rank.toString(), wide: true },
    { title: 'OUTPUT', cell: ({ outputBytes }) => `${outputBytes} B`, wide: true },
  ]
}

/** Reads pages until there are `limit` rows or no more. */
export async function readExecutions(
  client: Client,
  query: Query,
  limit: number,
): Promise<ExecutionPage> {
  const items: ExecutionItem[] = []
  let cursor: string | undefined
  do {
    const rows = Math.min(limit - items.length, pageRows)
    const page = await client.get<ExecutionPage>('/executions', { ...query, limit: rows, cursor })
    items.push(...page.items)
    cursor = page.cursor ?? undefined
  } while (cursor !== undefined && items.length < limit)
  return { items, cursor: cursor ?? null }
}

/** Lists executions, newest first. */
export async function showExecutions(
  io: Io,
  format: Format,
  { items, cursor }: ExecutionPage,
): Promise<void> {
  await showList(io, format, {
    value: { items, cursor },
    rows: items,
    columns: executionColumns(io),
    name: ({ id }) => id,
    empty: 'nothing has run yet; meshcron plan shows what will',
  })
}
