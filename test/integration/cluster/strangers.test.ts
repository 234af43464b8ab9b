// Bad input of other machines: it is counted, nobody gets in, and the ticks go on.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createCrypto, memberOf, publicKeyOf } from '../../../src/adapters/crypto/crypto.ts'
import { keyTools } from '../../../src/adapters/crypto/key-tools.ts'
import { createKey, nodeKey, type NodeKey } from '../../../src/adapters/libp2p/key.ts'
import { Author } from '../../../src/core/author.ts'
import { SeenVector } from '../../../src/core/clock/version-vector.ts'
import {
  decodeHello,
  encodeHello,
  type Hello,
} from '../../../src/core/membership/member-message.ts'
import { memberId } from '../../../src/core/ids.ts'
import { sealNode } from '../../../src/core/membership/node-record.ts'
import { clusterIdOf, roles, signCertificate } from '../../../src/core/trust/certificate.ts'
import { until } from '../../until.ts'
import { nodeRecord } from '../../core/membership/records.ts'
import { type FleetNode, startNode } from '../libp2p/fleet.ts'
import type { Daemon } from './daemon.ts'
import { Cluster } from './harness.ts'
import { everySecond } from './truth.ts'

const job = 'second'

test('strangers are counted and kept out, and no tick and no definition is lost', async (t) => {
  await Cluster.run({ nodes: 2 }, async (cluster) => {
    const [node] = cluster.nodes
    const run = { shell: cluster.truth.script() }
    await node!.api.createJob({ name: job, ...everySecond, run })
    await cluster.untilSeen(job)
    const fromMs = Date.now() + 1_000
    const pids = cluster.nodes.map(({ pid }) => pid)
    await otherKey(t, cluster)
    await garbage(t, cluster)
    await otherVersion(t, cluster)
    await deafPeers(t, cluster)

    assert.deepEqual(
      cluster.nodes.slice(0, 2).map(({ pid }) => pid),
      pids,
      'nobody has crashed',
    )
    const toMs = Math.floor(Date.now() / 1_000) * 1_000
    await until('the last tick ran', () => cluster.truth.ticksOf(job).has(toMs))
    const { missed, doubled } = cluster.truth.check(job, { fromMs, toMs })
    assert.deepEqual([missed, doubled], [[], []])
    for (const { api } of cluster.nodes) assert.ok(await api.hasJob(job))
  })
})

/** Waits until a node has refused more than before. */
async function untilRefused({ api }: Daemon, what: string, before: number): Promise<void> {
  await until(`it counts ${what}`, async () => (await refusals(api)) > before, 10_000)
}

const refusals = async (api: Daemon['api']): Promise<number> =>
  (await api.status()).network['refused'] ?? 0

async function otherKey(t: TestContext, cluster: Cluster): Promise<void> {
  const [node] = cluster.nodes
  await cluster.step(t, 'a node with another network key never joins and is counted', async () => {
    const before = await refusals(node!.api)
    const key = join(cluster.dir, 'other.key')
    writeFileSync(key, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
    const stranger = await cluster.join('stranger', ['--network-key', key])
    await stranger.start()
    await untilRefused(node!, 'the handshake', before)
    await until('the stranger counts it too', async () => {
      const { network } = await stranger.api.status()
      return (network['dialsFailed'] ?? 0) >= 2
    })
    for (const { api, id } of [...cluster.nodes.slice(0, 2), stranger]) {
      const { members } = await api.status()
      const seen = members.filter((one) => one.state === 'alive').map((one) => one.id)
      assert.equal(seen.includes(stranger.id), id === stranger.id)
    }
    await stranger.kill()
    cluster.nodes.pop()
  })
}

async function garbage(t: TestContext, cluster: Cluster): Promise<void> {
  const [node] = cluster.nodes
  await cluster.step(
    t,
    'bytes that are no protocol are counted and end the connection',
    async () => {
      const before = await refusals(node!.api)
      const port = Number(/tcp\/(\d+)/.exec(node!.addresses[0]!)![1])
      const texts = [
        randomBytes(65_536),
        Buffer.alloc(1_000_000, 0xff),
        'GET / HTTP/1.1\r\n\r\n',
        '',
      ]
      const sockets = texts.map((bytes) => {
        const socket = connect(port, '127.0.0.1').on('error', () => {})
        socket.write(bytes)
        return socket
      })
      // a reset is as good an end as any
      const closed = sockets.map(
        (socket) => new Promise((resolve) => void socket.resume().on('close', resolve)),
      )
      await Promise.all(closed)
      await untilRefused(node!, 'the garbage', before)
    },
  )
}

async function otherVersion(t: TestContext, cluster: Cluster): Promise<void> {
  const [node] = cluster.nodes
  const keyIn = (path: string): Uint8Array =>
    new Uint8Array(Buffer.from(readFileSync(path, 'latin1').trim(), 'hex'))
  const networkKey = keyIn(cluster.networkKey)
  const clusterKey = keyTools.publicKeyOf(memberOf(keyIn(cluster.clusterKey)))!
  const clusterId = clusterIdOf(keyTools.sha256, clusterKey)
  const to = memberId(node!.id)
  const say = async (bytes: Uint8Array, key?: NodeKey): Promise<Uint8Array> => {
    const stranger = await startNode(key ?? (await createKey()), { clusterId, networkKey }, false)
    // its own hello to us stays unanswered, so that ours is judged
    stranger.heard.respond = () => new Promise(() => {})
    try {
      return await ask(stranger, bytes)
    } finally {
      await stranger.network.stop()
    }
  }
  const ask = async (stranger: FleetNode, bytes: Uint8Array): Promise<Uint8Array> => {
    stranger.network.setTargets([{ member: to, addresses: node!.addresses }])
    await until('it is connected', () => stranger.heard.isUp(to))
    return await stranger.network.request(to, 'hello', bytes, 20_000)
  }

  await cluster.step(
    t,
    'a peer of another protocol version is told so and not admitted',
    async () => {
      const hello: Hello = {
        kind: 'hello',
        clusterId,
        protoMin: 9,
        protoMax: 9,
        node: new Uint8Array([1]),
        yourIncarnation: 0,
      }
      const answer = decodeHello(await say(encodeHello(hello)))
      assert.ok(answer.ok && answer.value.kind === 'refused', 'the answer is a refusal')
      assert.match(answer.value.reason, /9 to 9/)
      assert.deepEqual([answer.value.protoMin, answer.value.protoMax], [1, 1])
      await until('it is told in the log', () =>
        node!.logged('refused').some((line) => /9 to 9/.test(String(line['reason']))),
      )
    },
  )

  await cluster.step(
    t,
    'SEC-40, SEC-41: a peer with the network key and a certificate of its own making is refused',
    async () => {
      const seed = randomBytes(32)
      const hello = selfMadeHello(clusterId, seed)
      const answer = decodeHello(await say(encodeHello(hello), nodeKeyOf(seed)))
      assert.ok(answer.ok && answer.value.kind === 'refused', 'the answer is a refusal')
      assert.match(answer.value.reason, /certificate does not count: a bad signature/)
      const { members } = await node!.api.status()
      assert.ok(members.every(({ id }) => id !== memberOf(seed)))
    },
  )

  await cluster.step(t, 'a peer that sends malformed frames is counted', async () => {
    const before = (await node!.api.status()).network
    const answer = decodeHello(await say(new Uint8Array(randomBytes(4_096))))
    assert.ok(answer.ok && answer.value.kind === 'refused')
    await until('it is counted', async () => {
      const { network } = await node!.api.status()
      return sum(network) > sum(before)
    })
  })
}

/** The hello of a node that has certified itself. */
function selfMadeHello(clusterId: string, seed: Uint8Array): Hello {
  const crypto = createCrypto(seed)
  const member = memberOf(seed)
  const certificate = signCertificate(crypto, {
    clusterId,
    peerId: member,
    encryptionKey: randomBytes(32),
    roles,
    tags: {},
    notBefore: 0,
    notAfter: Date.now() + 1_000_000,
    serial: { ms: 1, counter: 0 },
    issuer: 'cluster',
  })
  const author = new Author(
    { crypto, seen: new SeenVector() },
    { member, clusterId, storeEpoch: '0'.repeat(16), startId: '1'.repeat(16) },
  )
  const node = sealNode(author, nodeRecord(0, { member, chain: [certificate] })).bytes
  return { kind: 'hello', clusterId, protoMin: 1, protoMax: 1, node, yourIncarnation: 0 }
}

/** The key of a seed in libp2p's form. */
function nodeKeyOf(seed: Uint8Array): NodeKey {
  const raw = publicKeyOf(memberOf(seed))!
  return nodeKey(Buffer.concat([Buffer.from('08011240', 'hex'), seed, raw]), 'a test')
}

/** Refusals of any kind. */
function sum(network: Readonly<Record<string, number>>): number {
  const counts = Object.entries(network).filter(([name]) => /refused/i.test(name))
  return counts.reduce((total, [, count]) => total + count, 0)
}

async function deafPeers(t: TestContext, cluster: Cluster): Promise<void> {
  await cluster.step(t, 'peers that never answer do not keep a node from joining', async () => {
    const deaf = createServer((socket) => void socket.unref()).listen(0, '127.0.0.1')
    await once(deaf, 'listening')
    const { port } = deaf.address() as AddressInfo
    const flags = [
      '--peer',
      `127.0.0.1:${port}`,
      '--peer',
      '192.0.2.1:7171',
      '--peer',
      '127.0.0.1:1',
    ]
    const joiner = await cluster.join('joiner', flags)
    try {
      await joiner.start()
      await until('it sees the jobs', () => joiner.api.hasJob(job))
      await joiner.untilReady()
    } finally {
      deaf.close()
    }
  })
}
