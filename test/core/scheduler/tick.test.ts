import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  checkTiming,
  intervalAfter,
  newestTicks,
  nextTick,
  plannedStart,
  previousTick,
} from '../../../src/core/scheduler/tick.ts'
import type { Timing } from '../../../src/core/jobs/definition.ts'
import { iso, ms, ticksIn, timingOf } from './timing.ts'

const now = ms('2026-06-01T00:00:00Z')

test('the offset by jitter is that of the golden table, for the job and for each member', () => {
  const daily = timingOf('0 3 * * *')
  const minutely = timingOf('* * * * *')
  const seconds = 1_000
  const rows: readonly (readonly [string, Timing, string, readonly number[], number, number])[] = [
    ['backup', daily, '2026-01-01T03:00Z', [11074, 22148, 221480], 63588, 256024],
    ['backup', daily, '2026-01-02T03:00Z', [3566, 7133, 71336], 109257, 2946],
    ['telemetry', minutely, '2026-01-01T00:00Z', [17019, 34038, 34038], 27433, 4534],
    ['telemetry', minutely, '2026-01-01T00:01Z', [16956, 33913, 33913], 22740, 2891],
  ]
  for (const [name, timing, at, offsets, onA, onB] of rows) {
    const due = ms(at)
    for (const [i, jitterMs] of [30 * seconds, 60 * seconds, 600 * seconds].entries()) {
      const planned = plannedStart(name, { ...timing, jitterMs }, due, 'node-a')
      assert.equal(planned - due, offsets[i], `${name} ${at} ${jitterMs}`)
    }
    const wide = { ...timing, jitterMs: 600 * seconds, jitterPer: 'member' as const }
    assert.equal(plannedStart(name, wide, due, 'node-a') - due, onA, `${name} ${at} node-a`)
    assert.equal(plannedStart(name, wide, due, 'node-b') - due, onB, `${name} ${at} node-b`)
  }
})

test('jitter is below the interval, so ticks never change order and never cross', () => {
  const timing = timingOf('* * * * *', { jitterMs: 3_600_000 })
  const dues = ticksIn(timing, now, now + 500 * 60_000)
  for (const member of [undefined, 'node-a']) {
    const per = {
      ...timing,
      jitterPer: member === undefined ? ('job' as const) : ('member' as const),
    }
    const planned = dues.map((due) => plannedStart('telemetry', per, due, member))
    assert.ok(planned.every((at, i) => at >= dues[i]! && at < dues[i]! + 60_000))
  }
})

test('without jitter a tick is planned at its instant', () => {
  assert.equal(plannedStart('backup', timingOf('@daily'), now), now)
})

test('a list has the union of its instants, each once', () => {
  const timing = timingOf(['0 * * * *', '*/30 * * * *', '@at 2026-06-01T00:45:00Z'])
  const ticks = ticksIn(timing, now, now + 2 * 3_600_000)
  assert.deepEqual(
    ticks.map((at) => iso(at).slice(11, 16)),
    ['00:00', '00:30', '00:45', '01:00', '01:30'],
  )
  assert.deepEqual(
    [...newestTicks('backup', timing, now - 1, now + 7_199_999, 99)].reverse(),
    ticks,
  )
})

test('ticks exist from startAt, before endAt, and only after the anchor', () => {
  const hour = 3_600_000
  const window = timingOf('@hourly', { startAtMs: now + hour, endAtMs: now + 3 * hour })
  assert.deepEqual(ticksIn(window, 0, now + 9 * hour), [now + hour, now + 2 * hour])
  assert.equal(previousTick('backup', window, now + 9 * hour), now + 2 * hour)
  assert.equal(previousTick('backup', window, now + hour), now + hour)
  assert.equal(previousTick('backup', window, now + hour - 1), undefined)
  const written = timingOf('@hourly', { anchorMs: now })
  assert.equal(nextTick('backup', written, 0), now + hour)
  assert.equal(previousTick('backup', written, now), undefined)
})

test('the phase of @every is startAt when given, else the instant of the write', () => {
  const written = timingOf('@every 10m', { anchorMs: now + 123 })
  assert.equal(nextTick('backup', written, 0), now + 600_000)
  const started = { ...written, startAtMs: now - 60_000 }
  assert.equal(nextTick('backup', started, 0), now + 540_000)
  assert.equal(previousTick('backup', started, now + 539_999), undefined)
})

test('an @after may lie before the write by less than its grace, and in a window like any tick', () => {
  const entry = '@after 2026-06-01T00:00:00Z <PT1H'
  const hour = 3_600_000
  for (const [anchorMs, exists] of [
    [now, true],
    [now + hour, true],
    [now + hour + 1, false],
  ] as const) {
    const timing = timingOf([entry, '@hourly'], { anchorMs })
    assert.equal(previousTick('backup', timing, now + 59_000), exists ? now : undefined)
  }
  const closed = timingOf(entry, { startAtMs: now + 1 })
  assert.equal(nextTick('backup', closed, 0), undefined)
  assert.equal(nextTick('backup', timingOf(entry, { endAtMs: now }), 0), undefined)
  assert.ok(checkTiming('backup', timingOf(entry), now + hour).ok)
  const late = checkTiming('backup', timingOf(entry), now + hour + 1)
  assert.equal(late.ok ? '' : late.refusal.code, 'MC_PAST_INSTANT')
})

test('an interval reaches to the next tick and is a day for the last one', () => {
  assert.equal(intervalAfter('backup', timingOf('0 * * * *'), now), 3_600_000)
  assert.equal(intervalAfter('backup', timingOf('@at 2026-06-01T00:00:00Z'), now), 86_400_000)
  const ending = timingOf('0 * * * *', { endAtMs: now + 1 })
  assert.equal(intervalAfter('backup', ending, now), 86_400_000)
})

test('an entry that cannot be read has no ticks and spoils no other', () => {
  const timing = timingOf(['@sometime', '@hourly'])
  assert.equal(nextTick('backup', timing, now), now + 3_600_000)
  assert.equal(nextTick('backup', timingOf('0 0 31 2 *'), now), undefined)
  assert.equal(nextTick('backup', timingOf('@daily', { timezone: 'Mars/Olympus' }), now), undefined)
})

test('the newest ticks of a year of seconds are found without counting up', () => {
  const timing = timingOf('* * * * * *', { anchorMs: now - 365 * 86_400_000 })
  assert.deepEqual(newestTicks('backup', timing, 0, now + 500, 3), [now, now - 1_000, now - 2_000])
  assert.deepEqual(newestTicks('backup', timing, now - 1_000, now, 3), [now])
  assert.deepEqual(newestTicks('backup', timing, 0, now, 0), [])
})

test('a timing is refused for an unknown zone, a bad entry, an empty window and no tick left', () => {
  const rows: readonly (readonly [Timing, string, RegExp])[] = [
    [timingOf('@daily', { timezone: 'Europe/Berln' }), 'MC_BAD_TIMEZONE', /Berln/],
    [timingOf('@every 5s', { timezone: 'nowhere' }), 'MC_BAD_TIMEZONE', /nowhere/],
    [timingOf([]), 'MC_BAD_SCHEDULE', /empty/],
    [timingOf(['@daily', '0 0 31 2 *']), 'MC_BAD_SCHEDULE', /no date/],
    [timingOf('@daily', { startAtMs: now, endAtMs: now }), 'MC_BAD_SCHEDULE', /endAt/],
    [timingOf('@at 2026-05-31T23:59:59Z'), 'MC_PAST_INSTANT', /past/],
    [timingOf('@at 2026-06-01T00:00:00Z'), 'MC_PAST_INSTANT', /past/],
    [timingOf(['@at 2026-05-01T00:00Z', '@at 2026-04-01T00:00Z']), 'MC_PAST_INSTANT', /past/],
    [timingOf('0 0 0 1 1 * 2025'), 'MC_BAD_SCHEDULE', /no tick after now/],
  ]
  for (const [timing, code, message] of rows) {
    const check = checkTiming('backup', timing, now)
    assert.ok(!check.ok, timing.schedule.join(' '))
    assert.equal(check.refusal.code, code, timing.schedule.join(' '))
    assert.match(check.refusal.message, message)
  }
})

test('a timing is accepted with a past @at beside others, alone with @manually, and when it ended', () => {
  const rows: readonly (readonly [Timing, number | undefined])[] = [
    [timingOf(['@at 2026-05-01T00:00Z', '@hourly']), now + 3_600_000],
    [timingOf('@manually'), undefined],
    [timingOf(['@at 2026-05-01T00:00Z', '@manually']), undefined],
    [timingOf('@hourly', { endAtMs: now - 1 }), undefined],
    [timingOf('@at 2026-06-01T00:00:01Z'), now + 1_000],
  ]
  for (const [timing, nextMs] of rows) {
    const check = checkTiming('backup', timing, now)
    assert.ok(check.ok, timing.schedule.join(' '))
    assert.equal(check.value.nextMs, nextMs, timing.schedule.join(' '))
    assert.equal(check.value.schedules.length, timing.schedule.length)
  }
})

test('next and previous tick are inverse: between two neighbours there is none', () => {
  const entry = fc.constantFrom(
    '*/7 * * * *',
    '30 2 * * *',
    '0 0 29 2 *',
    'H H * * 1-5',
    '0 0 1W * *',
    '*/13 */5 1-20 * * MON#1,5',
    '@every 97m',
    '@weekly',
  )
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe')
  const dst = fc.constantFrom('cron' as const, 'skip' as const, 'strict' as const)
  const atMs = fc.integer({ min: ms('2000-01-01T00:00Z'), max: ms('2040-01-01T00:00Z') })
  const schedules = fc.uniqueArray(entry, { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(schedules, zone, dst, atMs, (schedule, timezone, mode, at) => {
      const timing = timingOf(schedule, { timezone, dst: mode })
      const next = nextTick('backup', timing, at)!
      const previous = previousTick('backup', timing, at)!
      const label = `${schedule.join(' | ')} ${timezone} ${mode} ${iso(at)}`
      assert.ok(previous <= at && at < next, label)
      assert.equal(nextTick('backup', timing, previous), next, label)
      assert.equal(previousTick('backup', timing, next - 1), previous, label)
    }),
    { numRuns: 1_000 },
  )
})
