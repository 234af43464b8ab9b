import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Misfire } from '../../../src/core/jobs/definition.ts'
import {
  catchUpDelayMs,
  cutoffOf,
  deadlineOf,
  judgeOverdue,
  lateGraceTicks,
  lookedAtMax,
  overdueTicks,
  tickTimes,
} from '../../../src/core/scheduler/misfire.ts'
import { iso, ms, timingOf } from './timing.ts'

const minute = 60_000
const hour = 60 * minute
const readyAtMs = ms('2026-06-01T14:20Z')
const afterMs = ms('2026-06-01T10:05Z')
const hourly = timingOf('0 * * * *')

function judged(
  misfire: Misfire,
  max = 100,
  timing = hourly,
  span = { afterMs, readyAtMs },
): string {
  const ticks = overdueTicks('backup', timing, misfire, span)
  const judgement = judgeOverdue({ ticks, misfire, nowMs: span.readyAtMs, max })
  const time = (at: number): string => iso(at).slice(11, 16)
  const parts = [
    ...judgement.runs.map((tick) => `runs ${time(tick.dueMs)}`),
    ...judgement.missed.map((m) => `${m.reason} ${time(m.fromMs)}-${time(m.toMs)} ×${m.count}`),
  ]
  const { unlistedBeforeMs } = judgement
  if (unlistedBeforeMs !== null) parts.push(`older than ${time(unlistedBeforeMs)}`)
  return parts.join(', ')
}

test('a cluster that was off 10:05 to 14:20 judges the ticks of the golden table', () => {
  const rows: readonly (readonly [Misfire, string])[] = [
    [{ policy: 'latest', deadlineMs: null, max: 10 }, 'runs 14:00, deadline 11:00-13:00 ×3'],
    [{ policy: 'latest', deadlineMs: 10 * minute, max: 10 }, 'deadline 11:00-14:00 ×4'],
    [{ policy: 'latest', deadlineMs: 6 * hour, max: 10 }, 'runs 14:00, policy 11:00-13:00 ×3'],
    [{ policy: 'skip', deadlineMs: 6 * hour, max: 10 }, 'policy 11:00-14:00 ×4'],
    [
      { policy: 'all', deadlineMs: 6 * hour, max: 10 },
      'runs 11:00, runs 12:00, runs 13:00, runs 14:00',
    ],
    [{ policy: 'all', deadlineMs: 6 * hour, max: 2 }, 'runs 13:00, runs 14:00, max 11:00-12:00 ×2'],
    [
      { policy: 'all', deadlineMs: 90 * minute, max: 10 },
      'runs 13:00, runs 14:00, deadline 11:00-12:00 ×2',
    ],
  ]
  for (const [misfire, expected] of rows) assert.equal(judged(misfire), expected)
})

test('a cutoff is inclusive', () => {
  const misfire: Misfire = { policy: 'latest', deadlineMs: 20 * minute, max: 10 }
  assert.match(judged(misfire), /^runs 14:00/)
  assert.match(judged({ ...misfire, deadlineMs: 20 * minute - 1 }), /^deadline/)
})

test('a tick planned at or after the moment of readiness is not overdue', () => {
  const misfire: Misfire = { policy: 'latest', deadlineMs: 6 * hour, max: 10 }
  const span = { afterMs, readyAtMs: ms('2026-06-01T14:00Z') }
  assert.equal(judged(misfire, 100, hourly, span), 'runs 13:00, policy 11:00-12:00 ×2')
  const jittered = { ...hourly, jitterMs: hour }
  const dues = [...overdueTicks('backup', jittered, misfire, { afterMs, readyAtMs })]
  for (const tick of dues) assert.ok(tick.plannedMs < readyAtMs, iso(tick.dueMs))
})

test('settled ticks are left alone', () => {
  const misfire: Misfire = { policy: 'latest', deadlineMs: 6 * hour, max: 10 }
  const isSettled = (dueMs: number): boolean => iso(dueMs).includes('T14:')
  const ticks = overdueTicks('backup', hourly, misfire, { afterMs, readyAtMs }, isSettled)
  const { runs } = judgeOverdue({ ticks, misfire, nowMs: readyAtMs, max: 10 })
  assert.deepEqual(
    runs.map((tick) => iso(tick.dueMs)),
    ['2026-06-01T13:00:00Z'],
  )
})

test('a backlog of any size costs at most max ticks, the rest is a range without a count', () => {
  const everySecond = timingOf('* * * * * *')
  const misfire: Misfire = { policy: 'latest', deadlineMs: null, max: 10 }
  const span = { afterMs: 0, readyAtMs }
  const expected = 'runs 14:19, policy 14:19-14:19 ×4, deadline 14:18-14:19 ×59, older than 14:18'
  assert.equal(judged(misfire, 64, everySecond, span), expected)
  assert.equal(judged(misfire, 0, everySecond, span), '')
})

test('the default deadline is half of the interval, from 5 s to 1 h', () => {
  const misfire: Misfire = { policy: 'latest', deadlineMs: null, max: 10 }
  const rows: readonly (readonly [number, number])[] = [
    [1_000, 5_000],
    [10_000, 5_000],
    [10 * minute, 5 * minute],
    [hour, 30 * minute],
    [24 * hour, hour],
  ]
  for (const [intervalMs, deadlineMs] of rows) {
    assert.equal(deadlineOf(misfire, intervalMs), deadlineMs, `${intervalMs}`)
  }
  assert.equal(deadlineOf({ ...misfire, deadlineMs: 0 }, hour), 0)
  assert.equal(cutoffOf(misfire, 1_000_000, hour), 1_000_000 + 30 * minute)
})

test('catch-up starts are spread over half of the interval, at most 30 s', () => {
  for (let i = 0; i < 200; i++) {
    const delay = catchUpDelayMs(`job-${i}@1767236400000`, hour)
    assert.ok(delay >= 0 && delay < 30_000, `${delay}`)
    assert.ok(catchUpDelayMs(`job-${i}@1767236400000`, 2_000) < 1_000)
  }
})

test('all looks at the newest max ticks backwards and never counts up a long past', () => {
  const misfire: Misfire = { policy: 'all', deadlineMs: 24 * hour, max: 3 }
  const everySecond = timingOf('* * * * * *')
  const span = { afterMs: 0, readyAtMs }
  const looked = lookedAtMax(misfire)
  assert.equal(looked, 67)
  assert.equal(
    judged(misfire, looked, everySecond, span),
    'runs 14:19, runs 14:19, runs 14:19, max 14:18-14:19 ×64, older than 14:18',
  )
})

const after = '@after 2026-06-01T12:00:00Z <PT3H'

test('an @after has its grace as deadline, inclusive', () => {
  const misfire: Misfire = { policy: 'latest', deadlineMs: 1_000, max: 10 }
  const times = tickTimes('backup', timingOf(after), misfire, ms('2026-06-01T12:00Z'))
  assert.equal(iso(times.cutoffMs), '2026-06-01T15:00:00Z')
})

test('an overdue @after runs until its grace is over, whatever the policy says', () => {
  const timing = timingOf(['0 * * * *', after.replace('12:00', '12:30')])
  const skip: Misfire = { policy: 'skip', deadlineMs: 6 * hour, max: 10 }
  assert.equal(judged(skip, 100, timing), 'runs 12:30, policy 11:00-14:00 ×4')
})

test('an @after that is written late runs while its grace lasts, and not afterwards', () => {
  const misfire: Misfire = { policy: 'latest', deadlineMs: null, max: 10 }
  const rows: readonly (readonly [string, number])[] = [
    ['2026-06-01T11:59:59Z', 0],
    ['2026-06-01T12:00Z', 1],
    ['2026-06-01T15:00Z', 1],
    ['2026-06-01T15:00:00.001Z', 0],
  ]
  for (const [written, count] of rows) {
    const timing = timingOf(after, { anchorMs: ms(written) })
    const late = lateGraceTicks('backup', timing, misfire, ms(written))
    assert.equal(late.length, count, written)
  }
})
