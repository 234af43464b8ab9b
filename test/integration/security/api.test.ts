import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { routesOf } from '../../../src/adapters/http/app.ts'
import type { Route } from '../../../src/adapters/http/route.ts'
import { HttpServer } from '../../../src/adapters/http/server.ts'
import { allows } from '../../../src/adapters/http/token-gate.ts'
import { TokenFile } from '../../../src/app/tokens.ts'
import { fakeApi } from '../../adapters/http/fake-api.ts'

const dir = mkdtempSync(join(tmpdir(), 'mc-api-'))
const path = join(dir, 'tokens.json')
const own = `mct_${'o'.repeat(43)}`
const clock = { monoMs: () => performance.now(), wallMs: () => nowMs }
let nowMs = 1_803_902_400_000
const errors: unknown[] = []
const tokens = new TokenFile({ nowMs: clock.wallMs }, { path })
const api = fakeApi()
const server = new HttpServer(
  { api, clock, tokens, onError: (error) => errors.push(error) },
  {
    address: { host: '127.0.0.1', port: 0 },
    socketPath: join(dir, 'api.sock'),
    token: own,
    version: '0.1.0',
  },
)
let port = 0

const scopes = ['read', 'author', 'admin'] as const
const bearers = new Map<string, string>()
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']
const json = 'application/json'

before(async () => {
  const started = await server.start()
  assert.ok(started.ok)
  port = started.value.port
  for (const scope of scopes) {
    const made = tokens.create({ scope, name: `for ${scope}` })
    assert.ok(made.ok)
    bearers.set(scope, made.value.token)
  }
})

after(async () => {
  await server.close()
  rmSync(dir, { recursive: true })
  assert.deepEqual(errors, [])
})

interface Ask {
  readonly token?: string | undefined
  readonly method?: string
  readonly type?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Asks over TCP; every answer, whatever it is, keeps what all must keep. */
async function ask(
  where: string,
  { token, method = 'GET', type = json, headers }: Ask,
): Promise<Got> {
  const body = ['POST', 'PUT', 'DELETE'].includes(method) ? '{"name":"no.such"}' : ''
  const asked = request({
    host: '127.0.0.1',
    port,
    path: where,
    method,
    agent: false,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(type === '' ? {} : { 'content-type': type }),
      ...(body === '' ? {} : { 'content-length': body.length }),
      ...headers,
    },
  })
  asked.end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const isStream = answer.headers['content-type'] === 'text/event-stream'
  const said = isStream ? '' : await text(answer)
  asked.destroy()
  const got = { status: answer.statusCode!, headers: answer.headers, body: said }
  const shown = `${method} ${where} ${got.status}`
  const forbidden = Object.keys(got.headers).filter((name) =>
    /^access-control|^set-cookie/.test(name),
  )
  assert.deepEqual(forbidden, [], shown)
  assert.match(String(got.headers['content-security-policy']), /^default-src 'none';/, shown)
  assert.equal(got.headers['x-content-type-options'], 'nosniff', shown)
  assert.equal(got.headers['cache-control'], 'no-store', shown)
  for (const secret of [own, ...bearers.values()]) assert.ok(!said.includes(secret), shown)
  assert.doesNotMatch(said, /\n\s+at |\.ts:\d|node:internal/, shown)
  return got
}

const routes: readonly Route[] = routesOf({ api, streams: undefined as never, tokens }, '0.1.0')
const pathOf = ({ path: pattern }: Route): string => pattern.replaceAll(/\{\w+\}/g, 'no.such')
const named = ({ method, path: pattern }: Route): string => `${method} ${pattern}`
const isRefusal = (status: number): boolean => status === 401 || status === 403

describe('SEC-50 to SEC-58: every route of the API', () => {
  for (const route of routes) {
    const { method, scope: needed } = route
    const where = pathOf(route)

    test(`SEC-52 SEC-54 ${named(route)} wants a token of scope ${needed}`, async () => {
      const none = await ask(where, { method })
      if (needed === 'none') assert.ok(!isRefusal(none.status))
      else assert.equal(none.status, 401)
      for (const scope of scopes) {
        const { status } = await ask(where, { method, token: bearers.get(scope) })
        if (allows(scope, needed)) assert.ok(!isRefusal(status), `${scope}: ${status}`)
        else assert.equal(status, 403, scope)
      }
    })

    test(`SEC-53 ${named(route)} refuses a foreign Host and a foreign Origin whatever the token`, async () => {
      for (const headers of [
        { host: 'evil.example' },
        { host: '127.0.0.1.evil.example:7172' },
        { origin: 'http://evil.example' },
        { origin: 'null' },
        { origin: `https://127.0.0.1:${port}` },
      ]) {
        assert.equal((await ask(where, { method, token: own, headers })).status, 403)
      }
      const headers = { origin: `http://127.0.0.1:${port}` }
      assert.ok(!isRefusal((await ask(where, { method, token: own, headers })).status))
    })

    if (method !== 'GET') {
      test(`SEC-53 ${named(route)} takes JSON and nothing that a form can send`, async () => {
        const types = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', '']
        for (const type of types) {
          assert.equal((await ask(where, { method, token: own, type })).status, 415, type)
        }
        assert.notEqual((await ask(where, { method, token: own })).status, 415)
      })
    }
  }

  test('SEC-53 a path answers the methods of its routes and HEAD for GET, every other with 405', async () => {
    const allowed = new Map<string, Set<string>>()
    for (const route of routes) {
      const known = allowed.get(pathOf(route)) ?? new Set<string>()
      allowed.set(pathOf(route), known.add(route.method))
      if (route.method === 'GET') known.add('HEAD')
    }
    for (const [where, known] of allowed) {
      for (const method of methods) {
        const { status } = await ask(where, { method, token: own })
        // what the server below does not take is an error of the request
        if (known.has(method)) assert.notEqual(status, 405, `${method} ${where}`)
        else assert.ok(status === 405 || method === 'TRACE', `${method} ${where}: ${status}`)
      }
    }
  })

  test('SEC-58 without a token nobody learns which paths and objects exist', async () => {
    const answers = await Promise.all(
      ['/api/v1/status', '/api/v1/nothing', '/api/v1/jobs/hello', '/api/v1/jobs/none'].map(
        (where) => ask(where, {}),
      ),
    )
    assert.equal(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size, 1)
  })
})

describe('SEC-52: tokens', () => {
  test('a token is kept as its hash, in a private file, and is still right after a restart', () => {
    const stored = readFileSync(path, 'utf8')
    for (const token of bearers.values()) assert.ok(!stored.includes(token.slice(4)))
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const again = new TokenFile({ nowMs: clock.wallMs }, { path })
    assert.ok(again.load().ok)
    assert.deepEqual(again.grants(), tokens.grants())
  })

  test('an expired and a removed token are wrong ones', async () => {
    const short = tokens.create({ scope: 'read', ttlMs: 1_000 })
    const other = tokens.create({ scope: 'read' })
    assert.ok(short.ok && other.ok)
    const status = async (token: string) => (await ask('/api/v1/status', { token })).status
    assert.deepEqual([await status(short.value.token), await status(other.value.token)], [200, 200])
    nowMs += 1_000
    assert.ok(tokens.remove(other.value.id).ok)
    assert.deepEqual([await status(short.value.token), await status(other.value.token)], [401, 401])
    assert.equal(tokens.remove(other.value.id).ok, false)
  })

  test('there is an end to how many there are, and what is no token is refused', () => {
    for (const body of [
      undefined,
      {},
      { scope: 'root' },
      { scope: 'read', uid: 0 },
      { scope: 'read', ttlMs: 0 },
    ]) {
      const made = tokens.create(body)
      assert.equal(made.ok ? '' : made.refusal.code, 'MC_BAD_INPUT', JSON.stringify(body))
    }
    let code = ''
    for (let i = 0; i <= 64 && code === ''; i += 1) {
      const made = tokens.create({ scope: 'read', ttlMs: 1 })
      code = made.ok ? '' : made.refusal.code
    }
    assert.equal(code, 'MC_BUSY')
    nowMs += 1
    assert.ok(tokens.create({ scope: 'read' }).ok, 'expired ones make room')
  })
})
