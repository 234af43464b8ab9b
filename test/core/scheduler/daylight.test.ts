import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newestTicks } from '../../../src/core/scheduler/tick.ts'
import { iso, ms, ticksIn, timingOf } from './timing.ts'

const modes = ['cron', 'skip', 'strict'] as const

interface Row {
  readonly pattern: string
  readonly zone: string
  readonly from: string
  readonly to: string
  readonly cron: string
  readonly skip?: string
  readonly strict?: string
}

const berlin = 'Europe/Berlin'
const spring = { zone: berlin, from: '2026-03-28T23:00Z', to: '2026-03-29T22:00Z' }
const autumn = { zone: berlin, from: '2026-10-24T22:00Z', to: '2026-10-25T23:00Z' }
const eight = '00:00 00:15 00:30 00:45 01:00 01:15 01:30 01:45'
  .split(' ')
  .map((time) => `2026-10-25T${time}:00Z`)
  .join(' ')
const lordHowe = 'Australia/Lord_Howe'

/** The golden table of docs/reference/schedule.md. `skip` and `strict` are those of `cron` where left out. */
const golden: readonly Row[] = [
  { pattern: '0 30 2 * * *', ...spring, cron: '2026-03-29T01:00:00Z', skip: '', strict: '' },
  {
    pattern: '0 30 2 * * *',
    ...autumn,
    cron: '2026-10-25T00:30:00Z',
    strict: '2026-10-25T00:30:00Z 2026-10-25T01:30:00Z',
  },
  { pattern: '0 0,30 2 * * *', ...spring, cron: '2026-03-29T01:00:00Z', skip: '', strict: '' },
  { pattern: '0 0 2,3 * * *', ...spring, cron: '2026-03-29T01:00:00Z' },
  {
    pattern: '0 30 1-3 * * *',
    ...spring,
    cron: '2026-03-29T00:30:00Z 2026-03-29T01:00:00Z 2026-03-29T01:30:00Z',
    skip: '2026-03-29T00:30:00Z 2026-03-29T01:30:00Z',
    strict: '2026-03-29T00:30:00Z 2026-03-29T01:30:00Z',
  },
  {
    pattern: '0 0 1-5 * * *',
    ...autumn,
    cron: '2026-10-24T23:00:00Z 2026-10-25T00:00:00Z 2026-10-25T02:00:00Z 2026-10-25T03:00:00Z 2026-10-25T04:00:00Z',
    strict:
      '2026-10-24T23:00:00Z 2026-10-25T00:00:00Z 2026-10-25T01:00:00Z 2026-10-25T02:00:00Z 2026-10-25T03:00:00Z 2026-10-25T04:00:00Z',
  },
  { pattern: '0 */15 2 * * *', ...spring, cron: '' },
  { pattern: '0 */15 2 * * *', ...autumn, cron: eight },
  {
    pattern: '0 0 */2 * * *',
    zone: berlin,
    from: '2026-03-28T22:30Z',
    to: '2026-03-29T06:00:01Z',
    cron: '2026-03-28T23:00:00Z 2026-03-29T02:00:00Z 2026-03-29T04:00:00Z 2026-03-29T06:00:00Z',
  },
  {
    pattern: '0 30 2 * * *',
    zone: 'America/New_York',
    from: '2026-03-08T05:00Z',
    to: '2026-03-09T04:00Z',
    cron: '2026-03-08T07:00:00Z',
    skip: '',
    strict: '',
  },
  {
    pattern: '0 30 1 * * *',
    zone: 'America/New_York',
    from: '2026-11-01T04:00Z',
    to: '2026-11-02T05:00Z',
    cron: '2026-11-01T05:30:00Z',
    strict: '2026-11-01T05:30:00Z 2026-11-01T06:30:00Z',
  },
  {
    pattern: '0 15 2 * * *',
    zone: lordHowe,
    from: '2026-10-03T13:30Z',
    to: '2026-10-04T13:00Z',
    cron: '2026-10-03T15:30:00Z',
    skip: '',
    strict: '',
  },
  {
    pattern: '0 45 1 * * *',
    zone: lordHowe,
    from: '2026-04-04T13:00Z',
    to: '2026-04-05T13:30Z',
    cron: '2026-04-04T14:45:00Z',
    strict: '2026-04-04T14:45:00Z 2026-04-04T15:15:00Z',
  },
  {
    pattern: '0 0 22 * * 0,6',
    zone: lordHowe,
    from: '2026-04-04T13:00Z',
    to: '2026-04-05T13:30Z',
    cron: '2026-04-05T11:30:00Z',
  },
  {
    pattern: '0 0 0 * * *',
    zone: 'America/Santiago',
    from: '2026-09-06T04:00Z',
    to: '2026-09-07T03:00Z',
    cron: '2026-09-06T04:00:00Z',
    skip: '',
    strict: '',
  },
  {
    pattern: '0 0 0 * * *',
    zone: 'Africa/Cairo',
    from: '2026-04-23T22:00Z',
    to: '2026-04-24T21:00Z',
    cron: '2026-04-23T22:00:00Z',
    skip: '',
    strict: '',
  },
  {
    pattern: '0 0 12 * * *',
    zone: 'Pacific/Apia',
    from: '2011-12-30T00:00Z',
    to: '2011-12-30T20:00Z',
    cron: '',
  },
]

test('a tick on a day with a clock change is where the golden table says, in every mode', () => {
  for (const row of golden) {
    for (const dst of modes) {
      const timing = timingOf(row.pattern, { timezone: row.zone, dst })
      const ticks = ticksIn(timing, ms(row.from), ms(row.to))
      const label = `${row.pattern} ${row.zone} ${dst}`
      assert.equal(ticks.map(iso).join(' '), row[dst] ?? row.cron, label)
      const backwards = newestTicks('backup', timing, ms(row.from) - 1, ms(row.to) - 1, 100)
      assert.deepEqual([...backwards].reverse(), ticks, `${label} backwards`)
    }
  }
})

test('a date that the clock jumped over has no ticks, its neighbours have theirs', () => {
  const timing = timingOf('0 12 * * *', { timezone: 'Pacific/Apia' })
  const ticks = ticksIn(timing, ms('2011-12-29T00:00Z'), ms('2012-01-01T00:00Z')).map(iso)
  assert.deepEqual(ticks, ['2011-12-29T22:00:00Z', '2011-12-30T22:00:00Z', '2011-12-31T22:00:00Z'])
})

test('@daily is a fixed time: midnight in the gap runs once after it', () => {
  const timing = timingOf('@daily', { timezone: 'America/Santiago' })
  const ticks = ticksIn(timing, ms('2026-09-05T00:00Z'), ms('2026-09-08T00:00Z')).map(iso)
  assert.deepEqual(ticks, ['2026-09-05T04:00:00Z', '2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'])
})

test('H/n over the full range is a wildcard pattern, inside a range it is a fixed time', () => {
  const inGap = (pattern: string): number =>
    ticksIn(timingOf(pattern, { timezone: berlin }), ms(spring.from), ms(spring.to)).length
  assert.equal(inGap('H/15 2 * * *'), 0)
  assert.equal(inGap('H(0-59)/15 2 * * *'), 0)
  assert.equal(inGap('H(0-30)/15 2 * * *'), 1)
  assert.equal(inGap('H 2 * * *'), 1)
})
