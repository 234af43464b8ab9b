import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { keyTools } from '../../src/adapters/crypto/key-tools.ts'
import {
  isFromBefore,
  loadKeys,
  ownCertificate,
  type Keys,
  type KeysInit,
} from '../../src/app/credentials.ts'
import type { Result } from '../../src/core/result.ts'
import { clusterIdOf } from '../../src/core/trust/certificate.ts'
import { signer } from '../core/trust/certificates.ts'

const node = signer('node')
const nowMs = Date.UTC(2026, 0, 5)
const dayMs = 86_400_000
const hexKey = `${'ab'.repeat(32)}\n`

class Place {
  readonly dir: string

  constructor(t: TestContext) {
    this.dir = mkdtempSync(join(tmpdir(), 'meshcron-credentials-'))
    t.after(() => rmSync(this.dir, { recursive: true }))
  }

  file(name: string): string {
    return join(this.dir, name)
  }

  write(name: string, content: string): string {
    writeFileSync(this.file(name), content, { mode: 0o600 })
    return this.file(name)
  }

  load(
    init: Partial<KeysInit> = {},
    now: { readonly nowMs?: number; readonly member?: typeof node } = {},
  ): Result<Keys> {
    const { member = node } = now
    const none = { networkKeyFile: undefined, clusterKeyFile: undefined, peers: [], tags: {} }
    const whole = { dataDir: this.dir, ...none, ...init }
    const isOld = isFromBefore(whole)
    if (!isOld.ok) return isOld
    return loadKeys(keyTools, whole, {
      member: member.peerId,
      isFromBefore: isOld.value,
      nowMs: now.nowMs ?? nowMs,
    })
  }

  keys(...of: Parameters<Place['load']>): Keys {
    const keys = this.load(...of)
    assert.ok(keys.ok, keys.ok ? '' : keys.refusal.message)
    return keys.value
  }

  refusal(...of: Parameters<Place['load']>): string {
    const keys = this.load(...of)
    assert.ok(!keys.ok)
    assert.equal(keys.refusal.code, 'MC_BAD_CONFIG')
    assert.notEqual(keys.refusal.hint, '')
    return keys.refusal.message
  }
}

test('SEC-21: a first start makes every key itself, and the id of the cluster is the hash of its key', (t) => {
  const [a, b] = [new Place(t), new Place(t)]
  const { credentials } = a.keys()
  const { clusterId, clusterKey } = credentials.anchor
  assert.equal(clusterId, clusterIdOf(keyTools.sha256, keyTools.publicKeyOf(clusterKey)!))
  const certificate = ownCertificate(credentials)
  assert.equal(certificate.peerId, node.peerId)
  assert.deepEqual(certificate.roles, ['admin', 'author', 'executor', 'viewer'])
  b.keys()
  for (const name of ['cluster.key', 'network.key', 'node.enc']) {
    assert.notEqual(readFileSync(a.file(name), 'latin1'), readFileSync(b.file(name), 'latin1'))
  }
})

test('SEC-22: every file that is made is private, and no draft is left', (t) => {
  const place = new Place(t)
  place.keys()
  for (const name of ['cluster.key', 'network.key', 'node.enc', 'certificate']) {
    assert.equal(statSync(place.file(name)).mode & 0o777, 0o600, name)
  }
  assert.ok(!existsSync(place.file(`certificate.${process.pid}`)))
})

test('a second start keeps the certificate as it is', (t) => {
  const place = new Place(t)
  assert.deepEqual(place.keys(), place.keys({}, { nowMs: nowMs + 29 * dayMs }))
})

test('SEC-06: the tags of the founding start stand in the certificate; later ones where the key is', (t) => {
  const place = new Place(t)
  const tagsOf = (tags: KeysInit['tags']): unknown => ({
    ...ownCertificate(place.keys({ tags }).credentials).tags,
  })
  assert.deepEqual(tagsOf({ site: 'lab' }), { site: 'lab' })
  assert.deepEqual(tagsOf({}), { site: 'lab' })
  assert.deepEqual(tagsOf({ site: 'barn' }), { site: 'barn' })
  rmSync(place.file('cluster.key'))
  assert.deepEqual(tagsOf({ site: 'moon' }), { site: 'barn' })
})

test('SEC-03: who holds the cluster key renews from day 30, under a higher serial', (t) => {
  const place = new Place(t)
  const first = ownCertificate(place.keys().credentials)
  const later = ownCertificate(place.keys({}, { nowMs: nowMs + 31 * dayMs }).credentials)
  assert.equal(later.notAfter, nowMs + 121 * dayMs)
  assert.equal(later.notBefore, first.notBefore)
  assert.ok(later.serial.ms > first.serial.ms)
})

test('nodes with one cluster key are one cluster', (t) => {
  const [a, b] = [new Place(t), new Place(t)]
  const clusterKeyFile = a.write('shared', hexKey)
  const networkKeyFile = a.write('shared-network', hexKey)
  const init = { clusterKeyFile, networkKeyFile, peers: ['pi1:7171'] }
  const other = signer('other')
  const { credentials } = b.keys(init, { member: other })
  assert.deepEqual(a.keys(init).credentials.anchor, credentials.anchor)
  assert.equal(ownCertificate(credentials).peerId, other.peerId)
  assert.ok(!existsSync(b.file('cluster.key')))
})

test('a node that is to join and has no certificate is refused, and nothing is made', (t) => {
  const place = new Place(t)
  assert.match(place.refusal({ peers: ['pi1:7171'] }), /no certificate/)
  assert.ok(!existsSync(place.file('network.key')) && !existsSync(place.file('cluster.key')))
  const networkKeyFile = place.write('given', hexKey)
  assert.match(place.refusal({ networkKeyFile }), /no certificate/)
})

test('a certificate that does not count is refused with the reason', (t) => {
  const [a, b] = [new Place(t), new Place(t)]
  a.keys()
  b.keys()
  assert.match(a.refusal({}, { member: signer('other') }), /of another node/)
  writeFileSync(a.file('cluster.key'), readFileSync(b.file('cluster.key')))
  assert.match(a.refusal(), /not that of the cluster/)
  writeFileSync(a.file('certificate'), 'xx')
  assert.match(a.refusal(), /holds no certificate/)
  assert.match(b.refusal({ clusterKeyFile: b.file('none') }), /no cluster key in/)
  writeFileSync(b.file('cluster.key'), 'xx')
  assert.match(b.refusal(), /64 hex digits/)
})

test('a network key is 64 hex digits in either case', (t) => {
  const place = new Place(t)
  place.keys()
  const digits = '0F'.repeat(32)
  const read = (text: string): Result<Keys> =>
    place.load({ networkKeyFile: place.write('given', text) })
  const whole = read(`${digits}\n`)
  assert.ok(whole.ok)
  assert.deepEqual(whole.value.networkKey, new Uint8Array(32).fill(15))
  for (const text of ['', digits.slice(1), `${digits}0`, digits.replace('F', 'g')]) {
    assert.ok(!read(text).ok, text)
  }
})

test('directories from before certificates stay one cluster under their id, by their network key', (t) => {
  const [a, b] = [new Place(t), new Place(t)]
  for (const place of [a, b]) {
    place.write('network.key', hexKey)
    place.write('store.db', '')
  }
  const { anchor } = a.keys({ peers: ['pi1:7171'] }).credentials
  const before = createHash('sha256')
    .update('meshcron/cluster/1')
    .update(Buffer.from(hexKey.trim(), 'hex'))
  assert.equal(anchor.clusterId, before.digest('hex').slice(0, 32))
  assert.deepEqual(b.keys({}, { member: signer('b') }).credentials.anchor, anchor)
  assert.equal(ownCertificate(a.keys().credentials).notBefore, 0)
})
