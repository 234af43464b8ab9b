import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeSchedule } from '../../../src/core/scheduler/describe.ts'
import { parseSchedule } from '../../../src/core/scheduler/schedule.ts'

test('simple schedules are told in words, others as their pattern', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['@every 10s', 'every 10 seconds'],
    ['@every 1s', 'every second'],
    ['@every 90m', 'every 1 hour 30 minutes'],
    ['@every 86400s', 'every day'],
    ['@at 2027-03-01T09:00:00+01:00', 'once at 2027-03-01T09:00:00+01:00'],
    ['@manually', 'only when dispatched'],
    ['* * * * * *', 'every second'],
    ['@minutely', 'every minute'],
    ['*/5 * * * *', 'every 5 minutes'],
    ['0 */15 * * * *', 'every 15 minutes'],
    ['*/10 * * * * *', 'every 10 seconds'],
    ['*/7 * * * *', '*/7 * * * * Europe/Berlin'],
    ['@hourly', 'every hour at minute 0'],
    ['30 * * * *', 'every hour at minute 30'],
    ['0 3 * * *', 'daily at 03:00 Europe/Berlin'],
    ['15 0 3 * * *', 'daily at 03:00:15 Europe/Berlin'],
    ['H H * * *', 'daily at 01:18 Europe/Berlin'],
    ['0 9 * * MON,5', 'Monday, Friday at 09:00 Europe/Berlin'],
    ['@monthly', 'day 1 of the month at 00:00 Europe/Berlin'],
    ['0 0 L * *', '0 0 L * * Europe/Berlin'],
    ['0 0 1 1 *', '0 0 1 1 * Europe/Berlin'],
    ['0 8-17 * * *', '0 8-17 * * * Europe/Berlin'],
  ]
  for (const [entry, words] of rows) {
    const timezone = 'Europe/Berlin'
    const schedule = parseSchedule(entry, { name: 'backup', timezone, dst: 'cron', anchorMs: 0 })
    assert.ok(schedule.ok, entry)
    assert.equal(describeSchedule(schedule.value), words, entry)
  }
})
