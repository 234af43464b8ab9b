// The contract of the store port, for every implementation.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { SeenVector } from '../../src/core/clock/version-vector.ts'
import type { Write } from '../../src/core/effect.ts'
import type { StoredRecord } from '../../src/core/execution/record.ts'
import { jobName, memberId } from '../../src/core/ids.ts'
import type { ExecutionQuery, Store } from '../../src/ports/store.ts'
import { actorA, actorB, claimed, failed, missed, running, stored } from './store-records.ts'

const tally = { job: jobName('a'), generation: 2, runs: 3, successes: 1 }

export interface StoreHarness {
  readonly store: Store
  /** The same store after its process was killed. */
  reopen(): Store
}

/** Runs the suite against what `open` makes. */
export function storeContract(name: string, open: (t: TestContext) => StoreHarness): void {
  const rule = (title: string, run: (harness: StoreHarness) => void): void => {
    test(`${name}: ${title}`, (t) => run(open(t)))
  }
  stateRules(rule)
  edgeRules(rule)
  historyRules(rule)
  exchangeRules(rule)
  listRules(rule)
  loadRules(rule)
  countRules(rule)
}

type Rule = (title: string, run: (harness: StoreHarness) => void) => void

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const texts = (all: Iterable<Uint8Array>): readonly string[] =>
  [...all].map((one) => new TextDecoder().decode(one))
const recordOf = (one: StoredRecord): Write => ({ kind: 'record', stored: one })
const write = (store: Store, ...all: readonly StoredRecord[]): void =>
  store.commit(all.map(recordOf), 'full')
const intent = (id: string, job: string): Write => ({
  kind: 'intent',
  id,
  job: jobName(job),
  bytes: bytes(`intent ${id}`),
})

/** Every page, and that the cursor leads from one to the next without loss or repetition. */
function list(store: Store, query: Partial<ExecutionQuery> = {}): readonly string[] {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = store.executions({
      limit: 2,
      ...query,
      ...(cursor === undefined ? {} : { cursor }),
    })
    assert.ok(page.rows.length <= (query.limit ?? 2))
    found.push(...page.rows.map(({ record }) => `${record.execution}.${record.slot}`))
    cursor = page.cursor
  } while (cursor !== undefined && found.length < 1_000)
  assert.equal(new Set(found).size, found.length)
  return found
}

function stateRules(rule: Rule): void {
  rule('a new store is empty and has an epoch', ({ store, reopen }) => {
    assert.match(store.epoch, /^[0-9a-f]{16}$/)
    assert.equal(store.damaged, 0)
    const loaded = store.load()
    assert.equal(loaded.self, undefined)
    assert.equal(loaded.seen, undefined)
    for (const all of [
      loaded.intents,
      loaded.records,
      loaded.watermarks,
      loaded.members,
      loaded.tallies,
      loaded.registers ?? ['lost'],
    ]) {
      assert.deepEqual([...all], [])
    }
    assert.deepEqual(Object.values(loaded.counts), [0, 0, 0, 0, 0, 0, 0])
    const { epoch } = store
    assert.equal(reopen().epoch, epoch)
  })

  rule('what was committed is there after the process was killed', ({ store, reopen }) => {
    const self = { incarnation: 3, eligibleFromMs: 4, aliveAtMs: 5 }
    const record = stored('a', 1_000)
    store.commit([intent('1', 'a'), intent('2', 'b'), { kind: 'self', self }], 'full')
    store.commit([recordOf(record), { kind: 'seen', bytes: bytes('seen') }], 'normal')
    store.commit(
      [
        { kind: 'watermark', job: jobName('a'), dueMs: 1_000 },
        { kind: 'tally', tally: { ...tally, runs: 1 } },
        { kind: 'tally', tally },
        { kind: 'member', member: memberId('m1'), bytes: bytes('old') },
        { kind: 'member', member: memberId('m1'), bytes: bytes('new') },
        { kind: 'forgetIntent', id: '1' },
      ],
      'normal',
    )
    const again = reopen()
    const loaded = again.load()
    assert.deepEqual(loaded.self, self)
    assert.deepEqual(texts([loaded.seen!]), ['seen'])
    assert.deepEqual(texts(loaded.intents), ['intent 2'])
    assert.deepEqual(texts(loaded.records), texts([record.bytes]))
    assert.deepEqual([...loaded.watermarks], [['a', 1_000]])
    assert.deepEqual([...loaded.tallies], [tally])
    assert.deepEqual(texts(loaded.members), ['new'])
    assert.equal(again.damaged, 0)
  })

  rule('what is loaded can be read twice', ({ store }) => {
    store.commit([intent('1', 'a'), intent('2', 'a')], 'full')
    const { intents } = store.load()
    assert.deepEqual(texts(intents), texts(intents))
    assert.equal([...intents].length, 2)
  })

  rule(
    'an intent written twice is one, and forgetting an unknown one does nothing',
    ({ store }) => {
      store.commit([intent('1', 'a'), intent('1', 'a'), { kind: 'forgetIntent', id: '9' }], 'full')
      assert.deepEqual(texts(store.load().intents), ['intent 1'])
    },
  )
}

function edgeRules(rule: Rule): void {
  rule('a watermark never goes back', ({ store }) => {
    for (const dueMs of [5, 9, 7]) {
      store.commit([{ kind: 'watermark', job: jobName('a'), dueMs }], 'normal')
    }
    assert.deepEqual([...store.load().watermarks], [['a', 9]])
  })

  rule('a register holds what was written last', ({ store, reopen }) => {
    const key = 'a~1#1#ticks'
    for (const text of ['promised', 'accepted']) {
      store.commit([{ kind: 'register', key, bytes: bytes(text) }], 'full')
    }
    store.commit([{ kind: 'register', key: 'a~1#1#', bytes: bytes('next') }], 'full')
    const registers = [...reopen().load().registers!].map(([key, one]) => [key, ...texts([one])])
    assert.deepEqual(Object.fromEntries(registers), { [key]: 'accepted', 'a~1#1#': 'next' })
  })

  rule('empty bytes and an empty commit are fine', ({ store, reopen }) => {
    store.commit([], 'full')
    store.commit([{ kind: 'seen', bytes: new Uint8Array() }], 'full')
    assert.equal(reopen().load().seen?.length, 0)
  })

  rule('after close nothing is answered', ({ store }) => {
    store.close()
    assert.throws(() => store.load())
    assert.throws(() => store.commit([], 'full'))
  })
}

function historyRules(rule: Rule): void {
  rule('a record takes the place of the earlier phase of its attempt and executor', ({ store }) => {
    const phases = [claimed, running, {}].map((fields) => stored('a', 1_000, fields))
    for (const one of phases) {
      write(store, one)
      const [row, ...others] = store.attempts('a@1000')
      assert.deepEqual(row, { record: one.record, duplicate: false })
      assert.deepEqual(others, [])
      assert.deepEqual(store.executions({ limit: 9 }).rows, [row])
    }
  })

  rule('attempts and slots are rows of their own, oldest first', ({ store }) => {
    write(
      store,
      stored('a', 1_000, { attempt: 2, slot: '1', claimedMs: 3_000 }),
      stored('a', 1_000, { ...failed, attempt: 1, slot: '1' }),
      stored('a', 1_000, { attempt: 1, slot: '0' }),
      stored('a', 2_000),
    )
    assert.deepEqual(
      store.attempts('a@1000').map(({ record }) => `${record.slot}.${record.attempt}`),
      ['0.1', '1.1', '1.2'],
    )
    assert.deepEqual(store.attempts('none@1'), [])
    assert.deepEqual(list(store), ['a@2000.0', 'a@1000.0', 'a@1000.1'].toSorted(byListOrder))
  })

  rule('two members that started one attempt are both kept, and marked', ({ store }) => {
    write(store, stored('a', 1_000, { ...claimed, executor: memberId('m2'), claimedMs: 900 }))
    assert.deepEqual(
      store.attempts('a@1000').map(({ duplicate }) => duplicate),
      [false],
    )
    write(store, stored('a', 1_000))
    assert.deepEqual(
      store.attempts('a@1000').map(({ duplicate }) => duplicate),
      [true, true],
    )
    const [row] = store.executions({ limit: 9 }).rows
    assert.equal(row?.duplicate, true)
    assert.equal(row.record.executor, 'm1', 'success speaks for the slot')
    assert.equal(store.load().counts.duplicates, 1)
    assert.equal(store.load().counts.started, 2)
  })

  rule('of two words on a tick that did not run the same one stays, in any order', ({ store }) => {
    const expired = stored('a', 1_000, missed, { author: 'm2' })
    const none = stored('a', 1_000, { ...missed, outcome: 'no-eligible-node' }, { author: 'm1' })
    const late = stored('b', 1_000, missed, { author: 'm2' })
    const early = stored('b', 1_000, { ...missed, outcome: 'superseded' }, { author: 'm1' })
    write(store, expired, none, early, late)
    const outcomes = ['a@1000', 'b@1000'].map((id) =>
      store.attempts(id).map(({ record }) => record.outcome),
    )
    assert.deepEqual(outcomes, [['no-eligible-node'], ['superseded']])
  })

  rule('a range grows in its row; ranges of two authors are two', ({ store }) => {
    write(store, stored('a', 1_000, missed, { author: 'm1' }))
    write(store, stored('a', 1_000, { ...missed, throughMs: 3_000, count: 3 }, { author: 'm1' }))
    assert.equal(store.attempts('a@1000').length, 1)
    write(store, stored('a', 1_000, { ...missed, throughMs: 2_000, count: 2 }, { author: 'm2' }))
    assert.equal(store.attempts('a@1000').length, 2)
    assert.equal(store.executions({ limit: 9 }).rows[0]?.record.count, 3)
  })
}

function exchangeRules(rule: Rule): void {
  rule('what somebody lacks is answered by actor and number, up to a size', ({ store }) => {
    const all = [
      ...[1, 2, 3, 4].map((seq) => stored('a', seq, {}, { actor: actorA, seq })),
      ...[1, 2].map((seq) => stored('b', seq, {}, { actor: actorB, seq })),
    ]
    write(store, ...all.toReversed())
    const seen = new SeenVector()
    const first = store.recordsAfter({ seen, cursor: null }, 1e6)
    assert.deepEqual(texts(first.records), texts(all.map((one) => one.bytes)))
    assert.equal(first.next, null)
    seen.add({ actor: actorA, seq: 1 })
    seen.add({ actor: actorA, seq: 3 })
    const wanted = [all[1]!, all[3]!, all[4]!, all[5]!].map((one) => one.bytes)
    assert.deepEqual(texts(store.recordsAfter({ seen, cursor: null }, 1e6).records), texts(wanted))
    const lengths = wanted.map(({ length }) => length)
    // two of them fit, whichever two
    const room = Math.max(lengths[0]! + lengths[1]!, lengths[2]! + lengths[3]!)
    const page = store.recordsAfter({ seen, cursor: null }, room)
    assert.deepEqual(texts(page.records), texts(wanted.slice(0, 2)))
    assert.deepEqual(page.next, [actorA, 4])
    const rest = store.recordsAfter({ seen, cursor: page.next }, room)
    assert.deepEqual(texts(rest.records), texts(wanted.slice(2)))
    assert.equal(rest.next, null)
    const least = store.recordsAfter({ seen, cursor: null }, 0)
    assert.equal(least.records.length, 1, 'a page is never empty')
    for (const { actor, seq } of all) seen.add({ actor, seq })
    const none = store.recordsAfter({ seen, cursor: null }, 1e6)
    assert.deepEqual(none, { records: [], next: null })
  })

  rule('the replaced phase is no longer sent', ({ store }) => {
    const end = stored('a', 1_000, {}, { seq: 2 })
    write(store, stored('a', 1_000, claimed, { seq: 1 }), end)
    assert.deepEqual(
      texts(store.recordsAfter({ seen: new SeenVector(), cursor: null }, 1e6).records),
      texts([end.bytes]),
    )
  })
}

/** By due instant downwards; rows of one instant in any order, but always the same. */
function byListOrder(a: string, b: string): number {
  return Number(b.split(/[@.]/)[1]) - Number(a.split(/[@.]/)[1]) || (a < b ? -1 : 1)
}

function listRules(rule: Rule): void {
  rule('lists are newest first, in pages, filtered by job, state and instant', ({ store }) => {
    for (let i = 1; i <= 5; i++) {
      write(
        store,
        stored('a', i * 1_000, i % 2 === 0 ? failed : {}),
        stored('b', i * 1_000, running),
      )
    }
    assert.deepEqual(list(store, { job: 'a' }), [
      'a@5000.0',
      'a@4000.0',
      'a@3000.0',
      'a@2000.0',
      'a@1000.0',
    ])
    assert.deepEqual(list(store, { state: 'failure' }), ['a@4000.0', 'a@2000.0'])
    assert.deepEqual(list(store, { state: 'success', job: 'a' }), [
      'a@5000.0',
      'a@3000.0',
      'a@1000.0',
    ])
    assert.deepEqual(list(store, { state: 'ended', job: 'a' }).length, 5)
    assert.deepEqual(list(store, { state: 'ended', job: 'b' }), [])
    assert.deepEqual(list(store, { state: 'running', sinceMs: 4_000 }), ['b@5000.0', 'b@4000.0'])
    assert.equal(list(store).length, 10)
    assert.equal(list(store, { limit: 1 }).length, 10)
    assert.deepEqual(list(store, { state: 'no-such-state' }), [])
    assert.deepEqual(list(store, { cursor: 'nonsense' }), [])
  })

  rule('a page stays where it was while newer rows come and attempts follow', ({ store }) => {
    write(store, ...['a', 'b', 'c', 'd'].map((job) => stored(job, 1_000, failed)))
    const first = store.executions({ limit: 2 })
    const seen = first.rows.map(({ record }) => record.job)
    write(store, stored('e', 2_000))
    for (const job of ['a', 'b', 'c', 'd']) write(store, stored(job, 1_000, { attempt: 2 }))
    const second = store.executions({ limit: 9, cursor: first.cursor! })
    const jobs = [...seen, ...second.rows.map(({ record }) => record.job)]
    assert.deepEqual(jobs.toSorted(), ['a', 'b', 'c', 'd'])
    assert.deepEqual(
      second.rows.map(({ record }) => record.attempt),
      [2, 2],
    )
  })

  rule('a range is listed beside the run of its first tick, page by page', ({ store }) => {
    write(store, stored('a', 1_000, { ...missed, throughMs: 3_000, count: 3 }, { author: 'm1' }))
    write(store, stored('a', 1_000, missed, { author: 'm2' }))
    assert.deepEqual(list(store), ['a@1000.0'])
    write(store, stored('a', 1_000))
    const range = store.executions({ limit: 1 })
    const run = store.executions({ limit: 1, cursor: range.cursor! })
    const counts = [range, run].flatMap(({ rows }) => rows.map(({ record }) => record.count))
    assert.deepEqual([counts, run.cursor], [[3, 1], undefined])
  })
}

function loadRules(rule: Rule): void {
  rule('records that may still matter are loaded, the others are not', ({ store }) => {
    const hour = 3_600_000
    const dispatch = { trigger: 'dispatch', why: 'dispatch' } as const
    const range = (from: number, to: number): StoredRecord =>
      stored('range', from * hour, { ...missed, throughMs: to * hour, count: 2 })
    const wanted = [
      stored('open', 100 * hour, claimed),
      stored('late', 101 * hour),
      range(102, 120),
      stored('other', 177 * hour, dispatch),
      stored('other', 178 * hour),
      stored('open', 199 * hour),
      stored('range', 200 * hour),
    ]
    const rest = [
      stored('open', 90 * hour),
      stored('late', 100 * hour),
      range(101, 110),
      stored('other', 175 * hour, dispatch),
      stored('other', 177.5 * hour),
    ]
    write(store, ...rest.toReversed(), ...wanted.toReversed())
    for (const [job, at] of Object.entries({ open: 300, late: 100, range: 115, other: 300 })) {
      store.commit([{ kind: 'watermark', job: jobName(job), dueMs: at * hour }], 'full')
    }
    assert.deepEqual(texts(store.load().records), texts(wanted.map((one) => one.bytes)))
  })

  rule(
    'of graphs, the children of what matters and what ended beside an open one are loaded',
    ({ store }) => {
      const graph = { trigger: 'graph' } as const
      const wanted = [
        stored('root', 1_000),
        stored('ended', 1_000, graph),
        stored('open', 1_000, { ...graph, ...claimed }),
        stored('root', 3_000),
        stored('ended', 3_000, graph),
      ]
      const rest = [stored('root', 2_000), stored('ended', 2_000, graph)]
      write(store, ...rest, ...wanted.toReversed())
      store.commit([{ kind: 'watermark', job: jobName('root'), dueMs: 3_000 }], 'full')
      assert.deepEqual(
        texts(store.load().records).toSorted(),
        texts(wanted.map((one) => one.bytes)).toSorted(),
      )
    },
  )

  rule('without a watermark every record of a job is loaded', ({ store }) => {
    const all = [1, 2, 3].map((n) => stored('a', n * 1_000))
    write(store, ...all)
    assert.deepEqual(texts(store.load().records), texts(all.map((one) => one.bytes)))
  })
}

function countRules(rule: Rule): void {
  rule('the totals are those of the stored history', ({ store }) => {
    write(
      store,
      stored('a', 1_000),
      stored('a', 2_000, { ...failed, why: 'takeover' }),
      stored('a', 2_000, { attempt: 2, why: 'retry' }),
      stored('a', 3_000, { outcome: 'lost' }),
      stored('a', 4_000, running),
      stored('a', 5_000, { ...missed, throughMs: 9_000, count: 5 }),
      stored('a', 10_000, { ...missed, outcome: 'no-eligible-node' }),
      stored('a', 11_000, { ...missed, outcome: 'skipped-overlap' }),
      stored('a', 12_000, { ...missed, outcome: 'paused', throughMs: 13_000, count: 2 }),
      stored('a', 14_000, { ...claimed, phase: 'queued', executor: null }),
    )
    assert.deepEqual(store.load().counts, {
      started: 5,
      succeeded: 2,
      failed: 2,
      takeovers: 1,
      duplicates: 0,
      missed: 6,
      skipped: 3,
    })
  })
}
