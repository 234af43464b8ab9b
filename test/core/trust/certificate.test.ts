import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '../../../src/core/wire/cbor.ts'
import { seal } from '../../../src/core/trust/envelope.ts'
import {
  openCertificate,
  signCertificate,
  supersedes,
  verifyCertificate,
  type Certificate,
  type Chain,
  type OpenedCertificate,
} from '../../../src/core/trust/certificate.ts'
import {
  anchor,
  anchorOf,
  certify,
  clusterKey,
  dayMs,
  draft,
  issuedMs,
  signer,
} from './certificates.ts'

const node = signer('node')
const admin = signer('admin')
const other = signer('other')
const nowMs = issuedMs + dayMs

const adminCertificate = certify(clusterKey, admin, { roles: ['admin', 'author'] })
const byAdmin = {
  issuer: { peerId: admin.peerId, serial: { ms: issuedMs, counter: 0 } },
  serial: { ms: issuedMs + 1_000, counter: 0 },
} as const
const chainByAdmin: Chain = [certify(admin, node, byAdmin), adminCertificate]

const verify = (
  chain: Chain,
  atMs: number | undefined = nowMs,
): ReturnType<typeof verifyCertificate> =>
  verifyCertificate(chain, { crypto: other.crypto, anchor, nowMs: atMs })
/** With a clock that is not synced. */
const verifyAnyTime = (chain: Chain): ReturnType<typeof verifyCertificate> =>
  verifyCertificate(chain, { crypto: other.crypto, anchor, nowMs: undefined })

const reasonOf = (chain: Chain, atMs?: number): string => {
  const verdict = verify(chain, atMs)
  return verdict.ok ? 'accepted' : verdict.reason
}

/** Sealed by the cluster key, with fields that `signCertificate` would not write. */
const odd = (fields: Record<string, unknown>): Uint8Array => {
  const { serial, issuer, ...rest } = draft(node)
  const body = { v: 1, ...rest, serial: [serial.ms, serial.counter], issuer, ...fields }
  return seal(clusterKey.crypto, 'certificate', body as never)
}

const foreign = anchorOf(other)
const years = issuedMs + 400 * dayMs

const refused: readonly (readonly [string, Chain, RegExp, number?])[] = [
  ['no certificate at all', [], /no certificate/],
  ['signed by somebody who is no issuer', [certify(other, node)], /bad signature/],
  ['signed by itself', [certify(node, node)], /bad signature/],
  [
    'of another cluster',
    [certify(clusterKey, node, { clusterId: foreign.clusterId })],
    /another cluster/,
  ],
  ['of another version', [odd({ v: 2 })], /^v: /],
  ['without a role', [odd({ roles: [] })], /no role/],
  ['with an unknown role', [odd({ roles: ['owner'] })], /roles\.0/],
  ['with a role twice', [odd({ roles: ['viewer', 'viewer'] })], /twice/],
  ['with roles out of order', [odd({ roles: ['viewer', 'executor'] })], /out of order/],
  [
    'with too many tags',
    [odd({ tags: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`t${i}`, 'x'])) })],
    /tags/,
  ],
  ['with a tag of 256 characters', [odd({ tags: { a: 'x'.repeat(256) } })], /tags/],
  ['larger than 2 KiB', [odd({ padding: 'x'.repeat(2_048) })], /too-large/],
  ['without an encryption key', [odd({ encryptionKey: new Uint8Array(31) })], /encryptionKey/],
  [
    'an admin made by an admin',
    [certify(admin, node, { ...byAdmin, roles: ['admin'] }), adminCertificate],
    /only the cluster key/,
  ],
  ['by an admin whose certificate is missing', [certify(admin, node, byAdmin)], /missing/],
  [
    'by an admin, signed by another key',
    [certify(other, node, byAdmin), adminCertificate],
    /bad signature/,
  ],
  [
    'by an admin whose own certificate is forged',
    [certify(admin, node, byAdmin), certify(other, admin, { roles: ['admin', 'author'] })],
    /issuer is forged/,
  ],
  [
    'by a member that is no admin',
    [certify(admin, node, byAdmin), certify(clusterKey, admin, { roles: ['author'] })],
    /no admin/,
  ],
  [
    'under another certificate of its issuer',
    [
      certify(admin, node, byAdmin),
      certify(clusterKey, admin, { roles: ['admin'], serial: { ms: issuedMs, counter: 1 } }),
    ],
    /another certificate/,
  ],
  [
    'under the certificate of another admin',
    [certify(admin, node, byAdmin), certify(clusterKey, other, { roles: ['admin'] })],
    /another certificate/,
  ],
  [
    'by an admin that an admin certified',
    [certify(admin, node, byAdmin), certify(admin, admin, { ...byAdmin, roles: ['executor'] })],
    /more than two/,
  ],
  ['in a chain of three', [...chainByAdmin, adminCertificate], /more than two/],
  [
    'by the cluster key, with a certificate behind it',
    [certify(clusterKey, node), adminCertificate],
    /does not name/,
  ],
  [
    'by an admin after its certificate had ended',
    [
      certify(admin, node, {
        ...byAdmin,
        serial: { ms: issuedMs + 91 * dayMs, counter: 0 },
        notAfter: issuedMs + 200 * dayMs,
      }),
      adminCertificate,
    ],
    /not valid when/,
    issuedMs + 100 * dayMs,
  ],
  ['ended before it began', [certify(clusterKey, node, { notAfter: issuedMs - 1 })], /ends before/],
  ['before it begins', [certify(clusterKey, node, { notBefore: nowMs + 61_000 })], /not valid yet/],
  [
    'with a serial of the future',
    [certify(clusterKey, node, { serial: { ms: nowMs + 61_000, counter: 0 } })],
    /future/,
  ],
  ['past its grace', [certify(clusterKey, node)], /expired/, issuedMs + 181 * dayMs],
]

for (const [what, chain, reason, atMs] of refused) {
  test(`SEC-01, SEC-02: refused: ${what}`, () => {
    assert.match(reasonOf(chain, atMs), reason)
  })
}

test('SEC-01: the cluster key certifies everybody, an admin everybody but admins', () => {
  assert.equal(reasonOf([certify(clusterKey, node, { roles: ['admin', 'executor'] })]), 'accepted')
  assert.equal(reasonOf(chainByAdmin), 'accepted')
})

test('SEC-02: a certificate reads back as it was signed', () => {
  const certificate = draft(node, { roles: ['viewer', 'author'], tags: { site: 'lab', rack: '4' } })
  const verdict = verify([signCertificate(clusterKey.crypto, certificate)])
  assert.ok(verdict.ok)
  const read = { ...verdict.value.certificate, tags: { ...verdict.value.certificate.tags } }
  assert.deepEqual(read, { ...certificate, roles: ['author', 'viewer'] } satisfies Certificate)
})

test('SEC-02: fields of a newer version are kept and change nothing', () => {
  assert.equal(reasonOf([odd({ colour: 'green' })]), 'accepted')
})

test('SEC-02: a certificate with any single bit flipped is refused', () => {
  for (const place of [0, 1]) {
    for (let bit = 0; bit < 8 * chainByAdmin[place]!.length; bit++) {
      const flipped = chainByAdmin.map((bytes) => bytes.slice())
      flipped[place]![bit >> 3]! ^= 1 << (bit & 7)
      const verdict = verifyAnyTime(flipped)
      assert.ok(!verdict.ok, `bit ${bit} of certificate ${place}`)
    }
  }
})

test('SEC-02: a certificate cut short or with bytes behind it is refused', () => {
  const [own] = chainByAdmin as [Uint8Array]
  for (let length = 0; length < own.length; length++) {
    assert.ok(!openCertificate(anchor.clusterId, own.subarray(0, length)).ok)
  }
  assert.ok(!openCertificate(anchor.clusterId, Uint8Array.from([...own, 0])).ok)
})

test('SEC-02: a signature over something else of the same bytes is none', () => {
  const { serial, issuer, ...rest } = draft(node)
  const body = { v: 1, ...rest, serial: [serial.ms, serial.counter], issuer }
  assert.match(reasonOf([seal(clusterKey.crypto, 'node', body as never)]), /bad signature/)
  assert.match(reasonOf([encode([encode(body as never), new Uint8Array(64)])]), /bad signature/)
})

test('SEC-02: what is revoked is refused before any signature is checked', () => {
  let signatures = 0
  const crypto = {
    ...other.crypto,
    verify: (...of: Parameters<typeof other.crypto.verify>) => {
      signatures += 1
      return other.crypto.verify(...of)
    },
  }
  for (const { peerId } of [node, admin]) {
    const verdict = verifyCertificate(chainByAdmin, {
      crypto,
      anchor,
      nowMs,
      revoked: (certificate) => (certificate.peerId === peerId ? 'revoked' : undefined),
    })
    assert.deepEqual(verdict, { ok: false, reason: 'revoked' })
  }
  assert.equal(signatures, 0)
})

test('SEC-02: a signature is checked once; validity and revocation each time', () => {
  let signatures = 0
  const crypto = {
    ...other.crypto,
    verify: (...of: Parameters<typeof other.crypto.verify>) => {
      signatures += 1
      return other.crypto.verify(...of)
    },
  }
  const signed = new WeakSet<OpenedCertificate>()
  const at = (ms: number): boolean =>
    verifyCertificate(chainByAdmin, { crypto, anchor, nowMs: ms, signed }).ok
  assert.ok(at(nowMs) && at(nowMs + 1))
  assert.equal(signatures, 2)
  assert.ok(!at(years))
})

test('SEC-03: with a clock that is not synced neither beginning nor end refuses', () => {
  assert.ok(
    verifyAnyTime([certify(clusterKey, node, { notBefore: years, notAfter: years + 1 })]).ok,
  )
  assert.ok(verifyAnyTime([certify(clusterKey, node, { notAfter: issuedMs })]).ok)
})

test('SEC-03: after its end a member stays admitted for the grace, marked expired', () => {
  const chain = [certify(clusterKey, node)]
  const standing = (days: number): string => {
    const verdict = verify(chain, issuedMs + days * dayMs)
    return verdict.ok ? verdict.value.standing : 'refused'
  }
  assert.deepEqual([1, 90, 91, 180, 181].map(standing), [
    'valid',
    'valid',
    'expired',
    'expired',
    'refused',
  ])
})

test('SEC-03: a clock that is a minute behind refuses nothing', () => {
  assert.equal(reasonOf([certify(clusterKey, node)], issuedMs - 60_000), 'accepted')
})

test('of a member’s certificates the highest serial counts, of equal serials the lower hash', () => {
  const open = (fields: Partial<Certificate>): OpenedCertificate => {
    const opened = openCertificate(anchor.clusterId, certify(clusterKey, node, fields))
    assert.ok(opened.ok)
    return opened.value
  }
  const old = open({})
  const late = open({ serial: { ms: issuedMs, counter: 1 } })
  const twin = open({ tags: {} })
  assert.ok(supersedes(other.crypto, late, old) && !supersedes(other.crypto, old, late))
  assert.notEqual(supersedes(other.crypto, twin, old), supersedes(other.crypto, old, twin))
})

test('clusterId is the hash of the public cluster key: another key, another cluster', () => {
  assert.match(anchor.clusterId, /^[0-9a-f]{32}$/)
  assert.notEqual(foreign.clusterId, anchor.clusterId)
})
