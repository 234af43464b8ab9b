// The four messages of an enrolment, in the order in which they are said:
//
//   enroller → joiner   offer    the cluster's key, the enroller's certificate, a nonce
//   joiner → enroller   apply    who wants to join, a nonce, a MAC made with the invite's secret
//   enroller → joiner   answer   welcome (certificate and network key, under a MAC), wait, or no
//
// The secret itself is never said. Both MACs bind the cluster, both members, both nonces and what is
// said, so that nothing of one dialog serves in another.

import type { MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { decode, encode, type Cbor } from '../wire/cbor.ts'
import { line, readMember, readTexts } from '../wire/forms.ts'
import {
  bytes,
  hex,
  list,
  read,
  record,
  u8,
  variant,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'
import type { Crypto } from './crypto.ts'
import { inviteIdBytes } from './join-token.ts'
import { macOf } from './mac.ts'

export const enrolVersion = 1
export const nonceBytes = 16

export interface Offer {
  readonly v: number
  readonly clusterId: string
  /** The public cluster key, as the id of the member that would hold it. */
  readonly clusterKey: MemberId
  /** The enroller's, signed by the cluster key as every admin's is. */
  readonly certificate: Uint8Array
  readonly nonce: Uint8Array
}

/** What a joiner wants to have certified. */
export interface JoinRequest {
  readonly member: MemberId
  /** Label for people. */
  readonly name: string
  readonly encryptionKey: Uint8Array
  readonly tags: Readonly<Record<string, string>>
}

export interface Application {
  readonly v: number
  readonly invite: Uint8Array
  /** A {@link JoinRequest}, encoded. */
  readonly request: Uint8Array
  readonly nonce: Uint8Array
  readonly mac: Uint8Array
}

/** What a joiner is given. */
export interface Welcome {
  /** Its certificate and, where an admin signed it, that admin's. */
  readonly chain: readonly Uint8Array[]
  readonly networkKey: Uint8Array
  /** Members to dial, with their ids. */
  readonly peers: readonly string[]
}

export type Answer =
  | { readonly kind: 'welcome'; readonly body: Uint8Array; readonly mac: Uint8Array }
  /** Somebody has to accept it first; ask again. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'no'; readonly reason: string }

const certificate = bytes({ max: limits.certificateBytesMax })

const readOffer: Reader<Offer> = record({
  v: u8,
  clusterId: hex(32),
  clusterKey: readMember,
  certificate,
  nonce: bytes(nonceBytes),
})
const readRequest: Reader<JoinRequest> = record({
  member: readMember,
  name: line(63),
  encryptionKey: bytes(32),
  tags: readTexts,
})
const readApplication: Reader<Application> = record({
  v: u8,
  invite: bytes(inviteIdBytes),
  request: bytes({ max: limits.enrolBytesMax }),
  nonce: bytes(nonceBytes),
  mac: bytes(32),
})
const readWelcome: Reader<Welcome> = record({
  chain: list(certificate, { max: 2 }),
  networkKey: bytes(32),
  peers: list(line(2 * limits.addressBytesMax), { max: limits.enrolPeersMax }),
})
const readAnswer: Reader<Answer> = variant('kind', {
  welcome: record({ body: bytes({ max: limits.enrolBytesMax }), mac: bytes(32) }),
  wait: record({}),
  no: record({ reason: line(255) }),
})

export const encodeOffer = (offer: Offer): Uint8Array => write(offer)
export const encodeRequest = (request: JoinRequest): Uint8Array => write(request)
export const encodeApplication = (application: Application): Uint8Array => write(application)
export const encodeWelcome = (welcome: Welcome): Uint8Array => write(welcome)
export const encodeAnswer = (answer: Answer): Uint8Array => write(answer)

const write = (value: object): Uint8Array => encode(value as { readonly [key: string]: Cbor })

export const decodeOffer = (frame: Uint8Array): ReadResult<Offer> => take(readOffer, frame)
export const decodeRequest = (frame: Uint8Array): ReadResult<JoinRequest> =>
  take(readRequest, frame)
export const decodeApplication = (frame: Uint8Array): ReadResult<Application> =>
  take(readApplication, frame)
export const decodeWelcome = (frame: Uint8Array): ReadResult<Welcome> => take(readWelcome, frame)
export const decodeAnswer = (frame: Uint8Array): ReadResult<Answer> => take(readAnswer, frame)

function take<T>(reader: Reader<T>, frame: Uint8Array): ReadResult<T> {
  const decoded = decode(frame, { bytesMax: limits.enrolBytesMax })
  return decoded.ok ? read(reader, decoded.value) : decoded
}

/** What both sides know of one dialog. */
export interface Dialog {
  /** What the token names the cluster by. */
  readonly cluster: Uint8Array
  readonly enroller: MemberId
  readonly joiner: MemberId
  readonly enrollerNonce: Uint8Array
  readonly joinerNonce: Uint8Array
}

/** The MAC that one side of a dialog puts on what it says. */
export function dialogMac(
  crypto: Pick<Crypto, 'sha256'>,
  secret: Uint8Array,
  side: 'apply' | 'welcome',
  dialog: Dialog,
  said: Uint8Array,
): Uint8Array {
  const { cluster, enroller, joiner, enrollerNonce, joinerNonce } = dialog
  const label = `meshcron/enrol/1/${side}`
  const hash = crypto.sha256(said)
  return macOf(crypto, secret, [label, cluster, enroller, joiner, enrollerNonce, joinerNonce, hash])
}
