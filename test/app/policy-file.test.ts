import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readPolicy, whereDenied } from '../../src/app/policy-file.ts'
import { prepareDataDir, writeFirstPolicy } from '../../src/app/start-files.ts'
import { jobName } from '../../src/core/ids.ts'
import type { Run } from '../../src/core/jobs/definition.ts'
import { denialOf, offerOf } from '../../src/core/trust/policy.ts'

const shell: Run = { kind: 'shell', script: 'true' }

function directoryOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'mc-policy-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}

/** Why the file of a directory denies a shell script, in words; undefined: it runs. */
function denied(policyFile: string): string | undefined {
  const own = readPolicy({ policyFile, dataDir: '/nowhere' })
  assert.ok(own.ok, own.ok ? '' : own.refusal.message)
  const denial = denialOf(own.value.policy, { job: jobName('a'), run: shell, authors: [] })
  return denial === undefined ? undefined : whereDenied(own.value, denial)
}

test('SEC-60 without a file nothing is allowed', (t) => {
  assert.match(denied(join(directoryOf(t), 'policy.yaml'))!, /has no policy.yaml/)
})

test('SEC-62 a denial names the file, the line and what to write there', (t) => {
  const file = join(directoryOf(t), 'policy.yaml')
  writeFileSync(file, '# mine\nversion: 1\nexecutors: [exec]\n')
  const hint = 'executors has no shell; add shell there, and send SIGHUP to the daemon'
  assert.equal(denied(file), `${file}:3: ${hint}`)
  writeFileSync(file, 'version: 1\nexecutors: [shell]\nprofiles:\n  default:\n    jobs: [b]\n')
  assert.match(denied(file)!, /:5: profiles\.default\.jobs does not hold a; add a /)
  // a place that is not there stands for what is around it
  writeFileSync(file, 'version: 1\nexecutors: [shell]\nprofiles:\n  other: {}\n')
  assert.match(denied(file)!, /:4: profiles has no profile default/)
})

test('SEC-60 the first start writes a policy that allows shell, and only the first', (t) => {
  const dataDir = join(directoryOf(t), 'data')
  assert.ok(prepareDataDir(dataDir).ok)
  const places = { policyFile: undefined, dataDir }
  const path = join(dataDir, 'policy.yaml')
  assert.deepEqual(writeFirstPolicy(places), { ok: true, value: path })
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(denied(path), undefined)
  assert.deepEqual(writeFirstPolicy(places), { ok: true, value: undefined })
  rmSync(path)
  writeFileSync(join(dataDir, 'store.db'), '')
  assert.deepEqual(writeFirstPolicy(places), { ok: true, value: undefined })
  assert.match(denied(path)!, /runs nothing/)
})

test('a policy that others may write, that is no YAML, or that says what there is not is refused with its line', (t) => {
  const dir = directoryOf(t)
  const file = join(dir, 'policy.yaml')
  const refusal = (text: string): string => {
    writeFileSync(file, text)
    const read = readPolicy({ policyFile: file, dataDir: dir })
    return read.ok ? 'read' : read.refusal.message
  }
  const plain = 'version: 1\nexecutors: [shell]\n'
  assert.equal(refusal(plain), 'read')
  assert.match(refusal('version: 1\nexecutor: [shell]\n'), /policy\.yaml:2: executor: unknown key/)
  assert.match(refusal('version: 1\n - a\n'), /policy\.yaml:\d: /)
  assert.match(refusal('- a\n'), /wants a map/)
  assert.match(refusal(`${plain}http: { allow: [10.0.0.0/33] }\n`), /policy\.yaml:3: .*no address/)
  assert.match(refusal(`${plain}#${'x'.repeat(65_536)}`), /larger than 64 KiB/)
  for (const mode of [0o620, 0o602]) {
    writeFileSync(file, plain)
    chmodSync(file, mode)
    assert.match(refusal(plain), /others may write .*policy\.yaml/)
  }
  chmodSync(file, 0o600)
  chmodSync(dir, 0o777)
  assert.match(refusal(plain), /others may write /)
})

test('a profile that this machine cannot keep to is not offered, and says why', (t) => {
  const file = join(directoryOf(t), 'policy.yaml')
  writeFileSync(file, 'version: 1\nexecutors: [shell]\nprofiles:\n  default: { user: ghost }\n')
  const lackOf = ({ user }: { readonly user: string | null }) => `there is no ${user}`
  const own = readPolicy({ policyFile: file, dataDir: '/nowhere' }, lackOf)
  assert.ok(own.ok)
  const denial = denialOf(own.value.policy, { job: jobName('a'), run: shell, authors: [] })!
  assert.match(
    whereDenied(own.value, denial),
    /:4: profiles\.default cannot be kept to: there is no ghost/,
  )
  assert.deepEqual(offerOf(own.value.policy, ['shell']).profiles, [])
})
