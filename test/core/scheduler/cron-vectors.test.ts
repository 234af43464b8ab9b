// test/data/cron-vectors.json holds the next instants as Dkron's parser computes them. Ours must be
// the same except for the differences listed here; each list is complete, so a new one fails.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseSchedule } from '../../../src/core/scheduler/schedule.ts'
import { nextTick } from '../../../src/core/scheduler/tick.ts'
import { iso, ms, timingOf } from './timing.ts'

interface Vector {
  readonly Spec: string
  readonly Timezone: string
  readonly From: string
  readonly Next: readonly string[] | null
  readonly Err?: string
}

const file = new URL('../../data/cron-vectors.json', import.meta.url)
const vectors: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8'))

/** Ours are accepted: five fields, and the forms that Dkron lacks. */
const onlyDkronRefuses = [
  '* * * * *',
  '0 0 0 * * 5#2',
  '0 0 0 * * 7',
  '0 0 0 15W * *',
  '0 0 0 L * *',
]

/** Forms that meshcron does not have, or refuses because they can only be mistakes. */
const onlyWeRefuse = [
  '0 0 0 31 2 *', // never matches; Dkron stores a job that never runs
  '0 0 0 ~ * *', // H is the form for a spread
  '0 ~ * * * *',
  '0 ~/15 * * * *',
  '@every 0s', // whole seconds, at least one; Dkron rounds
  '@every 1500ms',
  '@every 500ms',
  'CRON_TZ=Asia/Kolkata 0 30 9 * * *', // the zone is a field of the job
  'TZ=Europe/Madrid 0 0 9 * * *',
  '~ ~ ~ * * *',
]

/** Days on which a zone changes its offset. */
const onlyWeFollowTheRule = [
  '0 30 1 * * * | America/New_York | 2026-11-01T04:45:00Z', // overlap: once, Dkron twice
  '0 30 2 * * * | America/New_York | 2026-03-08T05:59:30Z', // gap: once after it, Dkron never
  '0 30 2 * * * | Europe/Berlin | 2026-03-28T23:59:59.5Z', // gap
  '0 0 0 1 1,4,7,10 * | Australia/Lord_Howe | 2028-02-28T23:00:00Z', // Dkron loses half-hour days
  '0 0 22 * * 0,6 | Australia/Lord_Howe | 2026-03-28T23:59:59.5Z',
]

/** One tick and no more; Dkron's parser answers a second one a nanosecond later. */
const afterOnce = [
  '@after 2026-11-01T05:59:00Z <PT2H |  | 2026-03-28T23:59:59.5Z',
  '@after 2026-11-01T05:59:00Z <PT2H |  | 2026-10-25T00:10:00Z',
  '@after 2026-11-01T05:59:00Z <PT2H |  | 2026-11-01T04:45:00Z',
]

function ourNext(spec: string, timezone: string, from: string, count: number): string[] {
  const timing = timingOf(spec, { timezone: timezone || 'UTC', anchorMs: ms(from) })
  const next: string[] = []
  for (let at = ms(from); next.length < count;) {
    const due = nextTick('vector', timing, at)
    next.push(due === undefined ? 'never' : iso(due))
    if (due === undefined) break
    at = due
  }
  return next
}

const isRefused = (spec: string): boolean =>
  !parseSchedule(spec, { name: 'vector', timezone: 'UTC', dst: 'cron', anchorMs: 0 }).ok

test('our parser differs from Dkron in what it accepts only as listed', () => {
  const dkron = new Set(vectors.filter((v) => v.Err !== undefined).map((v) => v.Spec))
  const specs = [...new Set(vectors.map((v) => v.Spec))].sort()
  assert.deepEqual(
    specs.filter((spec) => dkron.has(spec) && !isRefused(spec)),
    onlyDkronRefuses,
  )
  assert.deepEqual(
    specs.filter((spec) => !dkron.has(spec) && isRefused(spec)),
    [...onlyWeRefuse].sort(),
  )
})

test('our instants are those of Dkron except on the listed days of a clock change and for @after', () => {
  const differing: string[] = []
  let compared = 0
  for (const { Spec: spec, Timezone: zone, From: from, Next: next } of vectors) {
    if (next === null || isRefused(spec)) continue
    compared++
    const ours = ourNext(spec, zone, from, next.length)
    if (ours.join(' ') !== next.join(' ')) differing.push(`${spec} | ${zone} | ${from}`)
  }
  assert.ok(compared > 400, `${compared} vectors compared`)
  assert.deepEqual(differing.sort(), [...onlyWeFollowTheRule, ...afterOnce].sort())
})

test('a zone written into a Dkron pattern gives the same instants as our field timezone', () => {
  let compared = 0
  for (const { Spec: spec, From: from, Next: next } of vectors) {
    const match = /^(?:CRON_)?TZ=(\S+) (.*)$/.exec(spec)
    if (match === null || next === null) continue
    compared++
    assert.deepEqual(ourNext(match[2]!, match[1]!, from, next.length), next, spec)
  }
  assert.equal(compared, 7)
})
