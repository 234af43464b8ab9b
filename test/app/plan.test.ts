import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planSchema } from '../../src/adapters/http/schema.ts'
import { tickExecutionId } from '../../src/core/ids.ts'
import { barn, field, Fleet, hello, plainly, startMs, valueOf } from './fixture.ts'
import { introduce } from './fleet-facts.ts'
import { assertShape } from './shapes.ts'

const seconds = (at: string): number => (Date.parse(at) - startMs) / 1_000

test('the ticks of all jobs are planned in the order of time, within bounds', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  await api.putJob(hello({ name: 'a', schedule: '@every 10s' }), plainly)
  await api.putJob(hello({ name: 'b', schedule: '@every 15s', jitter: '2s' }), plainly)
  await api.putJob(hello({ name: 'c', schedule: '@every 10s', enabled: false }), plainly)
  const shown = async (query: object): Promise<string> => {
    const plan = valueOf(await api.plan({ limit: 20, ...query }))
    assertShape(planSchema, plan)
    return plan.ticks.map(({ job, scheduledAt }) => `${job}${seconds(scheduledAt)}`).join(' ')
  }
  const toMs = startMs + 40_000
  assert.equal(await shown({ toMs }), 'a10 b15 a20 a30 b30')
  assert.equal(await shown({ toMs, limit: 2 }), 'a10 b15')
  assert.equal(await shown({ fromMs: startMs + 15_000, toMs }), 'b15 a20 a30 b30')
  assert.equal(await shown({ job: 'a', fromMs: startMs + 20_000, toMs }), 'a20 a30')
  assert.equal(await shown({ job: 'c', toMs }), '')
  fleet.pass(20_000)
  assert.equal(await shown({ toMs }), 'a30 b30')
  await api.putJob(hello({ name: 'a', schedule: '@every 7s' }), plainly)
  assert.equal(await shown({ toMs }), 'a27 b30 a34')
  await api.removeJob('a', {})
  assert.equal(await shown({ toMs }), 'b30')
  const { ticks } = valueOf(await api.plan({ job: 'b', limit: 1 }))
  const jitterMs = Date.parse(ticks[0]!.plannedAt) - Date.parse(ticks[0]!.scheduledAt)
  assert.ok(jitterMs >= 0 && jitterMs < 2_000, `${jitterMs}`)
})

test('the plan names the node that the scheduler then picks, and who cannot run it', async () => {
  const fleet = new Fleet().start()
  const { api, node } = fleet
  introduce(fleet)
  await api.putJob(hello(), plainly)
  await api.putJob(hello({ name: 'shell', run: { shell: 'true' } }), plainly)
  const { ticks } = valueOf(await api.plan({ job: 'hello', limit: 30 }))
  const job = node.replica.catalog.jobs().find(({ name }) => name === 'hello')!
  for (const { scheduledAt, rank, node: first, nodeName } of ticks) {
    const dueMs = Date.parse(scheduledAt)
    const execution = tickExecutionId('hello', 1, dueMs)
    const picked = node.executions.rankAt(job, execution, dueMs).rank
    assert.deepEqual(
      rank.map(({ id }) => id),
      picked,
    )
    assert.equal(first, picked[0])
    assert.equal(nodeName, first === barn ? 'barn' : 'field')
  }
  assert.equal(new Set(ticks.map((tick) => tick.node)).size, 2)
  const shell = valueOf(await api.plan({ job: 'shell', limit: 1 })).ticks[0]!
  assert.deepEqual(shell.excluded, [
    { id: field, name: 'field', reason: "its owner's policy does not allow shell" },
  ])

  fleet.pass(10_000)
  const starts = fleet.launched.filter((launch) => launch.job === 'hello')
  assert.equal(starts.length, ticks[0]!.node === barn ? 1 : 0)
})

test('a thousand jobs are planned without their whole future', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  for (let i = 0; i < 1_000; i += 1) {
    const schedule = i % 2 === 0 ? `@every ${10 + (i % 50)}s` : 'H H * * *'
    await api.putJob(hello({ name: `job-${i}`, schedule }), plainly)
  }
  const { ticks } = valueOf(await api.plan({ limit: 1_000 }))
  assert.equal(ticks.length, 1_000)
  const times = ticks.map(({ scheduledAt }) => scheduledAt)
  assert.deepEqual([...times].sort(), times)
  const status = valueOf(await api.status())
  assert.equal(status.next.length, 20)
  assert.deepEqual(
    status.next.map(({ job }) => job),
    ticks.slice(0, 20).map(({ job }) => job),
  )
})
