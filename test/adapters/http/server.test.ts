import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import type { Problem } from '../../../src/adapters/http/schema.ts'
import { HttpServer } from '../../../src/adapters/http/server.ts'
import { fakeApi, fakeTokens } from './fake-api.ts'

const dir = mkdtempSync(join(tmpdir(), 'mc-http-'))
const socketPath = join(dir, 'api.sock')
const clock = { monoMs: () => performance.now(), wallMs: () => Date.now() }
const errors: unknown[] = []
const onError = (error: unknown): void => void errors.push(error)

function serverOn(port: number, socket: string, api = fakeApi()): HttpServer {
  const init = { address: { host: '127.0.0.1', port }, socketPath: socket, token: 'mct_x' }
  return new HttpServer({ api, clock, onError, tokens: fakeTokens }, { ...init, version: '0.1.0' })
}

async function get(options: object): Promise<{ status: number; body: string }> {
  const [answer] = (await once(request(options).end(), 'response')) as [IncomingMessage]
  return { status: answer.statusCode!, body: await text(answer) }
}

describe('listeners', () => {
  const api = fakeApi()
  let server: HttpServer
  let port = 0

  before(async () => {
    writeFileSync(socketPath, 'left over')
    server = serverOn(0, socketPath, api)
    const started = await server.start()
    assert.ok(started.ok)
    port = started.value.port
  })

  after(async () => {
    await Promise.all([server.close(), server.close()])
    assert.equal(existsSync(socketPath), false, 'the socket is gone')
    assert.equal(api.listeners(), 0)
    rmSync(dir, { recursive: true })
    assert.deepEqual(errors, [])
  })

  test('the socket is for its owner only and needs no token', async () => {
    assert.equal(statSync(socketPath).mode & 0o777, 0o600)
    assert.equal((await get({ socketPath, path: '/api/v1/status' })).status, 200)
  })

  test('the address needs the token', async () => {
    const where = { host: '127.0.0.1', port, path: '/api/v1/status' }
    assert.equal((await get(where)).status, 401)
    const headers = { authorization: 'Bearer mct_x' }
    assert.equal((await get({ ...where, headers })).status, 200)
    assert.equal((await get({ ...where, headers: { ...headers, host: 'evil' } })).status, 403)
  })

  test('a port in use is a refusal, not an exception', async () => {
    const second = await serverOn(port, join(dir, 'b.sock')).start()
    assert.equal(second.ok ? 'ok' : second.refusal.code, 'MC_PORT_IN_USE')
  })

  test('a socket that cannot be made is a refusal, and the port is free again', async () => {
    const third = serverOn(0, join(dir, 'none', 'b.sock'))
    const started = await third.start()
    assert.equal(started.ok ? 'ok' : started.refusal.code, 'MC_DATA_DIR')
  })

  const broken: readonly (readonly [string, string, number])[] = [
    ['no HTTP', 'HELO there\r\n\r\n', 400],
    ['headers beyond 8 KiB', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(9_000)}\r\n\r\n`, 431],
    ['a host that is none', 'GET /api/v1/status HTTP/1.1\r\nhost: a b\r\n\r\n', 400],
  ]
  for (const [title, bytes, status] of broken) {
    test(`${title} → ${status} with a problem document`, async () => {
      const socket: Socket = connect(port, '127.0.0.1')
      socket.write(bytes)
      const [head = '', body = ''] = (await once(socket, 'data'))[0].toString().split('\r\n\r\n')
      socket.destroy()
      assert.match(head, new RegExp(`^HTTP/1.1 ${status} `))
      const problem = JSON.parse(body.replace(/^[0-9a-f]+\r\n/, '')) as Problem
      assert.equal(problem.status, status)
    })
  }

  test('a watcher that goes away frees its place, and close ends the others', async () => {
    const stay = request({ socketPath, path: '/api/v1/events' }).end()
    const [answer] = (await once(stay, 'response')) as [IncomingMessage]
    answer.setEncoding('utf8')
    const [first] = await once(answer, 'data')
    assert.equal(first, 'retry: 1000\n\n')
    api.emit({ type: 'node', what: 'ready', detail: '' })
    assert.match(String((await once(answer, 'data'))[0]), /event: node/)
    const ended = once(answer, 'end')
    answer.resume()
    await server.close()
    await ended
  })
})
