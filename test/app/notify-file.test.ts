import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseNotifyConfig, readNotifyConfig } from '../../src/app/notify-file.ts'
import { Fleet } from './fixture.ts'

const bad: readonly (readonly [string, unknown, string, string])[] = [
  ['an unknown key', { chanels: {} }, 'chanels: unknown key', 'did you mean "channels"?'],
  [
    'an unknown kind',
    { channels: { ops: { webhok: 'x' } } },
    'channels.ops.webhok',
    'did you mean "webhook"?',
  ],
  [
    'two kinds',
    { channels: { ops: { exec: ['a'], ping: 'x' } } },
    'channels.ops',
    'write exactly one of',
  ],
  ['a name that is none', { channels: { 'Ops!': { exec: ['a'] } } }, 'channels.Ops!', 'use a-z'],
  [
    'a rule without its channel',
    { channels: { ops: { exec: ['a'] } }, rules: [{ on: 'missed', via: 'opps' }] },
    'rules[0].via',
    'did you mean "ops"?',
  ],
  [
    'an unknown event',
    { rules: [{ on: ['member-dwon'], via: 'a' }] },
    'rules[0].on[0]',
    'did you mean "member-down"?',
  ],
  [
    'a template with an unknown part',
    { channels: { ops: { webhook: { url: 'http://a/', template: '{{jobb}}' } } } },
    'channels.ops.webhook.template',
    'did you mean "job"?',
  ],
  [
    'a password in the clear',
    {
      channels: {
        m: { email: { host: 'a', from: 'a@b', to: 'a@b', username: 'u', security: 'none' } },
      },
    },
    'channels.m.email.security',
    'use starttls or tls',
  ],
]

for (const [what, document, path, hint] of bad) {
  test(`notify.yaml with ${what} is refused with its place and what to write`, () => {
    const read = parseNotifyConfig(document)
    assert.ok(!read.ok)
    assert.ok(read.refusal.message.startsWith(path), read.refusal.message)
    assert.ok(read.refusal.hint.startsWith(hint), read.refusal.hint)
  })
}

test('every kind of channel is read, and a URL alone is short for a map with it', () => {
  const read = parseNotifyConfig({
    channels: {
      a: { webhook: 'https://example.org/hook' },
      b: { ping: 'https://hc.example.org/ping/x' },
      c: { exec: ['/usr/bin/logger', '-t', 'meshcron'] },
      d: { email: { host: 'mail.example.org', from: 'a@example.org', to: ['b@example.org'] } },
      e: { mqtt: { url: 'mqtt://broker', topic: 'alerts' } },
    },
    rules: [{ on: ['member-down', 'recovered'], via: 'a' }],
  })
  assert.ok(read.ok, read.ok ? '' : read.refusal.message)
  assert.deepEqual(
    Object.values(read.value.channels).map(({ kind }) => kind),
    ['webhook', 'ping', 'exec', 'email', 'mqtt'],
  )
  assert.equal(read.value.rules[0]?.after, 1)
})

test('a file that others may write is refused, a wrong line is named, no file means no channels', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'meshcron-notify-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'notify.yaml')
  assert.deepEqual(readNotifyConfig(dir), {
    ok: true,
    value: { channels: {}, rules: [], link: '' },
  })
  writeFileSync(file, 'channels:\n  ops:\n    webhook: { url: ftp://x }\n')
  const read = readNotifyConfig(dir)
  assert.ok(!read.ok && read.refusal.message.startsWith(`${file}:3: channels.ops.webhook.url`))
  chmodSync(file, 0o666)
  const open = readNotifyConfig(dir)
  assert.match(open.ok ? '' : open.refusal.message, /others may write/)
})

test('a test message goes through a channel of this node, and of no other', async () => {
  const fleet = new Fleet().start()
  const tested = await fleet.api.testChannel('ops')
  assert.ok(tested.ok)
  assert.equal(fleet.notifier.delivered[0]?.notices[0]?.event, 'test')
  const unknown = await fleet.api.testChannel('opps')
  assert.equal(!unknown.ok && unknown.refusal.code, 'MC_UNKNOWN_CHANNEL')
  assert.equal(!unknown.ok && unknown.refusal.hint, 'did you mean "ops"?')
  fleet.notifier.failure = () => 'status 500'
  const failed = await fleet.api.testChannel('ops')
  assert.equal(!failed.ok && failed.refusal.code, 'MC_NOT_DELIVERED')
})
