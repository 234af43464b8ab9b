// What happened around a broken promise: what was wrong then, how the members saw each other, and
// the events before and after that concern it.

import type { Entry, EntryOf, History, Violation } from './history.ts'
import type { Line, Window } from './recorder.ts'
import { factText } from './telling.ts'

const beforeMs = 20_000
const afterMs = 3_000
const shown = { facts: 20, steps: 80, after: 6 }

/** The part of a run that a trace has to show. */
export function windowOf({ atMs, execution }: Violation): Window {
  const dueMs = Number(/@(\d+)$/.exec(execution ?? '')?.[1] ?? atMs)
  // what a node far ahead or behind did belongs to the story as long as it is not hours away
  const startMs = Math.abs(atMs - dueMs) < 300_000 ? Math.min(atMs, dueMs) : atMs
  return { fromMs: startMs - beforeMs, toMs: atMs + afterMs }
}

/** The text around a violation; with the steps of nodes when they were kept. */
export function aroundText(
  history: History,
  violation: Violation,
  steps: readonly Line[] = [],
): string {
  const { fromMs, toMs } = windowOf(violation)
  const facts = history.entries
    .filter((entry) => entry.kind !== 'sample' && entry.atMs <= toMs)
    .filter((entry) => isAbout(violation, JSON.stringify(entry)))
    .map((entry): Line => ({ atMs: entry.atMs, text: factText(entry) }))
  const lines =
    steps.length === 0
      ? facts
      : [...facts.filter(({ atMs }) => atMs >= fromMs), ...stepsAbout(violation, steps)].sort(
          (a, b) => a.atMs - b.atMs,
        )
  const at = lines.findLastIndex(({ atMs }) => atMs <= violation.atMs) + 1
  const count = steps.length === 0 ? shown.facts : shown.steps
  const near = lines.slice(Math.max(0, at - count), at + shown.after)
  const since = (atMs: number): string =>
    `${((atMs - history.startMs) / 1_000).toFixed(3)} s`.padStart(14)
  return [
    `    wrong then: ${wrongAt(history, violation.atMs).join('; ') || 'nothing'}`,
    ...viewsAt(history, violation.atMs),
    ...near.map(({ atMs, text }) => `  ${since(atMs)} ${text.slice(0, 240)}`),
  ].join('\n')
}

const stepsAbout = (violation: Violation, steps: readonly Line[]): readonly Line[] =>
  steps.filter(({ text }) => isAbout(violation, text))

/** Whether a line may matter: it names the execution, or no execution at all. */
function isAbout({ execution, job }: Violation, text: string): boolean {
  if (execution !== undefined) return text.includes(execution) || !text.includes('@')
  return job === undefined || text.includes(job) || !text.includes('@')
}

/** What was out of order at an instant, by the ground truth. */
function wrongAt(history: History, atMs: number): readonly string[] {
  const wrong = new Map<string, string>()
  const set = (key: string, text: string | undefined): void => {
    if (text === undefined) wrong.delete(key)
    else wrong.set(key, text)
  }
  for (const entry of history.entries) {
    if (entry.atMs > atMs) break
    note(entry, set)
  }
  return [...wrong.values()]
}

function note(entry: Entry, set: (key: string, text: string | undefined) => void): void {
  switch (entry.kind) {
    case 'node.up':
      set(`up ${entry.node}`, undefined)
      set(`leaving ${entry.node}`, undefined)
      return
    case 'node.down':
      set(`up ${entry.node}`, `node ${entry.node} is down (${entry.how})`)
      set(`stalled ${entry.node}`, undefined)
      return
    case 'node.leaving':
      set(`leaving ${entry.node}`, `node ${entry.node} leaves`)
      return
    case 'node.stalled':
      set(`stalled ${entry.node}`, `node ${entry.node} hangs`)
      return
    case 'node.runs':
      set(`stalled ${entry.node}`, undefined)
      return
    case 'store.failing':
      set(`store ${entry.node}`, `disk of node ${entry.node} fails (${entry.failure})`)
      return
    case 'store.works':
      set(`store ${entry.node}`, undefined)
      return
    case 'link.cut':
      set(`cut ${entry.from} ${entry.to}`, `cut ${entry.from}→${entry.to}`)
      return
    case 'link.healed':
      set(`cut ${entry.from} ${entry.to}`, undefined)
      return
    case 'link.clogged':
      set(`clog ${entry.from} ${entry.to}`, `held back ${entry.from}→${entry.to}`)
      return
    case 'link.unclogged':
      set(`clog ${entry.from} ${entry.to}`, undefined)
      return
    case 'clock':
      set(`clock ${entry.node}`, clockText(entry))
      return
    case 'fault.on':
      set(`fault ${entry.fault} ${entry.detail}`, `${entry.fault} ${entry.detail}`.trimEnd())
      return
    case 'fault.off':
      set(`fault ${entry.fault} ${entry.detail}`, undefined)
      return
    default:
  }
}

const clockText = ({ node, offsetMs, driftPpm }: EntryOf<'clock'>): string | undefined =>
  Math.abs(offsetMs) < 500 && Math.abs(driftPpm) < 1_000
    ? undefined
    : `clock of node ${node} was set ${Math.round(offsetMs)} ms off, ${driftPpm.toFixed(0)} ppm`

/** How each node saw the others when it was last asked. */
function viewsAt(history: History, atMs: number): readonly string[] {
  const views = new Map<number, EntryOf<'sample'>>()
  for (const entry of history.entries) {
    if (entry.atMs > atMs) break
    if (entry.kind === 'sample') views.set(entry.node, entry)
    if (entry.kind === 'node.down') views.delete(entry.node)
  }
  return [...views.values()]
    .sort((a, b) => a.node - b.node)
    .map(({ node, view, atMs: seenMs }) => {
      const ago = ((atMs - seenMs) / 1_000).toFixed(1)
      const states = view.map((member) => `${member.node} ${member.state}`)
      return `    view of node ${node}, ${ago} s before: ${states.join(', ')}`
    })
}
