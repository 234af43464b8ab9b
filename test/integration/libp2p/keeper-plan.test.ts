import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Action,
  afterFailure,
  afterLoss,
  backoff,
  courtesyMs,
  emptyMemory,
  type Facts,
  type LinkFact,
  planKeeper,
  type Track,
  type Wanted,
} from '../../../src/adapters/libp2p/keeper-plan.ts'
import { type MemberId, memberId } from '../../../src/core/ids.ts'

const self = memberId('m')
const low = memberId('a')
const high = memberId('z')
const half = (): number => 0.5

const wanted = (member: MemberId, more: Partial<Wanted> = {}): Wanted => ({
  key: member,
  member,
  isLearnt: false,
  isConfigured: false,
  addresses: ['/ip4/10.0.0.1/tcp/1'],
  ...more,
})
const byAddress: Wanted = {
  key: '/dns4/seed/tcp/1',
  member: undefined,
  isLearnt: false,
  isConfigured: true,
  addresses: ['/dns4/seed/tcp/1'],
}
const link = (member: MemberId, more: Partial<LinkFact> = {}): LinkFact => ({
  member,
  connections: [{ id: 'one', openedMs: 0 }],
  openedMs: 0,
  admittedMs: 0,
  isGossipHealthy: true,
  heardMs: undefined,
  ...more,
})
const facts = (more: Partial<Facts>): Facts => ({
  nowMs: 100_000,
  self,
  wanted: [],
  links: [],
  memory: emptyMemory,
  isKeptAway: () => false,
  deadLinkMs: 4_000,
  judgeFromMs: 0,
  admissionTimeoutMs: 15_000,
  random: half,
  ...more,
})
const track = (more: Partial<Track> = {}): Track => ({
  fails: 0,
  dueMs: 0,
  isDialing: false,
  ...more,
})
const tracked = (...entries: [string, Track][]): Facts['memory'] => ({
  tracks: new Map(entries),
  sick: new Map(),
})
const sick = (sinceMs: number, isReopened: boolean): Facts['memory'] => ({
  tracks: new Map(),
  sick: new Map([[high, { sinceMs, isReopened }]]),
})
const said = (action: Action): string =>
  action.kind === 'dial'
    ? `dial ${action.wanted.key}`
    : action.kind === 'close'
      ? `close ${action.member} ${action.connection}`
      : `${action.kind} ${action.member}`
const twice = [
  { id: 'one', openedMs: 90_000 },
  { id: 'two', openedMs: 97_000 },
]
const five = ['a', 'b', 'c', 'd', 'e'].map((one) => link(memberId(one)))
const learnt = wanted(high, { key: byAddress.key, isLearnt: true, isConfigured: true })

const table: readonly (readonly [title: string, Partial<Facts>, ...actions: string[]])[] = [
  ['dials a missing member of a higher id at once', { wanted: [wanted(high)] }, 'dial z'],
  ['leaves a lower id the first move', { wanted: [wanted(low)] }],
  [
    'does not wait for the other side of a configured peer',
    { wanted: [wanted(low, { isConfigured: true })] },
    'dial a',
  ],
  ['dials an address without id at once', { wanted: [byAddress] }, `dial ${byAddress.key}`],
  ['dials nobody who is linked', { wanted: [wanted(high)], links: [link(high)] }],
  ['dials nobody who is kept away', { wanted: [wanted(high)], isKeptAway: () => true }],
  ['dials nobody without an address', { wanted: [wanted(high, { addresses: [] })] }],
  [
    'dials one target once at a time',
    { wanted: [wanted(high)], memory: tracked([high, track({ isDialing: true })]) },
  ],
  [
    'waits for the end of the backoff',
    { wanted: [wanted(high)], memory: tracked([high, track({ dueMs: 100_001 })]) },
  ],
  ['asks no seeds when five links are up', { wanted: [byAddress], links: five }],
  [
    'asks seeds when four links are up',
    { wanted: [byAddress], links: five.slice(1) },
    `dial ${byAddress.key}`,
  ],
  ['leaves a seed alone whose member is linked', { wanted: [learnt], links: [link(high)] }],
  ['tries the id first, then the seed', { wanted: [wanted(high), learnt] }, 'dial z'],
  [
    'asks the seed again when the id fails',
    {
      wanted: [wanted(high), learnt],
      memory: tracked([high, track({ fails: 3, dueMs: 200_000 })]),
    },
    `dial ${byAddress.key}`,
  ],
  ['closes the younger duplicate', { links: [link(low, { connections: twice })] }, 'close a two'],
  ['leaves duplicates to the higher id', { links: [link(high, { connections: twice })] }],
  ['leaves young duplicates', { nowMs: 99_000, links: [link(low, { connections: twice })] }],
  ['gives gossip time', { links: [link(high, { isGossipHealthy: false })] }],
  [
    'reopens gossip that is sick',
    { links: [link(high, { isGossipHealthy: false })], memory: sick(97_000, false) },
    'reopen z',
  ],
  [
    'reopens it once',
    { links: [link(high, { isGossipHealthy: false })], memory: sick(96_000, true) },
  ],
  [
    'hangs up when that did not help',
    { links: [link(high, { isGossipHealthy: false })], memory: sick(94_000, true) },
    'abort z',
  ],
  [
    'does not ask for gossip before admission',
    {
      links: [link(high, { isGossipHealthy: false, admittedMs: undefined, openedMs: 99_000 })],
      memory: sick(0, true),
    },
  ],
  [
    'closes what nobody admits',
    { links: [link(high, { admittedMs: undefined, openedMs: 85_000 })] },
    'abort z',
  ],
  ['cuts a silent link', { links: [link(high, { heardMs: 96_000 })] }, 'abort z'],
  ['keeps a link that is heard', { links: [link(high, { heardMs: 96_001 })] }],
  ['keeps a link that never had heartbeats', { links: [link(high)] }],
  [
    'judges nobody after its own stall',
    { links: [link(high, { heardMs: 10 })], judgeFromMs: 99_000 },
  ],
  ['never cuts with 0', { links: [link(high, { heardMs: 10 })], deadLinkMs: 0 }],
  [
    'cuts a link without closing its duplicates',
    { links: [link(low, { heardMs: 10, connections: twice })] },
    'abort a',
  ],
]

describe('the keeper', () => {
  for (const [title, some, ...actions] of table) {
    test(title, () => assert.deepEqual(planKeeper(facts(some)).actions.map(said), actions))
  }

  test('dials at most ten at once', () => {
    const many = Array.from({ length: 30 }, (_, i) => wanted(memberId(`z${i}`)))
    const plan = planKeeper(facts({ wanted: many }))
    assert.equal(plan.actions.length, 10)
    const next = planKeeper(facts({ wanted: many, memory: plan.memory }))
    assert.equal(next.actions.length, 0)
  })

  test('looks again when the next dial is due, within a second', () => {
    const soon = tracked([high, track({ dueMs: 100_250 })])
    assert.equal(planKeeper(facts({ wanted: [wanted(high)], memory: soon })).nextMs, 100_250)
    const late = tracked([high, track({ dueMs: 900_000 })])
    assert.equal(planKeeper(facts({ wanted: [wanted(high)], memory: late })).nextMs, 101_000)
  })

  test('forgets whom it no longer wants and who has recovered', () => {
    const memory = { ...tracked([low, track({ fails: 9 })]), sick: sick(0, true).sick }
    const plan = planKeeper(facts({ wanted: [wanted(high)], links: [link(high)], memory }))
    assert.deepEqual([...plan.memory.tracks.keys()], [high])
    assert.equal(plan.memory.sick.size, 0)
  })
})

describe('backoff', () => {
  test('grows from 0.2 s to 30 s, with half as much chance on both sides', () => {
    const cases = [
      [0, 200],
      [1, 400],
      [5, 6_400],
      [8, 30_000],
      [1_000, 30_000],
    ] as const
    for (const [fails, ms] of cases) {
      assert.equal(
        backoff(fails, () => 0),
        ms / 2,
        `${fails}`,
      )
      assert.equal(backoff(fails, half), ms, `${fails}`)
      assert.ok(backoff(fails, () => 0.999) < ms * 1.5, `${fails}`)
    }
  })

  test('the lower id goes first', () => {
    assert.equal(courtesyMs(self, high, half), 0)
    assert.equal(courtesyMs(self, undefined, half), 0)
    assert.equal(courtesyMs(self, low, half), 2_500)
  })

  test('a failed dial is tried later and later', () => {
    const first = afterFailure(track({ isDialing: true }), 0, half)
    assert.deepEqual(first, { fails: 1, dueMs: 400, isDialing: false })
    assert.deepEqual(afterFailure(first, 400, half), { fails: 2, dueMs: 1_200, isDialing: false })
  })

  test('a loss starts anew only when the link had proved itself', () => {
    const at = { nowMs: 0, self, random: half }
    const cases = [
      // lived, admitted, ours, member → fails, due
      [10_000, true, true, low, 0, 0],
      [10_000, true, false, high, 0, 0],
      [10_000, true, false, low, 0, 2_500],
      [9_999, true, true, low, 4, 3_200],
      [60_000, false, true, low, 4, 3_200],
      [10, true, false, low, 4, 3_200],
    ] as const
    for (const [livedMs, wasAdmitted, wasOurs, member, fails, dueMs] of cases) {
      const after = afterLoss(
        track({ fails: 3 }),
        { livedMs, wasAdmitted, wasOurs },
        { ...at, member },
      )
      assert.deepEqual([after.fails, after.dueMs], [fails, dueMs], `${livedMs} ${member}`)
    }
  })
})
