import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitPattern } from '../../../src/core/scheduler/fields.ts'
import { resolveHashed } from '../../../src/core/scheduler/hashed.ts'
import { parseSchedule } from '../../../src/core/scheduler/schedule.ts'

function resolved(pattern: string, name = 'backup'): string {
  const fields = splitPattern(pattern)
  const plain = fields.ok ? resolveHashed(fields.value, name) : fields
  return plain.ok ? plain.value.join(' ') : plain.refusal.message
}

/** Golden table of docs/reference/schedule.md. */
const golden: readonly (readonly [string, string, string, string])[] = [
  ['backup', '14 18 1 20 6 2', '4,19,34,49', '1'],
  ['rotate-logs', '25 27 6 25 6 1', '6,21,36,51', '2'],
  ['telemetry', '48 1 2 16 12 1', '0,15,30,45', '1'],
]

test('H picks the value of the golden table for each job and field', () => {
  for (const [name, all, quarter, hours] of golden) {
    assert.equal(resolved('H H H H H H', name), `${all} *`, name)
    assert.equal(resolved('H/15 H(1-5) * * *', name), `0 ${quarter} ${hours} * * * *`, name)
  }
})

test('the answer to a write shows the pattern that H stands for', () => {
  const job = { name: 'backup', timezone: 'UTC', dst: 'cron', anchorMs: 0 } as const
  const schedule = parseSchedule('H H * * *', job)
  assert.ok(schedule.ok && schedule.value.kind === 'cron')
  assert.equal(schedule.value.resolved, '18 1 * * *')
})

test('H(a-b)/n stays inside a to b, and H may stand in a list', () => {
  assert.equal(resolved('H(10-30)/10 * * * *'), '0 13,23 * * * * *')
  assert.equal(resolved('H,59 * * * *'), '0 18,59 * * * * *')
})

test('H is refused in the year, outside its range and with a step that does not fit', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['0 0 0 1 1 * H', /^year/],
    ['H(0-60) * * * *', /^minute.*range/],
    ['H(9-5) * * * *', /^minute.*range/],
    ['0 0 H(1-31) * *', /^day of month.*range/],
    ['H/61 * * * *', /^minute.*step/],
    ['H/0 * * * *', /^minute.*step/],
    ['Hx * * * *', /^minute: cannot read/],
    ['H-5 * * * *', /^minute: cannot read/],
  ]
  for (const [pattern, message] of rows) assert.match(resolved(pattern), message, pattern)
})

test('H spreads jobs over the range', () => {
  const hours = new Map<string, number>()
  for (let i = 0; i < 2_400; i++) {
    const hour = resolved('0 H * * *', `job-${i}`).split(' ')[2]!
    hours.set(hour, (hours.get(hour) ?? 0) + 1)
  }
  assert.equal(hours.size, 24)
  for (const [hour, count] of hours) assert.ok(count > 60 && count < 140, `${hour}: ${count}`)
})
