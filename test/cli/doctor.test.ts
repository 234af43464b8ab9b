// What doctor says of facts, and that it finds the facts.

import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { examine } from '../../src/cli/doctor/checks.ts'
import type { DaemonFacts, DoctorFacts, Finding } from '../../src/cli/doctor/facts.ts'
import { programOf } from '../../src/cli/doctor/programs.ts'
import { ok } from '../../src/core/result.ts'
import { barn, hello, status } from '../adapters/http/fake-api.ts'
import { startDaemon } from './harness.ts'

const [self] = status.members
const alone = { ...status, members: [self!] }
const daemon: DaemonFacts = {
  status: alone,
  members: [self!],
  jobs: [hello],
  plan: { ticks: [] },
}
const http = { host: '127.0.0.1', port: 7_172 }
const well: DoctorFacts = {
  config: { ok: true, dataDir: '/var/lib/meshcron', http },
  secrets: [{ path: '/var/lib/meshcron/node.key', mode: 0o100600 }],
  daemon,
  isLocal: true,
  httpIsTaken: true,
  reached: [],
  disk: { totalBytes: 32e9, freeBytes: 20e9, device: '/dev/sda1', fileSystem: 'ext4' },
  memory: { totalBytes: 4e9, availableBytes: 2e9 },
  programs: [{ program: 'echo', isHere: true }],
}

const of = (change: Partial<DaemonFacts>): Partial<DoctorFacts> => ({
  daemon: { ...daemon, ...change },
})
const other = { ...status.members[1]!, name: 'field', state: 'alive' }

const cases: readonly (readonly [
  rule: string,
  change: Partial<DoctorFacts>,
  check: string,
  level: Finding['level'],
  message: RegExp,
  fix: RegExp,
])[] = [
  [
    'a configuration that cannot be used',
    { config: { ok: false, message: 'http: no port', hint: 'write one' } },
    'config',
    'bad',
    /no port/,
    /write one/,
  ],
  [
    'a key that others may read',
    { secrets: [{ path: '/d/node.key', mode: 0o100644 }] },
    'keys',
    'bad',
    /mode 0644/,
    /chmod 600 \/d\/node\.key/,
  ],
  ['no data directory', { secrets: undefined }, 'keys', 'warn', /no data directory/, /start/],
  [
    'an API that others reach',
    { config: { ok: true, dataDir: '/d', http: { host: '0.0.0.0', port: 1 } } },
    'api',
    'warn',
    /0\.0\.0\.0:1/,
    /127\.0\.0\.1/,
  ],
  [
    'a full disk',
    { disk: { ...well.disk!, freeBytes: 10e6 } },
    'disk',
    'bad',
    /10 MB of 32\.0 GB/,
    /make room/,
  ],
  [
    'little room',
    { disk: { ...well.disk!, freeBytes: 1e9 } },
    'disk',
    'warn',
    /1\.0 GB/,
    /history/,
  ],
  [
    'a memory card',
    { disk: { ...well.disk!, device: '/dev/mmcblk0p2' } },
    'disk',
    'warn',
    /memory card/,
    /noatime/,
  ],
  [
    'keys in memory only',
    { disk: { ...well.disk!, fileSystem: 'tmpfs' } },
    'disk',
    'warn',
    /tmpfs/,
    /volume/,
  ],
  [
    'little memory',
    { memory: { totalBytes: 1e9, availableBytes: 100e6 } },
    'memory',
    'warn',
    /100 MB/,
    /memory/,
  ],
  [
    'hardly any memory',
    { memory: { totalBytes: 1e9, availableBytes: 10e6 } },
    'memory',
    'bad',
    /10 MB/,
    /memory/,
  ],
  [
    'no daemon',
    { daemon: { message: 'no daemon answers', hint: 'meshcron start' }, httpIsTaken: false },
    'node',
    'bad',
    /no daemon/,
    /meshcron start/,
  ],
  [
    'another program on its port',
    { daemon: { message: 'no daemon answers', hint: '' } },
    'node',
    'bad',
    /no daemon/,
    /something else listens on 127\.0\.0\.1:7172/,
  ],
  [
    'a node that is not ready',
    of({ status: { ...alone, ready: false } }),
    'node',
    'bad',
    /not ready/,
    /status/,
  ],
  [
    'a node that is cut off',
    of({ status: { ...alone, isolated: true } }),
    'node',
    'bad',
    /cut off/,
    /firewall/,
  ],
  [
    'a clock nobody trusts',
    of({ status: { ...alone, clock: { ...alone.clock, state: 'unsynced' } } }),
    'clock',
    'bad',
    /starts nothing/,
    /timedatectl/,
  ],
  [
    'a clock that drifts',
    of({ status: { ...alone, clock: { ...alone.clock, state: 'drifting' } } }),
    'clock',
    'warn',
    /drifting/,
    /timedatectl/,
  ],
  [
    'a peer whose clock is off',
    of({ members: [self!, { ...other, clockOffsetMs: -1_500 }] }),
    'clock',
    'warn',
    /field is 1\.5 s off/,
    /there/,
  ],
  [
    'a member that is away',
    of({ members: [self!, { ...other, state: 'down' }] }),
    'members',
    'warn',
    /field is down/,
    /start it/,
  ],
  [
    'members with older jobs',
    of({ status: { ...alone, jobs: { ...alone.jobs, laggingMembers: [other.id] } } }),
    'members',
    'warn',
    /1 member with older/,
    /wait/,
  ],
  [
    'two versions',
    of({ members: [self!, { ...other, version: '0.2.0' }] }),
    'versions',
    'warn',
    /0\.1\.0 \(barn\), 0\.2\.0 \(field\)/,
    /upgrade/,
  ],
  [
    'two sets of time zones',
    of({ members: [self!, { ...other, timezoneData: '2025b' }] }),
    'versions',
    'warn',
    /2025b \(field\)/,
    /Node/,
  ],
  [
    'a member behind a closed port',
    { reached: [{ member: 'field', address: '10.0.0.7:7171', opened: false }] },
    'ports',
    'warn',
    /field cannot/,
    /10\.0\.0\.7:7171/,
  ],
  [
    'a job that no node may run',
    of({ jobs: [{ ...hello, state: 'no-eligible-node' }] }),
    'jobs',
    'bad',
    /no node may run hello/,
    /explain hello/,
  ],
  [
    'a plugin that no member has',
    of({
      jobs: [
        { ...hello, state: 'no-eligible-node', document: { run: { plugin: { name: 'kafka' } } } },
      ],
    }),
    'jobs',
    'bad',
    /none has plugin:kafka/,
    /explain/,
  ],
  [
    'a program that is not here',
    { programs: [{ program: 'pg_dump', isHere: false }] },
    'programs',
    'bad',
    /pg_dump/,
    /install/,
  ],
]

describe('each trouble is said once, with what to do', () => {
  for (const [rule, change, check, level, message, fix] of cases) {
    test(rule, () => {
      const troubles = examine({ ...well, ...change }).filter((one) => one.level !== 'ok')
      const [first] = troubles
      assert.equal(troubles.length, 1, JSON.stringify(troubles))
      assert.deepEqual([first!.check, first!.level], [check, level])
      assert.match(first!.message, message)
      assert.match(first!.fix, fix)
    })
  }

  test('a healthy machine has one good word per check', () => {
    const findings = examine(well)
    assert.ok(findings.every(({ level, fix }) => level === 'ok' && fix === ''))
    const names = findings.map(({ check }) => check)
    assert.equal(new Set(names).size, names.length)
    const all = new Set(cases.map(([, , check]) => check))
    assert.deepEqual(
      [...all].filter((check) => !names.includes(check)),
      ['ports'],
    )
  })

  test('one address that opens is enough', () => {
    const reached = [false, true].map((opened) => ({
      member: 'field',
      address: `${opened}`,
      opened,
    }))
    assert.ok(examine({ ...well, reached }).every(({ level }) => level === 'ok'))
  })

  test('a remote daemon is judged without this machine', () => {
    const names = examine({ ...well, isLocal: false }).map(({ check }) => check)
    assert.deepEqual(names, ['node', 'clock', 'members', 'versions', 'jobs'])
  })
})

describe('the program of a job is what its document names', () => {
  for (const [run, program] of [
    [{ exec: ['/bin/df', '-h'] }, '/bin/df'],
    [{ exec: ['/opt/{node}/run'] }, undefined],
    [{ shell: '# dump\nLEVEL=1 pg_dump shop | gzip' }, 'pg_dump'],
    [{ shell: 'cd /srv && ./poll' }, undefined],
    [{ shell: '$TOOL now' }, undefined],
    [{ http: { url: 'https://a.example' } }, undefined],
  ] as const) {
    test(JSON.stringify(run), () => assert.equal(programOf({ run }), program))
  }
})

test('doctor finds the mode of keys, closed ports and missing programs', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  after(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const reachable = { ...other, roundTripMs: null, addresses: [`/ip4/127.0.0.1/tcp/${port}`] }
  const closed = {
    ...other,
    roundTripMs: null,
    id: `${other.id}x`,
    name: 'mill',
    addresses: ['/ip4/127.0.0.1/tcp/1'],
  }
  const job = { ...hello, document: { ...hello.document, run: { exec: ['no-such-program'] } } }
  const [tick] = hello.next
  const rank = [{ id: barn, name: 'barn' }]
  const own = await startDaemon({
    members: async () => ok({ items: [self!, reachable, closed] }),
    listJobs: async () => ok({ items: [job], cursor: null }),
    plan: async () => ok({ ticks: [{ job: 'hello', ...tick!, rank, excluded: [] }] }),
  })
  const key = join(own.dataDir, 'node.key')
  writeFileSync(key, 'x')
  chmodSync(key, 0o644)
  const { code, stdout, stderr } = await own.run(['doctor'])
  assert.equal(stderr, '')
  assert.equal(code, 1)
  assert.match(stdout, /^× keys {6}.*node\.key has mode 0644/m)
  assert.match(stdout, /^ +fix: chmod 600 /m)
  assert.match(stdout, /^‼ ports {5}mill cannot be reached from here\n.*127\.0\.0\.1:1 /m)
  assert.doesNotMatch(stdout, /field cannot/)
  assert.match(stdout, /^× programs {2}.*no-such-program/m)
  assert.match(stdout, /^√ disk|^‼ disk/m)

  const json = await own.run(['doctor', '-o', 'json'])
  const { findings } = JSON.parse(json.stdout) as { findings: readonly Finding[] }
  assert.ok(findings.some(({ check, level }) => check === 'keys' && level === 'bad'))
  assert.match((await own.run(['doctor', '-o', 'name'])).stdout, /^keys$/m)
})

test('without a daemon doctor still looks at the machine, and fails', async () => {
  const own = await startDaemon()
  const nowhere = join(own.dataDir, 'none')
  const { code, stdout } = await own.run(['--data-dir', nowhere, 'doctor'])
  assert.equal(code, 1)
  assert.match(stdout, /^‼ keys/m)
  assert.match(stdout, /^× node {6}no daemon answers/m)
})
