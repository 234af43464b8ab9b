// Enrolment with real processes: an invite on one node, a start with its token in an empty directory.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { InviteList, InviteMade, PendingList } from '../../../src/adapters/http/schema.ts'
import { createKey } from '../../../src/adapters/libp2p/key.ts'
import { fromBinary, toBinary } from '../../../src/adapters/libp2p/enrol-host.ts'
import { publicKeyOf } from '../../../src/adapters/crypto/crypto.ts'
import { formatToken, parseToken, type JoinToken } from '../../../src/core/trust/join-token.ts'
import { until } from '../../until.ts'
import { Daemon } from '../cluster/daemon.ts'
import { freePort } from '../proxy.ts'

const loopback = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0']

/** Machines in directories of their own; nothing of them is left when the test ends. */
class Machines {
  readonly #t: TestContext
  readonly #dir: string
  readonly #all: Daemon[] = []

  constructor(t: TestContext) {
    this.#t = t
    this.#dir = mkdtempSync(join(tmpdir(), 'meshcron-enrol-'))
    t.after(async () => {
      for (const one of this.#all) if (one.isUp) await one.kill()
      rmSync(this.#dir, { recursive: true, force: true })
    })
  }

  machine(name: string, flags: readonly string[] = []): Daemon {
    const enrol = flags.includes('--enrol') ? [] : ['--enrol', '127.0.0.1:0']
    const init = { name, home: join(this.#dir, name), flags: [...loopback, ...enrol, ...flags] }
    const machine = new Daemon(init)
    this.#all.push(machine)
    return machine
  }

  /** A node that founded a cluster of its own. */
  async founder(name = 'barn', flags: readonly string[] = []): Promise<Daemon> {
    const founder = this.machine(name, flags)
    await founder.start()
    await founder.untilReady()
    return founder
  }

  /** Starts a machine that is refused; resolves with its last words. */
  async refused(
    machine: Daemon,
    flags: readonly string[],
  ): Promise<{ code: number | null; text: string }> {
    const { code } = await machine.spawn(flags)
    machine.crash = undefined
    const last = machine.logged('failed').at(-1)
    this.#t.diagnostic(`${machine.name}: ${String(last?.['msg'])}`)
    return { code, text: `${String(last?.['code'])} ${String(last?.['msg'])}` }
  }
}

async function invite(
  node: Daemon,
  body: Readonly<Record<string, unknown>> = {},
): Promise<InviteMade> {
  const answer = await node.api.send('POST', '/api/v1/invites', { body })
  assert.equal(answer.status, 201, answer.text)
  return answer.json as InviteMade
}

const invites = async ({ api }: Daemon): Promise<InviteList['items']> =>
  ((await api.send('GET', '/api/v1/invites')).json as InviteList).items

const stateOf = async (node: Daemon, { id }: InviteMade): Promise<string | undefined> =>
  (await invites(node)).find((one) => one.id === id)?.state

/** The same token with other parts. */
function changed(text: string, parts: Partial<JoinToken>): string {
  const token = parseToken(text)
  assert.ok(token.ok)
  return formatToken({ ...token.value, ...parts })!
}

const tokenOf = (text: string): JoinToken => {
  const token = parseToken(text)
  assert.ok(token.ok)
  return token.value
}

const portOf = (token: string): number =>
  Number(/tcp\/(\d+)/.exec(fromBinary(tokenOf(token).addresses[0]!)!)![1])

async function untilTogether(...nodes: readonly Daemon[]): Promise<void> {
  for (const { name, api } of nodes) {
    await until(`${name} sees ${nodes.length} alive`, async () => {
      const { members } = await api.status()
      return members.filter(({ state }) => state === 'alive').length === nodes.length
    })
  }
}

/** Forwards to a port and keeps all that passes. */
async function tap(t: TestContext, port: number): Promise<{ port: number; heard: () => Buffer }> {
  const chunks: Buffer[] = []
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk: Buffer) => void chunks.push(chunk))
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, heard: () => Buffer.concat(chunks) }
}

test('a machine with an empty directory joins by a token and runs what its tags attract', async (t) => {
  const machines = new Machines(t)
  const barn = await machines.founder()
  const made = await invite(barn, { allowTags: ['rack'], roles: ['executor', 'viewer'] })
  const port = portOf(made.token)
  const wire = await tap(t, port)
  const token = changed(made.token, { addresses: [toBinary(`/ip4/127.0.0.1/tcp/${wire.port}`)] })
  const field = machines.machine('field', ['--join', token, '--tag', 'rack=4'])
  await field.start()
  await untilTogether(barn, field)
  assert.equal(await stateOf(barn, made), 'used up')
  assert.equal(barn.logged('enrolled').length, 1)

  const run = { shell: 'echo "on $MESHCRON_NODE"' }
  const placement = { tags: { rack: '4' } }
  await barn.api.createJob({ name: 'there', schedule: '@every 1s', run, placement })
  await until('it runs on the node that joined', async () => {
    const items = await barn.api.executions('there')
    return items.some(({ node, outcome }) => node === field.id && outcome === 'success')
  })

  const { secret, enrolKey } = tokenOf(token)
  const networkKey = readFileSync(join(barn.dataDir, 'network.key'), 'latin1').trim()
  const heard = wire.heard()
  assert.ok(heard.length > 1_000, 'the enrolment went through the tap')
  for (const what of [Buffer.from(secret), Buffer.from(enrolKey), Buffer.from(networkKey, 'hex')]) {
    assert.equal(heard.includes(what), false, 'nothing of it is to be read on the wire')
  }
  await until('nobody listens for joiners after the last use', async () => {
    const socket = connect(port, '127.0.0.1')
    const [error] = await Promise.race([once(socket, 'error'), once(socket, 'connect')])
    socket.destroy()
    return error instanceof Error
  })

  await field.terminate()
  await field.start()
  await untilTogether(barn, field)
  assert.equal(existsSync(join(field.dataDir, 'cluster.key')), false)
  const refused = await field.api.refused(403, 'POST', '/api/v1/invites', { body: {} })
  assert.match(refused.detail, /no admin/)
})

test('a token that is changed, expired, revoked or used up lets nobody in', async (t) => {
  const machines = new Machines(t)
  const barn = await machines.founder()
  // holds the door open while the others are tried
  await invite(barn, { uses: 64 })
  const good = await invite(barn, { uses: 64, allowTags: ['site'] })
  const joiner = machines.machine('stranger')
  const turnedAway = async (
    token: string,
    why: RegExp,
    flags: readonly string[] = [],
  ): Promise<void> => {
    const { code, text } = await machines.refused(joiner, ['--join', token, ...flags])
    assert.match(text, why)
    assert.notEqual(code, 0)
    assert.equal(existsSync(join(joiner.dataDir, 'certificate')), false)
    assert.equal(existsSync(join(joiner.dataDir, 'network.key')), false)
  }
  const bytes = (size: number): Uint8Array => new Uint8Array(size).fill(1)
  const other = publicKeyOf((await createKey()).member)!
  const key = ['--network-key', join(barn.dataDir, 'network.key')]
  await turnedAway(good.token, /brings the keys of its cluster/, key)
  await turnedAway(good.token.slice(0, -2), /MC_BAD_CONFIG.*no join token/)
  await turnedAway(changed(good.token, { cluster: bytes(16) }), /MC_NOT_INVITED.*another cluster/)
  await turnedAway(changed(good.token, { enroller: other }), /MC_UNREACHABLE/)
  await turnedAway(changed(good.token, { enrolKey: bytes(16) }), /MC_UNREACHABLE/)
  await turnedAway(changed(good.token, { invite: bytes(8) }), /not known/)
  await turnedAway(good.token, /does not open the tag role/, ['--tag', 'role=db'])

  const once = await invite(barn)
  await barn.api.send('DELETE', `/api/v1/invites/${once.id}`)
  await turnedAway(once.token, /revoked/)

  const forged = changed(good.token, { secret: bytes(16) })
  for (let tries = 0; tries < 5; tries++) await turnedAway(forged, /proof does not fit/)
  assert.equal(await stateOf(barn, good), 'forged')
  assert.match(String(barn.logged('enrol').at(-1)?.['msg']), /5 wrong proofs/)
  await turnedAway(good.token, /closed after 5 wrong proofs/)
  assert.equal(barn.logged('enrolled').length, 0)
})

test('with --confirm a machine waits until an admin accepts it, and starts then', async (t) => {
  const machines = new Machines(t)
  const barn = await machines.founder()
  const made = await invite(barn, { confirm: true, uses: 2, tags: { site: 'north' } })
  const field = machines.machine('field', ['--join', made.token])
  const started = field.start()
  const pending = await until('it waits', async () => {
    const { items } = (await barn.api.send('GET', '/api/v1/pending')).json as PendingList
    return items[0]
  })
  assert.equal(pending.name, 'field')
  assert.deepEqual(pending.tags, { site: 'north' })
  const shown = await until('it says so itself', () => field.logged('waiting').at(-1))
  assert.equal(shown['shortId'], pending.shortId)
  const accepted = await barn.api.send('POST', `/api/v1/pending/${pending.shortId}/accept`)
  assert.equal(accepted.status, 204)
  await started
  await untilTogether(barn, field)
  assert.equal(field.id, pending.member)
})

test('an invite outlives a restart of its node, and kill -9', async (t) => {
  const machines = new Machines(t)
  const barn = await machines.founder('barn', ['--enrol', `127.0.0.1:${await freePort()}`])
  const made = await invite(barn, { uses: 2 })
  await barn.kill()
  await barn.start()
  assert.equal(await stateOf(barn, made), 'open')
  const field = machines.machine('field', ['--join', made.token])
  await field.start()
  await barn.kill()
  await barn.start()
  const [kept] = await invites(barn)
  assert.equal(kept?.usesLeft, 1, 'what was given is on the disk')
})

test('a node of another cluster joins only when that cluster is to be replaced', async (t) => {
  const machines = new Machines(t)
  const barn = await machines.founder()
  const lone = await machines.founder('lone')
  const { id } = lone
  await lone.api.createJob({ name: 'left-behind', schedule: '@hourly', run: { exec: ['true'] } })
  await lone.terminate()
  const { token } = await invite(barn)
  const { code, text } = await machines.refused(lone, ['--join', token])
  assert.equal(code, 2)
  assert.match(text, /MC_BAD_CONFIG.*another cluster/)
  await lone.start(['--join', token, '--replace-cluster'])
  await untilTogether(barn, lone)
  assert.equal(lone.id, id, 'the identity stays')
  const kept = readdirSync(join(lone.dataDir, 'replaced-1'))
  const jobs = readFileSync(join(lone.dataDir, 'replaced-1', 'jobs.yaml'), 'utf8')
  assert.match(jobs, /name: left-behind/)
  assert.equal(await lone.api.hasJob('left-behind'), false)
  for (const name of ['certificate', 'cluster.key', 'store.db'])
    assert.ok(kept.includes(name), name)
})

test('a token file lets an image in once and is deleted; without it and a certificate nothing starts', async (t) => {
  const machines = new Machines(t)
  const barn = await machines.founder()
  const pi = machines.machine('pi')
  const file = join(pi.home, 'meshcron.token')
  const missing = await machines.refused(pi, ['--join-file', file])
  assert.equal(missing.code, 2)
  assert.match(missing.text, /no token in/)
  writeFileSync(file, `${(await invite(barn)).token}\n`)
  await pi.start(['--join-file', file])
  await untilTogether(barn, pi)
  assert.equal(existsSync(file), false)
  await pi.terminate()
  await pi.start(['--join-file', file])
  await untilTogether(barn, pi)
})
