import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreFailure, storeFailure } from '../../../src/adapters/sqlite/failure.ts'
import { openStore } from '../../../src/adapters/sqlite/open-store.ts'
import type { SqliteStore } from '../../../src/adapters/sqlite/store.ts'
import type { Write } from '../../../src/core/effect.ts'
import type { StoredRecord } from '../../../src/core/execution/record.ts'
import { jobName } from '../../../src/core/ids.ts'
import { claimed, failed, stored } from '../../contract/store-records.ts'
import { intent, tempDir } from './directory.ts'

const day = 86_400_000
const nowMs = 200 * day

const record = (one: StoredRecord): Write => ({ kind: 'record', stored: one })
const watermark = (job: string, dueMs: number): Write => ({
  kind: 'watermark',
  job: jobName(job),
  dueMs,
})

/** Due instants that are left, in days before now, oldest first. */
function ages(store: SqliteStore, job: string): readonly number[] {
  const { rows } = store.executions({ job, limit: 1_000 })
  return rows.map(({ record }) => (nowMs - record.dueMs) / day).reverse()
}

function pruneAll(store: SqliteStore, of?: Parameters<SqliteStore['prune']>[1]): number {
  let sum = 0
  for (let removed = -1; removed !== 0; sum += removed) removed = store.prune(nowMs, of)
  return sum
}

test('history goes by age, failures later, and what may still decide stays', (t) => {
  const store = openStore(tempDir(t), {
    retention: { ageMsMax: 30 * day, failureAgeMsMax: 90 * day },
  })
  t.after(() => store.close())
  const at = (job: string, age: number, fields = {}): Write =>
    record(stored(job, nowMs - age * day, fields))
  const dispatch = { trigger: 'dispatch', why: 'dispatch' } as const
  store.commit(
    [
      ...[100, 60, 40, 20, 1].map((age) => at('plain', age)),
      ...[100, 60, 20].map((age) => at('failing', age, failed)),
      ...[100, 99, 98].map((age) => at('undecided', age)),
      ...[100, 99].map((age) => at('quiet', age)),
      ...[100, 1].map((age) => at('open', age, claimed)),
      ...[100, 0.5].map((age) => at('manual', age, dispatch)),
      watermark('plain', nowMs),
      watermark('failing', nowMs),
      watermark('undecided', nowMs - 99 * day),
      watermark('quiet', nowMs),
      watermark('open', nowMs),
    ],
    'full',
  )
  assert.equal(pruneAll(store), 8)
  assert.deepEqual(ages(store, 'plain'), [20, 1])
  assert.deepEqual(ages(store, 'failing'), [60, 20])
  assert.deepEqual(ages(store, 'undecided'), [98])
  assert.deepEqual(ages(store, 'quiet'), [99])
  assert.deepEqual(ages(store, 'open'), [100, 1])
  assert.deepEqual(ages(store, 'manual'), [0.5])
})

test('history goes by number per job, as the job or the node wants', (t) => {
  const store = openStore(tempDir(t), { retention: { runsPerJobMax: 5 } })
  t.after(() => store.close())
  for (const job of ['a', 'b']) {
    const all = Array.from({ length: 250 }, (_, n) => record(stored(job, nowMs - n, failed)))
    const retries = all.slice(0, 20).map((_, n) => record(stored(job, nowMs - n, { attempt: 2 })))
    store.commit([...all, ...retries, watermark(job, nowMs)], 'normal')
  }
  pruneAll(store, (job) => (job === 'a' ? { runs: 3, ageMs: null } : undefined))
  const places = (job: string): readonly number[] => ages(store, job).map((age) => age * day)
  assert.deepEqual(places('a'), [22, 21, 20, 2, 1, 0], 'and as many failures of their own')
  assert.deepEqual(places('b'), [24, 23, 22, 21, 20, 4, 3, 2, 1, 0])
  assert.equal(store.attempts(`b@${nowMs}`).length, 2, 'attempts are not counted one by one')
  assert.deepEqual(store.load().counts.started, 3 * 2 + 5 * 2 + 3 + 5)
})

test('a failed slot is kept with all its attempts, a slot that came right is not', (t) => {
  const store = openStore(tempDir(t), {
    retention: { runsPerJobMax: 2, ageMsMax: 30 * day, failureAgeMsMax: 90 * day },
  })
  t.after(() => store.close())
  const at = (age: number, fields: object = {}): Write =>
    record(stored('a', nowMs - age * day, fields))
  const second = { attempt: 2 }
  store.commit(
    [
      ...[at(50, failed), at(50, { ...failed, ...second })],
      ...[at(45, failed), at(45, second)],
      ...[at(5, failed), at(5, second)],
      ...[4, 3, 2].map((age) => at(age)),
      watermark('a', nowMs),
    ],
    'full',
  )
  pruneAll(store)
  assert.deepEqual(ages(store, 'a'), [50, 3, 2])
  assert.equal(store.attempts(`a@${nowMs - 50 * day}`).length, 2)
})

test('a hundred thousand intents are there after a restart', (t) => {
  const dir = tempDir(t)
  const store = openStore(dir)
  for (let n = 0; n < 100_000; n += 1_000) {
    store.commit(
      Array.from({ length: 1_000 }, (_, k) => intent(`${n + k}`, 420)),
      'full',
    )
  }
  store.close()
  const before = performance.now()
  const again = openStore(dir)
  const opened = performance.now()
  let bytes = 0
  for (const one of again.load().intents) bytes += one.length
  const loaded = performance.now()
  assert.equal(bytes, 42_000_000)
  assert.equal(again.damaged, 0)
  again.close()
  const ms = (from: number, to: number): string => `${Math.round(to - from)} ms`
  t.diagnostic(`opened in ${ms(before, opened)}, loaded in ${ms(opened, loaded)}`)
})

test('errors of the disk are told apart', () => {
  const rows: readonly (readonly [number, string, string])[] = [
    [13, 'MC_STORE_FAILED', 'full'],
    [8, 'MC_STORE_FAILED', 'readonly'],
    [1_032, 'MC_STORE_FAILED', 'readonly'],
    [14, 'MC_STORE_FAILED', 'readonly'],
    [10, 'MC_STORE_FAILED', 'io'],
    [1_034, 'MC_STORE_FAILED', 'io'],
    [11, 'MC_STORE_CORRUPT', 'io'],
    [26, 'MC_STORE_CORRUPT', 'io'],
  ]
  for (const [errcode, code, failure] of rows) {
    const cause = Object.assign(new Error('as SQLite says it'), { errcode })
    const found = storeFailure(cause)
    assert.ok(found instanceof StoreFailure, String(errcode))
    assert.deepEqual(
      [found.code, found.failure, found.cause],
      [code, failure, cause],
      String(errcode),
    )
  }
  const bug = new TypeError('a bug')
  assert.equal(storeFailure(bug), bug)
})

test('a bug in the middle of a commit leaves nothing of it', (t) => {
  const store = openStore(tempDir(t))
  t.after(() => store.close())
  const broken = { kind: 'intent', id: '2', job: 'a', bytes: Symbol('none') } as unknown as Write
  assert.throws(() => store.commit([intent('1'), broken], 'full'))
  assert.deepEqual([...store.load().intents], [])
  store.commit([intent('1')], 'full')
  assert.equal([...store.load().intents].length, 1)
})
