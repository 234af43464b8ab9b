// What strangers, offenders and wrong settings get from a node.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { encodeFrame } from '../../../src/adapters/libp2p/frames.ts'
import { Guard } from '../../../src/adapters/libp2p/guard.ts'
import { createHost, type Host } from '../../../src/adapters/libp2p/host.ts'
import { createKey } from '../../../src/adapters/libp2p/key.ts'
import type { Libp2pInit } from '../../../src/adapters/libp2p/network.ts'
import { type MemberId, memberId } from '../../../src/core/ids.ts'
import { limits } from '../../../src/core/limits.ts'
import { encode } from '../../contract/network-recorder.ts'
import { never, until } from '../../contract/network-until.ts'
import { type FleetNode, startNode } from './fleet.ts'

const topic = 'mc/f1ee7/jobs'

async function node(
  t: TestContext,
  init: Partial<Libp2pInit> = {},
  isOpen = true,
): Promise<FleetNode> {
  const started = await startNode(await createKey(), init, isOpen)
  t.after(() => started.network.stop())
  return started
}

/** A libp2p node that keeps none of our rules. */
async function stranger(t: TestContext): Promise<{ host: Host; member: MemberId }> {
  const key = await createKey()
  const host = await createHost(
    {
      guard: new Guard({
        isAdmitted: () => true,
        whenAdmitted: () => Promise.resolve(true),
        refused: () => {},
      }),
      isDenied: () => false,
      accepted: () => {},
      upgraded: () => {},
      discovered: () => {},
    },
    {
      privateKey: privateKeyFromProtobuf(key.bytes),
      listen: [],
      announce: [],
      topics: [topic],
      fleetSize: 1,
      connectionsMax: 10,
      inboundPerSecondMax: 100,
      upgradeTimeoutMs: 3_000,
    },
  )
  await host.start()
  host.services.pubsub.subscribe(topic)
  t.after(() => host.stop())
  return { host, member: memberId(key.member) }
}

const dial = (host: Host, to: FleetNode): Promise<Connection> =>
  host.dial(multiaddr(to.addresses[0]), { signal: AbortSignal.timeout(5_000) })

test('nodes with another network key, or none, do not connect and are counted', async (t) => {
  const a = await node(t, { networkKey: new Uint8Array(32).fill(1), upgradeTimeoutMs: 1_000 })
  const peers = a.addresses
  const wrong = await node(t, {
    networkKey: new Uint8Array(32).fill(2),
    upgradeTimeoutMs: 1_000,
    peers,
  })
  const open = await node(t, { upgradeTimeoutMs: 1_000, peers })
  await until('dials fail', () =>
    [wrong, open].every(({ network }) => network.counters().dialsFailed >= 2),
  )
  await until('the listener counts', () => a.network.counters().refused >= 2)
  assert.deepEqual([a.heard.links, wrong.heard.links, open.heard.links], [[], [], []])
  assert.ok(wrong.heard.refusals.some((one) => one.what === 'dial'))
  assert.ok(a.heard.refusals.length < 20, 'told at a bounded rate')
  const right = await node(t, { networkKey: new Uint8Array(32).fill(1), peers })
  await until('the right key connects', () => right.heard.isUp(a.network.self))
})

test('a port that is taken is named', async (t) => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  await assert.rejects(
    startNode(await createKey(), { listen: [`127.0.0.1:${port}`] }),
    (error: Error & { code?: string }) =>
      error.code === 'MC_PORT_IN_USE' && error.message.includes(`port ${port}`),
  )
})

test('another key behind a pinned address is not the member', async (t) => {
  const a = await node(t)
  const other = await createKey()
  const address = a.addresses[0]!.replace(a.network.self, other.member)
  const b = await node(t, { peers: [address] })
  await until('the dial fails', () => b.network.counters().dialsFailed > 0)
  assert.deepEqual(b.heard.links, [])
})

test('its own address among the peers is no peer', async (t) => {
  const first = await node(t)
  const listen = first.addresses[0]!.split('/p2p/')[0]!
  await first.network.stop()
  const peers = [listen, first.addresses[0]!]
  const again = await startNode(first.key, { listen: [listen], peers })
  t.after(() => again.network.stop())
  await never(
    'dial failure or link',
    () => {
      return again.network.counters().dialsFailed + again.heard.links.length > 0
    },
    1_000,
  )
})

test('a stranger gets neither gossip nor streams, and is hung up in the end', async (t) => {
  const a = await node(t, { admissionTimeoutMs: 5_000 }, false)
  const { host, member } = await stranger(t)
  const connection = await dial(host, a)
  await until('link', () => a.heard.isUp(member))
  for (const protocol of ['/meshcron/hb/1', '/meshcron/exec/1']) {
    const stream = await connection.newStream(protocol)
    stream.send(encodeFrame(encode('hello')))
  }
  a.network.publish('jobs', encode('secret'))
  await until('refusals', () => a.heard.refusals.filter((one) => one.from === member).length >= 2)
  assert.equal(host.services.pubsub.getSubscribers(topic).length, 0)
  assert.deepEqual(a.heard.messages, [])
  await until('hung up', () => !a.heard.isUp(member), 20_000)
})

test('frames over their bound close the stream, and the fifth one the door', async (t) => {
  const a = await node(t)
  const { host, member } = await stranger(t)
  const connection = await dial(host, a)
  await until('link', () => a.heard.isUp(member))
  for (let i = 1; i <= 5; i++) {
    const stream = await connection.newStream('/meshcron/exec/1')
    const good = encodeFrame(encode(`good ${i}`))
    stream.send(Buffer.concat([good, encodeFrame(new Uint8Array(limits.execFrameBytesMax + 1))]))
    await until('refused', () => a.heard.refusals.length === i)
    await until('closed', () => stream.status !== 'open')
  }
  await until('gone', () => !a.heard.isUp(member))
  assert.deepEqual(a.heard.texts('exec'), ['good 1', 'good 2', 'good 3', 'good 4', 'good 5'])
  const again = await dial(host, a).catch(() => undefined)
  await until('refused at the door', () => again === undefined || again.status !== 'open')
  assert.ok(!a.heard.isUp(member))
})

test('a question over its bound is not read to its end', async (t) => {
  const a = await node(t)
  const { host, member } = await stranger(t)
  const connection = await dial(host, a)
  await until('link', () => a.heard.isUp(member))
  const cases = [
    ['/meshcron/hello/1', encodeFrame(new Uint8Array(limits.execFrameBytesMax + 1))],
    [
      '/meshcron/sync/1',
      Buffer.concat(Array.from({ length: 3 }, () => encodeFrame(Buffer.alloc(100_000)))),
    ],
  ] as const
  for (const [protocol, bytes] of cases) {
    const stream = await connection.newStream(protocol)
    stream.send(bytes)
    await until(protocol, () => stream.status !== 'open')
  }
  await until('both counted', () => a.network.counters().refused === 2)
})

test('silent sockets keep nobody out', async (t) => {
  const a = await node(t, { upgradeTimeoutMs: 1_000 })
  const port = Number(/tcp\/(\d+)/.exec(a.addresses[0]!)![1])
  const sockets: Socket[] = Array.from({ length: 50 }, () => connect(port, '127.0.0.1'))
  for (const socket of sockets) socket.on('error', () => {})
  t.after(() => sockets.forEach((socket) => socket.destroy()))
  const b = await node(t, { peers: a.addresses })
  await until('link', () => b.heard.isUp(a.network.self), 2_000)
  await until('counted', () => a.network.counters().refused >= 50)
})

test('a peer that stops reading loses its exec stream, not its link or memory of ours', async (t) => {
  const a = await node(t)
  const { host, member } = await stranger(t)
  // takes the stream and never reads: the window fills, then our queue
  await host.handle('/meshcron/exec/1', (stream) => stream.pause())
  await dial(host, a)
  await until('link', () => a.heard.isUp(member))
  const frame = new Uint8Array(16_000)
  await until('the queue is full', () => {
    for (let i = 0; i < 20; i++) a.network.send(member, 'exec', frame)
    return a.heard.refusals.some((one) => one.what === 'exec')
  })
  assert.ok(a.heard.isUp(member))
})
