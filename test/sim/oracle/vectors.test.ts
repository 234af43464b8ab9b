// The oracle against instants that another scheduler computed. Where the two are meant to differ,
// test/core/scheduler/cron-vectors.test.ts says why.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { oracleTicks } from '../../../src/simulation/oracle/schedule.ts'
import { iso, timingOf } from './timing.ts'

interface Vector {
  readonly Spec: string
  readonly Timezone: string
  readonly From: string
  readonly Next: readonly string[] | null
}

const file = new URL('../../data/cron-vectors.json', import.meta.url)
const vectors: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8'))
/** Whole minutes are looked at one by one: years would take too long. */
const spanMaxMs = 40 * 86_400_000

const isOurs = ({ Spec: spec, From: from, Next: next }: Vector): boolean =>
  next !== null &&
  next.length > 0 &&
  Date.parse(next.at(-1)!) - Date.parse(from) < spanMaxMs &&
  !/~|TZ=|@after|@every (0s|1500ms|500ms)/.test(spec)

/** Days of a clock change on which our rule is another one. */
const isDeliberate = ({ Spec: spec, Timezone: zone, From: from }: Vector): boolean =>
  [
    '0 30 1 * * * | America/New_York | 2026-11-01T04:45:00Z',
    '0 30 2 * * * | America/New_York | 2026-03-08T05:59:30Z',
    '0 30 2 * * * | Europe/Berlin | 2026-03-28T23:59:59.5Z',
    '0 0 22 * * 0,6 | Australia/Lord_Howe | 2026-03-28T23:59:59.5Z',
  ].includes(`${spec} | ${zone} | ${from}`)

test('the oracle finds the instants of the vectors', () => {
  const sample = vectors.filter((vector) => isOurs(vector) && !isDeliberate(vector))
  assert.ok(sample.length > 250, `${sample.length} vectors`)
  for (const { Spec: spec, Timezone: zone, From: from, Next: next } of sample) {
    const fromMs = Date.parse(from)
    const timing = timingOf(spec, { timezone: zone === '' ? 'UTC' : zone, anchorMs: fromMs })
    const found = oracleTicks(timing, fromMs + 1, Date.parse(next!.at(-1)!) + 1)
    assert.deepEqual(found.map(iso), next, `${spec} ${zone} ${from}`)
  }
})
