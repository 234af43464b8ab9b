// Bad input of users: each gets one clear error, and the node goes on.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { until } from '../../until.ts'
import type { Request } from './api.ts'
import { Daemon } from './daemon.ts'
import { Cluster } from './harness.ts'
import { everySecond } from './truth.ts'

const program = resolve(import.meta.dirname, '../../../src/cli/main.ts')
const job = 'second'

test('bad input of users is refused with what, why and what to do, and harms nothing', async (t) => {
  await Cluster.run({ nodes: 1 }, async (cluster) => {
    const { api, pid } = cluster.node(0)
    const run = { shell: cluster.truth.script() }
    await api.createJob({ name: job, ...everySecond, run })
    const fromMs = Date.now() + 1_000
    await documents(t, cluster)
    await requests(t, cluster)
    await commands(t, cluster)
    await starts(t, cluster)
    const { jobs } = await api.status()
    assert.equal(jobs.count, 1, 'nothing was written')
    assert.equal(cluster.node(0).pid, pid, 'the node is the same process')
    const toMs = Math.floor(Date.now() / 1_000) * 1_000
    await until('the last tick ran', () => cluster.truth.ticksOf(job).has(toMs))
    const { missed, doubled } = cluster.truth.check(job, { fromMs, toMs })
    assert.deepEqual([missed, doubled], [[], []])
  })
})

type Row = readonly [what: string, change: object, status: number, code: string, says: RegExp]

const rows: readonly Row[] = [
  [
    'an unknown key',
    { schedul: '@daily' },
    400,
    'MC_BAD_INPUT',
    /schedul.*did you mean "schedule"/s,
  ],
  ['a wrong type', { timeout: [] }, 400, 'MC_BAD_INPUT', /timeout/],
  ['an impossible pattern', { schedule: '0 0 31 2 *' }, 400, 'MC_BAD_SCHEDULE', /never|31 2/],
  ['a broken pattern', { schedule: '61 * * * *' }, 400, 'MC_BAD_SCHEDULE', /61/],
  ['an unknown timezone', { timezone: 'Europe/Berlln' }, 400, 'MC_BAD_TIMEZONE', /Berlln/],
  ['a past instant', { schedule: '@at 2001-01-01T00:00:00Z' }, 400, 'MC_PAST_INSTANT', /past/],
  ['an empty command', { run: { exec: [] } }, 400, 'MC_BAD_INPUT', /exec/],
  ['an empty script', { run: { shell: ' ' } }, 400, 'MC_BAD_INPUT', /shell/],
  ['no executor', { run: {} }, 400, 'MC_BAD_INPUT', /exec/],
  ['a name in capitals', { name: 'Other' }, 400, 'MC_BAD_INPUT', /lower case/],
  ['a name that clashes', { name: 'SECOND' }, 409, 'MC_NAME_CLASH', /second/],
  ['a name that is taken', { name: job }, 409, 'MC_EXISTS', /second/],
]

async function documents(t: TestContext, cluster: Cluster): Promise<void> {
  const { api } = cluster.node(0)
  const good = { name: 'other', schedule: '@daily', run: { exec: ['true'] } }
  for (const [what, change, status, code, says] of rows) {
    await cluster.step(t, `a job with ${what} is refused ${status} ${code}`, async () => {
      const body = { ...good, ...change }
      const problem = await api.refused(status, 'POST', '/api/v1/jobs', { body })
      assert.equal(problem.code, code)
      assert.match(`${problem.detail} ${problem.hint}`, says)
      assert.ok(problem.detail !== '' && problem.hint !== '' && problem.docs !== '')
    })
  }
}

async function requests(t: TestContext, cluster: Cluster): Promise<void> {
  const { api } = cluster.node(0)
  const large = JSON.stringify({ name: 'large', description: 'x'.repeat(1_048_576) })
  const table: readonly (readonly [string, string, string, Request, number, string])[] = [
    ['a body of more than 1 MiB', 'POST', '/jobs', { raw: large }, 413, 'MC_BODY_TOO_LARGE'],
    ['a body that is no JSON', 'POST', '/jobs', { raw: '{' }, 400, 'MC_BAD_INPUT'],
    ['a deep body', 'POST', '/jobs', { raw: '['.repeat(10_000) }, 400, 'MC_BAD_INPUT'],
    ['no token', 'GET', '/jobs', { headers: { authorization: '' } }, 401, 'MC_UNAUTHORISED'],
    ['an unknown job', 'GET', '/jobs/nope', {}, 404, 'MC_UNKNOWN_JOB'],
    ['an unknown job to run', 'POST', '/jobs/nope/trigger', {}, 404, 'MC_UNKNOWN_JOB'],
    ['an unknown execution', 'GET', '/executions/nope', {}, 404, 'MC_UNKNOWN_EXECUTION'],
    [
      'an unknown execution to stop',
      'POST',
      '/executions/a@1/stop',
      {},
      404,
      'MC_UNKNOWN_EXECUTION',
    ],
    ['an unknown path', 'GET', '/nope', {}, 404, 'MC_NOT_FOUND'],
    ['an old version', 'PUT', `/jobs/${job}`, staleWrite(), 412, 'MC_CONFLICT'],
  ]
  for (const [what, method, path, request, status, code] of table) {
    await cluster.step(t, `a request with ${what} is refused ${status} ${code}`, async () => {
      const problem = await api.refused(status, method, `/api/v1${path}`, request)
      assert.equal(problem.code, code)
      assert.ok(problem.detail !== '' && problem.hint !== '')
    })
  }
}

const staleWrite = (): Request => ({
  body: { schedule: '@daily', run: { exec: ['true'] } },
  headers: { 'if-match': '"0123456789abcdef"' },
})

async function commands(t: TestContext, cluster: Cluster): Promise<void> {
  const { dataDir } = cluster.node(0)
  const bad = join(cluster.dir, 'bad.yaml')
  writeFileSync(bad, 'jobs:\n  - name: other\n    schedul: "@daily"\n    run: { exec: ["true"] }\n')
  const nobody = join(cluster.dir, 'nobody')
  const table: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['an unknown flag', ['job', 'ls', '--colour'], 2, /colour/],
    ['an unknown command', ['jbo'], 2, /jbo/],
    ['a file with an unknown key', ['apply', '-f', bad], 2, /schedul/],
    ['an impossible pattern', ['next', '0 0 31 2 *'], 2, /MC_BAD_SCHEDULE/],
    ['an unknown job', ['job', 'show', 'nope'], 3, /MC_UNKNOWN_JOB/],
    ['an unknown execution', ['run', 'show', 'nope@1'], 3, /MC_UNKNOWN_EXECUTION/],
    [
      'a name that is taken',
      ['job', 'create', job, '--every', '10s', '--', 'true'],
      4,
      /MC_EXISTS/,
    ],
    ['nobody there', ['--data-dir', nobody, 'job', 'ls'], 5, /MC_UNREACHABLE/],
  ]
  for (const [what, argv, status, says] of table) {
    await cluster.step(
      t,
      `a command line with ${what} ends with exit status ${status}`,
      async () => {
        const where = argv[0] === '--data-dir' ? [] : ['--data-dir', dataDir]
        const { code, stderr } = await runCommand([...where, ...argv], cluster.dir)
        assert.match(stderr, says)
        assert.match(stderr, /hint: /)
        assert.equal(code, status, stderr)
      },
    )
  }
}

async function runCommand(
  argv: readonly string[],
  home: string,
): Promise<{ readonly code: number; readonly stderr: string }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, ...argv],
    {
      cwd: home,
      env: { PATH: process.env['PATH'], HOME: home },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  return { code: code as number, stderr }
}

async function starts(t: TestContext, cluster: Cluster): Promise<void> {
  const node = cluster.node(0)
  const taken = createServer().listen(0, '127.0.0.1').unref()
  await once(taken, 'listening')
  const port = String((taken.address() as AddressInfo).port)
  const file = join(cluster.dir, 'file')
  writeFileSync(file, 'no key')
  const free = ['--listen', '/ip4/127.0.0.1/tcp/0', '--http', '127.0.0.1:0']
  const table: readonly (readonly [string, readonly string[], number, string])[] = [
    [
      'a peer port in use',
      [...free.slice(2), '--listen', `127.0.0.1:${port}`],
      1,
      'MC_PORT_IN_USE',
    ],
    [
      'an API port in use',
      [...free.slice(0, 2), '--http', `127.0.0.1:${port}`],
      1,
      'MC_PORT_IN_USE',
    ],
    ['the directory of a running node', ['--data-dir', node.dataDir], 1, 'MC_DATA_DIR_LOCKED'],
    ['a directory without rights', ['--data-dir', '/sys/meshcron'], 1, 'MC_DATA_DIR'],
    ['a directory that is a file', ['--data-dir', file], 1, 'MC_DATA_DIR'],
    ['a network key that is none', ['--network-key', file], 2, 'MC_BAD_CONFIG'],
    ['an address of other machines', ['--http', '0.0.0.0:0'], 2, 'MC_BAD_CONFIG'],
    ['an unknown profile', ['--profile', 'moon'], 2, ''],
  ]
  for (const [i, [what, flags, status, code]] of table.entries()) {
    await cluster.step(
      t,
      `a start with ${what} ends with exit status ${status} ${code}`,
      async () => {
        const home = join(cluster.dir, `start-${i}`)
        const daemon = new Daemon({
          name: `s${i}`,
          home,
          flags: flags.includes('--listen') || flags.includes('--http') ? [] : free,
        })
        const exit = await daemon.spawn(flags)
        assert.equal(exit.code, status, daemon.tail())
        if (code === '') return
        const [line, ...more] = daemon.logged('failed')
        assert.equal(line?.['code'], code, daemon.tail())
        assert.notEqual(line['hint'], '')
        assert.deepEqual(more, [])
      },
    )
  }
  taken.close()
}
