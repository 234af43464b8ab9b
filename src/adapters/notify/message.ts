// What people get: the parts of a message by name, for every kind of channel the same.

import { sentenceOf, type Notice } from '../../core/notify/notice.ts'
import { partNames } from '../../ports/notifier.ts'

export interface Message {
  readonly id: string
  readonly event: string
  /** Empty: it is about no job, or about several. */
  readonly job: string
  /** One line, for a subject. */
  readonly text: string
  /** Everything in lines. */
  readonly body: string
  /** The parts by name. */
  readonly parts: Readonly<Record<string, unknown>>
}

const instant = (ms: number): string => new Date(ms).toISOString()

/** The local reading of an instant, with the name of its zone. */
function local(ms: number, timeZone: string): string {
  const style = { dateStyle: 'short', timeStyle: 'medium', timeZone } as const
  return `${new Intl.DateTimeFormat('sv-SE', style).format(ms)} ${timeZone}`
}

/** What a message says beside its notice. */
export interface Around {
  /** The end of what the execution printed. */
  readonly output: string
  /** Address of a dashboard; empty: none. */
  readonly link: string
}

/** One message, or a digest of several. */
export function messageOf(notices: readonly Notice[], around: Around): Message {
  const [first] = notices
  if (first === undefined) throw new Error('a message has something to say')
  return notices.length === 1 ? single(first, around) : digest(first, notices, around)
}

/** The page of what it is about. */
function linkOf({ execution, job }: Notice, link: string): string {
  if (link === '') return ''
  const page =
    execution === null ? `jobs/${job ?? ''}` : `executions/${encodeURIComponent(execution)}`
  return `${link.replace(/\/$/, '')}/#/${execution === null && job === null ? '' : page}`
}

function single(notice: Notice, around: Around): Message {
  const { output } = around
  const parts = partsOf(notice, around)
  const { id, event } = notice
  const lines = Object.entries(parts)
    .filter(([name, value]) => !['id', 'text', 'output'].includes(name) && value !== null)
    .map(
      ([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)] as const,
    )
    .filter(([, value]) => !['', '0', 'false'].includes(value))
    .map(([name, value]) => `${name}: ${value}`)
  const text = sentenceOf(notice)
  const printed = output === '' ? [] : ['', 'last output:', output]
  const body = [text, '', ...lines, ...printed].join('\n')
  return { id, event, job: notice.job ?? '', text, body, parts: { ...parts, body, notices: [] } }
}

function partsOf(notice: Notice, { output, link }: Around): Readonly<Record<string, unknown>> {
  const { id, event, atMs, isReminder, job, execution, dueMs, timezone, member } = notice
  const { memberName, outcome, reason, attempts, streak, others } = notice
  return {
    id,
    event,
    text: sentenceOf(notice),
    at: instant(atMs),
    isReminder,
    job,
    execution,
    due: dueMs === null ? null : instant(dueMs),
    dueLocal: dueMs === null ? null : local(dueMs, timezone),
    timezone,
    member,
    node: memberName,
    outcome,
    reason,
    attempts,
    streak,
    others,
    link: linkOf(notice, link),
    output,
  }
}

function digest(first: Notice, notices: readonly Notice[], { link }: Around): Message {
  const text = `${notices.length} messages: ${sentenceOf(first)}, …`
  const body = notices.map((notice) => `${instant(notice.atMs)} ${sentenceOf(notice)}`).join('\n')
  const each = notices.map((notice) => partsOf(notice, { output: '', link }))
  const none = Object.fromEntries(partNames.map((name) => [name, null]))
  const event = 'digest'
  const parts = { ...none, id: first.id, event, text, body, at: instant(first.atMs) }
  return { id: first.id, event, job: '', text, body, parts: { ...parts, notices: each } }
}

/** Fills a template: in JSON the parts are written as inside a text, elsewhere as they are. */
export function fill(template: string, message: Message, isJson: boolean): string {
  return template.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_whole, name: string) => {
    const value = message.parts[name]
    const text = value === null || value === undefined ? '' : asText(value)
    return isJson ? JSON.stringify(text).slice(1, -1) : text
  })
}

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)
