import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivery } from '../../../src/core/jobs/definition.ts'
import { latestPlannedMs, oracleDeadline } from '../../../src/simulation/oracle/cutoff.ts'
import { oracleInterval, oracleNext, oracleTicks } from '../../../src/simulation/oracle/schedule.ts'
import { iso, timingOf } from './timing.ts'

const at = (text: string): number => Date.parse(text)
const same = 'same'

/** Pattern, zone, window in UTC, and the ticks by rule; days and minutes are written short. */
const golden: readonly (readonly [string, string, string, string, string, string, string])[] = [
  ['0 30 2 * * *', 'Europe/Berlin', '2026-03-28T23', '2026-03-29T22', '29T01:00', '', ''],
  [
    '0 30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T22',
    '2026-10-25T23',
    '25T00:30',
    same,
    '25T00:30 25T01:30',
  ],
  ['0 0,30 2 * * *', 'Europe/Berlin', '2026-03-28T23', '2026-03-29T22', '29T01:00', '', ''],
  ['0 0 2,3 * * *', 'Europe/Berlin', '2026-03-28T23', '2026-03-29T22', '29T01:00', same, same],
  [
    '0 30 1-3 * * *',
    'Europe/Berlin',
    '2026-03-28T23',
    '2026-03-29T22',
    '29T00:30 29T01:00 29T01:30',
    '29T00:30 29T01:30',
    '29T00:30 29T01:30',
  ],
  [
    '0 0 1-5 * * *',
    'Europe/Berlin',
    '2026-10-24T22',
    '2026-10-25T23',
    '24T23:00 25T00:00 25T02:00 25T03:00 25T04:00',
    same,
    '24T23:00 25T00:00 25T01:00 25T02:00 25T03:00 25T04:00',
  ],
  ['0 */15 2 * * *', 'Europe/Berlin', '2026-03-28T23', '2026-03-29T22', '', same, same],
  [
    '0 */15 2 * * *',
    'Europe/Berlin',
    '2026-10-24T22',
    '2026-10-25T23',
    '25T00:00 25T00:15 25T00:30 25T00:45 25T01:00 25T01:15 25T01:30 25T01:45',
    same,
    same,
  ],
  [
    '0 0 */2 * * *',
    'Europe/Berlin',
    '2026-03-28T22',
    '2026-03-29T07',
    '28T23:00 29T02:00 29T04:00 29T06:00',
    same,
    same,
  ],
  ['0 30 2 * * *', 'America/New_York', '2026-03-08T05', '2026-03-09T04', '08T07:00', '', ''],
  [
    '0 30 1 * * *',
    'America/New_York',
    '2026-11-01T04',
    '2026-11-02T05',
    '01T05:30',
    same,
    '01T05:30 01T06:30',
  ],
  ['0 15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T14', '2026-10-04T13', '03T15:30', '', ''],
  [
    '0 45 1 * * *',
    'Australia/Lord_Howe',
    '2026-04-04T13',
    '2026-04-05T13',
    '04T14:45',
    same,
    '04T14:45 04T15:15',
  ],
  [
    '0 0 22 * * 0,6',
    'Australia/Lord_Howe',
    '2026-04-04T13',
    '2026-04-05T13',
    '05T11:30',
    same,
    same,
  ],
  ['0 0 0 * * *', 'America/Santiago', '2026-09-05T20', '2026-09-06T20', '06T04:00', '', ''],
  ['0 0 0 * * *', 'Africa/Cairo', '2026-04-23T12', '2026-04-24T12', '23T22:00', '', ''],
  ['0 0 12 * * *', 'Pacific/Apia', '2011-12-30T10', '2011-12-30T12', '', same, same],
]

test('the oracle keeps the golden table of the daylight rule', () => {
  for (const [pattern, timezone, from, to, cron, skip, strict] of golden) {
    const rules = {
      cron,
      skip: skip === same ? cron : skip,
      strict: strict === same ? cron : strict,
    }
    for (const dst of ['cron', 'skip', 'strict'] as const) {
      const timing = timingOf(pattern, { timezone, dst })
      const found = oracleTicks(timing, at(`${from}:00:00Z`), at(`${to}:00:00Z`))
      const short = found.map((tick) => iso(tick).slice(8, 16)).join(' ')
      assert.equal(short, rules[dst], `${pattern} ${timezone} ${from} ${dst}`)
    }
  }
})

test('the forms of the day fields', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['0 0 L * *', '2026-02-01', '02-28'],
    ['0 0 LW * *', '2026-05-01', '05-29'],
    ['0 0 15W * *', '2026-08-01', '08-14'],
    ['0 0 1W * *', '2026-08-01', '08-03'],
    ['0 0 31W * *', '2026-05-01', '05-29'],
    ['0 0 * * 5#2', '2026-05-01', '05-08'],
    ['0 0 * * FRI#L', '2026-05-01', '05-29'],
    ['0 0 * * 5L', '2026-05-01', '05-29'],
    ['0 0 13 * FRI', '2026-02-01', '02-06 02-13 02-20 02-27'],
    ['0 0 */10 * *', '2026-02-01', '02-01 02-11 02-21'],
    ['0 0 */1 * 1', '2026-02-01', '02-02 02-09 02-16 02-23'],
    ['0 0 25/2 FEB ?', '2026-02-01', '02-25 02-27'],
    ['0 0 0 3 2 * 2026', '2026-02-01', '02-03'],
    ['0 0 0 3 2 * 2027', '2026-02-01', ''],
    ['0 0 * * 6-7', '2026-02-01', '02-01 02-07 02-08 02-14 02-15 02-21 02-22 02-28'],
  ]
  for (const [pattern, from, expected] of rows) {
    const fromMs = at(`${from}T00:00:00Z`)
    const endMs = Date.UTC(new Date(fromMs).getUTCFullYear(), new Date(fromMs).getUTCMonth() + 1)
    const found = oracleTicks(timingOf(pattern), fromMs, endMs)
    assert.equal(found.map((tick) => iso(tick).slice(5, 10)).join(' '), expected, pattern)
  }
})

test('an interval counts from its anchor, or from startAt, and never begins before it', () => {
  const ticks = (timing: Parameters<typeof oracleTicks>[0]): readonly number[] =>
    oracleTicks(timing, 0, 100_000)
  assert.deepEqual(ticks(timingOf('@every 30s', { anchorMs: 10_500 })), [40_000, 70_000])
  assert.deepEqual(
    ticks(timingOf('@every 30s', { anchorMs: 10_500, startAtMs: 20_000 })),
    [50_000, 80_000],
  )
  assert.deepEqual(ticks(timingOf('@every 1m30s', { endAtMs: 90_000 })), [])
})

test('bounds are half-open, instants are given once, lists are united', () => {
  const timing = {
    ...timingOf(''),
    schedule: ['0 * * * * *', '@at 1970-01-01T00:01:00Z', '*/30 * * * * *', '@manually'],
    startAtMs: 60_000,
    endAtMs: 120_000,
  }
  assert.deepEqual(oracleTicks(timing, 0, 1_000_000), [60_000, 90_000])
  assert.deepEqual(oracleTicks({ ...timing, anchorMs: 60_000 }, 0, 1_000_000), [90_000])
})

test('the interval of a tick, and the deadline and planned start that follow from it', () => {
  const delivery: Delivery = {
    promised: { mode: 'at-least-once', roster: [], minority: 'run' },
    overlap: 'skip',
    orphanGraceMs: null,
    overlapKey: null,
    maxStartsPerMinute: null,
    maxStartsPerDay: null,
    pauseOnFailure: null,
    misfire: { policy: 'latest', deadlineMs: null, max: 10 },
    retry: {
      max: 0,
      backoff: 'fixed',
      baseMs: 5_000,
      capMs: 300_000,
      jitterPermille: 200,
      on: [],
      where: 'other',
    },
    graceMs: null,
  }
  const due = at('2026-01-01T00:00:00Z')
  const rows: readonly (readonly [string, number, number])[] = [
    ['* * * * * *', 1_000, 5_000],
    ['* * * * *', 60_000, 30_000],
    ['0 */2 * * *', 7_200_000, 3_600_000],
    ['0 0 * * *', 86_400_000, 3_600_000],
  ]
  for (const [pattern, interval, deadline] of rows) {
    assert.equal(oracleInterval(timingOf(pattern), due), interval, pattern)
    assert.equal(oracleDeadline(timingOf(pattern), delivery, due), deadline, pattern)
  }
  assert.equal(oracleNext(timingOf('@manually'), due, due + 3_600_000), undefined)
  const jittered = timingOf('* * * * *', { jitterMs: 600_000 })
  assert.equal(latestPlannedMs(jittered, due) - due, 60_000)
  assert.equal(latestPlannedMs(timingOf('0 * * * *', { jitterMs: 30_000 }), due) - due, 30_000)
})

test('what the oracle cannot read it refuses', () => {
  for (const entry of [
    '@boot',
    '0 0 * *',
    '@every soon',
    '@at tomorrow',
    '0 H * * *',
    '*/0 * * * *',
  ]) {
    assert.throws(() => oracleTicks(timingOf(entry), 0, 3_600_000), entry)
  }
})
