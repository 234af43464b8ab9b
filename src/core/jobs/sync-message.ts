// Anti-entropy: what a member asks another for, and the pages it gets. The asker pulls page after
// page, so memory is bounded by one page on both sides; it takes over the other's version vector only
// after the last one, because whatever that vector covers and no page held is dominated or collected.

import { readSeenVector, type SeenVector } from '../clock/version-vector.ts'
import { limits } from '../limits.ts'
import { readFacts, type Facts } from '../membership/member-message.ts'
import { decode, encode, type Cbor } from '../wire/cbor.ts'
import { readActor, readJobName } from '../wire/forms.ts'
import {
  bool,
  bytes,
  list,
  nullable,
  read,
  record,
  tuple,
  u53,
  variant,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'
import type { JobName } from '../ids.ts'

/** Place in the order of intents, by actor and sequence: the last one of the page before. */
export type Cursor = readonly [actor: string, seq: number]

export type SyncRequest =
  /** Definitions that `seen` lacks, after `cursor`. */
  | { readonly kind: 'intents'; readonly seen: SeenVector; readonly cursor: Cursor | null }
  /** Execution records that `seen` lacks. */
  | { readonly kind: 'records'; readonly seen: SeenVector }
  /** Signed facts about members; ours come with the question. */
  | { readonly kind: 'view'; readonly facts: Facts }

export type SyncResponse =
  | {
      readonly kind: 'intents'
      readonly intents: readonly Uint8Array[]
      readonly more: boolean
      /** The answerer's version vector. */
      readonly seen: SeenVector
      /** Job and the instant up to which all its ticks are decided. */
      readonly watermarks: readonly (readonly [JobName, number])[]
    }
  | { readonly kind: 'records'; readonly records: readonly Uint8Array[]; readonly more: boolean }
  | { readonly kind: 'view'; readonly facts: Facts }
  | { readonly kind: 'busy' }

const rowsMax = 16_384
const blobs = list(bytes({ max: limits.frameBytesMax }), { max: rowsMax })

const readRequest: Reader<SyncRequest> = variant('kind', {
  intents: record({ seen: readSeenVector, cursor: nullable(tuple(readActor, u53)) }),
  records: record({ seen: readSeenVector }),
  view: record({ facts: readFacts }),
})

const readResponse: Reader<SyncResponse> = variant('kind', {
  intents: record({
    intents: blobs,
    more: bool,
    seen: readSeenVector,
    watermarks: list(tuple(readJobName, u53), { max: rowsMax }),
  }),
  records: record({ records: blobs, more: bool }),
  view: record({ facts: readFacts }),
  busy: record({}),
})

export function encodeSync(message: SyncRequest | SyncResponse): Uint8Array {
  const fields = 'seen' in message ? { ...message, seen: message.seen.toCbor() } : message
  return encode(fields as unknown as Cbor)
}

export function decodeSyncRequest(frame: Uint8Array): ReadResult<SyncRequest> {
  const decoded = decode(frame, { bytesMax: limits.frameBytesMax })
  return decoded.ok ? read(readRequest, decoded.value) : decoded
}

export function decodeSyncResponse(frame: Uint8Array): ReadResult<SyncResponse> {
  const decoded = decode(frame, { bytesMax: limits.frameBytesMax })
  return decoded.ok ? read(readResponse, decoded.value) : decoded
}
