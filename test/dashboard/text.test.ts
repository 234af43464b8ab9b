import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commands, quoted } from '../../src/dashboard/model/command.ts'
import { qrPath } from '../../src/dashboard/model/qr.ts'
import { reasonText, wordOf } from '../../src/dashboard/model/outcome.ts'
import { scheduleText } from '../../src/dashboard/model/schedule.ts'
import {
  clockText,
  distanceText,
  instantText,
  spanText,
  zoneOf,
} from '../../src/dashboard/model/time.ts'
import { item } from './items.ts'

const noonMs = Date.parse('2027-03-01T12:00:00.000Z')

describe('texts of the dashboard', () => {
  test('an instant is short on its day, and longer the farther it is', () => {
    assert.equal(instantText(noonMs, 'UTC', noonMs), '12:00:00')
    assert.equal(instantText(noonMs, 'Europe/Berlin', noonMs + 86_400_000), 'Mon 01 Mar 13:00')
    assert.equal(instantText(noonMs, 'UTC', noonMs + 366 * 86_400_000), 'Mon 01 Mar 2027 12:00')
    assert.equal(clockText(noonMs, 'Asia/Kolkata'), '17:30:00')
  })

  test('a QR code is a path with a square for each dark module', () => {
    const modules = [
      [true, false],
      [false, true],
    ]
    assert.equal(qrPath(modules), 'M0 0h1v1h-1zM1 1h1v1h-1z')
  })

  test('spans have the units that people use', () => {
    const spans = [0, 45, 1_250, 12_000, 184_000, 7_200_000, 100_000_000]
    assert.deepEqual(spans.map(spanText), [
      '0 ms',
      '45 ms',
      '1.3 s',
      '12 s',
      '3 min 4 s',
      '2 h',
      '1 d 3 h',
    ])
  })

  test('distances count down and up', () => {
    assert.equal(distanceText(noonMs + 4_200, noonMs), 'in 4 s')
    assert.equal(distanceText(noonMs, noonMs + 200), 'now')
    assert.equal(distanceText(noonMs, noonMs + 7_300_000), '2 h ago')
  })

  test('the zone is the one that was chosen; a job that names none has UTC', () => {
    assert.equal(zoneOf('job', 'Asia/Tokyo', 'Europe/Berlin'), 'Europe/Berlin')
    assert.equal(zoneOf('job', 'Asia/Tokyo'), 'UTC')
    assert.equal(zoneOf('browser', 'Asia/Tokyo', 'Europe/Berlin'), 'Asia/Tokyo')
    assert.equal(zoneOf('utc', 'Asia/Tokyo', 'Europe/Berlin'), 'UTC')
  })

  test('what ran is named by its outcome, what is tried again by that', () => {
    assert.equal(wordOf(item()), 'success')
    assert.equal(wordOf(item({ state: 'running', outcome: null })), 'running')
    const again = item({ outcome: 'failure', nextAttemptAt: '2027-03-01T12:00:05.000Z' })
    assert.equal(wordOf(again), 'retry')
  })

  test('a reason says what the outcome does not', () => {
    assert.equal(reasonText(item()), '')
    assert.equal(reasonText(item({ outcome: 'failure', exitCode: 3 })), 'exit 3')
    assert.equal(
      reasonText(item({ outcome: 'failure', reason: 'timeout', exitCode: null })),
      'timeout',
    )
    const range = item({ outcome: 'missed', reason: 'down', exitCode: null, count: 40 })
    assert.equal(reasonText(range), 'down, 40 ticks')
  })

  test('a schedule reads as the command line says it', () => {
    assert.equal(scheduleText('hello', { schedule: '@every 10s' }), 'every 10 seconds')
    const berlin = { schedule: ['30 2 * * *', 'nonsense'], timezone: 'Europe/Berlin' }
    assert.equal(scheduleText('hello', berlin), 'daily at 02:30 Europe/Berlin, nonsense')
  })

  test('a command is quoted as a shell needs it', () => {
    assert.equal(commands.run('ops.rotate'), 'meshcron job run ops.rotate')
    assert.equal(commands.pause('x', "it's late"), `meshcron job pause x --note 'it'\\''s late'`)
    assert.equal(quoted('$(rm)'), `'$(rm)'`)
    assert.equal(commands.pause('x', ''), 'meshcron job pause x')
  })
})
