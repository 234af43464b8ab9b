import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  calendarAnswerSchema,
  calendarListSchema,
  calendarWriteSchema,
  planSchema,
} from '../../src/adapters/http/schema.ts'
import { Fleet, hello, plainly, valueOf } from './fixture.ts'
import { assertShape } from './shapes.ts'

const always = { name: 'always', rules: [{ kind: 'deny', daily: '00:00-24:00' }] }
const dry = { ...plainly, dryRun: true } as const

test('a calendar is created, the same document changes nothing, and it is shown as written', async () => {
  const { api } = new Fleet().start()
  const preview = valueOf(await api.putCalendar(always, dry))
  assertShape(calendarWriteSchema, preview)
  assert.deepEqual(valueOf(await api.calendars()).items, [])
  const created = valueOf(await api.putCalendar(always, plainly))
  assertShape(calendarWriteSchema, created)
  assert.equal(created.change, 'created')
  assert.equal(created.document['timezone'], 'UTC')
  const same = valueOf(await api.putCalendar(created.document, plainly))
  assert.equal(same.change, 'unchanged')
  assert.equal(same.etag, created.etag)
  const replaced = valueOf(await api.putCalendar({ ...always, rules: [] }, plainly))
  assert.equal(replaced.change, 'replaced')
  assert.deepEqual(
    replaced.differences.map(({ path }) => path),
    ['rules'],
  )
  const shown = valueOf(await api.calendar('always'))
  assertShape(calendarAnswerSchema, shown)
  assertShape(calendarListSchema, valueOf(await api.calendars()))
  assert.deepEqual(valueOf(await api.calendars()).items, [shown])
})

test('expectations about the version of a calendar are kept', async () => {
  const { api } = new Fleet().start()
  const { etag } = valueOf(await api.putCalendar(always, plainly))
  const code = async (result: Promise<{ ok: boolean; refusal?: { code: string } }>) =>
    (await result).refusal?.code ?? 'ok'
  const rules = { ...always, rules: [] }
  const of = (over: object): Promise<string> =>
    code(api.putCalendar(rules, { ...plainly, ...over }))
  assert.equal(await of({ mustBeNew: true }), 'MC_EXISTS')
  assert.equal(await of({ ifMatch: 'other' }), 'MC_CONFLICT')
  assert.equal(await of({ ifMatch: etag }), 'ok')
  assert.equal(await code(api.removeCalendar('always', { ifMatch: etag })), 'MC_CONFLICT')
  assert.equal(await code(api.removeCalendar('always', {})), 'ok')
  assert.equal(await code(api.calendar('always')), 'MC_UNKNOWN_CALENDAR')
})

test('plan, the job and explain show which calendar denies a tick', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  valueOf(await api.putCalendar(always, plainly))
  const job = valueOf(await api.putJob(hello({ calendars: ['always'] }), plainly))
  assert.equal(job.next[0]?.deniedBy, 'always')
  assert.equal(job.next[0]?.node, null)
  const plan = valueOf(await api.plan({ job: 'hello', limit: 2 }))
  assertShape(planSchema, plan)
  assert.deepEqual(
    plan.ticks.map(({ deniedBy, node }) => [deniedBy, node]),
    [
      ['always', null],
      ['always', null],
    ],
  )
  const explained = valueOf(await api.explain({ job: 'hello' }))
  assert.ok(
    explained.facts.includes('the calendar always denies this start'),
    explained.facts.join(),
  )
  const ignoring = valueOf(await api.putJob(hello({ calendars: [] }), plainly))
  assert.equal(ignoring.next[0]?.deniedBy, null)
})

test('a preview of a job that refers to an unknown calendar warns, the write is refused', async () => {
  const { api } = new Fleet().start()
  const document = hello({ calendars: ['holidays'] })
  const preview = valueOf(await api.putJob(document, dry))
  assert.ok(preview.warnings.includes('there is no calendar holidays'))
  const written = await api.putJob(document, plainly)
  assert.equal(written.ok ? 'ok' : written.refusal.code, 'MC_UNKNOWN_CALENDAR')
})
