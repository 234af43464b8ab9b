// What a node shows of itself: its chain, and the key of the cluster that the chain hangs on.

import { encode, decode } from '../wire/cbor.ts'
import { readMember } from '../wire/forms.ts'
import {
  bytes,
  hex,
  integer,
  list,
  read,
  record,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'
import { limits } from '../limits.ts'
import type { Anchor, Chain } from './certificate.ts'

export interface Credentials {
  readonly anchor: Anchor
  /** Of this node's own certificate. */
  readonly chain: Chain
}

const version = 1

export const readChain: Reader<Chain> = list(bytes({ max: limits.certificateBytesMax }), { max: 2 })

const readBody = record({
  v: integer(version, version),
  clusterId: hex(32),
  clusterKey: readMember,
  chain: readChain,
})

export const encodeCredentials = ({ anchor, chain }: Credentials): Uint8Array =>
  encode({ v: version, ...anchor, chain })

export function decodeCredentials(bytes: Uint8Array): ReadResult<Credentials> {
  const decoded = decode(bytes, { bytesMax: 3 * limits.certificateBytesMax })
  const body = decoded.ok ? read(readBody, decoded.value) : decoded
  if (!body.ok) return body
  const { clusterId, clusterKey, chain } = body.value
  return { ok: true, value: { anchor: { clusterId, clusterKey }, chain } }
}
