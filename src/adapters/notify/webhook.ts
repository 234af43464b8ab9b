import { createHmac } from 'node:crypto'
import type { Channel } from '../../ports/notifier.ts'
import { fill, type Message } from './message.ts'

/** One request as it goes out. */
export interface Call {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly allowPrivate: boolean
}

/** Sends a POST; resolves with the status of the answer. */
export type Post = (call: Call, signal: AbortSignal) => Promise<number>

type Webhook = Extract<Channel, { kind: 'webhook' }>
type Ping = Extract<Channel, { kind: 'ping' }>

/** POSTs the message, signed where there is a secret: HMAC-SHA256 over the time, a dot and the body. */
export async function callWebhook(
  post: Post,
  channel: Webhook,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const { url, template, secret, allowPrivate } = channel
  const headers = { 'content-type': 'application/json', ...lowerCase(channel.headers) }
  const isJson = headers['content-type'].includes('json')
  const body = template === null ? JSON.stringify(message.parts) : fill(template, message, isJson)
  const seconds = Math.floor(Date.now() / 1_000)
  const signed = secret === null ? {} : { 'x-meshcron-signature': signature(secret, seconds, body) }
  const own = { 'x-meshcron-id': message.id, 'x-meshcron-event': message.event, ...signed }
  const filled = Object.entries(headers).map(([name, value]) => [name, fill(value, message, false)])
  check(await post({ url, headers: { ...clean(filled), ...own }, body, allowPrivate }, signal))
}

export function signature(secret: string, seconds: number, body: string): string {
  const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${mac}`
}

/** A start, an end, a failure: other messages only leave a line in the log of the watcher. */
export async function callPing(
  post: Post,
  { url, allowPrivate }: Ping,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const target = new URL(url)
  target.pathname = target.pathname.replace(/\/$/, '') + suffixOf(message.event)
  const headers = { 'content-type': 'text/plain; charset=utf-8' }
  check(await post({ url: target.href, headers, body: message.body, allowPrivate }, signal))
}

function suffixOf(event: string): string {
  if (event === 'started') return '/start'
  if (event === 'success' || event === 'recovered') return ''
  const bad = ['failure', 'timeout', 'lost', 'missed', 'no-eligible-node', 'member-down']
  return bad.includes(event) ? '/fail' : '/log'
}

function check(status: number): void {
  if (status < 200 || status > 299) throw new Error(`status ${status}`)
}

const lowerCase = <T extends Readonly<Record<string, string>>>(headers: T) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/** What comes from a message stays one line. */
const clean = (headers: readonly (readonly string[])[]) =>
  Object.fromEntries(
    headers.map(([name, value]) => [name!, value!.replaceAll(/\p{Cc}/gu, ' ').slice(0, 1_024)]),
  )
