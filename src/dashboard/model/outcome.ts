// What is said of an execution, and in which tone: the same words and colours in tables, tiles and
// on the timeline.

import type { ExecutionItem, Job, JobTick } from '../answers.ts'

/** A tone has one colour in each theme. */
export type Tone = 'ok' | 'busy' | 'bad' | 'warn' | 'quiet' | 'lost'

type Told = Pick<ExecutionItem, 'state' | 'outcome' | 'nextAttemptAt'>

/** One word for how far an execution has come. */
export function wordOf({ state, outcome, nextAttemptAt }: Told): string {
  if (state !== 'ended') return state
  if (nextAttemptAt !== null && outcome !== 'success') return 'retry'
  return outcome ?? 'ended'
}

const tones: Readonly<Record<string, Tone>> = {
  success: 'ok',
  alive: 'ok',
  idle: 'ok',
  synced: 'ok',
  running: 'busy',
  claimed: 'busy',
  queued: 'busy',
  retry: 'warn',
  retrying: 'warn',
  failure: 'bad',
  down: 'bad',
  lost: 'lost',
  unreachable: 'lost',
  missed: 'warn',
  'no-eligible-node': 'bad',
  'skipped-overlap': 'warn',
  exhausted: 'quiet',
}

/** The tone of a word: an outcome, a phase, a state of a job or of a member. */
export const toneOf = (word: string): Tone => tones[word] ?? 'quiet'

/** The tone of an execution. */
export const toneOfExecution = (item: Told): Tone => toneOf(wordOf(item))

/** Whether nothing ran: the record is of a tick, not of a command. */
export const isNotRun = ({ attempt, state }: Pick<ExecutionItem, 'attempt' | 'state'>): boolean =>
  attempt === 0 && state === 'ended'

/** Whether somebody should look at it. */
export const isTrouble = (item: Told): boolean =>
  ['bad', 'lost'].includes(toneOfExecution(item)) || item.outcome === 'missed'

/** Why it ended so, in a few words. */
export function reasonText(item: ExecutionItem): string {
  const { reason, exitCode, count } = item
  const times = count > 1 ? `${count} ticks` : ''
  const code = exitCode === null || exitCode === 0 ? '' : `exit ${exitCode}`
  const why = reason === 'exit' ? code : [reason, code].filter(Boolean).join(', ')
  return [why, times].filter(Boolean).join(', ')
}

/** How a job's place in the list reads when it is paused or cannot run. */
export function jobStateText({ state, pause }: Pick<Job, 'state' | 'pause'>): string {
  if (pause === null || pause.note === '') return state
  return `${state}: ${pause.note}`
}

/** `barn`, or the end of the id where a member has no name. */
export function nodeText(id: string | null, name: string | null): string {
  if (id === null) return '–'
  return name === null || name === '' ? id.slice(-8) : name
}

/** Who is to run a tick, or why nobody is. */
export function whoText(tick: Pick<JobTick, 'node' | 'nodeName' | 'deniedBy'>): string {
  const { node, nodeName, deniedBy } = tick
  if (deniedBy !== null) return `denied by ${deniedBy}`
  return node === null ? 'no node may run it' : nodeText(node, nodeName)
}
