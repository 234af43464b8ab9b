import assert from 'node:assert/strict'
import { test } from 'node:test'
import { executionDetailSchema, executionPageSchema } from '../../src/adapters/http/schema.ts'
import { parseId } from '../../src/app/queries/execution-item.ts'
import { executionId } from '../../src/core/ids.ts'
import { barn, field, Fleet, hello, plainly, startMs, valueOf } from './fixture.ts'
import { connect, introduce, tell } from './fleet-facts.ts'
import { assertShape } from './shapes.ts'

test('an id names an execution, a slot or an attempt, and nothing else is one', () => {
  const cases: readonly (readonly [id: string, ...parts: unknown[]])[] = [
    ['ops.a@1000', 'ops.a@1000', undefined, undefined],
    ['ops.a~2@1000.0', 'ops.a~2@1000', '0', undefined],
    ['a@1000.0.3', 'a@1000', '0', 3],
    ['a@1000+1.0.3', 'a@1000+1', '0', 3],
    ['a:fb82253e0bccd2ed', 'a:fb82253e0bccd2ed', undefined, undefined],
    [`a:fb82253e0bccd2ed.${barn}.1`, 'a:fb82253e0bccd2ed', barn, 1],
    ['a:fb82253e0bccd2ed.*', 'a:fb82253e0bccd2ed', '*', undefined],
  ]
  for (const [id, execution, slot, attempt] of cases) {
    assert.deepEqual(parseId(id), { execution, slot, attempt }, id)
  }
  for (const id of [
    '',
    'a',
    'a@',
    'A@1',
    'a@1.0.1.1',
    'a:12',
    'a@1/..',
    `a@1.${'0'.repeat(300)}`,
  ]) {
    assert.equal(parseId(id), undefined, id)
  }
})

test('history holds what ran here and elsewhere, newest first, in pages and by state', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  introduce(fleet)
  await api.putJob(hello({ schedule: '@manually' }), plainly)
  tell(fleet, { dueMs: startMs - 20_000 })
  tell(fleet, { dueMs: startMs - 10_000, outcome: 'failure', reason: 'exit', exit: 3 })
  const page = valueOf(await api.executions({ limit: 1 }))
  assertShape(executionPageSchema, page)
  assert.equal(page.items[0]?.exitCode, 3)
  assert.equal(page.items[0]?.nodeName, 'field')
  const rest = valueOf(await api.executions({ limit: 5, cursor: page.cursor ?? '' }))
  assert.deepEqual(
    rest.items.map(({ outcome }) => outcome),
    ['success'],
  )
  assert.equal(rest.cursor, null)
  const failed = valueOf(await api.executions({ limit: 5, state: 'failure', job: 'hello' }))
  assert.equal(failed.items.length, 1)
  const young = valueOf(await api.executions({ limit: 5, sinceMs: startMs - 10_000 }))
  assert.equal(young.items.length, 1)
  for (const [query, code] of [
    [{ state: 'dreaming' }, 'MC_BAD_INPUT'],
    [{ job: 'none' }, 'MC_UNKNOWN_JOB'],
  ] as const) {
    const result = await api.executions({ limit: 5, ...query })
    assert.equal(result.ok ? 'ok' : result.refusal.code, code)
  }
})

test('an execution shows all attempts, and is found by execution, slot and attempt', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  await api.putJob(hello({ retry: { max: 1, base: '1s', jitter: 0 } }), plainly)
  fleet.pass(10_000)
  const { execution } = fleet.launched[0]!
  fleet.finish(7)
  const waiting = valueOf(await api.execution(execution))
  assert.equal(waiting.state, 'ended')
  assert.equal(waiting.nextAttemptAt, '2027-03-01T12:00:11.000Z')
  fleet.pass(1_000)
  fleet.finish(0)
  const detail = valueOf(await api.execution(execution))
  assertShape(executionDetailSchema, detail)
  assert.equal(detail.id, execution)
  assert.equal(detail.outcome, 'success')
  assert.deepEqual(
    detail.attempts.map(({ attempt, exitCode }) => [attempt, exitCode]),
    [
      [1, 7],
      [2, 0],
    ],
  )
  const first = valueOf(await api.execution(`${execution}.0.1`))
  assert.equal(first.exitCode, 7)
  assert.equal(first.attempts.length, 1)
  assert.equal(valueOf(await api.execution(`${execution}.0`)).attempts.length, 2)
  for (const id of [`${execution}.0.9`, `${execution}.1`, 'hello@1', 'rubbish']) {
    const result = await api.execution(id)
    assert.equal(result.ok ? 'ok' : result.refusal.code, 'MC_UNKNOWN_EXECUTION', id)
  }
})

test('slots of a job that runs everywhere have ids of their own', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  introduce(fleet)
  await api.putJob(hello({ placement: { every: true } }), plainly)
  fleet.pass(10_000)
  fleet.finish(0)
  const { execution } = fleet.launched[0]!
  tell(fleet, {
    dueMs: startMs + 10_000,
    execution: executionId(execution),
    slot: field,
    outcome: 'failure',
    reason: 'exit',
    exit: 9,
  })
  const page = valueOf(await api.executions({ limit: 5 }))
  const ids = page.items.map(({ id }) => id).sort()
  assert.deepEqual(ids, [`${execution}.${barn}`, `${execution}.${field}`].sort())
  const whole = valueOf(await api.execution(execution))
  assert.equal(whole.id, execution)
  assert.equal(whole.exitCode, 9)
  assert.equal(whole.attempts.length, 2)
  assert.equal(valueOf(await api.execution(`${execution}.${barn}`)).exitCode, 0)
})

test('stopping ends what runs here, asks who runs it, and says when nothing is left', async () => {
  const fleet = new Fleet().start()
  const { api } = fleet
  const code = async (id: string): Promise<string> => {
    const result = await api.stopExecution(id)
    return result.ok ? result.value.execution : result.refusal.code
  }
  await api.putJob(hello(), plainly)
  fleet.pass(10_000)
  const { execution, attempt } = fleet.launched[0]!
  assert.equal(await code(`${execution}.0`), execution)
  assert.deepEqual(fleet.stopped, [attempt])
  assert.equal(await code(`${execution}.0.4`), 'MC_UNKNOWN_EXECUTION')
  fleet.finish(143)
  assert.equal(await code(execution), 'MC_NOT_RUNNING')

  introduce(fleet)
  const running = { phase: 'running', endedMs: null, outcome: null, exit: null } as const
  const there = tell(fleet, { ...running, dueMs: startMs + 500 })
  assert.equal(await code(there.execution), 'MC_MEMBER_UNREACHABLE')
  connect(fleet, 0n)
  assert.equal(await code(there.execution), there.execution)
})
