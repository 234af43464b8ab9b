import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  forecastTick,
  nextRun,
  nextRuns,
  previewJob,
  Timeline,
  warningsOf,
  type Outlook,
} from '../../src/core/forecast.ts'
import { jobName, memberId, type MemberId } from '../../src/core/ids.ts'
import type { Job } from '../../src/core/jobs/catalog.ts'
import type { Definition } from '../../src/core/jobs/definition.ts'
import { defaultGroups, parseDocument } from '../../src/core/jobs/document.ts'
import { profiles } from '../../src/core/limits.ts'
import type { Member } from '../../src/core/membership/membership.ts'
import type { NodeRecord } from '../../src/core/membership/node-record.ts'

const startMs = 1_803_902_400_000
const settleMs = 5_000

function definition(fields: object = {}, nowMs: number = startMs): Definition {
  const document = { name: 'a', schedule: '@every 10s', run: { exec: ['true'] }, ...fields }
  const parsed = parseDocument(document, { nowMs, defaultTimezone: 'UTC' })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value.definition
}

const job = (name: string, fields: object = {}): Job =>
  previewJob(undefined, jobName(name), definition({ ...fields, name }))

function member(letter: string, fields: Partial<NodeRecord> = {}): Member {
  const id: MemberId = memberId(letter.repeat(44))
  const record = {
    member: id,
    name: letter,
    incarnation: 1,
    eligibleFromMs: startMs - 60_000,
    leaveAtMs: null,
    readyFromMs: 0,
    attrs: {
      weight: 16,
      accepts: true,
      executors: ['exec'],
      profiles: ['default'],
      tags: {},
      roles: ['executor'],
    },
    attrsFromMs: 0,
    prevAttrs: null,
    engine: 'meshcron-1',
    timezoneData: '2026c',
    clock: { state: 'synced', offsetMs: 0, errorMs: 0 },
    ...fields,
  } as NodeRecord
  return { record, state: 'alive', missingSinceMs: Infinity }
}

const outlook = (members: readonly Member[], nowMs: number = startMs): Outlook => ({
  members,
  settleMs,
  usesOf: () => [],
  nowMs,
})

const schedules = [
  '@every 7s',
  '@every 1m',
  '*/5 * * * * *',
  '0 * * * *',
  'H H * * *',
  '@at 2027-03-01T12:00:30Z',
  '@manually',
]

test('a timeline reads the ticks of all jobs in the order of time, as often as it is asked', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...schedules), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 120_000 }),
      fc.integer({ min: 1, max: 200_000 }),
      (picked, max, afterMs, spanMs) => {
        const jobs = picked.map((schedule, i) => job(`job-${i}`, { schedule }))
        const timeline = new Timeline()
        for (const one of jobs) timeline.set(one, startMs)
        const from = startMs + afterMs
        const expected = jobs
          .flatMap((one) =>
            nextRuns(one, from, max)
              .filter((dueMs) => dueMs < from + spanMs)
              .map((dueMs) => `${dueMs} ${one.name}`),
          )
          .sort()
        for (let i = 0; i < 2; i += 1) {
          const runs = timeline.read(from, from + spanMs, max)
          const shown = runs.map(({ job, dueMs }) => `${dueMs} ${job.name}`)
          // which of the ticks of one instant fall off the end is not promised
          const instant = (text: string): string => text.split(' ')[0]!
          assert.deepEqual(shown.map(instant), expected.slice(0, max).map(instant))
          assert.deepEqual([...shown].sort(), shown)
          for (const text of shown) assert.ok(expected.includes(text), text)
        }
      },
    ),
  )
})

test('a timeline follows replaced and removed jobs', () => {
  const timeline = new Timeline()
  timeline.set(job('a', { schedule: '@every 10s' }), startMs)
  timeline.set(job('b', { schedule: '@every 15s' }), startMs)
  const seconds = (): string =>
    timeline
      .read(startMs, startMs + 31_000, 100)
      .map(({ job, dueMs }) => `${job.name}${(dueMs - startMs) / 1_000}`)
      .join(' ')
  assert.equal(seconds(), 'a10 b15 a20 a30 b30')
  timeline.set(job('a', { schedule: '@every 20s' }), startMs)
  assert.equal(seconds(), 'b15 a20 b30')
  timeline.delete(jobName('b'))
  assert.equal(seconds(), 'a20')
  timeline.set(job('a', { schedule: '@every 20s', enabled: false }), startMs)
  assert.equal(seconds(), '')
})

test('ticks of a pause are no runs, and runs go on when it ends by itself', () => {
  const until = '2027-03-01T12:00:30Z'
  assert.equal(nextRun(job('a', { enabled: false }), startMs), undefined)
  const paused = job('a', { enabled: false, until })
  assert.deepEqual(nextRuns(paused, startMs, 2), [startMs + 30_000, startMs + 40_000])
  assert.equal(nextRun(paused, startMs + 35_000), startMs + 40_000)
  assert.equal(nextRun({ ...paused, isSupported: false }, startMs), undefined)
})

test('a preview keeps the phase of an untouched schedule, a pause and the generation', () => {
  const live = { ...job('a', { schedule: '@every 10s', enabled: false, note: 'why' }), etag: 'e' }
  const name = jobName('a')
  const later = startMs + 3_000
  const same = previewJob(live, name, definition({ enabled: false, timeout: '5s' }, later))
  assert.equal(same.groups.timing.anchorMs, startMs)
  assert.equal(same.groups.enabled.note, 'why')
  assert.equal(same.generation, 1)
  assert.equal(same.etag, 'e')
  const other = previewJob(live, name, definition({ schedule: '@every 20s' }, later))
  assert.equal(other.groups.timing.anchorMs, later)
  assert.equal(other.groups.enabled.enabled, true)
  const deleted: Job = {
    ...live,
    groups: { ...live.groups, life: { ...live.groups.life, state: 'deleted' } },
  }
  assert.equal(previewJob(deleted, name, definition()).generation, 2)
})

test('a tick is forecast with planned start, cutoff, ranking and reasons', () => {
  const members = [
    member('a'),
    member('b', { eligibleFromMs: startMs + 8_000 }),
    member('c', { leaveAtMs: startMs + 10_000 }),
  ]
  const ticks = [10_000, 20_000].map((ms) => forecastTick(job('a'), startMs + ms, outlook(members)))
  const letters = (ids: readonly string[]): readonly string[] => ids.map((id) => id[0]!)
  assert.deepEqual(letters(ticks[0]!.ranking.rank), ['a'])
  assert.deepEqual(new Set(letters(ticks[1]!.ranking.rank)), new Set(['a', 'b']))
  assert.deepEqual(
    ticks[0]!.ranking.excluded.map(({ member, reason }) => `${member[0]} ${reason}`),
    ['b it joined too short a time before', 'c it has left by then'],
  )
  assert.equal(ticks[0]!.execution, `a@${startMs + 10_000}`)
  assert.equal(ticks[0]!.plannedMs, startMs + 10_000)
  assert.equal(ticks[0]!.cutoffMs, startMs + 15_000)
})

test('a tick that nobody could take in time is open to who is there by now', () => {
  const late = [member('a', { eligibleFromMs: startMs + 8_000 })]
  const dueMs = startMs + 10_000
  assert.equal(forecastTick(job('a'), dueMs, outlook(late)).ranking.rank.length, 0)
  const after = outlook(late, startMs + 13_000)
  assert.equal(forecastTick(job('a'), dueMs, after).ranking.rank.length, 1)
})

test('what is allowed and probably not meant is said', () => {
  const given = { timers: profiles.lan, hasTimezone: true }
  const cases: readonly (readonly [fields: object, warning: RegExp | undefined])[] = [
    [{}, undefined],
    [{ schedule: '@every 1s' }, /interval of 1000 ms is not longer than a takeover, 3000 ms/],
    [
      { placement: { tags: { role: 'web' } } },
      /no node is eligible now: it lacks the tag role=web/,
    ],
    [{ misfire: { policy: 'skip', deadline: '20s' } }, /deadline is longer than the interval/],
    [{ endAt: '2027-03-01T12:00:05Z' }, /no tick lies ahead/],
    [{ schedule: '@manually' }, undefined],
  ]
  for (const [fields, warning] of cases) {
    const warnings = warningsOf(job('a', fields), outlook([member('a')]), given)
    if (warning === undefined) assert.deepEqual(warnings, [], JSON.stringify(fields))
    else assert.match(warnings.join('\n'), warning)
  }
  const loose = { ...given, hasTimezone: false }
  const daily = warningsOf(job('a', { schedule: '@daily' }), outlook([member('a')]), loose)
  assert.deepEqual(daily, ['no timezone is given: UTC is used and stored'])
  assert.deepEqual(warningsOf(job('a'), outlook([member('a')]), loose), [])
  assert.equal(defaultGroups.timing.timezone, 'UTC')
})
