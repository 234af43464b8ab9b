import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Job, JobWrite, Problem } from '../../../src/adapters/http/schema.ts'
import { refuse } from '../../../src/core/result.ts'
import { fakeApi, hello } from './fake-api.ts'
import { fixture } from './fixture.ts'

const conflict = async () =>
  refuse('MC_CONFLICT', 'hello changed since it was read', 'read it again, then write')

describe('versions', () => {
  test('a job carries its version as ETag', async () => {
    const response = await fixture(fakeApi()).ask('GET', '/api/v1/jobs/hello')
    assert.equal(response.headers.get('etag'), `"${hello.etag}"`)
    assert.deepEqual(await response.json(), hello)
  })

  const forms: readonly (readonly [string, string])[] = [
    [`"${hello.etag}"`, hello.etag],
    [hello.etag, hello.etag],
    ['*', '*'],
  ]
  for (const [header, ifMatch] of forms) {
    test(`If-Match: ${header} reaches the application as ${ifMatch}`, async () => {
      const api = fakeApi()
      const headers = { 'if-match': header }
      await fixture(api).ask('PUT', '/api/v1/jobs/hello', { body: {}, headers })
      await fixture(api).ask('DELETE', '/api/v1/jobs/hello', { headers })
      assert.deepEqual(api.calls, [
        ['putJob', { name: 'hello' }, { ifMatch, mustBeNew: false, dryRun: false }],
        ['removeJob', 'hello', { ifMatch }],
      ])
    })
  }

  test('a list of ETags is refused, for there is one version', async () => {
    const headers = { 'if-match': '"a", "b"' }
    const response = await fixture(fakeApi()).ask('DELETE', '/api/v1/jobs/hello', { headers })
    assert.equal(response.status, 400)
  })

  for (const method of ['PUT', 'DELETE']) {
    test(`a mismatch at ${method} is 412 with both versions`, async () => {
      const { ask } = fixture(fakeApi({ putJob: conflict, removeJob: conflict }))
      const headers = { 'if-match': '"old"' }
      const body = method === 'PUT' ? {} : undefined
      const response = await ask(method, '/api/v1/jobs/hello', { body, headers })
      assert.equal(response.status, 412)
      assert.equal(response.headers.get('etag'), `"${hello.etag}"`)
      const problem = (await response.json()) as Problem
      assert.equal(problem.code, 'MC_CONFLICT')
      assert.equal(problem.expected, 'old')
      assert.equal(problem.current, hello.etag)
      assert.deepEqual(problem.currentDocument, hello.document)
    })
  }
})

describe('writes', () => {
  test('POST asks for a new job and answers 201 with what it is', async () => {
    const api = fakeApi()
    const response = await fixture(api).ask('POST', '/api/v1/jobs', { body: { name: 'new' } })
    assert.equal(response.status, 201)
    assert.equal(((await response.json()) as JobWrite).change, 'created')
    assert.deepEqual(api.calls, [['putJob', { name: 'new' }, { mustBeNew: true, dryRun: false }]])
  })

  test('PUT replaces, answers 200, and takes the name from the path', async () => {
    const api = fakeApi()
    const body = { schedule: '@every 20s' }
    const response = await fixture(api).ask('PUT', '/api/v1/jobs/hello', { body })
    assert.equal(response.status, 200)
    assert.deepEqual(api.calls[0]?.[1], { name: 'hello', schedule: '@every 20s' })
  })

  test('PUT with If-None-Match: * creates or fails', async () => {
    const api = fakeApi()
    const headers = { 'if-none-match': '*' }
    const response = await fixture(api).ask('PUT', '/api/v1/jobs/new', { body: {}, headers })
    assert.equal(response.status, 201)
    assert.deepEqual(api.calls[0]?.[2], { mustBeNew: true, dryRun: false })
  })

  test('PUT of another name than the path is refused', async () => {
    const api = fakeApi()
    const response = await fixture(api).ask('PUT', '/api/v1/jobs/hello', { body: { name: 'bye' } })
    assert.equal(response.status, 400)
    assert.deepEqual(api.calls, [])
  })

  test('a dry run answers 200 also for what would be new', async () => {
    const api = fakeApi()
    const response = await fixture(api).ask('PUT', '/api/v1/jobs/new?dryRun=1', { body: {} })
    assert.equal(response.status, 200)
    assert.equal(((await response.json()) as JobWrite).dryRun, true)
  })

  test('refusals of the application keep their code and get its status', async () => {
    const putJob = async () => refuse('MC_EXISTS', 'hello exists', 'use PUT')
    const response = await fixture(fakeApi({ putJob })).ask('POST', '/api/v1/jobs', { body: {} })
    assert.equal(response.status, 409)
    assert.equal(((await response.json()) as Problem).code, 'MC_EXISTS')
  })
})

describe('verbs', () => {
  test('run takes an idempotency key, and makes one when there is none', async () => {
    const api = fakeApi()
    const { ask } = fixture(api)
    const headers = { 'idempotency-key': 'order-17' }
    const response = await ask('POST', '/api/v1/jobs/hello/trigger', { headers })
    assert.equal(response.status, 202)
    await ask('POST', '/api/v1/jobs/hello/trigger')
    assert.deepEqual(api.calls[0], ['runJob', 'hello', { idempotencyKey: 'order-17' }])
    assert.match(JSON.stringify(api.calls[1]?.[2]), /"[0-9a-f]{32}"/)
  })

  const pauses: readonly (readonly [unknown, unknown])[] = [
    [undefined, { note: '', untilMs: null }],
    [{ note: 'holiday' }, { note: 'holiday', untilMs: null }],
    [{ until: '2027-03-01T12:00:00Z' }, { note: '', untilMs: 1_803_902_400_000 }],
    [{ until: null }, { note: '', untilMs: null }],
    [{ until: 'tomorrow' }, undefined],
    [{ note: 1 }, undefined],
    [{ reason: 'x' }, undefined],
    [[], undefined],
    [null, { note: '', untilMs: null }],
  ]
  for (const [body, expected] of pauses) {
    test(`pause with ${JSON.stringify(body)}`, async () => {
      const api = fakeApi()
      const response = await fixture(api).ask('POST', '/api/v1/jobs/hello/pause', { body })
      assert.equal(response.status, expected === undefined ? 400 : 200)
      assert.deepEqual(api.calls[0]?.[2], expected)
      if (response.ok) assert.equal(((await response.json()) as Job).state, 'paused')
    })
  }
})
