// Asking another member for the output of an attempt that it holds, on the `out` stream.

import type { AttemptId } from '../ids.ts'
import { limits } from '../limits.ts'
import { decode, encode, type Cbor } from './cbor.ts'
import {
  bool,
  bytes,
  integer,
  read,
  record,
  text,
  u53,
  variant,
  type Reader,
  type ReadResult,
} from './read.ts'

/** Longest wait for new output that a member grants. */
export const outputWaitMaxMs = 25_000

export interface OutputRequest {
  readonly attempt: AttemptId
  readonly offset: number
  readonly bytesMax: number
  /** How long to wait when there is nothing at `offset`. */
  readonly waitMs: number
}

/** A page of output; the fields mean what they mean at the executor's port. */
export type OutputResponse =
  | {
      readonly kind: 'page'
      readonly offset: number
      readonly bytes: Uint8Array
      readonly total: number
      readonly dropped: number
      readonly ended: boolean
    }
  /** The member has no output of that attempt. */
  | { readonly kind: 'unknown' }

const readRequest: Reader<OutputRequest> = record({
  attempt: text({ max: 256, form: /^[a-z0-9_.:@~+-]+\.[0-9A-Za-z]+\.\d+$/ }) as Reader<AttemptId>,
  offset: u53,
  bytesMax: integer(1, limits.pageBytesMax),
  waitMs: integer(0, outputWaitMaxMs),
})

const readResponse: Reader<OutputResponse> = variant('kind', {
  page: record({
    offset: u53,
    bytes: bytes({ max: limits.pageBytesMax }),
    total: u53,
    dropped: u53,
    ended: bool,
  }),
  unknown: record({}),
})

export const encodeOutputRequest = (request: OutputRequest): Uint8Array =>
  encode(request as unknown as Cbor)

export function decodeOutputRequest(frame: Uint8Array): ReadResult<OutputRequest> {
  const decoded = decode(frame, { bytesMax: limits.frameBytesMax })
  return decoded.ok ? read(readRequest, decoded.value) : decoded
}

export const encodeOutputResponse = (response: OutputResponse): Uint8Array => encode(response)

export function decodeOutputResponse(frame: Uint8Array): ReadResult<OutputResponse> {
  const decoded = decode(frame, { bytesMax: limits.frameBytesMax })
  return decoded.ok ? read(readResponse, decoded.value) : decoded
}
