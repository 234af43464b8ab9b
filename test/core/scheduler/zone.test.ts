import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instantsOf, isTimezone, segmentAt, wallOf } from '../../../src/core/scheduler/zone.ts'
import { iso, ms } from './timing.ts'

const HOUR = 3_600_000

test('a timezone is an IANA name that the runtime knows, never an offset', () => {
  for (const zone of ['UTC', 'Etc/UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires']) {
    assert.ok(isTimezone(zone), zone)
  }
  for (const zone of ['', '+01:00', 'Europe/Atlantis', 'Europe', 'UTC ', 'a\nb']) {
    assert.ok(!isTimezone(zone), zone)
  }
})

test('the clock reads local time, and a reading has none, one or two instants', () => {
  assert.equal(wallOf('Europe/Berlin', ms('2026-06-01T00:00Z')), ms('2026-06-01T02:00Z'))
  const instants = (zone: string, wall: string): string =>
    instantsOf(zone, ms(`${wall}Z`))
      .map(iso)
      .join(' ')
  assert.equal(instants('Europe/Berlin', '2026-06-01T02:00'), '2026-06-01T00:00:00Z')
  assert.equal(instants('Europe/Berlin', '2026-03-29T02:30'), '')
  assert.equal(
    instants('Europe/Berlin', '2026-10-25T02:30'),
    '2026-10-25T00:30:00Z 2026-10-25T01:30:00Z',
  )
  assert.equal(instants('Pacific/Apia', '2011-12-30T12:00'), '')
})

test('changes of offset are found to the millisecond, also half an hour and by the second', () => {
  const rows: readonly (readonly [string, string, number, number])[] = [
    ['Europe/Berlin', '2026-03-29T01:00:00Z', HOUR, 2 * HOUR],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', 2 * HOUR, HOUR],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', 10.5 * HOUR, 11 * HOUR],
    ['America/Santiago', '2026-09-06T04:00:00Z', -4 * HOUR, -3 * HOUR],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', -10 * HOUR, 14 * HOUR],
    ['Africa/Monrovia', '1972-01-07T00:44:30Z', -2_670_000, 0],
    ['America/Recife', '2000-10-15T02:00:00Z', -2 * HOUR, -3 * HOUR],
  ]
  for (const [zone, at, beforeMs, offsetMs] of rows) {
    const piece = segmentAt(zone, ms(at))
    const { startMs } = piece
    assert.deepEqual(
      { startMs, beforeMs: piece.beforeMs, offsetMs: piece.offsetMs },
      {
        startMs: ms(at),
        beforeMs,
        offsetMs,
      },
      zone,
    )
    assert.equal(segmentAt(zone, ms(at) - 1).endMs, ms(at), zone)
  }
})

test('the pieces of every zone follow each other and hold the offset that the runtime shows', () => {
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    const shown = (at: number): string => format.format(at).replace(/^.*GMT/, '')
    let last = segmentAt(zone, ms('2025-12-01T00:00Z'))
    while (last.endMs < ms('2027-01-01T00:00Z')) {
      const piece = segmentAt(zone, last.endMs)
      assert.equal(piece.startMs, last.endMs, zone)
      assert.equal(piece.beforeMs, last.offsetMs, zone)
      for (let at = piece.startMs; at < piece.endMs; at += 3 * 86_400_000) {
        assert.equal(shown(at), shown(piece.startMs), `${zone} ${iso(at)}`)
      }
      last = piece
    }
  }
})
