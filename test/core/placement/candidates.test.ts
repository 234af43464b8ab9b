import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defaultGroups } from '../../../src/core/jobs/document.ts'
import type { NodeRecord } from '../../../src/core/membership/node-record.ts'
import type { MemberState } from '../../../src/core/membership/view.ts'
import {
  rankCandidates,
  type Demand,
  type PlacementMember,
  type Ranking,
} from '../../../src/core/placement/candidates.ts'
import { nodeRecord } from '../membership/records.ts'
import { peerId } from '../fleet/crypto.ts'

const plannedMs = 1_000_000
const settleMs = 5_000
const demand: Demand = {
  placement: { tags: {}, every: false },
  action: { ...defaultGroups.action, run: { kind: 'exec', argv: ['true'] } },
  timing: { ...defaultGroups.timing, timezone: 'Europe/Berlin' },
}

const rank = (members: readonly PlacementMember[], asked: Demand = demand): Ranking =>
  rankCandidates('tick', 'a@1', asked, members, plannedMs, settleMs)

const member = (
  index: number,
  fields: Partial<NodeRecord> = {},
  state: MemberState = 'alive',
): PlacementMember => ({ record: nodeRecord(index, fields), state })

test('the same facts give the same candidates in the same order, however they are held', () => {
  const one = fc.record({
    index: fc.nat(30),
    eligibleFromMs: fc.constantFrom(0, 1, plannedMs - settleMs, plannedMs - settleMs + 1),
    state: fc.constantFrom<MemberState>('alive', 'unreachable', 'down', 'left'),
    weight: fc.constantFrom(8, 16, 32),
    clock: fc.constantFrom('synced', 'skewed', 'unsynced', 'disputed'),
    engine: fc.constantFrom('croner 10', 'croner 11'),
  })
  const members = fc.uniqueArray(one, { selector: ({ index }) => index, maxLength: 12 })
  fc.assert(
    fc.property(members, fc.array(fc.nat()), (rows, order) => {
      const held = rows.map(({ index, eligibleFromMs, state, weight, clock, engine }) =>
        member(
          index,
          {
            eligibleFromMs,
            engine,
            attrs: { weight, accepts: true, executors: ['exec'], tags: {} },
            clock: { state: clock, offsetMs: 0, errorMs: 0 },
          },
          state,
        ),
      )
      const shuffled = held
        .map((one, i) => [order[i] ?? 0, one] as const)
        .toSorted(([a], [b]) => b - a)
        .map(([, one]) => one)
      const [a, b] = [rank(held), rank(shuffled)]
      assert.deepEqual(a.rank, b.rank)
      assert.equal(new Set(a.rank).size, a.rank.length)
      assert.equal(a.rank.length + a.excluded.length, held.length)
      assert.equal(b.excluded.length, a.excluded.length)
    }),
    { numRuns: 1_000 },
  )
})

const excluding: readonly (readonly [string, Partial<NodeRecord>, MemberState?])[] = [
  ['has not announced itself', { eligibleFromMs: 0 }],
  ['announced itself too late', { eligibleFromMs: plannedMs - settleMs + 1 }],
  ['has left by then', { leaveAtMs: plannedMs }],
  ['is down', {}, 'down'],
  ['accepts nothing', { attrs: { weight: 16, accepts: false, executors: ['exec'], tags: {} } }],
  ['has another executor', { attrs: { weight: 16, accepts: true, executors: ['http'], tags: {} } }],
  ['has no sure clock', { clock: { state: 'unsynced', offsetMs: 0, errorMs: 0 } }],
]

test('each reason to be no candidate is told', () => {
  for (const [what, fields, state] of excluding) {
    const { rank: order, excluded } = rank([member(1), member(2, fields, state)])
    assert.deepEqual(order, [peerId(1)], what)
    assert.equal(excluded.length, 1, what)
    assert.notEqual(excluded[0]!.reason, '', what)
  }
})

test('who leaves later, and who is only unreachable, is still a candidate', () => {
  const { rank: order } = rank([
    member(1, { leaveAtMs: plannedMs + 1 }),
    member(2, {}, 'unreachable'),
    member(3, { eligibleFromMs: plannedMs - settleMs }),
  ])
  assert.equal(order.length, 3)
})

test('tags must match, all of them, as of the planned instant', () => {
  const asked: Demand = { ...demand, placement: { tags: { role: 'db', zone: 'a' }, every: false } }
  const tagged = (tags: Record<string, string>): NodeRecord['attrs'] => ({
    weight: 16,
    accepts: true,
    executors: ['exec'],
    tags,
  })
  const { rank: order } = rank(
    [
      member(1, { attrs: tagged({ role: 'db', zone: 'a', more: 'x' }) }),
      member(2, { attrs: tagged({ role: 'db' }) }),
      member(3, {
        attrs: tagged({}),
        attrsFromMs: plannedMs + 1,
        prevAttrs: tagged({ role: 'db', zone: 'a' }),
      }),
      member(4, {
        attrs: tagged({ role: 'db', zone: 'a' }),
        attrsFromMs: plannedMs + 1,
        prevAttrs: tagged({}),
      }),
    ],
    asked,
  )
  assert.deepEqual(new Set(order), new Set([peerId(1), peerId(3)]))
})

test('where a time zone matters only the most common scheduler counts', () => {
  const members = [member(1), member(2), member(3, { timezoneData: '2019a' })]
  assert.equal(rank(members).rank.length, 2)
  const utc: Demand = { ...demand, timing: { ...demand.timing, timezone: 'UTC' } }
  assert.equal(rank(members, utc).rank.length, 3)
})

test('a skewed member ranks last, whatever its place', () => {
  for (let index = 1; index <= 5; index++) {
    const members = [1, 2, 3, 4, 5].map((one) =>
      member(one, {
        clock: { state: one === index ? 'skewed' : 'synced', offsetMs: 0, errorMs: 0 },
      }),
    )
    assert.equal(rank(members).rank.at(-1), peerId(index))
  }
})
