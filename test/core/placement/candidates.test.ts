import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jobName } from '../../../src/core/ids.ts'
import type { Affinity } from '../../../src/core/jobs/definition.ts'
import { defaultGroups } from '../../../src/core/jobs/document.ts'
import type { Attrs, NodeRecord } from '../../../src/core/membership/node-record.ts'
import type { MemberState } from '../../../src/core/membership/view.ts'
import {
  placementKey,
  rankCandidates,
  type Demand,
  type PlacementMember,
  type Ranking,
} from '../../../src/core/placement/candidates.ts'
import { rankKey } from '../../../src/core/placement/rendezvous.ts'
import { nodeRecord } from '../membership/records.ts'
import { peerId } from '../fleet/crypto.ts'

const plannedMs = 1_000_000
const settleMs = 5_000
const demand: Demand = {
  placement: defaultGroups.placement,
  action: { ...defaultGroups.action, run: { kind: 'exec', argv: ['true'] } },
  timing: { ...defaultGroups.timing, timezone: 'Europe/Berlin' },
}

const offering = (attrs: Partial<Attrs>): Attrs => ({ ...nodeRecord(0).attrs, ...attrs })

const rank = (members: readonly PlacementMember[], asked: Demand = demand): Ranking =>
  rankCandidates(rankKey('tick', 'a@1'), asked, members, plannedMs, settleMs)

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
            attrs: offering({ weight }),
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
  ['accepts nothing', { attrs: offering({ accepts: false }) }],
  ['may not run jobs', { attrs: offering({ roles: ['admin', 'author', 'viewer'] }) }],
  ['is cordoned', { attrs: offering({ cordoned: true }) }],
  ['lacks what the job wants', { attrs: offering({ facts: { arch: 'x64' } }) }],
  ['does not tell what the job wants', { attrs: offering({ facts: {} }) }],
  ['has another executor', { attrs: offering({ executors: ['http'] }) }],
  ['has no sure clock', { clock: { state: 'unsynced', offsetMs: 0, errorMs: 0 } }],
]

test('each reason to be no candidate is told', () => {
  const asked = { ...demand, placement: { ...demand.placement, where: 'arch == "arm64"' } }
  for (const [what, fields, state] of excluding) {
    const { rank: order, excluded } = rank([member(1), member(2, fields, state)], asked)
    assert.deepEqual(order, [peerId(1)], what)
    assert.equal(excluded.length, 1, what)
    assert.notEqual(excluded[0]!.reason, '', what)
  }
})

test('affinity: tick spreads a job over the members, job keeps it where it is, key:<label> keeps jobs with one label together', () => {
  const members = [1, 2, 3, 4].map((index) => member(index))
  const firstOf = (affinity: Affinity, job: string, dueMs: number, labels = {}): string => {
    const placement = { ...demand.placement, affinity }
    const meta = { ...defaultGroups.meta, labels }
    const execution = `${job}@${dueMs}` as never
    const key = placementKey({ placement, meta }, jobName(job), execution, '0')
    return rankCandidates(key, demand, members, plannedMs, settleMs).rank[0]!
  }
  const ticks = Array.from({ length: 40 }, (_, i) => i)
  assert.equal(new Set(ticks.map((i) => firstOf('tick', 'a', i))).size, 4)
  assert.equal(new Set(ticks.map((i) => firstOf('job', 'a', i))).size, 1)
  const places = (team: (i: number) => object): ReadonlySet<string> =>
    new Set(ticks.map((i) => firstOf('key:team', `job-${i}`, i, team(i))))
  assert.equal(places(() => ({ team: 'web' })).size, 1)
  assert.equal(places((i) => ({ team: `${i}` })).size, 4)
  // without the label it is as affinity job
  assert.equal(firstOf('key:team', 'a', 1), firstOf('job', 'a', 2))
  assert.equal(firstOf('key:constructor', 'a', 1), firstOf('job', 'a', 2))
})

test('of a plugin only members that have it are candidates', () => {
  const attrsOf = (executors: readonly string[]): Partial<NodeRecord> => ({
    attrs: {
      weight: 16,
      accepts: true,
      profiles: ['default'],
      cordoned: false,
      executors,
      tags: {},
      roles: ['executor'],
      facts: {},
    },
  })
  const members = [
    member(1, attrsOf(['exec', 'plugin:snmp'])),
    member(2, attrsOf(['exec', 'plugin:snmp-get'])),
    member(3, attrsOf(['exec', 'plugin'])),
  ]
  const run = { kind: 'plugin', name: 'snmp', config: '{}' } as const
  const action = { ...demand.action, run }
  const ranking = rank(members, { ...demand, action })
  assert.deepEqual(ranking.rank, [peerId(1)])
  assert.deepEqual(
    ranking.excluded.map(({ reason }) => reason),
    ['it does not run plugin:snmp', 'it does not run plugin:snmp'],
  )
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
  const asked: Demand = {
    ...demand,
    placement: { ...demand.placement, tags: { role: 'db', zone: 'a' } },
  }
  const tagged = (tags: Record<string, string>): Attrs => offering({ tags })
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
