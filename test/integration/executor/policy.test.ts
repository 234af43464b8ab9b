import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openPolicy, plainProfile, type Policy } from '../../../src/core/trust/policy.ts'
import { directoryOf, Local } from './local.ts'

const isRoot = process.getuid?.() === 0

const withProfile = (name: string, profile: object): Policy => ({
  ...openPolicy,
  profiles: { ...openPolicy.profiles, [name]: { ...plainProfile, ...profile } },
})

test(
  'SEC-64 paths match what argv[0] leads to, and the file must not be writable by others or by the account of the job',
  { skip: !isRoot },
  async (t) => {
    const dir = directoryOf(t)
    chmodSync(dir, 0o755)
    const allowed = join(dir, 'allowed')
    mkdirSync(allowed)
    const write = (path: string, mode: number): string => {
      writeFileSync(path, '#!/bin/sh\necho ran\n')
      chmodSync(path, mode)
      return path
    }
    const good = write(join(allowed, 'good'), 0o755)
    const open = write(join(allowed, 'open'), 0o777)
    const owned = write(join(allowed, 'owned'), 0o755)
    chownSync(owned, 65_534, 65_534)
    const outside = write(join(dir, 'outside'), 0o755)
    const link = join(allowed, 'link')
    symlinkSync(outside, link)
    const policy = withProfile('narrow', { paths: [`${allowed}/*`], user: 'nobody' })
    const local = await Local.start(t, { policy })
    const run = (argv: readonly string[]) => local.launch({ kind: 'exec', argv, profile: 'narrow' })
    const table: readonly (readonly [string, RegExp])[] = [
      [open, /others may write/],
      [owned, /own account may write/],
      [outside, /profiles\.narrow\.paths/],
      [link, /leads to .*outside, which is not allowed/],
      ['good', /profiles\.narrow\.paths/],
      [join(allowed, 'missing'), /ENOENT/],
    ]
    for (const [file, why] of table) {
      const { reason, detail } = await local.end(run([file]))
      assert.equal(reason, 'policy', file)
      assert.match(detail, why)
    }
    assert.equal((await local.end(run([good]))).exit, 0)
  },
)

test(
  'SEC-61 a profile with an account runs commands as that, without groups and with its variables',
  { skip: !isRoot },
  async (t) => {
    const local = await Local.start(t, { policy: withProfile('low', { user: 'nobody' }) })
    const script = 'id -u; id -G; echo $USER $HOME; pwd; echo ${MESHCRON_RESULT_FILE:-none}'
    const launch = local.launch({ kind: 'shell', script, profile: 'low' })
    assert.equal((await local.end(launch)).exit, 0)
    const lines = (await local.output(launch)).split('\n')
    assert.deepEqual(lines.slice(0, 2), ['65534', '65534'])
    assert.match(lines[2]!, /^nobody \//)
    assert.deepEqual(lines.slice(4), ['none', ''])
  },
)

test('SEC-70 of the environment of the daemon a command gets the listed names, those of its profile where that lists some', async (t) => {
  const env = { PATH: process.env['PATH'], SECRET: 'x', LANG: 'C', SITE: 'north' }
  const local = await Local.start(t, { env, policy: withProfile('site', { env: ['SITE'] }) })
  for (const [profile, text] of [
    ['default', 'C  '],
    ['site', ' north '],
  ] as const) {
    const script = 'echo "$LANG $SITE $SECRET"'
    const launch = local.launch({ kind: 'shell', script, profile })
    await local.end(launch)
    assert.equal(await local.output(launch), `${text}\n`)
  }
})

test('SEC-60 a policy that is read again counts for the next start, what runs goes on', async (t) => {
  const local = await Local.start(t)
  const gate = join(directoryOf(t), 'gate')
  writeFileSync(gate, '')
  const running = local.shell(`while [ -e ${gate} ]; do sleep 0.02; done`)
  await local.recorder.started(running.attempt)
  local.executor.setPolicy({ ...openPolicy, executors: ['exec'] })
  const refused = await local.end(local.shell('true'))
  assert.deepEqual([refused.reason, refused.exit], ['policy', null])
  assert.match(refused.detail, /executors has no shell/)
  rmSync(gate)
  assert.equal((await local.end(running)).exit, 0)
})
