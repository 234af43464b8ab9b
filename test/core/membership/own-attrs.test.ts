import assert from 'node:assert/strict'
import { test } from 'node:test'
import { areNews, OwnAttrs } from '../../../src/core/membership/own-attrs.ts'
import type { Attrs, NodeRecord } from '../../../src/core/membership/node-record.ts'
import { attrsAt } from '../../../src/core/placement/candidates.ts'

const none: Attrs = {
  weight: 16,
  profiles: ['default'],
  accepts: true,
  executors: ['exec'],
  tags: {},
  roles: ['executor'],
  cordoned: false,
  facts: {},
}
const at = (own: OwnAttrs, ms: number): Attrs => attrsAt(own.announced as NodeRecord, ms)

test('a change is in force from its announced instant, and not before', () => {
  const own = new OwnAttrs(none)
  own.change({ cordoned: true }, 1_000, 11_000)
  assert.equal(at(own, 10_999).cordoned, false)
  assert.equal(at(own, 11_000).cordoned, true)
})

test('a second change before the first is in force leaves in force what was', () => {
  const own = new OwnAttrs(none)
  own.change({ cordoned: true }, 1_000, 11_000)
  own.change({ facts: { arch: 'arm64' } }, 5_000, 15_000)
  assert.deepEqual(at(own, 14_999), none)
  assert.deepEqual(at(own, 15_000), { ...none, cordoned: true, facts: { arch: 'arm64' } })
})

test('that a node accepts nothing acts at once, whatever is announced', () => {
  const own = new OwnAttrs(none)
  own.change({ cordoned: true }, 1_000, 11_000)
  assert.equal(own.setAccepts(false), true)
  assert.equal(own.setAccepts(false), false)
  assert.equal(at(own, 2_000).accepts, false)
  assert.equal(at(own, 12_000).accepts, false)
})

test('facts are told again when they differ by more than a tenth, or in kind', () => {
  const told = { arch: 'arm64', 'disk.free': 1_000, 'power.ac': true }
  const table: readonly (readonly [object, boolean])[] = [
    [{}, false],
    [{ 'disk.free': 1_100 }, false],
    [{ 'disk.free': 1_101 }, true],
    [{ 'disk.free': 899 }, true],
    [{ 'power.ac': false }, true],
    [{ arch: 'x64' }, true],
    [{ arch: 5 }, true],
    [{ more: 1 }, true],
  ]
  for (const [change, isNews] of table) {
    assert.equal(areNews(told, { ...told, ...change }), isNews, JSON.stringify(change))
  }
  assert.equal(areNews(told, { arch: 'arm64', 'disk.free': 1_000 }), true, 'one is gone')
  assert.equal(areNews({ none: 0 }, { none: 1 }), true)
})
