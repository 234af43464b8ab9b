// What an invite looks like on paper: `mc1:` and the base64 of one CBOR array. It names the cluster by
// the hash of its key and the enroller by its key, so that a joiner trusts nobody whom the token does
// not name; the secret in it proves to the enroller that the joiner was invited.

import { limits } from '../limits.ts'
import { ok, refuse, type Result } from '../result.ts'
import { fromBase64url, toBase64url } from '../wire/text-forms.ts'
import { decode, encode } from '../wire/cbor.ts'
import { bytes, fail, list, read, type Reader } from '../wire/read.ts'

export interface JoinToken {
  /** The first 16 bytes of the hash of the cluster key, as in the id of the cluster. */
  readonly cluster: Uint8Array
  /** Raw Ed25519 key of the node that enrols. */
  readonly enroller: Uint8Array
  readonly invite: Uint8Array
  readonly secret: Uint8Array
  /** From which the shield of the enrolment host is derived. */
  readonly enrolKey: Uint8Array
  /** Binary multiaddrs under which the enroller may be reached. */
  readonly addresses: readonly Uint8Array[]
}

export const inviteIdBytes = 8
export const secretBytes = 16

const prefix = 'mc1:'

const readFields = list(bytes({ max: 64 }), { max: 5 })
const sizes = [16, 32, inviteIdBytes, secretBytes, 16] as const
const readAddresses = list(bytes({ max: limits.addressBytesMax }), { max: limits.addressesMax })

const readToken: Reader<JoinToken> = (value) => {
  if (!Array.isArray(value) || value.length !== 6) fail('not a token')
  const fields = readFields(value.slice(0, 5))
  if (fields.some((field, i) => field.length !== sizes[i])) fail('a part has another size')
  const [cluster, enroller, invite, secret, enrolKey] = fields
  const addresses = readAddresses(value[5])
  if (addresses.length === 0) fail('no address')
  return {
    cluster: cluster!,
    enroller: enroller!,
    invite: invite!,
    secret: secret!,
    enrolKey: enrolKey!,
    addresses,
  }
}

/** The text of a token with those of its addresses that fit; undefined when none does. */
export function formatToken(token: JoinToken): string | undefined {
  const { cluster, enroller, invite, secret, enrolKey } = token
  const addresses: Uint8Array[] = []
  let fitting: string | undefined
  for (const address of token.addresses) {
    const parts = [cluster, enroller, invite, secret, enrolKey, [...addresses, address]]
    const text = prefix + toBase64url(encode(parts))
    if (text.length > limits.joinTokenCharsMax) continue
    addresses.push(address)
    fitting = text
  }
  return fitting
}

/** Reads a token as somebody pasted it. */
export function parseToken(text: string): Result<JoinToken> {
  const trimmed = text.trim()
  if (!trimmed.startsWith(prefix)) return badToken(`it does not begin with ${prefix}`)
  if (trimmed.length > limits.joinTokenCharsMax) return badToken('it is too long')
  const raw = fromBase64url(trimmed.slice(prefix.length))
  if (raw === undefined) return badToken('a character of it is wrong, or its end is missing')
  const decoded = decode(raw, { bytesMax: limits.joinTokenCharsMax })
  if (!decoded.ok) return badToken('a part of it is missing or changed')
  const token = read(readToken, decoded.value)
  return token.ok ? ok(token.value) : badToken(token.reason)
}

const badToken = (why: string): Result<never> =>
  refuse(
    'MC_BAD_TOKEN',
    `this is no join token: ${why}`,
    'copy the whole line that `meshcron invite` prints, beginning with mc1:',
  )
