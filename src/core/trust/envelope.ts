// Everything that one member says and another keeps is sealed: canonical bytes of the body, and the
// author's signature over them under the name of their kind, so that a signature of one kind never
// verifies as another. Sealed bytes are stored and passed on exactly as they came, whatever unknown
// fields they hold; their id is the hash of those bytes.

import type { MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { decode, encode, type Cbor } from '../wire/cbor.ts'
import { bytes as bytesOf, read, tuple, type ReadResult } from '../wire/read.ts'
import type { Crypto } from './crypto.ts'

export type SealedKind = 'job' | 'calendar' | 'node' | 'report' | 'record' | 'certificate' | 'told'

/** A sealed thing, opened but not yet verified. */
export interface Sealed {
  readonly kind: SealedKind
  readonly bytes: Uint8Array
  readonly body: Cbor
  readonly bodyBytes: Uint8Array
  readonly signature: Uint8Array
}

const text = new TextEncoder()
const prefixes: Readonly<Record<SealedKind, Uint8Array>> = {
  job: text.encode('meshcron/job/1\0'),
  calendar: text.encode('meshcron/calendar/1\0'),
  node: text.encode('meshcron/node/1\0'),
  report: text.encode('meshcron/report/1\0'),
  record: text.encode('meshcron/record/1\0'),
  certificate: text.encode('meshcron/certificate/1\0'),
  told: text.encode('meshcron/told/1\0'),
}

function signedBytes(kind: SealedKind, body: Uint8Array): Uint8Array {
  const prefix = prefixes[kind]
  const out = new Uint8Array(prefix.length + body.length)
  out.set(prefix)
  out.set(body, prefix.length)
  return out
}

/** Encodes and signs a body as this node. */
export function seal(crypto: Crypto, kind: SealedKind, body: Cbor): Uint8Array {
  const bodyBytes = encode(body)
  return encode([bodyBytes, crypto.sign(signedBytes(kind, bodyBytes))])
}

const readPair = tuple(bytesOf({ max: limits.intentBytesMax }), bytesOf(64))

/** Reads sealed bytes without checking the signature. */
export function openSealed(
  kind: SealedKind,
  bytes: Uint8Array,
  bytesMax: number,
): ReadResult<Sealed> {
  const outer = decode(bytes, { bytesMax })
  if (!outer.ok) return outer
  const pair = read(readPair, outer.value)
  if (!pair.ok) return pair
  const [bodyBytes, signature] = pair.value
  const body = decode(bodyBytes, { bytesMax })
  if (!body.ok) return body
  return { ok: true, value: { kind, bytes, body: body.value, bodyBytes, signature } }
}

/** Whether the author signed it. */
export function isSignedBy(
  crypto: Pick<Crypto, 'verify'>,
  author: MemberId,
  sealed: Sealed,
): boolean {
  return crypto.verify(author, signedBytes(sealed.kind, sealed.bodyBytes), sealed.signature)
}

/** Id of sealed bytes: the first 16 bytes of their SHA-256 in hex. */
export function sealedId(crypto: Crypto, bytes: Uint8Array): string {
  return hexOf(crypto.sha256(bytes).subarray(0, 16))
}

function hexOf(bytes: Uint8Array): string {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex
}
