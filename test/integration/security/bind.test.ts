import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request as plainRequest, type IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Guard } from '../../../src/adapters/http/guard.ts'
import { HttpServer, type HttpInit } from '../../../src/adapters/http/server.ts'
import { TokenGate } from '../../../src/adapters/http/token-gate.ts'
import { readApiFiles } from '../../../src/app/api-files.ts'
import { resolveConfig, type StartOptions } from '../../../src/app/config.ts'
import { errors } from '../../../src/core/errors.ts'
import { fakeApi, fakeTokens } from '../../adapters/http/fake-api.ts'

const token = `mct_${'t'.repeat(43)}`
const secret = 'a secret of the proxy'

function directoryOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'mc-bind-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}

function serverOf(t: TestContext, init: Partial<HttpInit>): HttpServer {
  const clock = { monoMs: () => performance.now(), wallMs: () => Date.now() }
  const server = new HttpServer(
    { api: fakeApi(), clock, tokens: fakeTokens, onError: (error) => assert.fail(String(error)) },
    {
      address: { host: '127.0.0.1', port: 0 },
      socketPath: join(directoryOf(t), 'api.sock'),
      token,
      version: '0.1.0',
      ...init,
    },
  )
  t.after(() => server.close())
  return server
}

/** A certificate for localhost that the machine's own openssl makes. */
function certificateIn(dir: string): { readonly certFile: string; readonly keyFile: string } {
  const [certFile, keyFile] = [join(dir, 'api.pem'), join(dir, 'api.key')]
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'],
    ...['-keyout', keyFile, '-out', certFile],
  ])
  assert.equal(status, 0, String(stderr))
  chmodSync(keyFile, 0o600)
  return { certFile, keyFile }
}

test('SEC-51 only a loopback address, TLS or a trusted proxy lets the API start; everything else ends with exit status 2', () => {
  const files = {
    cert: ['--http-cert', '--http-key'],
    proxy: ['--http-proxy', '--http-proxy-secret'],
  }
  const tls: StartOptions = { httpCert: '/a.pem', httpKey: '/a.key' }
  const proxy: StartOptions = { httpProxy: '10.0.0.1', httpProxySecret: '/secret' }
  for (const host of [
    '127.0.0.1',
    '127.9.9.9',
    '[::1]',
    'localhost',
    '0.0.0.0',
    '[::]',
    '10.1.2.3',
  ]) {
    const isLocal = /^(127|\[::1|localhost)/.test(host)
    for (const [flags, isWhole] of [
      [{}, isLocal],
      [tls, true],
      [proxy, true],
      [{ ...tls, ...proxy }, true],
      [{ httpCert: '/a.pem' }, false],
      [{ httpKey: '/a.key' }, false],
      [{ httpProxy: '10.0.0.1' }, false],
      [{ httpProxySecret: '/secret' }, false],
    ] as const) {
      const input = { env: {}, cwd: '/', hostname: 'barn' }
      const read = resolveConfig({ flags: { http: `${host}:7172`, ...flags }, ...input })
      const shown = `${host} ${JSON.stringify(flags)}`
      assert.equal(read.ok, isWhole, shown)
      if (read.ok) continue
      assert.equal(errors[read.refusal.code].exit, 2, shown)
      const { message, hint } = read.refusal
      const said = `${message} ${hint}`
      assert.ok(
        [...files.cert, ...files.proxy].some((flag) => said.includes(flag)),
        said,
      )
    }
  }
})

test('SEC-51 the server itself does not listen beyond this machine without TLS or a proxy', async (t) => {
  const started = await serverOf(t, { address: { host: '0.0.0.0', port: 0 } }).start()
  assert.equal(started.ok ? 'ok' : started.refusal.code, 'MC_BAD_CONFIG')
})

test('SEC-51 with a certificate the API speaks TLS and nothing else', async (t) => {
  const files = readApiFiles({
    httpTls: certificateIn(directoryOf(t)),
    httpProxy: undefined,
    socketGroup: undefined,
  })
  assert.ok(files.ok, files.ok ? '' : files.refusal.message)
  const started = await serverOf(t, {
    ...files.value,
    address: { host: '0.0.0.0', port: 0 },
  }).start()
  assert.ok(started.ok)
  const where = {
    host: '127.0.0.1',
    port: started.value.port,
    path: '/api/v1/status',
    agent: false,
  }
  const ask = async (headers: Readonly<Record<string, string>>): Promise<number | undefined> => {
    const all = { host: `localhost:${where.port}`, authorization: `Bearer ${token}`, ...headers }
    const { cert: ca } = files.value.tls!
    const asked = request({ ...where, servername: 'localhost', ca, headers: all })
    const [answer] = (await once(asked.end(), 'response')) as [IncomingMessage]
    answer.resume()
    return answer.statusCode
  }
  assert.equal(await ask({}), 200)
  assert.equal(await ask({ authorization: '' }), 401)
  assert.equal(await ask({ origin: `https://localhost:${where.port}` }), 200)
  assert.equal(await ask({ origin: `http://localhost:${where.port}` }), 403)
  assert.equal(await ask({ host: 'evil.example' }), 403)
  await assert.rejects(once(plainRequest(where).end(), 'response'))
})

test('SEC-51 behind a proxy other machines are served only through it, by its address and its secret', () => {
  const nowMs = (): number => 0
  const gate = new TokenGate({ nowMs, tokens: fakeTokens }, { token })
  const proxy = { ranges: ['10.1.0.0/16', 'fd00::7'], secret }
  const guard = new Guard({ gate, nowMs }, { hosts: ['127.0.0.1', 'cron.example.org'], proxy })
  const pass = (address: string, headers: Readonly<Record<string, string>>): boolean => {
    const request = new Request('http://cron.example.org/', {
      headers: { host: 'cron.example.org', ...headers },
    })
    return guard.refuseOrigin(request, { via: 'tcp', address }) === undefined
  }
  const own = { 'x-meshcron-proxy': secret }
  const table: readonly (readonly [boolean, string, Readonly<Record<string, string>>])[] = [
    [true, '10.1.2.3', own],
    [true, '::ffff:10.1.2.3', own],
    [true, 'fd00::7', own],
    [true, '10.1.2.3', { ...own, origin: 'https://cron.example.org' }],
    [false, '10.1.2.3', { ...own, origin: 'https://evil.example' }],
    [false, '10.1.2.3', {}],
    [false, '10.1.2.3', { 'x-meshcron-proxy': `${secret}!` }],
    [false, '10.2.0.1', own],
    [false, 'fd00::8', own],
    [true, '127.0.0.1', {}],
    [true, '::1', {}],
    [false, '', own],
  ]
  for (const [passes, address, headers] of table) {
    assert.equal(pass(address, headers), passes, `${address} ${JSON.stringify(headers)}`)
  }
})

test('SEC-55 behind a proxy wrong tokens are counted for whom it names last', () => {
  const nowMs = (): number => 0
  const gate = new TokenGate({ nowMs, tokens: fakeTokens }, { token })
  const proxy = { ranges: ['10.1.0.1'], secret }
  const guard = new Guard({ gate, nowMs }, { hosts: ['cron.example.org'], proxy })
  const statusFor = (client: string): number => {
    const headers = {
      authorization: 'Bearer guess',
      'x-meshcron-proxy': secret,
      'x-forwarded-for': `203.0.113.9, ${client}`,
    }
    try {
      guard.bearerOf(new Request('http://cron.example.org/', { headers }), {
        via: 'tcp',
        address: '10.1.0.1',
      })
    } catch (error) {
      return (error as { readonly response: Response }).response.status
    }
    return assert.fail('a guess is no token')
  }
  for (let i = 0; i < 5; i += 1) assert.equal(statusFor('198.51.100.1'), 401)
  assert.equal(statusFor('198.51.100.1'), 429)
  assert.equal(statusFor('198.51.100.2'), 401)
})

test('a key that others can read, one of another certificate, a short secret and an unknown group are refused', (t) => {
  const dir = directoryOf(t)
  const mine = certificateIn(dir)
  const other = certificateIn(directoryOf(t))
  const refusal = (settings: Partial<Parameters<typeof readApiFiles>[0]>): string => {
    const none = { httpTls: undefined, httpProxy: undefined, socketGroup: undefined }
    const read = readApiFiles({ ...none, ...settings })
    return read.ok ? 'read' : read.refusal.message
  }
  assert.equal(refusal({ httpTls: mine }), 'read')
  assert.match(refusal({ httpTls: { ...mine, keyFile: other.keyFile } }), /do not go together/)
  assert.match(refusal({ httpTls: { ...mine, certFile: join(dir, 'none') } }), /ENOENT/)
  chmodSync(mine.keyFile, 0o640)
  assert.match(refusal({ httpTls: mine }), /read by other users/)
  const secretFile = join(dir, 'secret')
  writeFileSync(secretFile, 'short\n', { mode: 0o600 })
  assert.match(refusal({ httpProxy: { ranges: [], secretFile } }), /less than 16/)
  assert.match(refusal({ socketGroup: 'no-such-group' }), /no group/)
  assert.doesNotMatch(refusal({ httpProxy: { ranges: [], secretFile } }), /short/)
  assert.equal(readFileSync(secretFile, 'utf8'), 'short\n')
})

test('SEC-50 the socket is for the owner alone, or for one group', async (t) => {
  for (const [init, mode] of [
    [{}, 0o600],
    [{ socketGid: process.getgid?.() ?? 0 }, 0o660],
  ] as const) {
    const socketPath = join(directoryOf(t), 'api.sock')
    assert.ok((await serverOf(t, { ...init, socketPath }).start()).ok)
    assert.equal(statSync(socketPath).mode & 0o777, mode)
  }
})
