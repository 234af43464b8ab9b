// Keys and certificates for tests, with real signatures.

import { createHash } from 'node:crypto'
import { createCrypto, memberOf, publicKeyOf } from '../../../src/adapters/crypto/crypto.ts'
import type { MemberId } from '../../../src/core/ids.ts'
import type { Crypto } from '../../../src/core/trust/crypto.ts'
import {
  clusterIdOf,
  signCertificate,
  type Anchor,
  type Certificate,
} from '../../../src/core/trust/certificate.ts'

export interface Signer {
  readonly peerId: MemberId
  readonly crypto: Crypto
}

/** The same name, the same key. */
export function signer(name: string): Signer {
  const seed = createHash('sha256').update(name).digest()
  return { peerId: memberOf(seed), crypto: createCrypto(seed) }
}

export function anchorOf(clusterKey: Signer): Anchor {
  const publicKey = publicKeyOf(clusterKey.peerId)!
  return {
    clusterId: clusterIdOf(clusterKey.crypto.sha256, publicKey),
    clusterKey: clusterKey.peerId,
  }
}

export const dayMs = 86_400_000
export const issuedMs: number = Date.UTC(2026, 0, 5)
export const clusterKey: Signer = signer('cluster')
export const anchor: Anchor = anchorOf(clusterKey)

/** What a certificate says, before it is signed. */
export function draft(member: Signer, fields: Partial<Certificate> = {}): Certificate {
  return {
    clusterId: anchor.clusterId,
    peerId: member.peerId,
    encryptionKey: new Uint8Array(32).fill(7),
    roles: ['executor', 'viewer'],
    tags: { site: 'lab' },
    notBefore: issuedMs,
    notAfter: issuedMs + 90 * dayMs,
    serial: { ms: issuedMs, counter: 0 },
    issuer: 'cluster',
    ...fields,
  }
}

export const certify = (
  issuer: Signer,
  member: Signer,
  fields: Partial<Certificate> = {},
): Uint8Array => signCertificate(issuer.crypto, draft(member, fields))
