import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobName, type MemberId } from '../../../src/core/ids.ts'
import type { Run } from '../../../src/core/jobs/definition.ts'
import { parsePolicy, printPolicy } from '../../../src/core/trust/policy-document.ts'
import {
  closedPolicy,
  denialOf,
  lackOfVersion,
  matchesGlob,
  offerOf,
  openPolicy,
  plainProfile,
  type Policy,
  type Profile,
} from '../../../src/core/trust/policy.ts'
import { peerId } from '../fleet/crypto.ts'

const shell: Run = { kind: 'shell', script: 'true' }
const exec = (file: string, profile?: string): Run => ({
  kind: 'exec',
  argv: [file],
  ...(profile === undefined ? {} : { profile }),
})
const http = (method: string): Run => ({
  kind: 'http',
  method,
  url: 'http://example.org/',
  headers: {},
  body: '',
  expect: [],
  expectContains: null,
  expectMatches: null,
  expectJson: null,
})

function policyOf(document: object): Policy {
  const read = parsePolicy({ version: 1, ...document })
  assert.ok(read.ok, read.ok ? '' : read.refusal.message)
  return read.value
}

const atOf = (policy: Policy, run: Run, job = 'ops.a', authors: readonly MemberId[] = []) =>
  denialOf(policy, { job: jobName(job), run, authors })?.at

test('SEC-60 no policy allows nothing; shell runs only where the file names it', () => {
  for (const run of [shell, exec('/bin/true'), http('GET')]) {
    assert.equal(atOf(closedPolicy, run), 'executors')
    assert.equal(atOf(openPolicy, run), undefined)
    assert.equal(atOf(policyOf({}), run), 'executors')
  }
  const some = policyOf({ executors: ['exec', 'http'] })
  assert.equal(atOf(some, shell), 'executors')
  assert.equal(atOf(some, exec('/bin/true')), undefined)
})

test('SEC-61 a job names a profile; one that the policy does not have, or this machine cannot keep to, is denied', () => {
  const policy = policyOf({ executors: ['exec'], profiles: { backup: {} } })
  assert.equal(atOf(policy, exec('/bin/true')), 'profiles')
  assert.equal(atOf(policy, exec('/bin/true', 'constructor')), 'profiles')
  assert.equal(atOf(policy, exec('/bin/true', 'backup')), undefined)
  const lacking = { backup: { ...policy.profiles['backup']!, lack: 'no account' } }
  assert.equal(
    atOf({ ...policy, profiles: lacking }, exec('/bin/true', 'backup')),
    'profiles.backup',
  )
})

test('SEC-62 each rule denies by its own place in the file, the whole policy before the profile', () => {
  const [own, other] = [peerId(1), peerId(2)]
  const policy = policyOf({
    executors: ['exec', 'http', 'shell'],
    authors: [own],
    jobs: ['ops.*', 'web'],
    profiles: {
      default: {},
      backup: { paths: ['/opt/backup/*'], authors: [own], jobs: ['ops.backup*'] },
    },
    http: { methods: ['GET'] },
  })
  const table: readonly (readonly [string | undefined, Run, string, readonly MemberId[]])[] = [
    [undefined, exec('/bin/true'), 'ops.a', [own]],
    ['jobs', exec('/bin/true'), 'opsa', [own]],
    [undefined, exec('/bin/true'), 'web', [own]],
    ['authors', exec('/bin/true'), 'web', [own, other]],
    ['http.methods', http('POST'), 'web', [own]],
    [undefined, http('GET'), 'web', [own]],
    ['profiles.backup.jobs', exec('/opt/backup/a', 'backup'), 'ops.a', [own]],
    [undefined, exec('/opt/backup/a', 'backup'), 'ops.backup1', [own]],
    ['profiles.backup.paths', exec('/opt/backup/../a', 'backup'), 'ops.backup1', [own]],
    ['profiles.backup.paths', exec('a', 'backup'), 'ops.backup1', [own]],
    ['profiles.backup.paths', { ...shell, profile: 'backup' }, 'ops.backup1', [own]],
  ]
  for (const [at, run, job, authors] of table) {
    assert.equal(atOf(policy, run, job, authors), at, `${job} ${JSON.stringify(run)}`)
  }
})

test('SEC-63 others learn names of executors and profiles, and only those that can be used', () => {
  const policy = policyOf({
    executors: ['exec', 'plugin'],
    profiles: { default: { paths: ['/opt/*'], user: 'backup' } },
  })
  const able = ['exec', 'shell', 'plugin:snmp']
  assert.deepEqual(offerOf(policy, able), {
    executors: ['exec', 'plugin:snmp'],
    profiles: ['default'],
  })
  assert.deepEqual(offerOf(closedPolicy, able), { executors: [], profiles: [] })
})

test('SEC-17 an unknown key, a wrong value and another version of the policy are refused with a hint', () => {
  const table: readonly (readonly [object, RegExp, RegExp])[] = [
    [{ version: 2 }, /^version: /, /./],
    [{ version: 1, executor: [] }, /^executor: unknown key/, /executors/],
    [{ version: 1, executors: ['sh'] }, /^executors\[0\]: /, /shell/],
    [{ version: 1, profiles: { a: { path: ['/x'] } } }, /^profiles\.a\.path: unknown key/, /paths/],
    [{ version: 1, profiles: { a: { paths: ['x'] } } }, /^profiles\.a\.paths\[0\]: /, /./],
    [{ version: 1, profiles: { a: { lack: 'x' } } }, /^profiles\.a\.lack: unknown key/, /./],
    [{ version: 1, profiles: { 'A b': {} } }, /^profiles: "A b"/, /a-z/],
    [{ version: 1, uid: 0 }, /^uid: unknown key/, /user/],
    [JSON.parse('{"version":1,"__proto__":{}}'), /unknown key/, /./],
  ]
  for (const [document, message, hint] of table) {
    const read = parsePolicy(document)
    assert.ok(!read.ok, JSON.stringify(document))
    assert.match(read.refusal.message, message)
    assert.match(read.refusal.hint, hint)
  }
})

test('a policy is printed as it was written', () => {
  const document = {
    version: 1,
    executors: ['exec'],
    profiles: { default: { tier: 'T1', timeout: '1h', output: '16MiB', concurrent: 8 } },
  }
  assert.deepEqual(printPolicy(policyOf(document)), document)
})

test('a star stands for any part, and with a separator for none that holds it', () => {
  const table: readonly (readonly [string, string, string | undefined, boolean])[] = [
    ['*', '', undefined, true],
    ['*', 'a.b', undefined, true],
    ['ops.*', 'ops.', undefined, true],
    ['ops.*', 'ops', undefined, false],
    ['*.backup', 'db.backup', undefined, true],
    ['a*b*c', 'axxbyyc', undefined, true],
    ['a*b*c', 'axxbyy', undefined, false],
    ['/opt/*', '/opt/a', '/', true],
    ['/opt/*', '/opt/a/b', '/', false],
    ['/opt/*/b', '/opt/a/b', '/', true],
    ['/opt/*', '/optional', '/', false],
    ['**', 'a/b', '/', false],
  ]
  for (const [pattern, text, separator, holds] of table) {
    assert.equal(matchesGlob(pattern, text, separator), holds, `${pattern} ${text}`)
  }
})

test('a profile that asks for what this version cannot do says so, and is not offered', () => {
  const asking: readonly Partial<Profile>[] = [
    { tier: 'T1' },
    { tier: 'T2' },
    { network: 'none' },
    { processesMax: 64 },
  ]
  for (const one of asking)
    assert.match(lackOfVersion({ ...plainProfile, ...one })!, /this version/)
  assert.equal(lackOfVersion(plainProfile), undefined)
})
