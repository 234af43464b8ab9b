import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse } from 'yaml'
import { ok, refuse } from '../../src/core/result.ts'
import { execution, hello, status } from '../adapters/http/fake-api.ts'
import { run, startDaemon } from './harness.ts'
import type { Daemon } from './harness.ts'

let daemon: Daemon
before(async () => {
  daemon = await startDaemon()
})

interface Wrong {
  readonly argv: readonly string[]
  readonly code: number
  readonly says: RegExp
}

const wrong: readonly Wrong[] = [
  { argv: ['sttus'], code: 2, says: /unknown command 'sttus'\n {2}hint: Did you mean status\?/ },
  { argv: ['job', 'crate'], code: 2, says: /Did you mean create\?/ },
  { argv: ['status', '--wach'], code: 2, says: /Did you mean --watch\?/ },
  { argv: ['status', '-o', 'xml'], code: 2, says: /Allowed choices are table/ },
  { argv: ['job', 'show'], code: 2, says: /missing required argument/ },
  { argv: ['job', 'show', 'helo'], code: 3, says: /error MC_UNKNOWN_JOB: .*\n {2}hint: .*hello\?/ },
  { argv: ['job', 'rm', 'hello', 'helo', '--yes'], code: 3, says: /did you mean hello\?/ },
  { argv: ['job', 'rm', 'hello'], code: 2, says: /no terminal\n {2}hint: add --yes/ },
  { argv: ['run', 'show', 'x'], code: 3, says: /MC_UNKNOWN_EXECUTION/ },
  { argv: ['member', 'show', 'x'], code: 3, says: /MC_UNKNOWN_MEMBER.*\n.*barn, a7f3k/ },
  { argv: ['member', 'show', 'bran'], code: 3, says: /hint: did you mean barn\?/ },
  { argv: ['job', 'create', 'a', '--', 'ls'], code: 2, says: /no schedule/ },
  { argv: ['job', 'create', 'a', '--every', '1s'], code: 2, says: /nothing to run/ },
  {
    argv: ['job', 'create', 'a', '--every', '1s', '--shell', 'ls', '--', 'ls'],
    code: 2,
    says: /two things to run/,
  },
  { argv: ['job', 'create', 'a', 'ls', '--every', '1s'], code: 2, says: /too many arguments/ },
  {
    argv: ['job', 'create', 'a', '--every', '1s', '--tag', 'x', '--', 'ls'],
    code: 2,
    says: /--tag: "x" is not key=value/,
  },
  { argv: ['plan', '--from', 'soon'], code: 2, says: /--from: "soon" is no instant/ },
  { argv: ['run', 'ls', '-n', '0'], code: 2, says: /--count/ },
  { argv: ['next', '* * 31 2 *'], code: 2, says: /MC_BAD_SCHEDULE/ },
  { argv: ['next', '@daily', '--timezone', 'Mars/Base'], code: 2, says: /MC_BAD_TIMEZONE/ },
  { argv: ['apply'], code: 2, says: /required option '-f, --file <path>'/ },
  { argv: ['apply', '-f', '/does/not/exist'], code: 2, says: /cannot be read: ENOENT/ },
]

describe('what goes wrong has an exit code, a code and a hint', () => {
  for (const { argv, code, says } of wrong) {
    test(argv.join(' '), async () => {
      const outcome = await daemon.run(argv)
      assert.equal(outcome.stdout, '')
      assert.match(outcome.stderr, /^error MC_[A-Z_]+: .+\n {2}hint: .+\n$/)
      assert.match(outcome.stderr, says)
      assert.equal(outcome.code, code)
    })
  }

  test('a group without a verb shows its verbs, and is a wrong use', async () => {
    const outcome = await run(['job'])
    assert.match(outcome.stderr, /^Usage: meshcron job[^]*create {2,}a new job/)
    assert.deepEqual([outcome.code, outcome.stdout], [2, ''])
  })

  for (const argv of [[], ['--help'], ['help'], ['help', 'job', 'create'], ['run', 'ls', '-h']]) {
    test(`help of ${JSON.stringify(argv)} is no error`, async () => {
      const outcome = await run(argv)
      assert.match(outcome.stdout, /^Usage: meshcron /)
      assert.deepEqual([outcome.code, outcome.stderr], [0, ''])
    })
  }

  test('nobody there is 5', async () => {
    const outcome = await run(['--data-dir', '/does/not/exist', 'status'])
    assert.equal(outcome.code, 5)
    assert.match(outcome.stderr, /MC_UNREACHABLE: no daemon answers at .*exist\/api.sock\n/)
  })

  test('a wrong token is 1, the right one works, from option or environment', async () => {
    const host = ['--host', `127.0.0.1:${daemon.port}`]
    assert.equal((await run([...host, '--token', 'x', 'id'])).code, 1)
    assert.equal((await run([...host, '--token', 'mct_cli', 'id'])).code, 0)
    assert.equal((await run([...host, 'id'], { env: { MESHCRON_TOKEN: 'mct_cli' } })).code, 0)
  })

  test('an option of the whole program may stand before or behind the verb', async () => {
    const behind = await run(['id', '--data-dir', daemon.dataDir, '-o', 'json'])
    assert.equal(JSON.parse(behind.stdout).name, 'barn')
    const environment = await run(['id'], { env: { MESHCRON_DATA_DIR: daemon.dataDir } })
    assert.equal(environment.code, 0)
  })
})

describe('data', () => {
  const lines: readonly (readonly [string, unknown])[] = [
    ['status', status],
    ['job ls', { items: [hello], cursor: null }],
    ['job show hello', hello],
    ['run ls', { items: [execution], cursor: null }],
    ['job run hello', { job: 'hello', execution: execution.id }],
  ]
  for (const [line, expected] of lines) {
    test(`${line} as JSON and YAML is what the API says`, async () => {
      const json = await daemon.run([...line.split(' '), '-o', 'json'])
      assert.deepEqual(JSON.parse(json.stdout), JSON.parse(JSON.stringify(expected)))
      const yaml = await daemon.run([...line.split(' '), '-o', 'yaml'])
      assert.deepEqual(parse(yaml.stdout), JSON.parse(JSON.stringify(expected)))
    })
  }

  const verbs =
    'job ls|job show hello|job history hello|job pause hello|job resume hello|job run hello|run ls|' +
    'run show ID|run stop ID|run retry ID|member ls|member show barn|member cordon barn|plan|status|' +
    'explain hello|calendar ls|calendar show night|id|version|doctor|leave|export|config explain|' +
    'next @daily'
  for (const line of verbs.split('|')) {
    test(`${line} is JSON, YAML or names when asked so`, async () => {
      const argv = line.replace('ID', execution.id).split(' ')
      const [json, yaml, names] = await Promise.all(
        ['json', 'yaml', 'name'].map(async (format) => await daemon.run([...argv, '-o', format])),
      )
      const value: unknown = JSON.parse(json!.stdout)
      assert.ok(typeof value === 'object' && value !== null)
      assert.deepEqual(Object.keys(parse(yaml!.stdout) as object), Object.keys(value))
      assert.match(names!.stdout, /^(\S+\n)+$/)
    })
  }

  test('next as JSON is a list of UTC instants, and needs no daemon', async () => {
    const from = ['--from', '2026-03-28T00:00:00+01:00']
    const argv = ['next', '30 2 * * *', '--timezone', 'Europe/Berlin', ...from, '-n', '2']
    const { stdout } = await run([...argv, '-o', 'json'])
    assert.deepEqual(JSON.parse(stdout), ['2026-03-28T01:30:00.000Z', '2026-03-29T01:00:00.000Z'])
  })
})

test('job create makes the document of its options', async () => {
  const line =
    'job create ops.x --every 10s --schedule 0_3_*_*_* --at 2028-01-01T00:00:00Z ' +
    '--timezone Europe/Berlin --tag role=web --every-node --timeout 10m --retry 3 ' +
    '--overlap allow --misfire skip --env A=b=c -o json -- echo --help -- x'
  const argv = line.split(' ').map((word) => word.replaceAll('_', ' '))
  const outcome = await daemon.run(argv)
  assert.equal(outcome.code, 0, outcome.stderr)
  assert.deepEqual(daemon.api.calls.filter(([name]) => name === 'putJob').at(-1), [
    'putJob',
    {
      name: 'ops.x',
      schedule: ['@every 10s', '0 3 * * *', '@at 2028-01-01T00:00:00Z'],
      timezone: 'Europe/Berlin',
      run: { exec: ['echo', '--help', '--', 'x'] },
      env: { A: 'b=c' },
      placement: { tags: { role: 'web' }, every: true },
      timeout: '10m',
      retry: { max: 3 },
      overlap: 'allow',
      misfire: { policy: 'skip' },
    },
    { mustBeNew: true, dryRun: false },
  ])
})

test('job create waits until the other members have seen it', async () => {
  let asked = 0
  const slow = await startDaemon({
    status: async () => {
      asked += 1
      const members = status.members.map((member) => ({ ...member, state: 'alive' }))
      const laggingMembers = asked < 3 ? [members[1]!.id] : []
      return ok({ ...status, members, jobs: { ...status.jobs, laggingMembers } })
    },
  })
  const { stdout } = await slow.run(['job', 'create', 'a', '--every', '1s', '--shell', 'ls'])
  assert.match(stdout, /seen by 2 of 2 nodes in \d+ ms\n$/)
  assert.equal(asked, 3)
})

describe('deletion is asked for', () => {
  for (const [answer, code, calls] of [
    ['n', 1, 0],
    ['y', 0, 1],
  ] as const) {
    test(`answer ${answer}`, async () => {
      const own = await startDaemon()
      assert.equal((await own.run(['job', 'rm', 'hello'], { answer })).code, code)
      assert.equal(own.api.calls.filter(([name]) => name === 'removeJob').length, calls)
    })
  }
})

describe('apply', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mc-apply-'))
  const file = join(dir, 'jobs.yaml')
  writeFileSync(file, 'jobs:\n  - name: hello\n    schedule: "@every 20s"\n  - name: new\n')
  after(() => rmSync(dir, { recursive: true }))

  test('shows the difference, then writes with the versions it was made against', async () => {
    const own = await startDaemon()
    const outcome = await own.run(['apply', '-f', file])
    assert.equal(outcome.code, 0, outcome.stderr)
    assert.equal(
      outcome.stdout,
      '~ hello  replaced\n    schedule: "@every 10s" → "@every 20s"\n+ new  created\n',
    )
    const options = own.api.calls.filter(([name]) => name === 'putJob').map((call) => call[2])
    assert.deepEqual(options, [
      { mustBeNew: false, dryRun: true },
      { mustBeNew: false, dryRun: true },
      { ifMatch: hello.etag, mustBeNew: false, dryRun: false },
      { mustBeNew: true, dryRun: false },
    ])
  })

  test('--dry-run writes nothing', async () => {
    const own = await startDaemon()
    assert.equal((await own.run(['apply', '-f', dir, '--dry-run'])).code, 0)
    assert.ok(own.api.calls.every(([, , options]) => (options as { dryRun: boolean }).dryRun))
  })

  test('--prune deletes what no file names, and needs a word', async () => {
    const own = await startDaemon()
    const argv = ['apply', '-f', '-', '--prune']
    const stdin = '{"name": "new"}'
    assert.equal((await own.run(argv, { stdin })).code, 2)
    assert.deepEqual(
      own.api.calls.filter(([name]) => name === 'removeJob'),
      [],
    )
    const meant = await own.run([...argv, '--yes'], { stdin })
    assert.match(meant.stdout, /^- hello {2}deleted$/m)
    assert.deepEqual(own.api.calls.at(-1), ['removeJob', 'hello', { ifMatch: hello.etag }])
  })

  test('one failure of several is partial, and the others are done', async () => {
    const own = await startDaemon({
      putJob: async (document, { dryRun }) => {
        const { name } = document as { name: string }
        if (!dryRun && name === 'hello') return refuse('MC_CONFLICT', 'it changed', 'apply again')
        const same = { differences: [], rank: [], excluded: [], warnings: [] }
        return ok({ ...hello, name, change: 'replaced', ...same, dryRun })
      },
    })
    const outcome = await own.run(['apply', '-f', file])
    assert.equal(outcome.code, 6)
    assert.match(outcome.stderr, /error MC_CONFLICT: hello: it changed\n {2}hint: apply again/)
  })

  const bad: readonly (readonly [string, RegExp])[] = [
    ['jobs: [', /standard input: /],
    ['- schedule: x', /job 1 has no name/],
    ['- name: a\n- name: a', /a stands there twice/],
    ['jobs: []\nextra: 1', /is not only lists named jobs and calendars/],
  ]
  for (const [stdin, says] of bad) {
    test(`refuses ${JSON.stringify(stdin)}`, async () => {
      const outcome = await daemon.run(['apply', '-f', '-'], { stdin })
      assert.match(outcome.stderr, says)
      assert.equal(outcome.code, 2)
    })
  }
})

describe('logs', () => {
  test('-f goes on with the executions that come', async () => {
    const ending = new AbortController()
    let polls = 0
    const own = await startDaemon({
      executions: async () => {
        polls += 1
        if (polls > 3) ending.abort()
        const later = { ...execution, attempt: 2, outcome: 'failure', reason: 'exit' } as const
        return ok({ items: polls > 2 ? [later, execution] : [execution], cursor: null })
      },
    })
    const { stdout, code } = await own.run(['logs', '-f', 'hello'], { signal: ending.signal })
    assert.equal(code, 0)
    const head = /── .* on barn/.source
    const nth = new RegExp(`^${head}\nhello\n${head}, attempt 2\nhello\n── failure \\(exit\\)\n$`)
    assert.match(stdout, nth)
  })

  test('job run -f shows the output and ends as the execution did', async () => {
    const failed = { ...execution, outcome: 'failure', exitCode: 3 } as const
    const own = await startDaemon({
      execution: async () =>
        ok({ ...failed, attempts: [], together: { outcome: null, slots: 1, succeeded: 0 } }),
    })
    const outcome = await own.run(['job', 'run', 'hello', '-f'])
    assert.deepEqual(outcome, { code: 1, stdout: 'hello\n', stderr: 'failure (exit)\n' })
  })
})

describe('health', () => {
  const cases = [
    ['all is well', {}, 0],
    ['this node is not ready', { ready: false }, 1],
    ['this node is cut off', { isolated: true }, 1],
    ['the clock is disputed', { clock: { ...status.clock, state: 'disputed' } }, 1],
    ['another member is away', { members: status.members }, 6],
  ] as const
  for (const [title, change, code] of cases) {
    test(`status exits with ${code} when ${title}`, async () => {
      const well = { ...status, members: status.members.slice(0, 1) }
      const own = await startDaemon({ status: async () => ok({ ...well, ...change }) })
      assert.equal((await own.run(['status'])).code, code)
    })
  }
})

test('--watch shows it again until it is stopped', async () => {
  const ending = new AbortController()
  let asked = 0
  const own = await startDaemon({
    status: async () => {
      asked += 1
      if (asked === 2) ending.abort()
      return ok(status)
    },
  })
  const { stdout } = await own.run(['id', '--watch'], { signal: ending.signal })
  assert.equal(stdout, `${status.self.id}\n${status.self.id}\n`)
})
