import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { InviteAsk } from '../../src/adapters/http/api.ts'
import { ok, refuse } from '../../src/core/result.ts'
import { enrolment } from '../adapters/http/fake-api.ts'
import { startDaemon, type Daemon } from './harness.ts'

const asked: InviteAsk[] = []
const decided: [string, boolean][] = []
const shortId = 'barnb2m9'
const pending = {
  member: `12D3KooW${shortId}`,
  shortId,
  name: 'porch',
  invite: '0123456789abcdef',
  tags: { role: 'edge' },
  roles: ['executor'] as const,
  at: '2027-03-01T12:00:00.000Z',
}

let daemon: Daemon
before(async () => {
  daemon = await startDaemon({
    enrolment: {
      ...enrolment,
      invite: async (ask) => {
        asked.push(ask)
        return await enrolment.invite(ask)
      },
      revokeInvite: async (id) =>
        id === '00' ? refuse('MC_UNKNOWN_INVITE', 'no invite "00"', 'list them') : ok(undefined),
      pending: async () => ok({ items: [pending] }),
      decide: async (member, isAccepted) => {
        decided.push([member, isAccepted])
        return ok(undefined)
      },
    },
  })
})

test('an invite is made from its options and printed as a command', async () => {
  const plain = await daemon.run(['invite'])
  assert.match(plain.stdout, /^meshcron start --join mc1:…\n {2}invite \w+ · 1 use · until /)
  assert.deepEqual(asked.pop(), {})
  const given = '--tag site=barn --allow-tag rack --role executor --uses 5 --ttl 2h --confirm'
  await daemon.run(['invite', ...given.split(' ')])
  assert.deepEqual(asked.pop(), {
    tags: { site: 'barn' },
    allowTags: ['rack'],
    roles: ['executor'],
    uses: 5,
    ttlMs: 7_200_000,
    confirm: true,
  })
  assert.equal((await daemon.run(['invite', '-o', 'name'])).stdout, 'mc1:…\n')
})

test('a QR code is dark on light on a terminal, and plain in a file', async () => {
  const coloured = await daemon.run(['invite', '--qr'], { colour: true })
  const rows = coloured.stdout.split('\n').filter((row) => row.startsWith('\u001b[97;40m'))
  assert.ok(rows.length > 10)
  const plain = await daemon.run(['invite', '--qr'])
  assert.equal(plain.stdout.split('\n').filter((row) => /^[█▀▄ ]+$/.test(row)).length, rows.length)
})

test('bad options are refused before or by the daemon, with what to do', async () => {
  for (const [argv, why] of [
    [['--uses', '0'], /--uses.*no number from 1 to 64/],
    [['--ttl', 'soon'], /--ttl.*no duration/],
    [['--ttl', '1s'], /ttlMs/],
    [['--tag', 'x'], /--tag.*not key=value/],
    [['--role', 'king'], /roles/],
  ] as const) {
    const { code, stderr } = await daemon.run(['invite', ...argv])
    assert.equal(code, 2, stderr)
    assert.match(stderr, why)
  }
  const unknown = await daemon.run(['invite', 'revoke', '00'])
  assert.equal(unknown.code, 3)
  assert.match(unknown.stderr, /MC_UNKNOWN_INVITE/)
})

test('invites and who waits are listed; one who waits is accepted or refused', async () => {
  const list = await daemon.run(['invite', 'ls'])
  assert.match(list.stdout, /0123456789abcdef +open +1 of 1 .*site=barn +-/)
  const waiting = await daemon.run(['pending', 'ls'])
  assert.match(waiting.stdout, /barnb2m9 +porch +executor +role=edge/)
  await daemon.run(['pending', 'accept', shortId])
  await daemon.run(['pending', 'refuse', shortId])
  assert.deepEqual(decided, [
    [shortId, true],
    [shortId, false],
  ])
})
