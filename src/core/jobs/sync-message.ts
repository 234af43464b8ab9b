// Anti-entropy: what a member asks another for, and the pages it gets. The asker pulls page after
// page, so memory is bounded by one page on both sides; it takes over the other's version vector only
// after the last one, because whatever that vector covers and no page held is dominated or collected.

import { readSeenVector, type Cursor, type SeenVector } from '../clock/version-vector.ts'
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

/** A job and the instant up to which all its ticks are decided. */
export type Watermark = readonly [job: JobName, dueMs: number]

export type SyncRequest =
  /** Definitions that `seen` lacks, after `cursor`. */
  | { readonly kind: 'intents'; readonly seen: SeenVector; readonly cursor: Cursor | null }
  /** Execution records that `seen` lacks, after `cursor`. */
  | { readonly kind: 'records'; readonly seen: SeenVector; readonly cursor: Cursor | null }
  /** Up to when the ticks of each job are decided, of jobs whose name comes after this one. */
  | { readonly kind: 'watermarks'; readonly after: JobName | null }
  /** Signed facts about members; ours come with the question. */
  | { readonly kind: 'view'; readonly facts: Facts }

export type SyncResponse =
  | {
      readonly kind: 'intents'
      readonly intents: readonly Uint8Array[]
      readonly more: boolean
      /** The answerer's version vector. */
      readonly seen: SeenVector
      /** Of the jobs of this page. */
      readonly watermarks: readonly Watermark[]
    }
  | {
      readonly kind: 'records'
      readonly records: readonly Uint8Array[]
      /** Where to go on; null on the last page. */
      readonly next: Cursor | null
    }
  | {
      readonly kind: 'watermarks'
      readonly watermarks: readonly Watermark[]
      /** Name after which to go on; null on the last page. */
      readonly next: JobName | null
    }
  | { readonly kind: 'view'; readonly facts: Facts }
  | { readonly kind: 'busy' }

const rowsMax = 16_384
const blobs = list(bytes({ max: limits.frameBytesMax }), { max: rowsMax })

const readCursor = nullable(tuple(readActor, u53))

const readRequest: Reader<SyncRequest> = variant('kind', {
  intents: record({ seen: readSeenVector, cursor: readCursor }),
  records: record({ seen: readSeenVector, cursor: readCursor }),
  watermarks: record({ after: nullable(readJobName) }),
  view: record({ facts: readFacts }),
})

const readResponse: Reader<SyncResponse> = variant('kind', {
  intents: record({
    intents: blobs,
    more: bool,
    seen: readSeenVector,
    watermarks: list(tuple(readJobName, u53), { max: rowsMax }),
  }),
  watermarks: record({
    watermarks: list(tuple(readJobName, u53), { max: rowsMax }),
    next: nullable(readJobName),
  }),
  records: record({ records: blobs, next: readCursor }),
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
