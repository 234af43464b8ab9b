import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { SplitProxy } from '../../src/app/split-proxy.ts'
import { until } from '../until.ts'

interface World {
  readonly target: Server
  readonly accepted: Socket[]
  readonly proxy: SplitProxy
  readonly port: number
}

/** An echo behind a proxy. */
async function world(t: TestContext): Promise<World> {
  const accepted: Socket[] = []
  const target = createServer((socket) => {
    accepted.push(socket)
    socket.on('error', () => undefined).pipe(socket)
  })
  await listen(target, 0)
  const { port: targetPort } = target.address() as AddressInfo
  const proxy = new SplitProxy({ targetPort: () => targetPort })
  t.after(async () => {
    await proxy.close()
    for (const socket of accepted) socket.destroy()
    target.close()
  })
  return { target, accepted, proxy, port: await proxy.listen() }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

interface Caller {
  readonly socket: Socket
  heard: string
  isClosed: boolean
}

async function call(t: TestContext, port: number): Promise<Caller> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  const caller: Caller = { socket, heard: '', isClosed: false }
  socket.on('data', (bytes: Buffer) => (caller.heard += bytes.toString()))
  socket.on('error', () => undefined).on('close', () => (caller.isClosed = true))
  await once(socket, 'connect')
  return caller
}

/** That what went before has passed, another caller's echo tells. */
async function roundTrip(t: TestContext, port: number): Promise<void> {
  const caller = await call(t, port)
  caller.socket.write('x')
  await until('an echo', () => caller.heard === 'x')
}

test('what is written passes both ways, and the end of one side reaches the other', async (t) => {
  const { port, accepted } = await world(t)
  const caller = await call(t, port)
  caller.socket.write('a')
  await until('the echo', () => caller.heard === 'a')
  caller.socket.end('b')
  await until('the end', () => caller.isClosed)
  assert.equal(caller.heard, 'ab')
  await until('the end at the target', () => accepted[0]?.destroyed === true)
})

test('a cut holds back what is written until the repair and closes nothing', async (t) => {
  const { port, proxy, target } = await world(t)
  const caller = await call(t, port)
  caller.socket.write('a')
  await until('the echo', () => caller.heard === 'a')
  proxy.cut()
  caller.socket.write('b')
  const { port: direct } = target.address() as AddressInfo
  for (let i = 0; i < 5; i += 1) await roundTrip(t, direct)
  assert.equal(caller.heard, 'a')
  assert.equal(caller.isClosed, false)
  proxy.heal()
  await until('the late echo', () => caller.heard === 'ab')
})

test('who connects during a cut gets through after the repair', async (t) => {
  const { port, proxy, accepted } = await world(t)
  proxy.cut()
  const caller = await call(t, port)
  caller.socket.write('a')
  assert.equal(accepted.length, 0)
  proxy.heal()
  await until('the echo', () => caller.heard === 'a')
})

test('healed without a cut, or twice, everything passes once', async (t) => {
  const { port, proxy } = await world(t)
  const caller = await call(t, port)
  caller.socket.write('a')
  await until('the echo', () => caller.heard === 'a')
  proxy.heal()
  proxy.cut()
  proxy.cut()
  proxy.heal()
  proxy.heal()
  caller.socket.write('b')
  await until('one echo each', () => caller.heard.length >= 2)
  assert.equal(caller.heard, 'ab')
})

test('a side that died during the cut is dead to the other after it', async (t) => {
  const { port, proxy, accepted } = await world(t)
  const caller = await call(t, port)
  await until('the target was reached', () => accepted.length === 1)
  proxy.cut()
  accepted[0]?.resetAndDestroy()
  assert.equal(caller.isClosed, false)
  proxy.heal()
  await until('the caller hears of it', () => caller.isClosed)
})

test('a target that listens a moment later is reached, one that never does is given up', async (t) => {
  const { target, port } = await world(t)
  const { port: targetPort } = target.address() as AddressInfo
  target.close()
  const early = await call(t, port)
  early.socket.write('a')
  await listen(target, targetPort)
  await until('the echo', () => early.heard === 'a')
  target.close()
  const never = await call(t, port)
  await until('the connection is dropped', () => never.isClosed)
})

test('closing drops every connection, also those that are held back', async (t) => {
  const { port, proxy, accepted } = await world(t)
  const open = await call(t, port)
  await until('the target was reached', () => accepted.length === 1)
  proxy.cut()
  const held = await call(t, port)
  await proxy.close()
  await until('both are closed', () => open.isClosed && held.isClosed)
})
