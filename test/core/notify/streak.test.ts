import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExecutionId } from '../../../src/core/ids.ts'
import { History } from '../../../src/core/notify/history.ts'
import { noticeId } from '../../../src/core/notify/notice.ts'
import type { NotifyRule } from '../../../src/core/notify/rule.ts'
import type { Ended } from '../../../src/core/notify/streak.ts'

const plain: NotifyRule = {
  on: ['failure', 'recovered', 'flapping'],
  via: 'ops',
  after: 1,
  recoverAfter: 1,
  remindMs: null,
  mute: null,
  lateStartMs: 30_000,
  overMs: null,
  factorTenths: 20,
}

const words: Readonly<Record<string, Ended['end']>> = {
  F: 'failure',
  T: 'timeout',
  S: 'success',
  L: 'lost',
  M: 'missed',
  P: 'other',
}

const ended = (at: number, letter: string, more: Partial<Ended> = {}): Ended => ({
  execution: `backup@${at}` as ExecutionId,
  dueMs: at,
  end: words[letter]!,
  count: 1,
  endedMs: at,
  tookMs: letter === 'S' ? 1_000 : null,
  ...more,
})

/** What is told at each tick: F failure, R recovered, X flapping, another letter as in the input, - nothing. */
function told(ticks: string, rule: Partial<NotifyRule> = {}, order?: readonly number[]): string {
  const history = new History()
  const out = Array.from(ticks, () => '-')
  for (const at of order ?? out.keys()) {
    for (const { change } of history.note(ended(at, ticks[at]!), [{ ...plain, ...rule }])) {
      const { event } = change
      const { dueMs } = change.ended
      const letters: Readonly<Record<string, string>> = { recovered: 'R', flapping: 'X' }
      out[dueMs] = letters[event] ?? ticks[dueMs]!
    }
  }
  return out.join('')
}

const table: readonly (readonly [string, string, Partial<NotifyRule>, string])[] = [
  ['one message on entry and one on recovery', 'SFFFSS', {}, '-F--R-'],
  ['after: n alerts at the n-th consecutive bad tick', 'FFSFFFF', { after: 3 }, '-----F-'],
  ['recoverAfter: m at the m-th good one', 'FSFSSS', { recoverAfter: 2 }, 'F---R-'],
  ['a timeout is a failure', 'TS', {}, 'TR'],
  ['a rule on timeouts alone does not count failures', 'FTS', { on: ['timeout'] }, '-TR'],
  ['what a rule does not count changes nothing', 'FPPMF', { after: 2 }, '----F'],
  ['lost counts where it is asked for', 'LS', { on: ['lost'] }, 'LR'],
  [
    'more than 4 changes of state within 24 ticks are one flapping message, then silence until 6 equal ticks',
    'FSFSFSFSFSSSSSSF',
    {},
    'FRFRX---------RF',
  ],
  [
    'changes further apart than 24 ticks are no flapping',
    'FSSSSSSSSSSSFSSSSSSSSSSSFS',
    {},
    'FR----------FR----------FR',
  ],
]

for (const [title, ticks, rule, expected] of table) {
  test(`golden: ${title}: ${ticks}`, () => {
    assert.equal(told(ticks, rule), expected)
  })
}

test('members that hear of the same ends in another order tell the same', () => {
  assert.equal(told('SFFS', {}, [3, 1, 0, 2]), '-F-R')
  assert.equal(told('FSFS', {}, [2, 3, 0, 1]), 'FRFR')
})

test('an end that turns out otherwise takes its alarm back', () => {
  const history = new History()
  const rule = { ...plain, on: ['lost', 'recovered'] as const }
  const first = history.note(ended(1, 'L'), [rule])
  assert.deepEqual(
    first.map(({ change }) => change.event),
    ['lost'],
  )
  const then = history.note(ended(1, 'S'), [rule])
  assert.deepEqual(
    then.map(({ change }) => change.event),
    ['recovered'],
  )
})

test('a range of missed ticks counts with all of them', () => {
  const history = new History()
  const rule = { ...plain, on: ['missed'] as const, after: 3 }
  assert.deepEqual(history.note(ended(1, 'M'), [rule]), [])
  const [news] = history.note(ended(1, 'M', { count: 3 }), [rule])
  assert.equal(news?.change.streak, 3)
})

test('an alarm outlasts the ends that are kept, also over a restart', () => {
  let history = new History()
  const rules = [plain]
  let told = 0
  for (let at = 0; at < 100; at++) {
    told += history.note(ended(at, 'F'), rules).length
    if (at === 50) history = new History(JSON.parse(JSON.stringify(history.state)))
  }
  assert.equal(told, 1)
  assert.equal(history.standing(plain).bad, 100)
})

test('factor: 2 is twice the p95 of the last 20 successes, at least 1 min, from 5 samples on', () => {
  const history = new History()
  const took = [50_000, 60_000, 40_000, 45_000]
  for (const [at, tookMs] of took.entries()) history.note(ended(at, 'S', { tookMs }), [plain])
  assert.equal(history.longFromMs(plain), undefined)
  history.note(ended(10, 'S', { tookMs: 30_000 }), [plain])
  assert.equal(history.longFromMs(plain), 120_000)
  const quick = new History()
  for (let at = 0; at < 20; at++) quick.note(ended(at, 'S', { tookMs: 100 + at }), [plain])
  assert.equal(quick.longFromMs(plain), 60_000)
  assert.equal(quick.longFromMs({ ...plain, overMs: 5_000 }), 5_000)
})

test('the id of a notification is hash64(N|rule|executionId|event)', () => {
  assert.equal(noticeId('r', 'backup@1', 'failure'), noticeId('r', 'backup@1', 'failure'))
  assert.match(noticeId('r', 'backup@1', 'failure'), /^[0-9a-f]{16}$/)
  assert.notEqual(noticeId('r', 'backup@1', 'failure'), noticeId('r', 'backup@1', 'lost'))
})
