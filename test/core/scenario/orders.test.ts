// What somebody wants of an execution that they ask for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Launch, Reply } from '../../../src/core/effect.ts'
import type { Ask } from '../../../src/core/execution/order.ts'
import { jobName, type ExecutionId } from '../../../src/core/ids.ts'
import { Fleet } from '../fleet.ts'
import { peerId } from '../fleet/crypto.ts'
import { nodesOf } from './truth.ts'

const manual = { schedule: '@manually' }

function ask(fleet: Fleet, node: number, key: string, what: Ask): Reply {
  return fleet.command(node, { kind: 'dispatch', name: jobName('a'), key, ask: what })
}

function executionOf(reply: Reply): string {
  assert.ok(reply.ok, JSON.stringify(reply))
  return reply.execution!
}

function codeOf(reply: Reply): string {
  return reply.ok ? 'ok' : reply.refusal.code
}

/** A fleet that notes what it launches. */
function noting(fields: object): { fleet: Fleet; launches: Launch[] } {
  const launches: Launch[] = []
  const fleet = Fleet.running({
    size: 3,
    script: (launch) => {
      launches.push(launch)
      return { durationMs: 100, exit: Number(launches.length === 1) }
    },
  })
  fleet.put(0, 'a', { ...manual, ...fields })
  fleet.run(8_000)
  return { fleet, launches }
}

test('parameters reach the command wherever it runs, in every attempt, and after a restart of all', () => {
  const { fleet, launches } = noting({
    params: { target: { required: true }, level: { default: 'low' } },
    retry: { max: 1, base: '20s', jitter: 0 },
  })
  executionOf(ask(fleet, 1, 'k', { params: { target: 'x y' } }))
  fleet.run(1_000)
  fleet.restart(0, 1, 2)
  fleet.run(60_000)
  assert.equal(launches.length, 2)
  for (const { env, input } of launches) {
    assert.equal(env['MESHCRON_PARAM_TARGET'], 'x y')
    assert.equal(env['MESHCRON_PARAM_LEVEL'], 'low')
    assert.deepEqual(JSON.parse(input!), { params: { target: 'x y', level: 'low' } })
  }
  assert.notEqual(launches[0]!.attempt, launches[1]!.attempt)
})

test('the largest parameters reach every member', () => {
  const { fleet, launches } = noting({ params: { blob: {} } })
  const blob = '"'.repeat(8_100)
  const execution = executionOf(ask(fleet, 0, 'k', { params: { blob } }))
  fleet.run(3_000)
  assert.equal(launches[0]!.env['MESHCRON_PARAM_BLOB'], blob)
  for (const node of fleet.up) assert.ok(fleet.stored(node, execution).length > 0, `${node}`)
})

test('unknown or invalid values are refused before anything is recorded', () => {
  const { fleet, launches } = noting({ params: { level: { enum: ['low', 'high'] } } })
  const wrong = [{ levl: 'low' }, { level: 'hgh' }, { level: 1 }] as const
  for (const params of wrong) assert.equal(codeOf(ask(fleet, 0, 'k', { params })), 'MC_BAD_INPUT')
  fleet.run(3_000)
  assert.equal(launches.length, 0)
  // the key is free
  executionOf(ask(fleet, 0, 'k', { params: { level: 'low' } }))
})

test('the same key returns the same execution, also through another member, and must ask for the same', () => {
  const { fleet, launches } = noting({ params: { level: {} } })
  const first = executionOf(ask(fleet, 0, 'k', { params: { level: 'low' } }))
  fleet.run(2_000)
  assert.equal(executionOf(ask(fleet, 2, 'k', { params: { level: 'low' } })), first)
  assert.equal(codeOf(ask(fleet, 1, 'k', { params: { level: 'high' } })), 'MC_KEY_REUSED')
  fleet.run(2_000)
  assert.equal(launches.length, 1)
})

test('one key said to two members at once with different words is one execution with one of them', () => {
  const { fleet, launches } = noting({ params: { level: {} } })
  const execution = executionOf(ask(fleet, 0, 'k', { params: { level: 'low' } }))
  ask(fleet, 1, 'k', { params: { level: 'high' } })
  fleet.run(5_000)
  assert.equal(fleet.startsOf(execution).length, launches.length)
  assert.equal(new Set(launches.map(({ attempt }) => attempt)).size, 1)
})

test('dispatch on a paused job needs evenIfPaused', () => {
  const { fleet, launches } = noting({})
  fleet.pause(0, 'a')
  fleet.run(1_000)
  assert.equal(codeOf(ask(fleet, 1, 'k', {})), 'MC_PAUSED')
  executionOf(ask(fleet, 1, 'k', { evenIfPaused: true }))
  fleet.run(2_000)
  assert.equal(launches.length, 1)
})

test('a dispatch for one member runs there or nowhere', () => {
  const { fleet } = noting({})
  for (const node of [0, 1, 2]) {
    const execution = executionOf(ask(fleet, 0, `k${node}`, { on: peerId(node) }))
    fleet.run(2_000)
    assert.deepEqual(nodesOf(fleet.startsOf(execution)), [node])
  }
  fleet.powerOff(2)
  const execution = executionOf(ask(fleet, 0, 'k', { on: peerId(2) }))
  fleet.run(30_000)
  assert.equal(fleet.startsOf(execution).length, 0)
  fleet.start([2])
  fleet.run(40_000)
  assert.deepEqual(nodesOf(fleet.startsOf(execution)), [2])
})

test('a dispatch for a member that may not run the job is refused with the reason', () => {
  const { fleet } = noting({ placement: { tags: { role: 'db' } } })
  const reply = ask(fleet, 0, 'k', { on: peerId(1) })
  assert.equal(codeOf(reply), 'MC_BAD_INPUT')
  assert.ok(!reply.ok)
  assert.match(reply.refusal.message, /may not run a: .*role/)
})

test('a dispatch of a job that runs everywhere, for one member, runs on that one', () => {
  const { fleet } = noting({ placement: { every: true } })
  const execution = executionOf(ask(fleet, 0, 'k', { on: peerId(1) }))
  fleet.run(3_000)
  assert.deepEqual(nodesOf(fleet.startsOf(execution)), [1])
})

test('dispatches obey overlap unless the caller passes another policy', () => {
  const fleet = Fleet.running({ size: 3, script: () => ({ durationMs: Infinity, exit: 0 }) })
  fleet.put(0, 'a', { ...manual, overlap: 'skip' })
  fleet.run(8_000)
  executionOf(ask(fleet, 0, 'first', {}))
  fleet.run(1_000)
  const skipped = executionOf(ask(fleet, 1, 'second', {}))
  const beside = executionOf(ask(fleet, 2, 'third', { overlap: 'allow' }))
  fleet.run(2_000)
  assert.equal(fleet.startsOf(skipped).length, 0)
  assert.equal(fleet.startsOf(beside).length, 1)
})

test('manual dispatch ignores calendars unless respectCalendars: true', () => {
  const { fleet } = noting({ calendars: [] })
  const always = {
    timezone: 'UTC',
    rules: [{ kind: 'deny', cover: { form: 'yearly', spans: [{ from: 101, to: 1231 }] } }],
  } as const
  const reply = fleet.command(0, { kind: 'putCalendar', calendar: 'freeze', value: always })
  assert.ok(reply.ok, JSON.stringify(reply))
  fleet.run(1_000)
  const free = executionOf(ask(fleet, 0, 'free', {}))
  const obeying = executionOf(ask(fleet, 1, 'obeying', { respectCalendars: true }))
  fleet.run(5_000)
  assert.equal(fleet.startsOf(free).length, 1)
  assert.equal(fleet.startsOf(obeying).length, 0)
  fleet.run(3_600_000)
  const [row] = fleet.stored(2, obeying).filter(({ record }) => record.phase === 'ended')
  assert.equal(row?.record.outcome, 'missed')
})

function again(fleet: Fleet, node: number, execution: string, key: string): Reply {
  const id = execution as ExecutionId
  return fleet.command(node, { kind: 'rerun', execution: id, name: jobName('a'), key, from: 1 })
}

test('a rerun of a dispatch has its parameters', () => {
  const { fleet, launches } = noting({ params: { level: {} } })
  const execution = executionOf(ask(fleet, 0, 'k', { params: { level: 'low' } }))
  fleet.run(2_000)
  const repeated = executionOf(again(fleet, 2, execution, 'once more'))
  assert.notEqual(repeated, execution)
  fleet.run(2_000)
  assert.equal(executionOf(again(fleet, 1, execution, 'once more')), repeated)
  fleet.run(2_000)
  assert.deepEqual(
    launches.map(({ env }) => env['MESHCRON_PARAM_LEVEL']),
    ['low', 'low'],
  )
})

test('a rerun of a tick is its replay with the next free number, and is not run twice by a restart', () => {
  const { fleet, launches } = noting({ schedule: '0 0 * * * *' })
  const dueMs = fleet.nextTick(3_600_000)
  fleet.runTo(dueMs + 2_000)
  const tick = `a@${dueMs}`
  assert.equal(fleet.startsOf(tick).length, 1)
  const first = executionOf(again(fleet, 0, tick, 'k1'))
  fleet.run(2_000)
  const second = executionOf(again(fleet, 1, first, 'k2'))
  fleet.run(2_000)
  assert.deepEqual([first, second], [`${tick}+1`, `${tick}+2`])
  assert.equal(executionOf(again(fleet, 2, tick, 'k1')), first)
  fleet.restart(0, 1, 2)
  fleet.run(60_000)
  assert.equal(fleet.startsOf(first).length, 1)
  assert.equal(fleet.startsOf(second).length, 1)
  const instants = launches.map(({ env }) => env['MESHCRON_SCHEDULED_AT'])
  assert.equal(new Set(instants).size, 1)
})

test('a dispatch that comes before the definition of its job waits for it', () => {
  for (const seed of [1n, 2n, 3n, 4n]) {
    const fleet = Fleet.running({ size: 4, seed })
    fleet.put(0, 'now', { schedule: '@manually' })
    const reply = fleet.dispatch(0, 'now', 'key')
    fleet.run(20_000)
    assert.ok(reply.ok && reply.execution !== undefined)
    assert.equal(fleet.startsOf(reply.execution).length, 1, `seed ${seed}`)
  }
})
