import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobAnswerSchema, jobPageSchema, jobWriteSchema } from '../../src/adapters/http/schema.ts'
import { barn, Fleet, hello, plainly, startMs, valueOf } from './fixture.ts'
import { assertShape } from './shapes.ts'

const dry = { ...plainly, dryRun: true } as const

async function code(result: Promise<{ ok: boolean; refusal?: { code: string } }>): Promise<string> {
  const { refusal } = await result
  return refusal?.code ?? 'ok'
}

test('a new job is created, the same document changes nothing, another one is replaced', async () => {
  const { api } = new Fleet().start()
  const created = valueOf(await api.putJob(hello(), plainly))
  assertShape(jobWriteSchema, created)
  assert.equal(created.change, 'created')
  assert.equal(created.state, 'idle')
  assert.equal(created.next[0]?.scheduledAt, '2027-03-01T12:00:10.000Z')
  assert.equal(created.next[0]?.node, barn)

  const same = valueOf(await api.putJob(created.document, plainly))
  assert.equal(same.change, 'unchanged')
  assert.equal(same.etag, created.etag)
  assert.deepEqual(same.differences, [])

  const document = hello({ schedule: '@every 20s', retry: { max: 2 } })
  const replaced = valueOf(await api.putJob(document, plainly))
  assert.equal(replaced.change, 'replaced')
  assert.notEqual(replaced.etag, created.etag)
  assert.deepEqual(
    replaced.differences.map(({ path, before }) => [path, before]),
    [
      ['schedule', '@every 10s'],
      ['retry', null],
    ],
  )
})

test('a dry run answers what the write then answers, and writes nothing', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  const documents = [
    hello(),
    hello({ timeout: '5s' }),
    hello({ timeout: '5s' }),
    hello({ schedule: '0 3 * * *', timezone: 'Europe/Berlin', enabled: false, note: 'later' }),
    hello({ schedule: '0 3 * * *', timezone: 'Europe/Berlin', enabled: false }),
  ]
  for (const document of documents) {
    fleet.pass(1_300)
    const digest = fleet.node.replica.catalog.digest
    const preview = valueOf(await api.putJob(document, dry))
    assertShape(jobWriteSchema, preview)
    assert.equal(fleet.node.replica.catalog.digest, digest)
    const write = valueOf(await api.putJob(document, plainly))
    const { etag: _, next: ten, ...promised } = preview
    const { etag: __, next: five, ...done } = write
    assert.deepEqual({ ...promised, dryRun: false }, done)
    assert.deepEqual(ten.slice(0, 5), five)
    if (write.state !== 'paused') assert.equal(ten.length, 10)
  }
})

test('a dry run is refused for what the write would be refused for', async () => {
  const { api } = new Fleet().start()
  const { etag } = valueOf(await api.putJob(hello(), plainly))
  const cases: readonly (readonly [document: object, options: object, code: string])[] = [
    [hello(), { mustBeNew: true }, 'MC_EXISTS'],
    [hello(), { ifMatch: 'other' }, 'MC_CONFLICT'],
    [hello(), { ifMatch: etag }, 'ok'],
    [hello(), { ifMatch: '*' }, 'ok'],
    [hello(), { ifMatch: etag, mustBeNew: true }, 'MC_BAD_INPUT'],
    [hello({ name: 'none' }), { ifMatch: '*' }, 'MC_UNKNOWN_JOB'],
    [hello({ name: 'HELLO' }), {}, 'MC_NAME_CLASH'],
    [hello({ name: 'Other' }), {}, 'MC_BAD_INPUT'],
    [hello({ colour: 'red' }), {}, 'MC_BAD_INPUT'],
    [hello({ schedule: '0 0 31 2 *' }), {}, 'MC_BAD_SCHEDULE'],
    [hello({ timezone: 'Mars/Base' }), {}, 'MC_BAD_TIMEZONE'],
    [hello({ schedule: '@at 2027-03-01T11:00:00Z' }), {}, 'MC_PAST_INSTANT'],
    [hello({ run: { shell: 'x'.repeat(65_500) } }), {}, 'MC_BAD_INPUT'],
  ]
  for (const [document, options, expected] of cases) {
    for (const base of [dry, plainly]) {
      const found = await code(api.putJob(document, { ...base, ...options }))
      assert.equal(found, expected, JSON.stringify([document, options]).slice(0, 200))
    }
  }
})

test('the default timezone is stored, and a warning says so', async () => {
  const { api } = new Fleet({ defaultTimezone: 'Europe/Berlin' }).start()
  const document = { name: 'daily', schedule: '@daily', run: { exec: ['true'] } }
  const written = valueOf(await api.putJob(document, plainly))
  assert.equal(written.document['timezone'], 'Europe/Berlin')
  assert.deepEqual(written.warnings, ['no timezone is given: Europe/Berlin is used and stored'])
})

test('a job is paused, resumed, run now and removed', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  await api.putJob(hello(), plainly)
  const untilMs = startMs + 60_000
  const paused = valueOf(await api.pauseJob('hello', { note: 'calm', untilMs }))
  assertShape(jobAnswerSchema, paused)
  assert.equal(paused.state, 'paused')
  assert.deepEqual(paused.pause, { note: 'calm', until: '2027-03-01T12:01:00.000Z' })
  assert.equal(paused.next[0]?.scheduledAt, '2027-03-01T12:01:00.000Z')
  const late = api.pauseJob('hello', { note: '', untilMs: startMs })
  assert.equal(await code(late), 'MC_PAST_INSTANT')

  const resumed = valueOf(await api.resumeJob('hello'))
  assert.equal(resumed.state, 'idle')
  assert.equal(resumed.pause, null)

  const accepted = valueOf(await api.runJob('hello', { idempotencyKey: 'once' }))
  assert.deepEqual(valueOf(await api.runJob('hello', { idempotencyKey: 'once' })), accepted)
  fleet.pass(100)
  assert.equal(fleet.launched.at(-1)?.execution, accepted.execution)
  assert.equal(valueOf(await api.getJob('hello')).state, 'running')

  assert.equal(await code(api.removeJob('hello', { ifMatch: 'other' })), 'MC_CONFLICT')
  assert.equal(await code(api.removeJob('hello', {})), 'ok')
  for (const result of [
    api.getJob('hello'),
    api.removeJob('hello', {}),
    api.pauseJob('hello', { note: '', untilMs: null }),
    api.resumeJob('hello'),
    api.runJob('hello', { idempotencyKey: 'twice' }),
    api.plan({ job: 'hello', limit: 1 }),
    api.explain({ job: 'hello' }),
  ]) {
    assert.equal(await code(result), 'MC_UNKNOWN_JOB')
  }
})

test('the last outcome and how often it came in a row follow the history', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  await api.putJob(hello({ overlap: 'allow' }), plainly)
  assert.equal(valueOf(await api.getJob('hello')).streak, null)
  const exits = [0, 1, 0, 0, 0]
  const seen: string[] = []
  for (const exit of exits) {
    fleet.pass(10_000)
    fleet.finish(exit)
    const { last, streak } = valueOf(await api.getJob('hello'))
    assert.equal(last?.scheduledAt, new Date(fleet.nowMs).toISOString())
    seen.push(`${streak?.count} ${streak?.outcome}`)
  }
  assert.deepEqual(seen, ['1 success', '1 failure', '1 success', '2 success', '3 success'])
  const again = new Fleet({ store: fleet.store.clone() }).start()
  const { streak, last } = valueOf(await again.api.getJob('hello'))
  assert.deepEqual(streak, { outcome: 'success', count: 3 })
  assert.equal(last?.nodeName, 'barn')
})

test('a job tells that it retries, is exhausted or has no eligible node', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  const state = async (name: string): Promise<string> => valueOf(await api.getJob(name)).state
  await api.putJob(hello({ retry: { max: 1, base: '30s' } }), plainly)
  await api.putJob(hello({ name: 'once', schedule: '@at 2027-03-01T12:00:05Z' }), plainly)
  await api.putJob(hello({ name: 'web', placement: { tags: { role: 'web' } } }), plainly)
  await api.putJob(hello({ name: 'hand', schedule: '@manually' }), plainly)
  assert.equal(await state('once'), 'idle')
  assert.equal(await state('web'), 'no-eligible-node')
  assert.equal(await state('hand'), 'idle')
  fleet.pass(5_000)
  fleet.finish(0)
  fleet.pass(5_000)
  fleet.finish(7)
  assert.equal(await state('once'), 'exhausted')
  assert.equal(await state('hello'), 'retrying')
  const page = valueOf(await api.listJobs({ state: 'retrying', limit: 10 }))
  assert.deepEqual(
    page.items.map(({ name }) => name),
    ['hello'],
  )
  assert.equal(await code(api.listJobs({ state: 'asleep', limit: 10 })), 'MC_BAD_INPUT')
})

test('jobs are listed by name, in pages, by prefix', async () => {
  const { api } = new Fleet().start()
  for (const name of ['b', 'ops.a', 'ops.b', 'a', 'ops.c']) {
    await api.putJob(hello({ name }), plainly)
  }
  const names: string[][] = []
  let cursor: string | null = null
  do {
    const more: { cursor?: string } = cursor === null ? {} : { cursor }
    const page = valueOf(await api.listJobs({ limit: 2, ...more }))
    assertShape(jobPageSchema, page)
    names.push(page.items.map(({ name }) => name))
    for (const { next } of page.items) assert.equal(next.length, 1)
    cursor = page.cursor
  } while (cursor !== null)
  assert.deepEqual(names, [['a', 'b'], ['ops.a', 'ops.b'], ['ops.c']])
  const ops = valueOf(await api.listJobs({ prefix: 'ops.', limit: 10 }))
  assert.equal(ops.items.length, 3)
})
