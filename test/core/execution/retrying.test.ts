import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndReason } from '../../../src/core/event.ts'
import { Ledger } from '../../../src/core/execution/ledger.ts'
import { nextAttemptAtMs } from '../../../src/core/execution/retrying.ts'
import type { Job } from '../../../src/core/jobs/catalog.ts'
import { parseDocument, toDocument } from '../../../src/core/jobs/document.ts'
import { draftOf } from '../../../src/core/execution/draft.ts'
import { attemptId, jobName, soleSlot, tickExecutionId } from '../../../src/core/ids.ts'

const counts = {
  started: 0,
  succeeded: 0,
  failed: 0,
  takeovers: 0,
  duplicates: 0,
  missed: 0,
  skipped: 0,
}
const dueMs = 1_767_236_400_000
const execution = tickExecutionId('a', 1, dueMs)

function jobOf(fields: object): Job {
  const document = { name: 'a', schedule: '@daily', run: { exec: ['true'] }, ...fields }
  const parsed = parseDocument(document, { nowMs: 0, defaultTimezone: 'UTC' })
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.refusal.message)
  // only the groups are asked for here
  return { groups: parsed.value.definition } as unknown as Job
}

function isRetried(
  on: unknown,
  outcome: 'failure' | 'lost' | 'cancelled',
  reason: string,
  exit = 0,
) {
  const wanted = {
    attempt: attemptId(execution, soleSlot, 1),
    execution,
    job: jobName('a'),
    slot: soleSlot,
    number: 1,
    dueMs,
    plannedMs: dueMs,
    cutoffMs: dueMs,
    why: 'on-time',
    graceMs: 0,
    avoid: [],
  } as const
  const record = draftOf(wanted, 1)
  const world = { ledger: new Ledger({ nowMs: () => dueMs }, counts), nowMs: dueMs }
  const job = jobOf({ retry: { max: 1, ...(on === undefined ? {} : { on }) } })
  return nextAttemptAtMs(job, record, { outcome, reason, exit }, world) !== null
}

/** What an attempt that failed for each reason is tried again by. */
const table: readonly (readonly [unknown, EndReason | 'timeout', number, boolean])[] = [
  [undefined, 'exit', 1, true],
  [undefined, 'spawn', 0, true],
  [undefined, 'timeout', 0, true],
  [['failure'], 'timeout', 0, false],
  [['timeout'], 'exit', 1, false],
  [['spawn'], 'spawn', 0, true],
  [['spawn'], 'exit', 1, false],
  [[{ exit: [75, '100-110'] }], 'exit', 75, true],
  [[{ exit: [75, '100-110'] }], 'exit', 76, false],
  [[{ exit: [75, '100-110'] }], 'exit', 99, false],
  [[{ exit: [75, '100-110'] }], 'exit', 100, true],
  [[{ exit: [75, '100-110'] }], 'exit', 110, true],
  [[{ exit: [75, '100-110'] }], 'exit', 111, false],
  [[{ exit: [75] }], 'signal', 75, false],
  [['lost', { exit: 1 }], 'exit', 1, true],
]

test('on: failure, timeout, lost, spawn, or exit statuses', () => {
  for (const [on, reason, exit, isExpected] of table) {
    const row = `${JSON.stringify(on)} after ${reason} ${exit}`
    assert.equal(isRetried(on, 'failure', reason, exit), isExpected, row)
    // what the executor adds to its reason changes nothing
    if (reason !== 'timeout') {
      assert.equal(isRetried(on, 'failure', `${reason}: why`, exit), isExpected, row)
    }
  }
  assert.ok(isRetried(['lost'], 'lost', 'member-down'))
  assert.ok(!isRetried(['failure', 'timeout'], 'lost', 'member-down'))
})

test('a cancelled attempt is never retried', () => {
  const everything = ['failure', 'timeout', 'lost', 'spawn', { exit: '0-255' }]
  for (const reason of ['operator', 'overlap', 'shutdown']) {
    assert.ok(!isRetried(everything, 'cancelled', reason), reason)
  }
})

test('what is tried again is printed as it was written, in one order', () => {
  const written = { on: [{ exit: [100, '75-80'] }, 'lost', 'failure', { exit: 100 }] }
  const { definition } = { definition: jobOf({ retry: written }).groups }
  assert.deepEqual(definition.delivery.retry.on, ['failure', 'lost', 'exit 75-80', 'exit 100-100'])
  const printed = toDocument(jobName('a'), definition)['retry'] as { readonly on: unknown }
  assert.deepEqual(printed.on, ['failure', 'lost', { exit: ['75-80', 100] }])
})
