// The support archive: what is in it, and what must not be.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { blank, redact, redactText } from '../../src/cli/bundle/redact.ts'
import { ok } from '../../src/core/result.ts'
import { hello, night } from '../adapters/http/fake-api.ts'
import { startDaemon } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'mc-bundle-'))
after(() => rmSync(dir, { recursive: true }))

const canary = 'c4nary-Zx81q'
const networkKey = '0123456789abcdef'.repeat(4)
const token = `mct_${'q'.repeat(43)}`
/** A job that holds the canary wherever a secret may stand. */
const run = [
  {
    shell: `PGPASSWORD=${canary} pg_dump; curl -H 'Authorization: Bearer ${canary}' x --token ${canary}`,
  },
  { exec: ['mysql', '--password', canary, `--secret=${canary}`, `https://u:${canary}@a.example`] },
  { http: { url: `https://a.example/?key=${canary}`, headers: { 'X-Key': canary }, body: canary } },
  { mqtt: { url: 'mqtt://a', topic: 't', payload: canary, username: canary, password: canary } },
  { plugin: { name: 'x', config: { nested: { deep: canary } } } },
]
const jobs = run.map((one, i) => {
  const document = {
    ...hello.document,
    name: `j${i}`,
    run: one,
    env: { A: canary },
    description: token,
  }
  return { ...hello, name: `j${i}`, document }
})

test('a bundle is an archive of its own user that holds no secret', async () => {
  const daemon = await startDaemon({
    listJobs: async () => ok({ items: jobs, cursor: null }),
    calendars: async () => ok({ items: [{ ...night, etag: networkKey }] }),
  })
  writeFileSync(join(daemon.dataDir, 'api-token'), `${token}\n`, { mode: 0o600 })
  writeFileSync(join(daemon.dataDir, 'network.key'), `${networkKey}\n`, { mode: 0o600 })
  const file = join(dir, 'b.tar.gz')
  const made = await daemon.run(['bundle', '--file', file, '-o', 'json'])
  assert.equal(made.code, 0, made.stderr)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const names = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trim().split('\n')
  assert.deepEqual(names, (JSON.parse(made.stdout) as { files: unknown }).files)
  const text = execFileSync('tar', ['-xOzf', file], { encoding: 'utf8' })
  for (const secret of [canary, token, networkKey]) {
    for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
      assert.ok(
        !text.includes(form),
        `${form} in ${text.slice(Math.max(0, text.indexOf(form) - 200), text.indexOf(form) + 40)}`,
      )
    }
  }
  assert.ok(gunzipSync(readFileSync(file)).includes('meshcron-bundle/doctor.json'))
  const parts = ['README.txt', 'doctor', 'machine', 'config', 'status', 'members', 'jobs', 'plan']
  for (const part of [...parts, 'calendars', 'executions']) {
    assert.ok(
      names.some((name) => name.startsWith(`meshcron-bundle/${part}`)),
      part,
    )
  }
  assert.match(text, /"name": "j4"[^]*"A": "\[redacted\]"/)

  const again = await daemon.run(['bundle', '--file', file])
  assert.equal(again.code, 2)
  assert.match(again.stderr, /cannot be written: EEXIST/)
})

test('without a daemon there is a bundle of the machine', async () => {
  const daemon = await startDaemon()
  const outcome = await daemon.run([
    '--data-dir',
    join(daemon.dataDir, 'none'),
    'bundle',
    '--dry-run',
  ])
  assert.equal(outcome.code, 0)
  assert.match(outcome.stdout, /── meshcron-bundle\/daemon\.json\n[^]*no daemon answers/)
  assert.match(outcome.stdout, /── meshcron-bundle\/executions\.json\n[^]*"error": "no daemon/)
})

describe('what is no secret stays readable', () => {
  for (const text of [
    'pg_dump shop | gzip > /srv/backup.gz',
    'rsync -a --delete /srv remote:/srv',
    'curl https://a.example/health',
    'meshcron:12D3KooWFieldFieldFieldFieldFieldFieldFieldFielda7f3k',
  ]) {
    test(text, () => assert.equal(redactText(text, ['secret-of-ours']), text))
  }

  test('names of variables, headers and paths', () => {
    const value = { env: { LEVEL: 'x' }, run: { exec: ['ls', '-l'] }, etag: '00000000000000e1' }
    assert.deepEqual(redact(value, []), { ...value, env: { LEVEL: blank } })
  })

  test('a join token goes to its last letter', () => {
    assert.equal(
      redactText('start --join mc1:AbCd+efg/hij-kl_m== now', []),
      `start --join ${blank} now`,
    )
  })

  test('a known secret goes in every spelling', () => {
    const secret = 'a b/c?d=e'
    const text = `${secret} ${encodeURIComponent(secret)} ${Buffer.from(secret).toString('base64')}`
    assert.doesNotMatch(redactText(text, [secret]), /a b|a%20b|YSBi/)
  })
})
