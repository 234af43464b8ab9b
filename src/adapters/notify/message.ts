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

/** One message, or a digest of several; `output` is the end of what the execution printed. */
export function messageOf(notices: readonly Notice[], output: string): Message {
  const [first] = notices
  if (first === undefined) throw new Error('a message has something to say')
  return notices.length === 1 ? single(first, output) : digest(first, notices)
}

function single(notice: Notice, output: string): Message {
  const parts = partsOf(notice, output)
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

function partsOf(notice: Notice, output: string): Readonly<Record<string, unknown>> {
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
    output,
  }
}

function digest(first: Notice, notices: readonly Notice[]): Message {
  const text = `${notices.length} messages: ${sentenceOf(first)}, …`
  const body = notices.map((notice) => `${instant(notice.atMs)} ${sentenceOf(notice)}`).join('\n')
  const each = notices.map((notice) => partsOf(notice, ''))
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
