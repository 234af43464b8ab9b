import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { startDaemon, type Daemon } from './harness.ts'

let daemon: Daemon
before(async () => {
  daemon = await startDaemon()
})

test('a token is shown once, listed without itself and taken back', async () => {
  const made = await daemon.run(['token', 'create', '--scope', 'author', '--ttl', '30d'])
  assert.equal(made.stdout, 'mct_made\n')
  const list = await daemon.run(['token', 'ls'])
  assert.match(list.stdout, /^ID +NAME +SCOPE +EXPIRES\n0a1b2c3d +grafana +read +/)
  assert.doesNotMatch(list.stdout, /mct_/)
  assert.equal((await daemon.run(['token', 'rm', '0a1b2c3d'])).stdout, '0a1b2c3d is gone\n')
})
