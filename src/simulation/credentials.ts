// Certificates of a simulated fleet, signed with a cluster key that is as fake as all its keys.

import type { MemberId } from '../core/ids.ts'
import { roles as allRoles, signCertificate, type Role } from '../core/trust/certificate.ts'
import type { Credentials } from '../core/trust/credentials.ts'
import type { Crypto } from '../core/trust/crypto.ts'
import { fakeCrypto, peerId } from './crypto.ts'

export const clusterId = '0123456789abcdef0123456789abcdef'
const clusterKey = peerId(1_000_000)
const farMs = Date.UTC(2200, 0, 1)

/** Who signs certificates, and in which cluster. */
export interface Issuing {
  readonly clusterId: string
  readonly clusterKey: MemberId
  readonly crypto: Crypto
}

const ours: Issuing = { clusterId, clusterKey, crypto: fakeCrypto(clusterKey) }

/** A member's credentials, with all roles unless some are named. */
export function credentialsOf(
  member: MemberId,
  tags: Readonly<Record<string, string>>,
  roles: readonly Role[] = allRoles,
  { crypto, ...anchor }: Issuing = ours,
): Credentials {
  const certificate = signCertificate(crypto, {
    clusterId: anchor.clusterId,
    peerId: member,
    encryptionKey: new Uint8Array(32),
    roles,
    tags,
    notBefore: 0,
    notAfter: farMs,
    serial: { ms: 1, counter: 0 },
    issuer: 'cluster',
  })
  return { anchor, chain: [certificate] }
}
