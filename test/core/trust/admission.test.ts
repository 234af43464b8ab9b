import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Author } from '../../../src/core/author.ts'
import { SeenVector } from '../../../src/core/clock/version-vector.ts'
import { openNode, sealNode } from '../../../src/core/membership/node-record.ts'
import { signCertificate, type Certificate } from '../../../src/core/trust/certificate.ts'
import { encode } from '../../../src/core/wire/cbor.ts'
import { seal } from '../../../src/core/trust/envelope.ts'
import { Fleet } from '../fleet.ts'
import { clusterId, credentialsOf } from '../fleet/credentials.ts'
import { fakeCrypto, peerId } from '../fleet/crypto.ts'
import { nodeRecord } from '../membership/records.ts'

/** A fleet of three whose last node shows what `credentials` says. */
function fleetWith(credentials: Fleet['machines'][number]['credentials'], tags?: object): Fleet {
  const fleet = new Fleet({ size: 3, tags: (node) => (node === 2 ? { ...tags } : {}) })
  fleet.machine(2).credentials = credentials
  fleet.start()
  fleet.run(20_000)
  return fleet
}

const self = peerId(2)
const { anchor } = credentialsOf(self, {})

const certify = (fields: Partial<Certificate>, by = peerId(1_000_000)): Uint8Array =>
  signCertificate(fakeCrypto(by), {
    clusterId,
    peerId: self,
    encryptionKey: new Uint8Array(32),
    roles: ['executor', 'viewer'],
    tags: {},
    notBefore: 0,
    notAfter: Date.UTC(2200, 0, 1),
    serial: { ms: 1, counter: 0 },
    issuer: 'cluster',
    ...fields,
  })

const day = 86_400_000
const fleetMs = Date.UTC(2026, 0, 5)

const strangers: readonly (readonly [string, Uint8Array])[] = [
  ['signed by itself', certify({}, self)],
  ['signed by another member', certify({}, peerId(1))],
  [
    'whose issuer is not shown',
    certify({ issuer: { peerId: peerId(1), serial: { ms: 1, counter: 0 } } }, peerId(1)),
  ],
  ['past its grace', certify({ notAfter: fleetMs - 91 * day })],
  ['that has not begun', certify({ notBefore: fleetMs + 10 * day })],
]

for (const [what, certificate] of strangers) {
  test(`SEC-40, SEC-41: a node with a certificate ${what} is admitted by nobody and learns nothing`, () => {
    const fleet = fleetWith({ anchor, chain: [certificate] })
    fleet.put(0, 'secret-job', { schedule: '@every 1s' })
    fleet.run(10_000)
    for (const node of [0, 1]) {
      assert.ok([undefined, 'left'].includes(fleet.stateOf(node, 2)))
      const reasons = fleet.machine(node).reports.map(({ report }) => report)
      assert.ok(reasons.some((one) => one.kind === 'refused' && one.what === 'hello'))
    }
    assert.equal(fleet.machine(2).node.replica.catalog.size, 0)
    assert.ok(fleet.starts('secret-job').length > 5)
    assert.ok(fleet.starts('secret-job').every(({ node }) => node !== 2))
  })
}

test('SEC-40: both sides verify: a node refuses a fleet that hangs on another cluster key', () => {
  const own = certify({}, self)
  const fleet = fleetWith({ anchor: { clusterId, clusterKey: self }, chain: [own] })
  const reports = fleet.machine(2).reports.map(({ report }) => report)
  assert.ok(reports.some((one) => one.kind === 'refused' && /does not count/.test(one.reason)))
  assert.equal(fleet.stateOf(2, 0), undefined)
})

test('SEC-03: a node whose certificate has ended stays a member for its grace, and runs', () => {
  const fleet = fleetWith({ anchor, chain: [certify({ notAfter: fleetMs - 10 * day })] })
  assert.equal(fleet.stateOf(0, 2), 'alive')
  fleet.put(0, 'job', { schedule: '@every 1s' })
  fleet.run(30_000)
  assert.ok(fleet.starts('job').some(({ node }) => node === 2))
})

test('a member without the role executor runs nothing, and is a member', () => {
  const fleet = fleetWith(credentialsOf(self, {}, ['author', 'viewer']))
  fleet.put(0, 'job', { schedule: '@every 1s' })
  fleet.run(30_000)
  assert.equal(fleet.stateOf(0, 2), 'alive')
  assert.ok(fleet.starts('job').length > 25)
  assert.ok(fleet.starts('job').every(({ node }) => node !== 2))
})

test('SEC-05: tags that a node record says itself count for nothing', () => {
  const author = new Author(
    { crypto: fakeCrypto(self), seen: new SeenVector() },
    { member: self, clusterId, storeEpoch: '00000000000000ee', startId: '00000000000000ff' },
  )
  const attrs = { ...nodeRecord(2).attrs, tags: { role: 'db' } }
  const { bytes } = sealNode(author, nodeRecord(2, { attrs }))
  const opened = openNode(clusterId, bytes)
  assert.ok(opened.ok)
  assert.deepEqual({ ...opened.value.record.attrs.tags }, {})

  const { hlc, ...rest } = nodeRecord(2)
  const lie = { ...rest.attrs, tags: { role: 'db' }, roles: ['admin'] }
  const body = { v: 1, clusterId, ...rest, attrs: lie, prevAttrs: lie, hlc: [hlc.ms, hlc.counter] }
  const lying = openNode(clusterId, seal(fakeCrypto(self), 'node', body))
  assert.ok(lying.ok)
  const { record } = lying.value
  assert.deepEqual({ ...record.attrs.tags }, {})
  assert.deepEqual({ ...record.prevAttrs!.tags }, {})
})

test('SEC-05: a job with a tag runs only where the certificate has it', () => {
  const fleet = fleetWith(credentialsOf(self, { role: 'db' }))
  fleet.put(0, 'job', { schedule: '@every 1s', placement: { tags: { role: 'db' } } })
  fleet.run(20_000)
  assert.ok(fleet.starts('job').length > 10)
  assert.ok(fleet.starts('job').every(({ node }) => node === 2))
})

test('SEC-05: tags of the certificate before hold no longer than the new one allows', () => {
  const old = certify({ tags: { role: 'db' }, serial: { ms: 5, counter: 0 } })
  const chain = [certify({ notBefore: fleetMs, serial: { ms: 9, counter: 0 } })]
  const author = new Author(
    { crypto: fakeCrypto(self), seen: new SeenVector() },
    { member: self, clusterId, storeEpoch: '00000000000000ee', startId: '00000000000000ff' },
  )
  const { attrs } = nodeRecord(2)
  const record = (
    attrsFromMs: number,
    formerChain: readonly Uint8Array[],
  ): ReturnType<typeof openNode> =>
    openNode(
      clusterId,
      sealNode(author, nodeRecord(2, { chain, formerChain, attrsFromMs, prevAttrs: attrs })).bytes,
    )
  const fine = record(fleetMs + 10_000, [old])
  assert.ok(fine.ok)
  assert.deepEqual({ ...fine.value.record.prevAttrs!.tags }, { role: 'db' })
  assert.ok(!record(fleetMs + 200_000, [old]).ok)
  assert.ok(!record(fleetMs + 10_000, [certify({ serial: { ms: 10, counter: 0 } })]).ok)
})

test('a member cannot go back to a certificate that was replaced', () => {
  const fleet = fleetWith(credentialsOf(self, { role: 'db' }))
  const chain = [certify({ serial: { ms: 9, counter: 0 } })]
  fleet.kill(2)
  fleet.machine(2).credentials = { anchor, chain }
  fleet.start([2])
  fleet.run(10_000)
  const tagsSeen = (): object => ({
    ...fleet.machine(0).node.membership.get(self)?.record.attrs.tags,
  })
  assert.deepEqual(tagsSeen(), {})
  fleet.kill(2)
  fleet.machine(2).credentials = credentialsOf(self, { role: 'db' })
  fleet.start([2])
  fleet.run(10_000)
  assert.deepEqual(tagsSeen(), {})
})

test('SEC-02: a node record without a certificate is refused', () => {
  const { hlc, chain: _chain, ...rest } = nodeRecord(2)
  const body = { v: 1, clusterId, ...rest, hlc: [hlc.ms, hlc.counter] }
  assert.ok(!openNode(clusterId, seal(fakeCrypto(self), 'node', body as never)).ok)
  assert.ok(!openNode(clusterId, encode(body as never)).ok)
})
