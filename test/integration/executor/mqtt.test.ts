import { Aedes } from 'aedes'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import type { Run } from '../../../src/core/jobs/definition.ts'
import { directoryOf, Local } from './local.ts'
import { certificate, privateKey } from './localhost-tls.ts'

type MqttRun = Extract<Run, { kind: 'mqtt' }>

interface Heard {
  readonly topic: string
  readonly payload: string
  readonly qos: number
  readonly retain: boolean
}

interface Broker {
  readonly port: number
  readonly heard: readonly Heard[]
}

const runOf = (url: string, rest: Partial<MqttRun> = {}): MqttRun => ({
  kind: 'mqtt',
  url,
  topic: 'site/done',
  payload: 'hello',
  qos: 1,
  retain: false,
  username: '',
  password: '',
  ...rest,
})

async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** A real broker on loopback; `user` is the only one who gets in, when there is one. */
async function openBroker(
  t: TestContext,
  init: { readonly isTls?: boolean; readonly user?: string } = {},
): Promise<Broker> {
  const broker = await Aedes.createBroker({
    authenticate: (_client, name, password, done) => {
      const isIn = init.user === undefined || (name === init.user && String(password) === 'secret')
      done(isIn ? null : Object.assign(new Error('no'), { returnCode: 5 }), isIn)
    },
  })
  const heard: Heard[] = []
  broker.on('publish', ({ topic, payload, qos, retain }, client) => {
    if (client !== null) heard.push({ topic, payload: String(payload), qos, retain })
  })
  const handle = (socket: Socket): void => void broker.handle(socket)
  const server =
    init.isTls === true
      ? createTlsServer({ cert: certificate, key: privateKey }, handle)
      : createServer(handle)
  const port = await listen(t, server)
  t.after(() => new Promise<void>((resolve) => broker.close(resolve)))
  return { port, heard }
}

test('a message is published as it was asked for, with each quality of service', async (t) => {
  const { port, heard } = await openBroker(t)
  const local = await Local.start(t, { httpAllow: [`127.0.0.1:${port}`] })
  for (const qos of [0, 1, 2] as const) {
    const rest = { topic: `site/${qos}`, payload: `é ${qos}`, qos, retain: qos === 1 }
    const launch = local.launch(runOf(`mqtt://127.0.0.1:${port}`, rest))
    const { reason, exit, detail } = await local.end(launch)
    assert.deepEqual([reason, exit, detail], ['exit', 0, `published with QoS ${qos}`])
    assert.equal(local.recorder.of(launch.attempt)[0]?.kind, 'started')
    assert.equal(await local.output(launch), '')
    assert.deepEqual(heard.at(-1), {
      topic: rest.topic,
      payload: rest.payload,
      qos,
      retain: rest.retain,
    })
  }
  assert.equal(heard.length, 3)
})

test('a broker that is not public is refused before anything is sent', async (t) => {
  const { port, heard } = await openBroker(t)
  const local = await Local.start(t, { httpDeny: [`127.0.0.1:${port}`] })
  const open = await Local.start(t, {
    httpAllow: ['127.0.0.0/8'],
    httpDeny: [`127.0.0.1:${port}`],
  })
  const cases: readonly (readonly [Local, url: string, detail: RegExp])[] = [
    [local, 'mqtt://127.0.0.1:1', /not a public address.*127.0.0.1:1 /],
    [local, 'mqtt://10.0.0.1', /name 10.0.0.1:1883 in/],
    [local, 'mqtts://10.0.0.1', /name 10.0.0.1:8883 in/],
    [open, `mqtt://127.0.0.1:${port}`, /own API/],
    [open, 'http://127.0.0.1:1', /not a scheme/],
    [open, 'mqtt://nothing.invalid', /cannot resolve/],
  ]
  for (const [where, url, detail] of cases) {
    const launch = where.launch(runOf(url))
    const ended = await where.end(launch)
    assert.equal(ended.reason, 'spawn', url)
    assert.match(ended.detail, detail, url)
    assert.equal(where.recorder.of(launch.attempt).length, 1, url)
  }
  assert.deepEqual(heard, [])
})

test('a broker that says no, or goes, fails the attempt', async (t) => {
  const { port, heard } = await openBroker(t, { user: 'barn' })
  const deaf = await listen(
    t,
    createServer((socket) => void socket.once('data', () => socket.destroy())),
  )
  const local = await Local.start(t, { httpAllow: ['127.0.0.0/8'] })
  const cases: readonly (readonly [run: MqttRun, detail: RegExp])[] = [
    [runOf(`mqtt://127.0.0.1:${port}`), /[Nn]ot authorized/],
    [runOf(`mqtt://127.0.0.1:${port}`, { username: 'barn', password: 'x' }), /[Nn]ot authorized/],
    [runOf('mqtt://127.0.0.1:1'), /ECONNREFUSED/],
    [runOf(`mqtt://127.0.0.1:${deaf}`), /closed/],
  ]
  for (const [run, detail] of cases) {
    const ended = await local.end(local.launch(run))
    assert.deepEqual([ended.reason, ended.exit], ['expect', null], run.url)
    assert.match(ended.detail, detail, run.url)
  }
  assert.deepEqual(heard, [])
  const url = `mqtt://127.0.0.1:${port}`
  const right = local.launch(runOf(url, { username: 'barn', password: 'secret' }))
  assert.equal((await local.end(right)).exit, 0)
  assert.equal(heard.length, 1)
})

test('a broker with TLS must show a certificate that is trusted', async (t) => {
  const { port, heard } = await openBroker(t, { isTls: true })
  const file = join(directoryOf(t), 'ca.pem')
  writeFileSync(file, certificate)
  const run = runOf(`mqtts://localhost:${port}`)
  const httpAllow = [`localhost:${port}`]
  const stranger = await Local.start(t, { httpAllow })
  assert.match((await stranger.end(stranger.launch(run))).detail, /self-signed certificate/)
  assert.deepEqual(heard, [])
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: file }
  const local = await Local.start(t, { httpAllow, env })
  assert.equal((await local.end(local.launch(run))).exit, 0)
  assert.equal(heard.length, 1)
})

test('a stop ends an attempt that waits for its broker', async (t) => {
  const port = await listen(t, createServer())
  const local = await Local.start(t, { httpAllow: ['127.0.0.0/8'] })
  const launch = local.launch(runOf(`mqtt://127.0.0.1:${port}`))
  await local.recorder.started(launch.attempt)
  local.executor.stop(launch.attempt, 60_000)
  const { reason, detail } = await local.end(launch)
  assert.deepEqual([reason, detail], ['signal', 'the publishing was aborted'])
})
