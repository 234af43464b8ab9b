import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { night } from '../adapters/http/fake-api.ts'
import { startDaemon, type Daemon } from './harness.ts'

let daemon: Daemon
before(async () => {
  daemon = await startDaemon()
})

test('calendars are listed and shown', async () => {
  const list = await daemon.run(['calendar', 'ls'])
  assert.match(list.stdout, /NAME +TIMEZONE +RULES\nnight +Europe\/Berlin +1/)
  const shown = await daemon.run(['calendar', 'show', 'night'])
  assert.match(shown.stdout, /daily: 22:00-06:00/)
  const unknown = await daemon.run(['calendar', 'show', 'nigth'])
  assert.equal(unknown.code, 3)
  assert.match(unknown.stderr, /MC_UNKNOWN_CALENDAR.*\n.*night/)
})

test('a calendar is created from rules on the command line', async () => {
  const from = daemon.api.calls.length
  const argv = ['calendar', 'create', 'office', '--timezone', 'Europe/Berlin']
  const rules = ['--allow', 'daily: "08:00-18:00"', '--deny', '{ cron: "0 0 * * SAT", for: 48h }']
  const created = await daemon.run([...argv, ...rules])
  assert.equal(created.stdout, 'office is created\n')
  assert.deepEqual(daemon.api.calls.slice(from), [
    [
      'putCalendar',
      {
        name: 'office',
        timezone: 'Europe/Berlin',
        rules: [
          { kind: 'deny', cron: '0 0 * * SAT', for: '48h' },
          { kind: 'allow', daily: '08:00-18:00' },
        ],
      },
      { mustBeNew: true, dryRun: false },
    ],
  ])
  const wrong = await daemon.run(['calendar', 'create', 'x', '--deny', 'tomorrow'])
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /--deny: "tomorrow" is no rule\n {2}hint: write --deny/)
})

test('deleting asks, and a typo deletes nothing', async () => {
  const from = daemon.api.calls.length
  assert.equal((await daemon.run(['calendar', 'rm', 'night'])).code, 2)
  assert.equal((await daemon.run(['calendar', 'rm', 'night', 'nigth', '--yes'])).code, 3)
  assert.deepEqual(daemon.api.calls.slice(from), [])
  const deleted = await daemon.run(['calendar', 'rm', 'night', '--yes'])
  assert.equal(deleted.stdout, 'night is deleted\n')
})

test('apply writes calendars before the jobs that refer to them', async () => {
  const from = daemon.api.calls.length
  const stdin = [
    'jobs: [{ name: a, schedule: "@daily", run: { exec: [ls] }, calendars: [holidays] }]',
    'calendars: [{ name: holidays, rules: [] }]',
    '---',
    JSON.stringify(night.document),
  ].join('\n')
  const applied = await daemon.run(['apply', '-f', '-'], { stdin })
  assert.equal(applied.code, 0, applied.stderr)
  const writes = daemon.api.calls.slice(from).filter(([, , options]) => {
    return !(options as { dryRun: boolean }).dryRun
  })
  assert.deepEqual(
    writes.map(([verb, document]) => [verb, (document as { name: string }).name]),
    [
      ['putCalendar', 'holidays'],
      ['putCalendar', 'night'],
      ['putJob', 'a'],
    ],
  )
})
