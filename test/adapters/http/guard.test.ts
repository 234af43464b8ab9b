import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Problem } from '../../../src/adapters/http/schema.ts'
import { fakeApi } from './fake-api.ts'
import { fixture } from './fixture.ts'
import type { AskOptions } from './fixture.ts'

interface Case {
  readonly title: string
  readonly method?: string
  readonly path?: string
  readonly options?: AskOptions
  readonly status: number
  readonly code?: string
}

const text = { 'content-type': 'text/plain' }
const deep = `${'['.repeat(33)}${']'.repeat(33)}`

const cases: readonly Case[] = [
  { title: 'the right token', status: 200 },
  { title: 'no token', options: { token: null }, status: 401, code: 'MC_UNAUTHORISED' },
  { title: 'a wrong token', options: { token: 'mct_tesT' }, status: 401, code: 'MC_UNAUTHORISED' },
  {
    title: 'no token, and a path that does not exist',
    path: '/api/v1/nothing',
    options: { token: null },
    status: 401,
    code: 'MC_UNAUTHORISED',
  },
  {
    title: 'a token in the query',
    path: '/api/v1/status?token=mct_test',
    options: { token: null },
    status: 401,
  },
  { title: 'health without a token', path: '/healthz', options: { token: null }, status: 200 },
  { title: 'readiness without a token', path: '/readyz', options: { token: null }, status: 200 },
  {
    title: 'the socket without a token',
    options: { token: null, caller: { via: 'socket', address: '' }, headers: { host: 'any' } },
    status: 200,
  },
  {
    title: 'a foreign host',
    options: { headers: { host: 'evil.example:7172' } },
    status: 403,
    code: 'MC_FORBIDDEN',
  },
  {
    title: 'a foreign host that asks for health',
    path: '/healthz',
    options: { headers: { host: '127.0.0.1.evil.example' } },
    status: 403,
  },
  { title: 'localhost', options: { headers: { host: 'LOCALHOST:1' } }, status: 200 },
  { title: 'IPv6 loopback', options: { headers: { host: '[::1]:7172' } }, status: 200 },
  {
    title: 'its own origin',
    options: { headers: { origin: 'http://127.0.0.1:7172' } },
    status: 200,
  },
  {
    title: 'a foreign origin',
    options: { headers: { origin: 'http://evil.example' } },
    status: 403,
  },
  { title: 'another port', options: { headers: { origin: 'http://127.0.0.1:80' } }, status: 403 },
  { title: 'the null origin', options: { headers: { origin: 'null' } }, status: 403 },
  { title: 'the root', path: '/', status: 404, code: 'MC_NOT_FOUND' },
  { title: 'an unknown path', path: '/api/v2/jobs', status: 404, code: 'MC_NOT_FOUND' },
  { title: 'a wrong method', method: 'PATCH', path: '/api/v1/jobs', status: 405 },
  { title: 'a preflight', method: 'OPTIONS', path: '/api/v1/jobs', status: 405 },
  {
    title: 'a body that is a form',
    method: 'POST',
    path: '/api/v1/jobs',
    options: { raw: '{}', headers: text },
    status: 415,
  },
  {
    title: 'a content type that is not JSON, without a body',
    method: 'POST',
    path: '/api/v1/jobs/hello/trigger',
    options: { headers: text },
    status: 415,
  },
  {
    title: 'nothing to read',
    method: 'POST',
    path: '/api/v1/jobs/hello/trigger',
    status: 202,
  },
  {
    title: 'a write that is not said to be JSON',
    method: 'POST',
    path: '/api/v1/jobs/hello/trigger',
    options: { headers: { 'content-type': '' } },
    status: 415,
  },
  {
    title: 'JSON with a charset',
    method: 'POST',
    path: '/api/v1/jobs/hello/trigger',
    options: { raw: '{}', headers: { 'content-type': 'Application/JSON; charset=utf-8' } },
    status: 202,
  },
  {
    title: 'half a document',
    method: 'POST',
    path: '/api/v1/jobs',
    options: { raw: '{"name":' },
    status: 400,
    code: 'MC_BAD_INPUT',
  },
  {
    title: 'a prototype as a key',
    method: 'POST',
    path: '/api/v1/jobs',
    options: { raw: '{"env":{"__proto__":{"uid":0}}}' },
    status: 400,
  },
  {
    title: 'a prototype spelt with an escape',
    method: 'POST',
    path: '/api/v1/jobs',
    options: { raw: '{"\\u005f_proto__":1}' },
    status: 400,
  },
  { title: 'too deep', method: 'POST', path: '/api/v1/jobs', options: { raw: deep }, status: 400 },
  {
    title: 'brackets inside a text',
    method: 'POST',
    path: '/api/v1/jobs',
    options: { raw: JSON.stringify({ name: `"\\${'['.repeat(99)}` }) },
    status: 201,
  },
  {
    title: 'more than a MiB',
    method: 'POST',
    path: '/api/v1/jobs',
    options: { raw: JSON.stringify('x'.repeat(1_048_576)) },
    status: 413,
    code: 'MC_BODY_TOO_LARGE',
  },
  { title: 'an unknown parameter', path: '/api/v1/jobs?limits=3', status: 400 },
  { title: 'a parameter twice', path: '/api/v1/jobs?limit=3&limit=4', status: 400 },
  { title: 'a limit out of bounds', path: '/api/v1/jobs?limit=1001', status: 400 },
  { title: 'a date without an offset', path: '/api/v1/executions?since=2027-03-01', status: 400 },
]

describe('every request is judged before it is served', () => {
  for (const { title, method = 'GET', path = '/api/v1/status', options, status, code } of cases) {
    test(`${title} → ${status}`, async () => {
      const { ask, errors } = fixture(fakeApi())
      const response = await ask(method, path, options)
      assert.equal(response.status, status)
      assert.deepEqual(errors, [])
      assert.equal(response.headers.get('access-control-allow-origin'), null)
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
      assert.equal(response.headers.get('cache-control'), 'no-store')
      assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/)
      if (status < 400) return
      assert.equal(response.headers.get('content-type'), 'application/problem+json')
      const problem = (await response.json()) as Problem
      assert.equal(problem.status, status)
      if (code !== undefined) assert.equal(problem.code, code)
      assert.ok(problem.hint.length > 0, 'a hint says what to do')
    })
  }

  test('five wrong tokens a minute are told so, the next hear 429, the right one still works', async () => {
    const { ask, advance } = fixture(fakeApi())
    const wrong = async (address = '127.0.0.1'): Promise<number> => {
      const caller = { via: 'tcp', address } as const
      return (await ask('GET', '/api/v1/status', { token: 'guess', caller })).status
    }
    for (let i = 0; i < 5; i += 1) assert.equal(await wrong(), 401, `try ${i}`)
    assert.equal(await wrong(), 429)
    assert.equal(await wrong('::1'), 401, 'another address')
    assert.equal((await ask('GET', '/api/v1/status')).status, 200)
    advance(60_000)
    assert.equal(await wrong(), 401)
  })

  test('SEC-55 a token that writes without end hears 429; reads, the socket and later writes go on', async () => {
    const { ask, advance } = fixture(fakeApi())
    const write = async (options: AskOptions = {}): Promise<number> =>
      (await ask('POST', '/api/v1/jobs/hello/trigger', { ...options, body: {} })).status
    for (let i = 0; i < 2_000; i += 1) assert.equal(await write(), 202)
    assert.equal(await write(), 429)
    assert.equal((await ask('GET', '/api/v1/status')).status, 200)
    assert.equal(await write({ token: null, caller: { via: 'socket', address: '' } }), 202)
    advance(1_000)
    assert.equal(await write(), 202)
  })

  test('an error of our own says nothing about itself', async () => {
    const secret = new Error('/root/secret.ts')
    const { ask, errors } = fixture(fakeApi({ status: () => Promise.reject(secret) }))
    const response = await ask('GET', '/api/v1/status')
    assert.equal(response.status, 500)
    assert.doesNotMatch(await response.text(), /secret/)
    assert.deepEqual(errors, [secret])
  })
})
