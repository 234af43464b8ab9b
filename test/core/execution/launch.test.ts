import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launchOf, type Given } from '../../../src/core/execution/launch.ts'
import type { ExecutionRecord } from '../../../src/core/execution/record.ts'
import type { Job } from '../../../src/core/jobs/catalog.ts'
import type { Action, Params, Run } from '../../../src/core/jobs/definition.ts'
import { defaultGroups } from '../../../src/core/jobs/document.ts'

const record = {
  execution: 'report@1767236400000+1',
  job: 'report',
  dueMs: 1_767_236_400_000,
  slot: '0',
  attempt: 2,
  fence: 7,
} as unknown as ExecutionRecord

function launchWith(run: Run, more: Partial<Action> = {}, given?: Given) {
  const action = { ...defaultGroups.action, ...more, run }
  return launchOf({ groups: { ...defaultGroups, action } } as Job, record, {
    node: 'b/a+r"n#',
    plannedMs: 0,
    ...(given === undefined ? {} : { given }),
  })
}

test('a command gets the facts of its execution as variables', () => {
  const { env } = launchWith({ kind: 'exec', argv: ['a'] }, { env: { LEVEL: 'info' } })
  assert.deepEqual(env, {
    LEVEL: 'info',
    MESHCRON_EXECUTION_ID: 'report@1767236400000+1',
    MESHCRON_JOB: 'report',
    MESHCRON_SCHEDULED_AT: '2026-01-01T03:00:00Z',
    MESHCRON_ATTEMPT: '2',
    MESHCRON_SLOT: '0',
    MESHCRON_FENCE: '7',
    MESHCRON_NODE: 'b/a+r"n#',
  })
})

test('what is filled in stays inside its place', () => {
  const mqtt = {
    kind: 'mqtt',
    url: 'mqtt://h',
    topic: 'site/{node}/{execution}',
    payload: '{node} {unknown} {attempt}',
    qos: 0,
    retain: false,
    username: '{node}',
    password: '',
  } as const
  assert.deepEqual(launchWith(mqtt).run, {
    ...mqtt,
    topic: 'site/b_a_r"n_/report@1767236400000_1',
    payload: 'b/a+r"n# {unknown} 2',
  })
  const config = JSON.stringify({ a: '{node}', b: ['{fence}', 1], '{slot}': { node: true } })
  const filled = launchWith({ kind: 'plugin', name: 'p', config }).run
  assert.deepEqual(filled.kind === 'plugin' && JSON.parse(filled.config), {
    a: 'b/a+r"n#',
    b: ['7', 1],
    0: { node: true },
  })
  const script = 'echo {node}'
  assert.deepEqual(launchWith({ kind: 'shell', script }).run, { kind: 'shell', script })
})

test('an attempt is launched with the bounds of its job', () => {
  const bounds = { outputMaxBytes: 5, onOutputMax: 'warn', memoryMaxBytes: 2 ** 20 } as const
  assert.deepEqual(launchWith({ kind: 'exec', argv: ['a'] }, bounds).bounds, bounds)
})

test('parameters are variables, placeholders, and JSON on standard input', () => {
  const params: Params = {
    target: { required: false, default: 'a b', pattern: null, enum: [], secret: false },
  }
  const launch = launchWith({ kind: 'exec', argv: ['{param.target}', '{param.none}'] }, {
    params,
  } as const)
  assert.equal(launch.env['MESHCRON_PARAM_TARGET'], 'a b')
  assert.equal(launch.input, '{"params":{"target":"a b"}}\n')
  assert.deepEqual(launch.run.kind === 'exec' && launch.run.argv, ['a b', '{param.none}'])
  assert.equal(launchWith({ kind: 'exec', argv: ['a'] }).input, undefined)
})

test('the results of its parents reach a child in the JSON on standard input', () => {
  const params: Params = {
    target: { required: false, default: 'a', pattern: null, enum: [], secret: false },
  }
  const parents = [{ job: 'load', execution: 'load@1', outcome: 'success', result: '17 rows' }]
  const given = { env: { MESHCRON_ROOT_ID: 'load@1' }, parents }
  const run = { kind: 'exec', argv: ['a'] } as const
  const { input, env } = launchWith(run, {}, given)
  assert.deepEqual(JSON.parse(input!), { parents })
  assert.equal(env['MESHCRON_ROOT_ID'], 'load@1')
  const both = launchWith(run, { params }, given).input!
  assert.deepEqual(JSON.parse(both), { params: { target: 'a' }, parents })
  assert.equal(both.split('\n').length, 2)
})
