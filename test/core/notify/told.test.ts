import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Author } from '../../../src/core/author.ts'
import { SeenVector } from '../../../src/core/clock/version-vector.ts'
import { limits } from '../../../src/core/limits.ts'
import { ToldNotices } from '../../../src/core/notify/told.ts'
import { Turn } from '../../../src/core/turn.ts'
import { fakeCrypto, peerId } from '../fleet/crypto.ts'

const id = (n: number): string => n.toString(16).padStart(16, '0')

function toldBy(node: number, clusterId = '0'.repeat(32)): { told: ToldNotices; turn: Turn } {
  const turn = new Turn()
  turn.clusterMs = 1_000_000
  const crypto = fakeCrypto(peerId(node))
  const identity = {
    member: peerId(node),
    clusterId,
    storeEpoch: '1'.repeat(16),
    startId: '2'.repeat(16),
  }
  const author = new Author({ crypto, seen: new SeenVector() }, identity)
  return { told: new ToldNotices({ turn, author, crypto }), turn }
}

test('a fact counts when its author says it, and by whatever way when it is signed', () => {
  const bytes = toldBy(0).told.tell(id(1), 'ops', false)
  assert.ok(bytes.length <= limits.toldBytesMax)
  for (const from of [0, 2]) {
    const { told } = toldBy(1)
    assert.equal(told.hear(bytes, peerId(from)), id(1))
    assert.ok(told.has(id(1)))
  }
})

test('a forged fact, one of another cluster and bytes that are none change nothing', () => {
  const bytes = toldBy(0).told.tell(id(1), 'ops', false)
  const forged = bytes.slice()
  forged[forged.length - 1]! ^= 1
  const foreign = toldBy(0, '9'.repeat(32)).told.tell(id(1), 'ops', false)
  for (const bad of [forged, foreign, new Uint8Array(3), new Uint8Array(0)]) {
    const { told, turn } = toldBy(1)
    assert.equal(told.hear(bad, peerId(2)), undefined)
    assert.ok(!told.has(id(1)))
    const kinds = turn.take().map((effect) => effect.kind === 'report' && effect.report.kind)
    assert.deepEqual(kinds, ['refused'])
  }
})

test('facts are counted by channel and minute, kept for a day and a bit, and bounded', () => {
  const { told, turn } = toldBy(0)
  for (let n = 0; n < 5; n++) told.tell(id(n), 'ops', n > 2)
  assert.equal(told.countSince('ops', turn.clusterMs - 60_000), 3)
  assert.equal(told.countSince('other', 0), 0)
  turn.clusterMs += limits.toldMemoryMs + 1
  told.forget()
  assert.ok(!told.has(id(0)))
  for (let n = 0; n <= limits.toldMax; n++) told.tell(id(n), 'ops', false)
  assert.ok(!told.has(id(0)) && told.has(id(1)))
})
