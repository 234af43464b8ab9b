import { stripVTControlCharacters } from 'node:util'
import { jobColumns } from '../commands/job/ls.ts'
import { memberColumns } from '../commands/member.ts'
import { healthText } from '../commands/status.ts'
import { executionColumns } from '../executions.ts'
import type { Io } from '../io.ts'
import { oneLine, tableLines } from '../output.ts'
import type { Column } from '../output.ts'
import { painter } from '../style.ts'
import { shortName } from '../text.ts'
import { rowsOf } from './data.ts'
import type { Data } from './data.ts'
import { keysText, selectedIndex, shownRows, views } from './state.ts'
import type { State } from './state.ts'

export interface Size {
  readonly rows: number
  readonly columns: number
}

/** The lines of one picture: as many as the terminal has rows, none longer than it is wide. */
export function frame(io: Io, state: State, data: Data, size: Size): readonly string[] {
  const sized: Io = Object.assign(Object.create(io) as Io, {
    stdout: { write: () => undefined, isTTY: true, columns: size.columns },
  })
  const bodyRows = Math.max(1, size.rows - 3)
  const body = state.page === undefined ? listOf(sized, state, data, bodyRows) : pageOf(state.page)
  const shown = Array.from({ length: bodyRows }, (_, i) => body[i] ?? '')
  const lines = [headOf(sized, data), tabsOf(sized, state), ...shown, footOf(sized, state)]
  return lines.slice(0, size.rows).map((line) => cut(line, size.columns))
}

function headOf(io: Io, { status, members }: Data): string {
  const alive = members.filter(({ state }) => state === 'alive').length
  const clock = new Date(io.nowMs()).toLocaleTimeString('sv-SE')
  const name = painter(io)(shortName(status.self), 'bold')
  return `${name}  ${healthText(io, status)}  ${alive}/${members.length} alive  ${clock}`
}

function tabsOf(io: Io, { view, filter, page }: State): string {
  const paint = painter(io)
  if (page !== undefined) return paint(oneLine(page.title), 'bold')
  const tabs = views.map((one, i) => paint(`<${i + 1}> ${one}`, one === view ? 'bold' : 'dim'))
  return `${tabs.join('  ')}${filter === '' ? '' : `  /${filter}`}`
}

function footOf(io: Io, state: State): string {
  const { prompt, message } = state
  const paint = painter(io)
  if (prompt?.kind === 'sure') return paint(prompt.question, 'yellow')
  if (prompt !== undefined) return `${prompt.kind}${prompt.text}`
  return message === '' ? paint(keysText(state), 'dim') : paint(oneLine(message), 'yellow')
}

function pageOf({ lines, top }: NonNullable<State['page']>): readonly string[] {
  return lines.slice(top).map(oneLine)
}

/** The head of the table, and as much of it around the selection as there is room for. */
function listOf(io: Io, state: State, data: Data, rows: number): readonly string[] {
  const { view } = state
  const all = rowsOf(data, view)
  const kept = new Set(shownRows(state, all).map(({ key }) => key))
  const isKept = (_row: unknown, i: number): boolean => kept.has(all[i]!.key)
  const table = <T>(items: readonly T[], columns: readonly Column<T>[]): readonly string[] =>
    tableLines(io, false, { rows: items.filter(isKept), columns })
  const [head = '', ...lines] =
    view === 'jobs'
      ? table(data.jobs, jobColumns(io.nowMs()))
      : view === 'runs'
        ? table(data.runs, executionColumns(io))
        : table(data.members, memberColumns)
  if (lines.length === 0) return [head, state.filter === '' ? 'none' : 'none of this name']
  const at = selectedIndex(state, shownRows(state, all))
  const room = Math.max(1, rows - 1)
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), lines.length - room))
  const shown = lines
    .slice(from, from + room)
    .map((line, i) => (from + i === at ? inverse(line, io.stdout.columns ?? 80) : line))
  return [head, ...shown]
}

/** Inverse also where there are no colours: something has to show what is selected. */
function inverse(line: string, columns: number): string {
  return `\u001b[7m${stripVTControlCharacters(line).padEnd(columns)}\u001b[0m`
}

/** Cuts what is seen and keeps what colours it. */
function cut(line: string, columns: number): string {
  if (Array.from(stripVTControlCharacters(line)).length <= columns) return line
  return Array.from(stripVTControlCharacters(line)).slice(0, columns).join('')
}
