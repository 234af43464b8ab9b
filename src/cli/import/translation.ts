// What every translation of foreign schedules gives back. Translations are pure; that what they make is
// a valid job is judged by the same code as in the daemon.

import { parseDocument } from '../../core/jobs/document.ts'
import { checkTiming } from '../../core/scheduler/tick.ts'

/** A file, read: `backup.timer`. */
export interface FileText {
  readonly name: string
  readonly text: string
}

/** A job as it was found elsewhere, in words of a job document. */
export interface Translated {
  readonly kind: 'job'
  readonly document: { readonly name: string; readonly [key: string]: unknown }
  /** Where it stood: line 3, backup.timer, default/report. */
  readonly source: string
  /** What is different here, in sentences. */
  readonly differences: readonly string[]
}

/** What was found and cannot be a job here. */
export interface LeftOut {
  readonly kind: 'left-out'
  readonly source: string
  readonly what: string
  readonly why: string
}

export type Found = Translated | LeftOut

export interface Translation {
  readonly jobs: readonly Translated[]
  readonly leftOut: readonly LeftOut[]
  /** What is true of all of them. */
  readonly notes: readonly string[]
}

export const leftOut = (source: string, what: string, why: string): LeftOut => ({
  kind: 'left-out',
  source,
  what,
  why,
})

/** What is said of something left out. */
export function leftOutText({ source, what, why }: LeftOut): string {
  const shown = what === source ? '' : `${what.replaceAll(/\s+/g, ' ')}: `
  return `left out: ${source}: ${shown}${why}`
}

/** Sorts what was found: names become unique, and what the job document refuses is left out. */
export function judge(
  found: readonly Found[],
  nowMs: number,
  notes: readonly string[],
): Translation {
  const jobs: Translated[] = []
  const out: LeftOut[] = []
  const taken = new Set<string>()
  for (const one of found) {
    if (one.kind === 'left-out') {
      out.push(one)
      continue
    }
    const name = freeName(one.document.name, taken)
    const document = { ...one.document, name }
    const why = refusalOf(document, nowMs)
    if (why === undefined) {
      taken.add(name)
      jobs.push({ ...one, document })
    } else out.push(leftOut(one.source, name, why))
  }
  return { jobs, leftOut: out, notes: jobs.length === 0 ? [] : notes }
}

function refusalOf(document: object, nowMs: number): string | undefined {
  const read = parseDocument(document, { nowMs, defaultTimezone: 'UTC' })
  const timing = read.ok ? checkTiming(read.value.name, read.value.definition.timing, nowMs) : read
  if (timing.ok) return undefined
  const { message, hint } = timing.refusal
  return `${message}; ${hint}`
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name
  for (let n = 2; taken.has(free); n++) free = `${name}-${n}`
  return free
}

/** A job's name out of any text; `job` when nothing of it may stay. */
export function nameFrom(text: string): string {
  const name = text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{Mark}/gu, '')
    .replaceAll(/[^a-z0-9_.-]+/g, '-')
    .replaceAll(/\.{2,}/g, '.')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
  return name.slice(0, 120) || 'job'
}

/** The text as one word of `sh`. */
export function shellWord(text: string): string {
  return /^[\w%+,./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The command with a text on its standard input. */
export function withInput(command: string, input: string): string {
  const lines = input.split('\n')
  let end = 'INPUT'
  while (lines.includes(end)) end += '_'
  return `(\n${command}\n) <<'${end}'\n${input}\n${end}\n`
}

/** Whether both day fields restrict, so that here either of them makes a tick. */
export function isUnrestricted(field: string): boolean {
  return /^[*?](?:\/0*1)?$/.test(field)
}
