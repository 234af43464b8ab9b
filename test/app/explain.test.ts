import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainSchema, type Explain } from '../../src/adapters/http/schema.ts'
import type { ExplainQuery } from '../../src/adapters/http/api.ts'
import { barn, field, Fleet, hello, plainly, startMs, valueOf } from './fixture.ts'
import { connect, introduce, tell } from './fleet-facts.ts'
import { assertShape } from './shapes.ts'

async function explain(fleet: Fleet, query: ExplainQuery): Promise<Explain> {
  const answer = valueOf(await fleet.api.explain(query))
  assertShape(explainSchema, answer)
  return answer
}

/** Every sentence stands in the facts, in this order. */
function assertSays(answer: Explain, ...sentences: readonly RegExp[]): void {
  let from = 0
  for (const sentence of sentences) {
    const at = answer.facts.findIndex((fact, i) => i >= from && sentence.test(fact))
    assert.ok(at >= 0, `${sentence} in\n${answer.facts.join('\n')}`)
    from = at + 1
  }
}

test('a coming tick is explained by time, ranking and overlap', async () => {
  const fleet = new Fleet().start()
  introduce(fleet)
  await fleet.api.putJob(hello({ run: { shell: 'true' } }), plainly)
  const answer = await explain(fleet, { job: 'hello' })
  assert.equal(answer.scheduledAt, '2027-03-01T12:00:10.000Z')
  assert.equal(answer.execution, undefined)
  assert.deepEqual(
    answer.view.map(({ name, state }) => `${name} ${state}`),
    ['barn alive', 'field alive'],
  )
  assert.deepEqual(
    answer.rank.map(({ id, state }) => [id, state]),
    [[barn, 'alive']],
  )
  assert.ok(answer.rank[0]!.score! > 0 && answer.rank[0]!.score! < 1)
  assert.deepEqual(answer.excluded, [
    { id: field, name: 'field', reason: "its owner's policy does not allow shell" },
  ])
  assertSays(
    answer,
    /^the job is enabled$/,
    /^due at .*12:00:10.000Z, planned start .*12:00:10.000Z$/,
    /^no first attempt starts after .*12:00:15.000Z$/,
    /^1 of 2 members are candidates, barn ranks first$/,
    /^overlap: skip, and nothing else/,
    /^it is still to come$/,
  )
  fleet.pass(10_000)
  assertSays(await explain(fleet, { job: 'hello' }), /^overlap: skip, and hello@\d+ is open now$/)
})

test('a tick that ran is explained by its attempts, by instant and by id', async () => {
  const fleet = new Fleet().start()
  await fleet.api.putJob(hello({ retry: { max: 1, base: '1s', jitter: 0 } }), plainly)
  fleet.pass(10_000)
  fleet.finish(7)
  const { execution } = fleet.launched[0]!
  const failed = await explain(fleet, { execution })
  assert.equal(failed.outcome, 'failure')
  assertSays(
    failed,
    /^attempt 2: waits for its planned start/,
    /^attempt 1: barn \(rank 0\) claimed it .* on-time .*; failure \(exit: 7\) .* exit code 7$/,
    /^another attempt follows at .*12:00:11.000Z$/,
  )
  fleet.pass(1_000)
  fleet.finish(0)
  const byInstant = await explain(fleet, { job: 'hello', atMs: startMs + 10_000 })
  assert.equal(byInstant.outcome, 'success')
  assert.equal(byInstant.execution?.attempt, 2)
  assertSays(byInstant, /^attempt 1: .*failure/, /^attempt 2: .*retry.*success/)
  assert.deepEqual(await explain(fleet, { execution }), byInstant)
})

test('a takeover is explained by who was asked and what they said', async () => {
  const fleet = new Fleet().start()
  introduce(fleet)
  await fleet.api.putJob(hello({ overlap: 'allow' }), plainly)
  const { ticks } = valueOf(await fleet.api.plan({ job: 'hello', limit: 30 }))
  const tick = ticks.findIndex(({ node }) => node === field)
  const dueMs = Date.parse(ticks[tick]!.scheduledAt)
  fleet.pass(dueMs - startMs - 100)
  connect(fleet, 0n)
  fleet.pass(600)
  const waiting = await explain(fleet, { job: 'hello', atMs: dueMs })
  assertSays(waiting, /field ranks first/, /^attempt 1: waits for better ranks/)
  fleet.pass(8_000)
  const taken = await explain(fleet, { job: 'hello', atMs: dueMs })
  assert.equal(taken.execution?.why, 'takeover')
  assertSays(
    taken,
    /field ranks first/,
    /^attempt 1: field did not answer$/,
    /barn \(rank 1\) claimed it .*takeover/,
  )
  assert.ok(!taken.facts.join().includes(field), 'members are named, not numbered')
})

test('a tick that did not run is explained too', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  await api.putJob(hello(), plainly)
  fleet.pass(20_000)
  const skipped = await explain(fleet, { job: 'hello', atMs: startMs + 20_000 })
  assert.equal(skipped.outcome, 'skipped-overlap')
  assertSays(skipped, /another execution of the job was open/)
  fleet.finish(0)

  await api.pauseJob('hello', { note: 'calm', untilMs: null })
  fleet.pass(130_000)
  const paused = await explain(fleet, { job: 'hello', atMs: startMs + 50_000 })
  assert.equal(paused.outcome, 'paused')
  assertSays(paused, /^the job is paused: calm$/, /because the job was paused$/)
  const coming = await explain(fleet, { job: 'hello' })
  assertSays(coming, /^the job is paused: calm$/, /still to come/)

  const web = hello({ name: 'web', placement: { tags: { role: 'web' } } })
  await api.putJob(web, plainly)
  fleet.pass(30_000)
  const job = fleet.node.replica.catalog.jobs().find(({ name }) => name === 'web')!
  const dueMs = job.groups.timing.anchorMs + 10_000
  const nowhere = await explain(fleet, { job: 'web', atMs: dueMs })
  assert.equal(nowhere.outcome, 'no-eligible-node')
  assert.deepEqual(nowhere.excluded, [
    { id: barn, name: 'barn', reason: 'it lacks the tag role=web' },
  ])
  assertSays(nowhere, /^none of 1 members is a candidate$/, /no member was a candidate/)
})

test('an instant that is no tick is answered with the tick nearest to it', async () => {
  const fleet = new Fleet().start()
  await fleet.api.putJob(hello(), plainly)
  await fleet.api.putJob(hello({ name: 'hand', schedule: '@manually' }), plainly)
  const near = await explain(fleet, { job: 'hello', atMs: startMs + 12_000 })
  assert.equal(near.scheduledAt, '2027-03-01T12:00:20.000Z')
  assertSays(near, /^no tick is due at .*12:00:12.000Z/)
  assertSays(await explain(fleet, { job: 'hand' }), /^it has no ticks/)
  for (const [query, code] of [
    [{ job: 'none' }, 'MC_UNKNOWN_JOB'],
    [{ execution: 'hello@1' }, 'MC_UNKNOWN_EXECUTION'],
  ] as const) {
    const result = await fleet.api.explain(query)
    assert.equal(result.ok ? 'ok' : result.refusal.code, code)
  }
})

test('dispatches, and executions of deleted jobs, are explained as far as they can be', async () => {
  const fleet = new Fleet().start()
  introduce(fleet)
  await fleet.api.putJob(hello({ schedule: '@manually', run: { shell: 'true' } }), plainly)
  const { execution } = valueOf(await fleet.api.runJob('hello', { idempotencyKey: 'k' }))
  fleet.pass(100)
  fleet.finish(0)
  const dispatched = await explain(fleet, { execution })
  assertSays(dispatched, /^it was dispatched at/, /dispatch.*success/)
  await fleet.api.removeJob('hello', {})
  const { execution: other } = tell(fleet, { dueMs: startMs + 50 })
  const gone = await explain(fleet, { execution: other })
  assert.deepEqual(gone.rank, [])
  assertSays(gone, /^the definition of then is gone/, /whom field asked/, /field \(rank 0\)/)
})
