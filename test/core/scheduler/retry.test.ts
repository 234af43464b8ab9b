import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Retry } from '../../../src/core/jobs/definition.ts'
import { retryWaitMs } from '../../../src/core/scheduler/retry.ts'

const retry: Retry = {
  max: 8,
  backoff: 'exponential',
  baseMs: 5_000,
  capMs: 300_000,
  jitterPermille: 200,
  on: ['failure'],
  where: 'other',
}
const execution = 'backup@1767236400000'
const attempts = [1, 2, 3, 4, 5, 6, 7, 8]

/** Golden table of docs/reference/schedule.md. */
const golden: readonly (readonly [Retry['backoff'], readonly number[]])[] = [
  ['fixed', [4030, 4492, 4212, 4137, 4413, 4408, 4513, 4735]],
  ['exponential', [4030, 8984, 16848, 33090, 70604, 141047, 270771, 284047]],
  ['fibonacci', [4030, 4492, 8424, 12409, 22064, 35262, 58667, 99417]],
]

test('the wait after each attempt is that of the golden table', () => {
  for (const [backoff, waits] of golden) {
    const found = attempts.map((a) => retryWaitMs({ ...retry, backoff }, execution, '0', a))
    assert.deepEqual(found, waits, backoff)
  }
})

test('the wait never exceeds the cap, however many attempts there were', () => {
  for (const backoff of ['fixed', 'exponential', 'fibonacci'] as const) {
    for (const attempt of [20, 1_000, 1_000_000]) {
      const wait = retryWaitMs({ ...retry, backoff }, execution, '0', attempt)
      assert.ok(wait > 0 && wait <= retry.capMs, `${backoff} ${attempt}: ${wait}`)
    }
  }
})

test('slots of one execution wait differently, and without jitter all wait the same', () => {
  assert.notEqual(retryWaitMs(retry, execution, 'a', 1), retryWaitMs(retry, execution, 'b', 1))
  const plain = { ...retry, jitterPermille: 0 }
  assert.deepEqual(
    attempts.slice(0, 3).map((a) => retryWaitMs(plain, execution, 'a', a)),
    [5_000, 10_000, 20_000],
  )
})
