import { Aedes } from 'aedes'
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Channel } from '../../../src/ports/notifier.ts'
import { messageOf } from '../../../src/adapters/notify/message.ts'
import { runProgram } from '../../../src/adapters/notify/program.ts'
import { until } from '../../until.ts'
import { noticeOf, notifierContract } from '../../contract/notifier.contract.ts'
import { directoryOf } from '../executor/local.ts'
import { notifierOf, openWeb } from './receivers.ts'

type Webhook = Extract<Channel, { kind: 'webhook' }>

const webhook = (url: string, more: Partial<Webhook> = {}): Webhook => ({
  kind: 'webhook',
  url,
  headers: {},
  template: null,
  secret: null,
  allowPrivate: true,
  ...more,
})

notifierContract('with a webhook', async (t) => {
  const { url, posts } = await openWeb(t)
  const notifier = notifierOf({ good: webhook(url), bad: webhook(`${url}/status/500`) })
  const idsOf = (body: string): readonly string[] => {
    const { id, notices } = JSON.parse(body) as { id: string; notices: { id: string }[] }
    return notices.length === 0 ? [id] : notices.map((one) => one.id)
  }
  return { notifier, delivered: () => posts.map(({ body }) => idsOf(body)) }
})

notifierContract('with a program', async (t) => {
  const file = join(directoryOf(t), 'told')
  writeFileSync(file, '')
  const notifier = notifierOf({
    good: { kind: 'exec', argv: ['/bin/sh', '-c', 'cat >> "$0"; echo >> "$0"', file] },
    bad: { kind: 'exec', argv: ['/bin/sh', '-c', 'echo no paper >&2; exit 3'] },
  })
  const delivered = (): readonly (readonly string[])[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { id: string; notices: { id: string }[] })
      .map(({ id, notices }) => (notices.length === 0 ? [id] : notices.map((one) => one.id)))
  return { notifier, delivered }
})

const failed = noticeOf(5, {
  job: 'backup' as never,
  execution: 'backup@1' as never,
  member: 'm' as never,
  memberName: 'barn',
  dueMs: Date.UTC(2026, 6, 1, 10),
  timezone: 'Europe/Berlin',
  reason: 'exit 1',
  streak: 3,
})

test('a webhook says job, tick local and UTC, executor, reason, streak and the last output', async (t) => {
  const { url, posts } = await openWeb(t)
  const notifier = notifierOf({ ops: webhook(`${url}/hook`) }, 'disk "full"')
  assert.equal(await notifier.deliver('ops', [failed]), undefined)
  const said = JSON.parse(posts[0]!.body) as Readonly<Record<string, unknown>>
  assert.equal(said['text'], 'backup failed on barn (exit 1), 3 in a row')
  assert.equal(said['due'], '2026-07-01T10:00:00.000Z')
  assert.equal(said['dueLocal'], '2026-07-01 12:00:00 Europe/Berlin')
  assert.equal(said['node'], 'barn')
  assert.equal(said['output'], 'disk "full"')
  assert.equal(said['link'], 'https://cron.example.org/#/executions/backup%401')
  assert.equal(posts[0]!.headers['x-meshcron-id'], failed.id)
})

test('a secret signs time and body with HMAC-SHA256', async (t) => {
  const { url, posts } = await openWeb(t)
  await notifierOf({ ops: webhook(url, { secret: 'key' }) }).deliver('ops', [failed])
  const { headers, body } = posts[0]!
  const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(
    String(headers['x-meshcron-signature']),
  )!
  assert.equal(mac, createHmac('sha256', 'key').update(`${seconds}.${body}`).digest('hex'))
})

test('a template stays JSON whatever a job printed, and is plain where it is said to be', async (t) => {
  const { url, posts } = await openWeb(t)
  const output = 'a "quoted"\nline'
  const template = '{"text": "{{text}}: {{output}}"}'
  await notifierOf({ ops: webhook(url, { template }) }, output).deliver('ops', [failed])
  assert.match((JSON.parse(posts[0]!.body) as { text: string }).text, /: a "quoted"\nline$/)
  const headers = { 'Content-Type': 'text/plain', Title: '{{text}}' }
  const ntfy = webhook(url, { template: '{{output}}', headers })
  await notifierOf({ ops: ntfy }, output).deliver('ops', [failed])
  assert.equal(posts[1]!.body, output)
  assert.equal(posts[1]!.headers['title'], 'backup failed on barn (exit 1), 3 in a row')
})

test('loopback and link-local targets are refused unless allowed', async (t) => {
  const { url, posts } = await openWeb(t)
  const closed = notifierOf({ ops: webhook(url, { allowPrivate: false }) })
  assert.match((await closed.deliver('ops', [failed])) ?? '', /not a public address/)
  const cloud = notifierOf({ ops: webhook('http://169.254.169.254/', { allowPrivate: false }) })
  assert.match((await cloud.deliver('ops', [failed])) ?? '', /not a public address/)
  const own = notifierOf({ ops: webhook('http://127.0.0.1:1/') })
  assert.match((await own.deliver('ops', [failed])) ?? '', /own API/)
  assert.equal(posts.length, 0)
})

test('a webhook that hangs is given up after 5 s', async (t) => {
  const { url } = await openWeb(t)
  assert.equal(
    await notifierOf({ ops: webhook(`${url}/hang`) }).deliver('ops', [failed]),
    'no answer in time',
  )
})

test('a ping URL is called at its start, its end and its failure', async (t) => {
  const { url, posts } = await openWeb(t)
  const notifier = notifierOf({ ops: { kind: 'ping', url: `${url}/ping/a/`, allowPrivate: true } })
  for (const event of ['started', 'success', 'failure', 'paused'] as const) {
    assert.equal(await notifier.deliver('ops', [{ ...failed, event }]), undefined)
  }
  assert.deepEqual(
    posts.map(({ path }) => path),
    ['/ping/a/start', '/ping/a', '/ping/a/fail', '/ping/a/log'],
  )
})

test('a program that does not end is killed with all that it started', async (t) => {
  const file = join(directoryOf(t), 'pid')
  const abort = new AbortController()
  const script = 'sleep 600 & echo $! > "$0.new"; mv "$0.new" "$0"; wait'
  const ended = runProgram(
    ['/bin/sh', '-c', script, file],
    messageOf([failed], { output: '', link: '' }),
    abort.signal,
  )
  await until('the program runs', () => existsSync(file))
  abort.abort()
  await assert.rejects(ended, /did not end in time/)
  const pid = Number(readFileSync(file, 'utf8'))
  await until(
    'it is gone',
    () => !existsSync(`/proc/${pid}/cmdline`) || readFileSync(`/proc/${pid}/cmdline`).length === 0,
  )
})

test('a program that fails is told of with what it said', async () => {
  const notifier = notifierOf({
    bad: { kind: 'exec', argv: ['/bin/sh', '-c', 'echo no paper >&2; exit 3'] },
    gone: { kind: 'exec', argv: ['/nowhere/at-all'] },
  })
  assert.equal(await notifier.deliver('bad', [failed]), 'exit 3 no paper')
  assert.match((await notifier.deliver('gone', [failed])) ?? '', /ENOENT/)
})

test('an MQTT channel publishes the message to its topic', async (t) => {
  const broker = await Aedes.createBroker()
  const heard: string[] = []
  broker.on('publish', ({ topic, payload }, client) => {
    if (client === null) return
    heard.push(`${topic} ${(JSON.parse(String(payload)) as { event: string }).event}`)
  })
  const server = createServer((socket: Socket) => void broker.handle(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    await new Promise<void>((resolve) => broker.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const mqtt = { kind: 'mqtt', url: `mqtt://127.0.0.1:${port}`, topic: 'site/alerts' } as const
  const rest = { qos: 1, retain: false, username: '', password: '', allowPrivate: true } as const
  const notifier = notifierOf({ ops: { ...mqtt, ...rest } })
  assert.equal(await notifier.deliver('ops', [failed]), undefined)
  assert.deepEqual(heard, ['site/alerts failure'])
})
