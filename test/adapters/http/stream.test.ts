import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Output, ReadOutput } from '../../../src/adapters/http/api.ts'
import type { OutputPage } from '../../../src/adapters/http/schema.ts'
import { ok } from '../../../src/core/result.ts'
import { execution, fakeApi } from './fake-api.ts'
import { fixture } from './fixture.ts'

/** Reads from a stream until the text holds `until`. */
async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  until: string,
): Promise<string> {
  let text = ''
  while (!text.includes(until)) {
    const { value, done } = await reader.read()
    if (done) return text
    text += Buffer.from(value).toString()
  }
  return text
}

const job = (name: string) => ({ type: 'job', job: name, change: 'put' }) as const

describe('events', () => {
  test('a watcher sees what happens after it came, with ids', async () => {
    const api = fakeApi()
    const { ask, streams } = fixture(api)
    api.emit(job('before'))
    const response = await ask('GET', '/api/v1/events')
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const reader = response.body!.getReader()
    api.emit(job('a'))
    const text = await readUntil(reader, '"a"')
    assert.match(text, /id: e0-2\nevent: job\ndata: \{.*"job":"a".*"id":"e0-2".*\}\n\n/)
    assert.doesNotMatch(text, /before/)
    assert.equal(streams.open, 1)
    await reader.cancel()
    assert.equal(streams.open, 0)
  })

  test('Last-Event-ID goes on after that event', async () => {
    const api = fakeApi()
    const { ask } = fixture(api)
    for (const name of ['a', 'b', 'c']) api.emit(job(name))
    const response = await ask('GET', '/api/v1/events', { headers: { 'last-event-id': 'e0-1' } })
    const text = await readUntil(response.body!.getReader(), '"c"')
    assert.doesNotMatch(text, /"a"|gap/)
    assert.match(text, /"b"[^]*"c"/)
  })

  test('what the ring has lost is told as a gap, and what is left follows', async () => {
    const api = fakeApi()
    const { ask } = fixture(api, { ringSize: 2 })
    for (const name of ['a', 'b', 'c', 'd']) api.emit(job(name))
    const response = await ask('GET', '/api/v1/events', { headers: { 'last-event-id': 'e0-1' } })
    const text = await readUntil(response.body!.getReader(), '"d"')
    assert.match(text, /id: e0-2\nevent: gap\ndata: .*"restarted":false[^]*"c"[^]*"d"/)
  })

  test('an id of another process is a gap', async () => {
    const { ask } = fixture(fakeApi())
    const response = await ask('GET', '/api/v1/events', { headers: { 'last-event-id': 'e9-1' } })
    assert.match(await readUntil(response.body!.getReader(), 'gap'), /"restarted":true/)
  })

  test('a reader that does not read costs no queue, and is told what it lost', async () => {
    const api = fakeApi()
    const { ask } = fixture(api, { ringSize: 2 })
    const response = await ask('GET', '/api/v1/events')
    for (const name of ['a', 'b', 'c', 'd', 'e']) api.emit(job(name))
    const text = await readUntil(response.body!.getReader(), '"e"')
    assert.match(text, /event: gap[^]*"d"[^]*"e"/)
  })

  test('one stream more than allowed is refused, and closing ends the others', async () => {
    const { ask, streams } = fixture(fakeApi(), { streamsMax: 1 })
    const first = await ask('GET', '/api/v1/events')
    assert.equal((await ask('GET', '/api/v1/events')).status, 503)
    streams.close()
    assert.equal(await first.text(), 'retry: 1000\n\n')
    assert.equal((await ask('GET', '/api/v1/events')).status, 200)
  })

  test('HEAD opens no stream', async () => {
    const { ask, streams } = fixture(fakeApi())
    assert.equal((await ask('HEAD', '/api/v1/events')).status, 200)
    assert.equal(streams.open, 0)
  })
})

const url = `/api/v1/executions/${encodeURIComponent(execution.id)}/output`

/** Output that grows by one text at each read that may wait. */
function growing(texts: readonly string[]): (id: string, read: ReadOutput) => Promise<never> {
  let shown = 1
  return async (_id, { offset, limit, waitMs }) => {
    if (waitMs > 0) shown += 1
    const all = Buffer.from(texts.slice(0, shown).join(''))
    const bytes = all.subarray(offset, offset + limit)
    const ended = shown >= texts.length
    const page = { slot: '0', attempt: 1, offset, bytes, total: all.length, dropped: 0, ended }
    return ok(page satisfies Output) as never
  }
}

describe('output', () => {
  test('plain: the bytes, and in headers what they are of', async () => {
    const response = await fixture(fakeApi()).ask('GET', url)
    assert.equal(await response.text(), 'hello\n')
    assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.deepEqual(
      ['offset', 'total', 'dropped', 'ended'].map((name) =>
        response.headers.get(`x-output-${name}`),
      ),
      ['0', '6', '0', 'true'],
    )
  })

  test('a range', async () => {
    const response = await fixture(fakeApi()).ask('GET', `${url}?offset=1&limit=3`)
    assert.equal(await response.text(), 'ell')
  })

  test('as JSON: a page', async () => {
    const headers = { accept: 'application/json' }
    const response = await fixture(fakeApi()).ask('GET', `${url}?limit=4`, { headers })
    const page = (await response.json()) as OutputPage
    assert.deepEqual([page.data, page.encoding, page.total], ['hell', 'utf8', 6])
  })

  test('bytes that are no text come in base64', async () => {
    const bytes = Buffer.from([0xff, 0x00])
    const page = { slot: '0', attempt: 1, offset: 0, bytes, total: 2, dropped: 0, ended: true }
    const headers = { accept: 'application/json' }
    const response = await fixture(fakeApi({ output: async () => ok(page) })).ask('GET', url, {
      headers,
    })
    const { data, encoding } = (await response.json()) as OutputPage
    assert.deepEqual([data, encoding], ['/wA=', 'base64'])
  })

  test('follow: everything until the attempt has ended', async () => {
    const output = growing(['one ', 'two ', 'three'])
    const response = await fixture(fakeApi({ output })).ask('GET', `${url}?follow=1`)
    assert.equal(await response.text(), 'one two three')
  })

  test('without follow it ends with what there is', async () => {
    const output = growing(['one ', 'two '])
    assert.equal(await (await fixture(fakeApi({ output })).ask('GET', url)).text(), 'one ')
  })

  test('an unknown execution is 404', async () => {
    assert.equal((await fixture(fakeApi()).ask('GET', '/api/v1/executions/x/output')).status, 404)
  })
})
