// Gossip of topic `member`, the exchange of whole views, and the hello that comes before everything.

import { limits } from '../limits.ts'
import { decode, encode } from '../wire/cbor.ts'
import { line } from '../wire/forms.ts'
import {
  bytes,
  hex,
  list,
  read,
  record,
  u8,
  u32,
  variant,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'

/** Signed facts about members. */
export interface Facts {
  readonly nodes: readonly Uint8Array[]
  readonly reports: readonly Uint8Array[]
}

const blobs = list(bytes({ max: limits.nodeRecordBytesMax }), {
  max: limits.membersMax * (limits.reportsMax + 1),
})

export const readFacts: Reader<Facts> = record({ nodes: blobs, reports: blobs })

export const encodeFacts = (facts: Facts): Uint8Array =>
  encode({ nodes: facts.nodes, reports: facts.reports })

export function decodeFacts(frame: Uint8Array): ReadResult<Facts> {
  const decoded = decode(frame, { bytesMax: limits.frameBytesMax })
  return decoded.ok ? read(readFacts, decoded.value) : decoded
}

/** The first words on a link; the answer is a hello too, or a refusal. */
export type Hello =
  | {
      readonly kind: 'hello'
      readonly clusterId: string
      readonly protoMin: number
      readonly protoMax: number
      readonly node: Uint8Array
      /** Incarnation of the receiver that the sender believes in; 0: unknown. */
      readonly yourIncarnation: number
    }
  | {
      readonly kind: 'refused'
      readonly reason: string
      readonly protoMin: number
      readonly protoMax: number
    }
  /** It cannot store what it would have to say. */
  | { readonly kind: 'busy' }

/** Versions of the protocols that this program speaks. */
export const protocols = { min: 1, max: 1 } as const

const readHello: Reader<Hello> = variant('kind', {
  hello: record({
    clusterId: hex(32),
    protoMin: u8,
    protoMax: u8,
    node: bytes({ max: limits.nodeRecordBytesMax }),
    yourIncarnation: u32,
  }),
  refused: record({ reason: line(255), protoMin: u8, protoMax: u8 }),
  busy: record({}),
})

export const encodeHello = (hello: Hello): Uint8Array => encode(hello)

export function decodeHello(frame: Uint8Array): ReadResult<Hello> {
  const decoded = decode(frame, { bytesMax: limits.helloBytesMax })
  return decoded.ok ? read(readHello, decoded.value) : decoded
}
