import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { PageFiles } from '../../../src/adapters/http/pages.ts'
import { fakeApi } from './fake-api.ts'
import { fixture } from './fixture.ts'

const pages: PageFiles = new Map([
  ['/', { type: 'text/html; charset=utf-8', gzip: gzipSync('<!doctype html>') }],
  ['/assets/main-AB.js', { type: 'text/javascript; charset=utf-8', gzip: gzipSync('1') }],
])
const { ask } = fixture(fakeApi(), { pages })
const open = { token: null, headers: { 'accept-encoding': 'gzip, br' } }

describe('the files of the dashboard', () => {
  test('need no token, come compressed, and are kept only where the name holds a hash', async () => {
    const page = await ask('GET', '/', open)
    assert.equal(page.status, 200)
    assert.equal(page.headers.get('content-encoding'), 'gzip')
    assert.equal(page.headers.get('cache-control'), 'no-cache')
    const script = await ask('GET', '/assets/main-AB.js', open)
    assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8')
    assert.match(script.headers.get('cache-control') ?? '', /immutable/)
    assert.equal(script.headers.get('vary'), 'accept-encoding')
  })

  test('come plain to whoever cannot read gzip', async () => {
    for (const header of ['', 'br', 'gzip;q=0', 'identity']) {
      const headers = { 'accept-encoding': header }
      const page = await ask('GET', '/', { token: null, headers })
      assert.equal(page.headers.get('content-encoding'), null, header)
      assert.equal(await page.text(), '<!doctype html>', header)
    }
  })

  test('forbid inline code, other origins and framing', async () => {
    const { headers } = await ask('GET', '/', open)
    const policy = headers.get('content-security-policy') ?? ''
    assert.ok(policy.includes("default-src 'none'"))
    assert.ok(policy.includes("script-src 'self';") && policy.includes("style-src 'self';"))
    assert.ok(!policy.includes('unsafe'))
    assert.ok(policy.includes("frame-ancestors 'none'"))
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
  })

  test('are guarded like everything else: a foreign Host is refused, a write has no method', async () => {
    const foreign = await ask('GET', '/', { ...open, headers: { host: 'evil.example' } })
    assert.equal(foreign.status, 403)
    assert.equal((await ask('POST', '/', { ...open, body: {} })).status, 405)
    assert.equal((await ask('GET', '/assets/none.js', open)).status, 404)
  })

  test('without them the node says how to get them', async () => {
    const bare = fixture(fakeApi())
    const answer = await bare.ask('GET', '/', open)
    assert.equal(answer.status, 404)
    assert.match(JSON.stringify(await answer.json()), /scripts\/start/)
  })
})
