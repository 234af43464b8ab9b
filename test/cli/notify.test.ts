import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { startDaemon, type Daemon } from './harness.ts'

let daemon: Daemon
before(async () => {
  daemon = await startDaemon()
})

test('channels are listed with who has them and what waits', async () => {
  const { stdout } = await daemon.run(['notify', 'ls'])
  assert.match(stdout, /CHANNEL +HERE +NODES +WAITING\nops +yes +1 +2/)
})

test('a test message says whether it was delivered, and why not', async () => {
  const good = await daemon.run(['notify', 'test', 'ops'])
  assert.equal(good.stdout, 'a test message was delivered through ops\n')
  const broken = await daemon.run(['notify', 'test', 'broken'])
  assert.equal(broken.code, 1)
  assert.match(broken.stderr, /MC_NOT_DELIVERED.*status 500/)
  const unknown = await daemon.run(['notify', 'test', 'opps'])
  assert.equal(unknown.code, 3)
  assert.match(unknown.stderr, /MC_UNKNOWN_CHANNEL/)
})
