import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { HttpGuard } from '../../../src/adapters/executor/http-guard.ts'
import type { Run } from '../../../src/core/jobs/definition.ts'
import { Local } from './local.ts'

type HttpRun = Extract<Run, { kind: 'http' }>

const runOf = (url: string, rest: Partial<HttpRun> = {}): HttpRun => ({
  kind: 'http',
  method: 'GET',
  url,
  headers: {},
  body: '',
  expect: [],
  expectContains: null,
  expectMatches: null,
  expectJson: null,
  ...rest,
})

/** A server on loopback; answers with its port. */
async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

test('a request ends by its status and keeps its body', async (t) => {
  const port = await serve(t, (request, response) => {
    const status = Number(request.url?.slice(1))
    request.pipe(response.writeHead(status, { 'x-method': request.method }))
  })
  const local = await Local.start(t, { httpAllow: [`127.0.0.1:${port}`] })
  const cases = [
    { status: 200, expect: [], reason: 'exit', exit: 0 },
    { status: 503, expect: [], reason: 'expect', exit: null },
    { status: 404, expect: [404], reason: 'exit', exit: 0 },
    { status: 200, expect: [201], reason: 'expect', exit: null },
  ]
  for (const { status, expect, reason, exit } of cases) {
    const run = runOf(`http://127.0.0.1:${port}/${status}`, { method: 'POST', body: 'hi', expect })
    const launch = local.launch(run)
    const ended = await local.end(launch)
    assert.deepEqual(
      { reason: ended.reason, exit: ended.exit, detail: ended.detail },
      { reason, exit, detail: `status ${status}` },
    )
    assert.equal(await local.output(launch), 'hi')
    const [started] = local.recorder.of(launch.attempt)
    assert.equal(started?.kind, 'started')
  }
})

test('a request ends by what its answer holds', async (t) => {
  const body = '{"status":"ok","list":[{"n":1.5}],"a/b":null}'
  const port = await serve(t, (request, response) => {
    response.end(request.url === '/json' ? body : `${'a'.repeat(50)}!`)
  })
  const local = await Local.start(t, { httpAllow: ['127.0.0.0/8'] })
  const cases: readonly (readonly [path: string, rest: Partial<HttpRun>, lack: RegExp | null])[] = [
    ['json', { expectContains: '"ok"' }, null],
    ['json', { expectContains: 'OK' }, /lacks "OK"/],
    ['json', { expectMatches: '"status":\\s*"(ok|fine)"' }, null],
    ['json', { expectMatches: '^ok' }, /does not match "\^ok"/],
    ['json', { expectJson: '{"/a~1b":null,"/list/0":{"n":1.5},"/status":"ok"}' }, null],
    ['json', { expectJson: '{"/list/1":1}' }, /nothing at "\/list\/1", expected 1/],
    ['json', { expectJson: '{"/status":"no"}' }, /"ok" at "\/status", expected "no"/],
    ['json', { expectJson: '{"":1}' }, /at "", expected 1/],
    ['json', { expect: [201], expectContains: 'ok' }, /^status 200$/],
    ['text', { expectJson: '{"/a":1}' }, /no JSON/],
    ['text', { expectMatches: '^(a+)+$' }, /more than 100 ms/],
  ]
  for (const [path, rest, lack] of cases) {
    const launch = local.launch(runOf(`http://127.0.0.1:${port}/${path}`, rest))
    const { reason, exit, detail } = await local.end(launch)
    const what = JSON.stringify(rest)
    assert.deepEqual([reason, exit], lack === null ? ['exit', 0] : ['expect', null], what)
    assert.match(detail, lack ?? /^status 200$/, what)
  }
})

test('what is not public is refused before anything is sent', async (t) => {
  let requests = 0
  const port = await serve(t, (_request, response) => {
    requests += 1
    response.end()
  })
  const local = await Local.start(t)
  for (const host of [
    '127.0.0.1',
    'localhost',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '[::1]',
  ]) {
    const launch = local.launch(runOf(`http://${host}:${port}/`))
    const ended = await local.end(launch)
    assert.equal(ended.reason, 'spawn', host)
    assert.match(ended.detail, /not a public address|resolve/, host)
  }
  assert.equal(requests, 0)
})

test('every private spelling is refused, public ones are not', async () => {
  const guard = new HttpGuard({}, { allow: [], deny: [] })
  const refused = [
    '0.0.0.0 10.1.2.3 100.64.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255',
    '192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255 [::] [::1] [::ffff:127.0.0.1]',
    '[::ffff:8.8.8.8] [64:ff9b::7f00:1] [2002:7f00:1::] [fc00::1] [fd12::1] [fe80::1] [ff02::1]',
    '[::127.0.0.1] [2001::1] 0 127.1 0xa9fea9fe',
  ].flatMap((line) => line.split(' '))
  for (const host of refused) {
    assert.equal((await guard.resolve(new URL(`http://${host}/`))).ok, false, host)
  }
  for (const host of ['8.8.8.8', '172.32.0.1', '[2606:4700::1111]']) {
    assert.equal((await guard.resolve(new URL(`https://${host}/`))).ok, true, host)
  }
  assert.equal((await guard.resolve(new URL('file:///etc/passwd'))).ok, false)
})

test('the list of the owner allows, but never the own API', async () => {
  const deny = ['127.0.0.1:7172', '0.0.0.0:7173']
  const allow = ['10.0.0.0/8', 'localhost:80', '[::1]:81', '127.0.0.0/8', '::ffff:0:0/96']
  const guard = new HttpGuard({}, { allow, deny })
  const cases: readonly (readonly [url: string, ok: boolean])[] = [
    ['http://10.9.9.9:1/', true],
    ['http://11.0.0.1/', true],
    ['http://192.168.0.1/', false],
    ['http://[::1]:81/', true],
    ['http://[::1]:82/', false],
    ['http://127.0.0.1:80/', true],
    ['http://127.0.0.1:7172/', false],
    ['http://[::ffff:127.0.0.1]:7172/', false],
    ['http://127.0.0.2:7172/', true],
    ['http://127.0.0.2:7173/', false],
  ]
  for (const [url, ok] of cases) assert.equal((await guard.resolve(new URL(url))).ok, ok, url)
})

test('a redirect is checked again, and five are enough', async (t) => {
  const other = await serve(t, (_request, response) => response.end('inside'))
  const port = await serve(t, (request, response) => {
    const left = Number(request.url?.slice(1))
    const location = left > 0 ? `/${left - 1}` : `http://127.0.0.1:${other}/`
    if (request.url === '/end') response.end('end')
    else response.writeHead(302, { location: request.url === '/ok' ? '/end' : location }).end()
  })
  const local = await Local.start(t, { httpAllow: [`127.0.0.1:${port}`] })
  const cases = [
    { path: 'ok', detail: /^status 200$/ },
    { path: '0', detail: /not a public address/ },
    { path: '9', detail: /more than 5 redirects/ },
  ]
  for (const { path, detail } of cases) {
    const launch = local.launch(runOf(`http://127.0.0.1:${port}/${path}`))
    assert.match((await local.end(launch)).detail, detail, path)
    assert.equal(await local.output(launch), path === 'ok' ? 'end' : '', path)
  }
})

test('credentials stay with their origin', async (t) => {
  const seen: NodeJS.Dict<string | string[]>[] = []
  const second = await serve(t, (request, response) => {
    seen.push(request.headers)
    response.end()
  })
  const first = await serve(t, (request, response) => {
    seen.push(request.headers)
    response.writeHead(307, { location: `http://127.0.0.1:${second}/` }).end()
  })
  const local = await Local.start(t, { httpAllow: ['127.0.0.0/8'] })
  const headers = { Authorization: 'canary', Cookie: 'canary', 'X-Key': 'canary', Accept: '*/*' }
  await local.end(local.launch(runOf(`http://127.0.0.1:${first}/`, { headers })))
  assert.equal(seen[0]?.['authorization'], 'canary')
  assert.ok(!JSON.stringify(seen[1]).includes('canary'))
  assert.equal(seen[1]?.['accept'], '*/*')
})

test('a header with a line break is refused', async (t) => {
  const port = await serve(t, (_request, response) => response.end())
  const local = await Local.start(t, { httpAllow: ['127.0.0.0/8'] })
  const headers = { 'X-A': 'a\r\nX-B: b' }
  const ended = await local.end(local.launch(runOf(`http://127.0.0.1:${port}/`, { headers })))
  assert.match(ended.detail, /[Ii]nvalid character/)
  assert.equal(ended.exit, null)
})

test('a long body is cut, a stop aborts', async (t) => {
  const port = await serve(t, (request, response) => {
    if (request.url === '/long') response.end('x'.repeat(3_000_000))
  })
  const local = await Local.start(t, { httpAllow: ['127.0.0.0/8'] })
  const long = await local.end(local.launch(runOf(`http://127.0.0.1:${port}/long`)))
  assert.deepEqual([long.exit, long.outputBytes], [0, 1_048_576])
  assert.match(long.detail, /cut/)
  const launch = local.launch(runOf(`http://127.0.0.1:${port}/silent`))
  await local.recorder.started(launch.attempt)
  local.executor.stop(launch.attempt, 1_000)
  assert.equal((await local.end(launch)).reason, 'signal')
})

test('what cannot be reached or understood ends with the reason', async (t) => {
  const port = await serve(t, (request) => request.socket.destroy())
  const local = await Local.start(t, { httpAllow: ['127.0.0.0/8'] })
  const cases: readonly (readonly [url: string, reason: string, detail: RegExp])[] = [
    [`http://127.0.0.1:${port}/`, 'expect', /hang up|reset/],
    ['http://127.0.0.1:1/', 'expect', /ECONNREFUSED/],
    ['http://nothing.invalid/', 'spawn', /cannot resolve/],
    ['ftp://example.org/', 'spawn', /scheme/],
    ['no url', 'spawn', /Invalid URL/],
  ]
  for (const [url, reason, detail] of cases) {
    const ended = await local.end(local.launch(runOf(url)))
    assert.equal(ended.reason, reason, url)
    assert.match(ended.detail, detail, url)
  }
})
