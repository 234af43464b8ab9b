import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Author } from '../../../src/core/author.ts'
import { SeenVector } from '../../../src/core/clock/version-vector.ts'
import { ClusterClock } from '../../../src/core/clock/cluster-clock.ts'
import type { Effect } from '../../../src/core/effect.ts'
import { limits, profiles } from '../../../src/core/limits.ts'
import { sealReport } from '../../../src/core/membership/link-report.ts'
import { Membership } from '../../../src/core/membership/membership.ts'
import { sealNode } from '../../../src/core/membership/node-record.ts'
import { Trust } from '../../../src/core/trust/trust.ts'
import { Turn } from '../../../src/core/turn.ts'
import { credentialsOf } from '../fleet/credentials.ts'
import { fakeCrypto, peerId } from '../fleet/crypto.ts'
import { nodeRecord } from './records.ts'

const clusterId = '0123456789abcdef0123456789abcdef'
const nowMs = 1_000_000

const authorOf = (index: number): Author =>
  new Author(
    { crypto: fakeCrypto(peerId(index)), seen: new SeenVector() },
    {
      member: peerId(index),
      clusterId,
      storeEpoch: '00000000000000ee',
      startId: `${index}`.padStart(16, '0'),
    },
  )

function createMembership(): { membership: Membership; turn: Turn } {
  const turn = new Turn()
  turn.clusterMs = nowMs
  turn.monoMs = nowMs
  turn.wallMs = nowMs
  const membership = new Membership(
    {
      turn,
      author: authorOf(0),
      crypto: fakeCrypto(peerId(0)),
      trust: new Trust(
        { crypto: fakeCrypto(peerId(0)), time: () => undefined },
        credentialsOf(peerId(0), {}),
      ),
      timers: profiles.lan,
      clock: new ClusterClock({ buildMs: 0 }),
    },
    {
      name: 'node-0',
      version: '0.1.0',
      weight: 16,
      profiles: ['default'],
      executors: ['exec'],
      engine: 'croner 11',
      timezoneData: '2026a',
    },
  )
  membership.restore(undefined, [], [])
  return { membership, turn }
}

const recordBytes = (index: number, incarnation: number, ms: number): Uint8Array =>
  sealNode(authorOf(index), nodeRecord(index, { incarnation, hlc: { ms, counter: 0 } })).bytes

const reportBytes = (reporter: number, about: number, incarnation: number, number: number) =>
  sealReport(authorOf(reporter), {
    about: peerId(about),
    incarnation,
    finding: 'lost',
    atMs: nowMs,
    reporter: peerId(reporter),
    number,
  }).bytes

test('an incarnation never decreases, and a report about an older one changes nothing', () => {
  const fact = fc.record({
    kind: fc.constantFrom('record', 'report'),
    incarnation: fc.integer({ min: 1, max: 5 }),
    ms: fc.integer({ min: nowMs - 5, max: nowMs }),
  })
  fc.assert(
    fc.property(fc.array(fact, { maxLength: 20 }), (facts) => {
      const { membership } = createMembership()
      membership.receiveNode(recordBytes(2, 1, nowMs))
      let newest = 0
      for (const { kind, incarnation, ms } of facts) {
        if (kind === 'record') {
          membership.receiveNode(recordBytes(1, incarnation, ms))
          newest = Math.max(newest, incarnation)
        } else membership.receiveReport(reportBytes(2, 1, incarnation, ms))
        membership.evaluate()
        assert.equal(membership.get(peerId(1))?.record.incarnation ?? 0, newest)
      }
      const isMissed = facts.some(
        ({ kind, incarnation }, i) =>
          kind === 'report' &&
          incarnation === newest &&
          // it counts when its member was known by then
          facts.slice(0, i).some((one) => one.kind === 'record'),
      )
      if (newest === 0) return
      if (!isMissed) assert.equal(membership.get(peerId(1))!.state, 'alive')
    }),
    { numRuns: 500 },
  )
})

test('equal facts give equal view digests, whatever the order', () => {
  const facts = fc.array(
    fc.record({
      index: fc.integer({ min: 1, max: 4 }),
      incarnation: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(facts, (rows) => {
      const digestOf = (list: typeof rows): bigint => {
        const { membership } = createMembership()
        for (const { index, incarnation } of list) {
          membership.receiveNode(recordBytes(index, incarnation, nowMs))
        }
        membership.evaluate()
        return membership.viewDigest
      }
      assert.equal(digestOf(rows), digestOf(rows.toReversed()))
    }),
    { numRuns: 200 },
  )
})

test('forged facts are rejected and change nothing', () => {
  const { membership } = createMembership()
  const honest = recordBytes(1, 2, nowMs)
  const forged = new Uint8Array(honest)
  forged[forged.length - 1]! ^= 1
  assert.equal(membership.receiveNode(forged), 'rejected')
  assert.equal(membership.get(peerId(1)), undefined)
  assert.equal(membership.receiveNode(honest), 'news')
  assert.equal(membership.receiveNode(honest), 'stale')
  const other = sealNode(authorOf(2), nodeRecord(1, { incarnation: 9 })).bytes
  assert.equal(membership.receiveNode(other), 'rejected')
  assert.equal(membership.get(peerId(1))!.record.incarnation, 2)
})

test('members and reports are bounded, and all facts fit one frame', () => {
  const { membership } = createMembership()
  for (let index = 1; index <= limits.membersMax + 5; index++) {
    membership.receiveNode(recordBytes(index, 1, nowMs))
  }
  assert.equal(membership.members().length, limits.membersMax)
  for (let about = 1; about < limits.membersMax; about++) {
    for (let reporter = 1; reporter <= 20; reporter++) {
      if (reporter !== about) membership.receiveReport(reportBytes(reporter, about, 1, nowMs))
    }
  }
  const { nodes, reports } = membership.facts()
  assert.equal(nodes.length, limits.membersMax)
  assert.ok(reports.length <= limits.membersMax * limits.reportsMax)
  const size = [...nodes, ...reports].reduce((sum, { length }) => sum + length + 8, 0)
  assert.ok(size <= limits.frameBytesMax)
})

test('a record of ours from another process raises our incarnation above it', () => {
  const { membership, turn } = createMembership()
  turn.take()
  const before = membership.own().incarnation
  const clone = sealNode(authorOf(0), nodeRecord(0, { incarnation: before + 4 })).bytes
  membership.receiveNode(clone)
  assert.equal(membership.own().incarnation, before + 5)
  const persisted = turn.take().filter((effect: Effect) => effect.kind === 'persist')
  assert.ok(persisted.length > 0)
})
