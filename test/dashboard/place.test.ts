import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hrefOf, parseRoute, tokenOf, withQuery } from '../../src/dashboard/model/route.ts'

describe('a place of the dashboard', () => {
  test('is the same after it was written into the URL and read again', () => {
    const href = hrefOf(['jobs', 'a/b c~2@1+1'], { filter: 'x & y', sort: '' })
    assert.deepEqual(parseRoute(href), {
      path: ['jobs', 'a/b c~2@1+1'],
      query: new Map([['filter', 'x & y']]),
    })
  })

  test('without a path is the overview, and broken escapes are taken as they stand', () => {
    assert.deepEqual(parseRoute('').path, [])
    assert.deepEqual(parseRoute('#/').path, [])
    assert.deepEqual(parseRoute('#/jobs/%zz').path, ['jobs', '%zz'])
  })

  test('keeps the rest of its query when a part of it changes', () => {
    const place = parseRoute('#/jobs?sort=-name&filter=x')
    assert.equal(withQuery(place, { filter: undefined }), '#/jobs?sort=-name')
    assert.equal(withQuery(place, { state: 'idle' }), '#/jobs?sort=-name&filter=x&state=idle')
  })

  test('a token is read only from a fragment that is nothing else', () => {
    assert.equal(tokenOf('#token=mct_a-b_c'), 'mct_a-b_c')
    for (const other of ['', '#/', '#/jobs?token=mct_a', '#token=', '#token=a b']) {
      assert.equal(tokenOf(other), undefined, other)
    }
  })
})
