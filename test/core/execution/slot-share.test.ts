import assert from 'node:assert/strict'
import { test } from 'node:test'
import { draftOf } from '../../../src/core/execution/draft.ts'
import type { ExecutionRecord, Outcome } from '../../../src/core/execution/record.ts'
import { together } from '../../../src/core/execution/slot-share.ts'
import { jobName, tickExecutionId } from '../../../src/core/ids.ts'

const execution = tickExecutionId('a', 1, 1_000)

function ended(outcome: Outcome | null, index: number): ExecutionRecord {
  const slot = `${index}`
  const tick = { execution, slot, job: jobName('a'), number: 1, dueMs: 1_000 }
  const draft = draftOf({ ...tick, why: 'on-time' }, 1)
  return outcome === null ? { ...draft, phase: 'running' } : { ...draft, outcome }
}

type Row = readonly [
  title: string,
  slots: readonly (Outcome | null)[],
  isStrict: boolean,
  expected: string | null,
]

const rows: readonly Row[] = [
  ['all slots succeeded', ['success', 'success'], false, 'success'],
  ['some slots succeeded, some did not', ['success', 'failure'], false, 'partial'],
  ['no slot succeeded', ['failure', 'lost'], false, 'failure'],
  ['none failed and none succeeded', ['missed', 'lost'], false, 'lost'],
  ['one is open', ['success', null], false, null],
  ['a slot without a node does not count', ['success', 'no-eligible-node'], false, 'success'],
  ['unless countStrict', ['success', 'no-eligible-node'], true, 'partial'],
  ['no slot had a node', ['no-eligible-node', 'no-eligible-node'], false, 'no-eligible-node'],
  ['nothing ran', ['paused', 'paused'], false, 'paused'],
]

for (const [title, outcomes, isStrict, expected] of rows) {
  test(`an execution of several slots: ${title} ⇒ ${expected ?? 'open'}`, () => {
    const result = together(outcomes.map(ended), isStrict)
    assert.equal(result.outcome, expected)
    assert.equal(result.slots, outcomes.length)
  })
}
