// What travels comes out as it went in, stays below its bound, and nothing else is taken.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { executionId, jobName, memberId } from '../../../src/core/ids.ts'
import { limits } from '../../../src/core/limits.ts'
import {
  decodeAnswer,
  decodeClaimCell,
  decodeQuestion,
  decodeRosterCell,
  encodeAnswer,
  encodeCell,
  encodeQuestion,
} from '../../../src/core/register/message.ts'
import type { Answer, Claim, Question, Roster } from '../../../src/core/register/register.ts'
import { encode } from '../../../src/core/wire/cbor.ts'

const member = (n: number) => memberId(`12D3KooW${'abcdefg'[n]!.repeat(44)}`)
const seats = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ member: member(i), storeEpoch: `${i}`.repeat(16) }))
const roster: Roster = { epoch: 1, fromMs: 0, seats: seats(limits.rosterMax) }
const next: Roster = { epoch: 2, fromMs: 1_767_236_400_000, seats: seats(3) }
const ballot = { round: 7, startId: '0123456789abcdef' }
const claim: Claim = {
  execution: executionId('ops.rotate-logs~2@1767236400000'),
  dueMs: 1_767_236_400_000,
  attempt: 1,
  owner: member(0),
  startId: ballot.startId,
  fence: 113_103_129_600_001,
}
const subject = { job: jobName('ops.rotate-logs'), generation: 2, roster }

const questions: readonly Question[] = [
  { ...subject, kind: 'prepare', series: 'ticks', dueMs: claim.dueMs, ballot },
  { ...subject, kind: 'accept', series: 'backup:fb82253e0bccd2ed', claim, ballot },
  { ...subject, kind: 'prepareRoster', ballot },
  { ...subject, kind: 'acceptRoster', next, ballot },
]
const answers: readonly Answer[] = [
  { kind: 'promise', accepted: null },
  { kind: 'promise', accepted: { ballot, value: claim } },
  { kind: 'promiseRoster', accepted: { ballot, value: next } },
  { kind: 'accepted' },
  { kind: 'refuse', promised: ballot },
  { kind: 'refuse', promised: { round: 0, startId: '' } },
  { kind: 'moved', next },
  { kind: 'void', reason: 'this store has no seat in the roster' },
]

for (const question of questions) {
  test(`a question is read as it was written: ${question.kind}`, () => {
    const bytes = encodeQuestion(question)
    assert.ok(bytes.length <= limits.registerFrameBytesMax / 2, `${bytes.length} bytes`)
    assert.deepEqual(decodeQuestion(bytes), { ok: true, value: question })
  })
}

for (const [index, answer] of answers.entries()) {
  test(`an answer is read as it was written: ${answer.kind} ${index}`, () => {
    assert.deepEqual(decodeAnswer(encodeAnswer(answer)), { ok: true, value: answer })
  })
}

test('a cell is read as it was written, and not as one of the other kind', () => {
  const one = { promised: ballot, accepted: { ballot, value: claim } }
  const other = { promised: ballot, accepted: { ballot, value: next } }
  assert.deepEqual(decodeClaimCell(encodeCell(one)), { ok: true, value: one })
  assert.deepEqual(decodeRosterCell(encodeCell(other)), { ok: true, value: other })
  assert.equal(decodeRosterCell(encodeCell(one)).ok, false)
  assert.equal(decodeClaimCell(encodeCell(other)).ok, false)
})

test('other kinds, missing fields and too many seats are refused', () => {
  const refused = [
    encode({ kind: 'guess' }),
    encode({ kind: 'prepare' }),
    encodeQuestion({ ...questions[0]!, roster: { ...roster, seats: [...seats(7), seats(1)[0]!] } }),
    encodeQuestion({ ...questions[0]!, ballot: { round: 1, startId: 'short' } }),
    new Uint8Array(limits.registerFrameBytesMax + 1),
  ]
  for (const bytes of refused) assert.equal(decodeQuestion(bytes).ok, false)
  assert.equal(decodeAnswer(encode({ kind: 'promise' })).ok, false)
})
