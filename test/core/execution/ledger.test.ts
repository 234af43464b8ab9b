import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Ledger } from '../../../src/core/execution/ledger.ts'
import type {
  ExecutionRecord,
  Outcome,
  Phase,
  StoredRecord,
} from '../../../src/core/execution/record.ts'
import {
  attemptId,
  dispatchExecutionId,
  everySlot,
  jobName,
  tickExecutionId,
  type MemberId,
} from '../../../src/core/ids.ts'
import { limits } from '../../../src/core/limits.ts'
import { peerId } from '../fleet/crypto.ts'

const job = jobName('job')
const clock = { nowMs: () => 200_000 }
const zero = {
  started: 0,
  succeeded: 0,
  failed: 0,
  takeovers: 0,
  duplicates: 0,
  missed: 0,
  skipped: 0,
}

let seqs = 0

function stored(author: number, fields: Partial<ExecutionRecord>, seq?: number): StoredRecord {
  const dueMs = fields.dueMs ?? 1_000
  seqs += 1
  const record: ExecutionRecord = {
    execution: tickExecutionId(job, 1, dueMs),
    job,
    generation: 1,
    dueMs,
    slot: '0',
    attempt: 1,
    phase: 'claimed',
    executor: peerId(author),
    trigger: 'schedule',
    why: 'on-time',
    rank: 0,
    claimedMs: dueMs + author,
    startedMs: null,
    endedMs: null,
    outcome: null,
    reason: '',
    exit: null,
    nextAttemptAtMs: null,
    fence: 0,
    outputBytes: 0,
    outputDropped: 0,
    throughMs: dueMs,
    count: 1,
    ...fields,
  }
  return {
    record,
    author: peerId(author),
    startId: '00000000000000ff',
    actor: `${author}`.padStart(16, '0'),
    seq: seq ?? seqs,
    hlc: { ms: dueMs, counter: 0 },
    bytes: new Uint8Array([author]),
  }
}

const ended = (author: number, outcome: Outcome, fields: Partial<ExecutionRecord> = {}) =>
  stored(author, { phase: 'ended', outcome, endedMs: 2_000, ...fields })

/** What everybody must agree on, of everything the ledger can be asked. */
function stateOf(ledger: Ledger): unknown {
  const executions = [1_000, 2_000].map((dueMs) => tickExecutionId(job, 1, dueMs))
  return {
    counts: { ...ledger.counts },
    open: [...ledger.open(job)].toSorted(),
    slots: executions.map((id) => [
      [1, 2, 3].map((attempt) => ledger.isDecided(id, '0', attempt)),
      [1, 2, 3].map((attempt) => ledger.claims(id, '0', attempt).map(tell).toSorted()),
      ledger.attempts(id, '0').map(tell).toSorted(),
      tell(ledger.newest(id, '0')),
    ]),
  }
}

const tell = (one: StoredRecord | undefined): string =>
  one === undefined ? 'none' : `${one.actor}:${one.seq} ${one.record.phase}`

const phases: readonly Phase[] = ['queued', 'claimed', 'running', 'ended']

/** Any record that a member may write. */
const anyRecord: fc.Arbitrary<StoredRecord> = fc
  .record({
    author: fc.integer({ min: 1, max: 3 }),
    about: fc.integer({ min: 1, max: 3 }),
    dueMs: fc.constantFrom(1_000, 2_000),
    attempt: fc.integer({ min: 1, max: 3 }),
    phase: fc.constantFrom(...phases),
    outcome: fc.constantFrom<Outcome>('success', 'failure', 'lost', 'cancelled', 'missed'),
    seq: fc.integer({ min: 1, max: 1_000_000 }),
    again: fc.boolean(),
  })
  .map(({ author, about, dueMs, attempt, phase, outcome, seq, again }) => {
    if (phase === 'queued') return stored(author, { dueMs, attempt, phase, executor: null }, seq)
    if (phase !== 'ended') return stored(author, { dueMs, attempt, phase }, seq)
    const isNotRun = outcome === 'missed'
    const end: Partial<ExecutionRecord> = { dueMs, phase, outcome, endedMs: 3_000 }
    if (isNotRun) return stored(author, { ...end, attempt: 0, executor: null }, seq)
    const executor: MemberId = peerId(outcome === 'lost' ? about : author)
    const nextAttemptAtMs = again && outcome !== 'success' ? 9_000 : null
    return stored(author, { ...end, attempt, executor, nextAttemptAtMs }, seq)
  })

const manyRecords = fc.uniqueArray(anyRecord, {
  selector: ({ actor, seq }) => `${actor}:${seq}`,
  maxLength: 14,
})

test('any order of the same records, with repetitions, ends in the same state', () => {
  fc.assert(
    fc.property(manyRecords, fc.array(fc.nat(), { maxLength: 30 }), (records, order) => {
      const [one, two] = [new Ledger(clock, zero), new Ledger(clock, zero)]
      for (const record of records) one.merge(record)
      for (const i of order) if (records.length > 0) two.merge(records[i % records.length]!)
      for (const record of records.toReversed()) two.merge(record)
      const [a, b] = [stateOf(one), stateOf(two)] as { counts: object }[]
      // what was counted on the way depends on the way; what is known does not
      assert.deepEqual({ ...a, counts: null }, { ...b, counts: null })
    }),
    { numRuns: 2_000 },
  )
})

test('a record that is known already is no news', () => {
  fc.assert(
    fc.property(manyRecords, (records) => {
      const ledger = new Ledger(clock, zero)
      for (const record of records) ledger.merge(record)
      const before = stateOf(ledger)
      for (const record of records) assert.equal(ledger.merge(record).isNews, false)
      assert.deepEqual(stateOf(ledger), before)
    }),
    { numRuns: 1_000 },
  )
})

const claim = stored(1, {})
const running = stored(1, { phase: 'running' })
const success = ended(1, 'success')
const lostByOther = ended(2, 'lost', { executor: peerId(1) })
const lostByThird = ended(3, 'lost', { executor: peerId(1) })
const ownLost = ended(1, 'lost')

/** Whether the second replaces the first. */
const transitions: readonly (readonly [string, StoredRecord, StoredRecord, boolean])[] = [
  ['running replaces a claim', claim, running, true],
  ['a claim does not replace running', running, claim, false],
  ['an end replaces running', running, success, true],
  ['an end replaces a claim', claim, success, true],
  ['nothing replaces the own end', success, lostByOther, false],
  ['running does not replace an end', success, running, false],
  ['lost replaces running', running, lostByOther, true],
  ['the own end replaces lost', lostByOther, success, true],
  ['of two who say lost the smaller stays', lostByOther, lostByThird, peerId(3) < peerId(2)],
  ['and the smaller one replaces', lostByThird, lostByOther, peerId(2) < peerId(3)],
  ['the executor itself may say lost', running, ownLost, true],
]

for (const [rule, first, second, isNews] of transitions) {
  test(`ledger: ${rule}`, () => {
    const ledger = new Ledger(clock, zero)
    ledger.merge(first)
    assert.equal(ledger.merge(second).isNews, isNews)
    const expected = isNews ? second : first
    assert.equal(ledger.newest(first.record.execution, '0'), expected)
  })
}

test('what ran speaks before what did not, in either order', () => {
  const missed = ended(2, 'missed', { attempt: 0, executor: null })
  for (const records of [
    [missed, success],
    [success, missed],
  ]) {
    const ledger = new Ledger(clock, zero)
    for (const record of records) ledger.merge(record)
    assert.equal(ledger.newest(success.record.execution, '0'), success)
  }
})

test('two members that claimed one attempt are both kept, and counted once', () => {
  const ledger = new Ledger(clock, zero)
  assert.equal(ledger.merge(stored(1, {})).isDuplicate, false)
  assert.equal(ledger.merge(stored(2, { why: 'takeover' })).isDuplicate, true)
  assert.equal(ledger.merge(ended(2, 'success')).isDuplicate, false)
  assert.equal(ledger.counts.duplicates, 1)
  assert.equal(ledger.counts.started, 2)
  assert.equal(ledger.counts.takeovers, 1)
  assert.equal(ledger.claims(tickExecutionId(job, 1, 1_000), '0', 1).length, 2)
})

test('a claim of any attempt decides those before it, a queued dispatch decides nothing', () => {
  const ledger = new Ledger(clock, zero)
  const id = tickExecutionId(job, 1, 1_000)
  ledger.merge(stored(1, { phase: 'queued', executor: null }))
  assert.equal(ledger.isDecided(id, '0', 1), false)
  ledger.merge(stored(1, { attempt: 2 }))
  assert.deepEqual(
    [1, 2, 3].map((attempt) => ledger.isDecided(id, '0', attempt)),
    [true, true, false],
  )
})

test('a range decides the ticks of its slot and generation, and no others', () => {
  const ledger = new Ledger(clock, zero)
  const fields = { attempt: 0, executor: null, slot: 'x', throughMs: 9_000, count: 9 } as const
  ledger.merge(ended(1, 'paused', fields))
  const decided = (generation: number, dueMs: number, slot: string): boolean =>
    ledger.isTickDecided(job, generation, dueMs, slot)
  assert.equal(decided(1, 1_000, 'x'), true)
  assert.equal(decided(1, 9_000, 'x'), true)
  assert.equal(decided(1, 9_001, 'x'), false)
  assert.equal(decided(1, 999, 'x'), false)
  assert.equal(decided(1, 5_000, '0'), false)
  assert.equal(decided(2, 5_000, 'x'), false)
})

test('a growing range is one record, and its ticks are counted once', () => {
  const ledger = new Ledger(clock, zero)
  const range = (count: number): StoredRecord =>
    ended(1, 'paused', { attempt: 0, executor: null, throughMs: count * 1_000, count })
  for (const count of [1, 4, 2, 9, 9]) ledger.merge(range(count))
  assert.equal(ledger.counts.skipped, 9)
})

test('settled ticks are kept up to a bound, the newest of them; open ones always', () => {
  const ledger = new Ledger(clock, zero)
  const open = tickExecutionId(job, 1, 1)
  ledger.merge(stored(1, { dueMs: 1 }))
  const last = 3 * limits.ledgerSettledPerJobMax
  const dues = Array.from({ length: last }, (_, i) => (i + 2) * 1_000)
  for (const dueMs of dues.toSorted((a, b) => ((a * 7) % 1_013) - ((b * 7) % 1_013))) {
    ledger.merge(ended(1, 'success', { dueMs }))
  }
  const kept = dues.filter((dueMs) => ledger.has(tickExecutionId(job, 1, dueMs)))
  assert.deepEqual(kept, dues.slice(-limits.ledgerSettledPerJobMax))
  assert.ok(ledger.has(open))
  assert.deepEqual(ledger.open(job), [open])
})

test('dispatches do not give way to ticks', () => {
  const ledger = new Ledger(clock, zero)
  const execution = dispatchExecutionId(job, 'key')
  ledger.merge(ended(1, 'success', { execution, trigger: 'dispatch' }))
  for (let i = 1; i <= 500; i++) ledger.merge(ended(1, 'success', { dueMs: i * 1_000 }))
  assert.ok(ledger.has(execution))
  for (let i = 0; i < 2 * limits.dispatchesPerJobMax; i++) {
    const other = dispatchExecutionId(job, `key ${i}`)
    ledger.merge(ended(1, 'success', { execution: other, dueMs: 2_000 + i, trigger: 'dispatch' }))
  }
  assert.ok(!ledger.has(execution))
})

test('a dispatch to every member does not stay open for itself', () => {
  const ledger = new Ledger(clock, zero)
  const execution = dispatchExecutionId(job, 'key')
  const queued = { execution, slot: everySlot, phase: 'queued', executor: null } as const
  ledger.merge(stored(1, { ...queued, trigger: 'dispatch' }))
  assert.deepEqual(ledger.open(job), [])
  ledger.merge(stored(1, { execution, slot: peerId(1), trigger: 'dispatch' }))
  assert.deepEqual(ledger.open(job), [execution])
  assert.equal(attemptId(execution, peerId(1), 1), `${execution}.${peerId(1)}.1`)
})

test('a dispatch said twice is due at the first of both, on every member', () => {
  const execution = dispatchExecutionId(job, 'key')
  const said = [5_000, 4_000].map((dueMs, i) =>
    stored(i + 1, { execution, dueMs, phase: 'queued', executor: null, trigger: 'dispatch' }),
  )
  for (const records of [said, said.toReversed()]) {
    const ledger = new Ledger(clock, zero)
    for (const record of records) ledger.merge(record)
    assert.equal(ledger.newest(execution, '0')!.record.dueMs, 4_000)
  }
})

test('what a clock far ahead has settled pushes nothing out that settles now', () => {
  const ledger = new Ledger(clock, zero)
  for (let i = 1; i <= 200; i++) ledger.merge(ended(1, 'success', { dueMs: 1_000_000 + i }))
  for (let i = 1; i <= 200; i++) ledger.merge(ended(2, 'success', { dueMs: i }))
  const isKnown = (dueMs: number): boolean => ledger.has(tickExecutionId(job, 1, dueMs))
  assert.deepEqual([1, 136, 137, 200].map(isKnown), [false, false, true, true])
  assert.deepEqual([1_000_001, 1_000_200].map(isKnown), [true, true])
})
