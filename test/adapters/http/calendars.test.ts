import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeApi, night } from './fake-api.ts'
import { fixture } from './fixture.ts'

test('a calendar is listed, read with its version, written and deleted under its own path', async () => {
  const api = fakeApi()
  const { ask } = fixture(api)
  const list = await ask('GET', '/api/v1/calendars')
  assert.deepEqual(await list.json(), { items: [night] })
  const one = await ask('GET', '/api/v1/calendars/night')
  assert.equal(one.headers.get('etag'), `"${night.etag}"`)
  assert.equal((await ask('GET', '/api/v1/calendars/nigth')).status, 404)
  const headers = { 'if-match': `"${night.etag}"` }
  const put = await ask('PUT', '/api/v1/calendars/night', { body: { rules: [] }, headers })
  assert.equal(put.status, 200)
  const created = await ask('PUT', '/api/v1/calendars/freeze', { body: { rules: [] } })
  assert.equal(created.status, 201)
  assert.equal((await ask('DELETE', '/api/v1/calendars/night', { headers })).status, 204)
  const plainly = { mustBeNew: false, dryRun: false }
  assert.deepEqual(api.calls, [
    ['putCalendar', { name: 'night', rules: [] }, { ifMatch: night.etag, ...plainly }],
    ['putCalendar', { name: 'freeze', rules: [] }, plainly],
    ['removeCalendar', 'night', { ifMatch: night.etag }],
  ])
})

test('a calendar document that names another calendar than its path is refused', async () => {
  const { ask } = fixture(fakeApi())
  const response = await ask('PUT', '/api/v1/calendars/night', { body: { name: 'day', rules: [] } })
  assert.equal(response.status, 400)
})
