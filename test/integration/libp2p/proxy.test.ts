import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { createKey } from '../../../src/adapters/libp2p/key.ts'
import { encode } from '../../contract/network-recorder.ts'
import { never, until } from '../../contract/network-until.ts'
import { freePort, nowhere, ProxyLink, ProxyMesh } from '../proxy.ts'
import { type FleetNode, startNode } from './fleet.ts'

interface Echo {
  readonly server: Server
  readonly sockets: Set<Socket>
  readonly port: number
}

async function startEcho(): Promise<Echo> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, sockets, port: (server.address() as AddressInfo).port }
}

/** A client of an echo behind a link. */
async function inEcho(
  run: (link: ProxyLink, dial: () => Client, echo: Echo) => Promise<void>,
): Promise<void> {
  const echo = await startEcho()
  const link = await ProxyLink.open(() => ({ host: '127.0.0.1', port: echo.port }))
  const clients: Client[] = []
  const dial = (): Client => {
    const client = new Client(link.port)
    clients.push(client)
    return client
  }
  try {
    await run(link, dial, echo)
  } finally {
    for (const client of clients) client.socket.destroy()
    await link.close()
    for (const socket of echo.sockets) socket.destroy()
    echo.server.close()
  }
}

class Client {
  readonly socket: Socket
  text = ''
  isReset = false
  isEnded = false

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (bytes) => void (this.text += bytes.toString()))
    this.socket.on('end', () => void (this.isEnded = true))
    this.socket.on('error', () => void (this.isReset = true))
  }
}

describe('the fault proxy', () => {
  test('passes bytes and their end', () =>
    inEcho(async (link, dial) => {
      const client = dial()
      client.socket.end('hello')
      await until('echo', () => client.text === 'hello' && client.isEnded)
      await until('gone', () => link.connections === 0)
    }))

  test('holds both directions silently and keeps the order', () =>
    inEcho(async (link, dial, echo) => {
      const client = dial()
      client.socket.write('1')
      await until('echo', () => client.text === '1')
      link.cut()
      client.socket.write('2')
      const late = dial()
      late.socket.write('late')
      await never('bytes', () => client.text !== '1' || late.text !== '', 100)
      assert.equal(echo.sockets.size, 1, 'the target does not see who dials during the cut')
      link.heal()
      client.socket.write('3')
      await until('echo', () => client.text === '123' && late.text === 'late')
    }))

  test('holds one direction', () =>
    inEcho(async (link, dial, echo) => {
      const client = dial()
      client.socket.write('1')
      await until('echo', () => client.text === '1')
      link.cut('back')
      client.socket.write('2')
      await until('the target hears', () => [...echo.sockets][0]?.bytesRead === 2)
      await never('echo', () => client.text !== '1', 50)
      link.heal()
      await until('echo', () => client.text === '12')
    }))

  test('does not tell of a peer that died behind a cut until it is healed', () =>
    inEcho(async (link, dial, echo) => {
      const client = dial()
      client.socket.write('1')
      await until('echo', () => client.text === '1')
      link.cut()
      for (const socket of echo.sockets) socket.resetAndDestroy()
      await never('reset', () => client.isReset || client.isEnded, 100)
      link.heal()
      await until('reset', () => client.isReset)
    }))

  test('delays, resets and closes', () =>
    inEcho(async (link, dial) => {
      link.delay(50)
      const client = dial()
      const sentMs = performance.now()
      client.socket.write('slow')
      await until('echo', () => client.text === 'slow')
      assert.ok(performance.now() - sentMs >= 99)
      link.reset()
      await until('reset', () => client.isReset)
      await link.close()
      const refused = dial()
      await until('refused', () => refused.isReset)
    }))
})

test('nodes behind proxies split into islands and come together again', async () => {
  const keys = await Promise.all([createKey(), createKey(), createKey()])
  const nodes: FleetNode[] = []
  const ports = await Promise.all(keys.map(freePort))
  const mesh = await ProxyMesh.open(keys.length, (node) => ({
    host: '127.0.0.1',
    port: ports[node]!,
  }))
  const isLinked = (a: number, b: number): boolean => nodes[a]!.heard.isUp(keys[b]!.member)
  const isMeshed = (): boolean =>
    keys.every((_, a) => keys.every((_key, b) => a === b || isLinked(a, b)))
  try {
    for (const [from, key] of keys.entries()) {
      const peers = keys.flatMap(({ member }, to) =>
        from === to ? [] : [`/ip4/127.0.0.1/tcp/${mesh.link(from, to).port}/p2p/${member}`],
      )
      const listen = [`127.0.0.1:${ports[from]!}`]
      nodes.push(await startNode(key, { peers, listen, announce: [nowhere], deadLinkMs: 600 }))
    }
    for (const { network } of nodes) {
      network.setTargets(nodes.map((n) => ({ member: n.network.self, addresses: n.addresses })))
    }
    await until('meshed', isMeshed)
    const beat = setInterval(() => {
      for (const { network } of nodes) {
        for (const { member } of keys) network.send(member, 'heartbeat', encode('beat'))
      }
    }, 100)
    try {
      await until('beats', () => nodes.every((node) => node.heard.texts('heartbeat').length > 4))
      mesh.split([0], [1, 2])
      await until('node 0 is alone', () =>
        [1, 2].every((one) => !isLinked(0, one) && !isLinked(one, 0)),
      )
      assert.ok(isLinked(1, 2) && isLinked(2, 1))
      mesh.heal()
      await until('meshed again', isMeshed, 40_000)
    } finally {
      clearInterval(beat)
    }
  } finally {
    await Promise.all(nodes.map((node) => node.network.stop()))
    await mesh.close()
  }
})

test('a node announces what it is told to, not where it listens', async () => {
  const node = await startNode(await createKey(), { announce: [nowhere] })
  try {
    assert.deepEqual(node.addresses, [`/ip4/127.0.0.1/tcp/1/p2p/${node.network.self}`])
  } finally {
    await node.network.stop()
  }
})
