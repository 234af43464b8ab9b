// Certificates for the members of tests.

import type { MemberId } from '../../../src/core/ids.ts'
import type { Role } from '../../../src/core/trust/certificate.ts'
import type { Credentials } from '../../../src/core/trust/credentials.ts'
import {
  clusterId,
  credentialsOf as issue,
  type Issuing,
} from '../../../src/simulation/credentials.ts'
import { fakeCrypto, peerId } from './crypto.ts'

export { clusterId }
const clusterKey = peerId(1_000_000)
const ours: Issuing = { clusterId, clusterKey, crypto: fakeCrypto(clusterKey) }

/** A member's credentials, with all roles unless some are named. */
export const credentialsOf = (
  member: MemberId,
  tags: Readonly<Record<string, string>>,
  roles?: readonly Role[],
  issuing: Issuing = ours,
): Credentials => issue(member, tags, roles, issuing)
