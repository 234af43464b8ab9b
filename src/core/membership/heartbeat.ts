// One fixed array per period and link: liveness, clocks and digests in about a hundred bytes.

import { fromBytes64, toBytes64 } from '../hash.ts'
import { decode, encode } from '../wire/cbor.ts'
import { limits } from '../limits.ts'
import {
  bytes,
  i53,
  read,
  tuple,
  u8,
  u16,
  u32,
  u53,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'

export interface Heartbeat {
  readonly incarnation: number
  /** From 1 on each link. */
  readonly seq: number
  /** Newest `seq` that the sender has heard from the receiver; 0: none. */
  readonly echoSeq: number
  readonly monoMs: number
  readonly wallMs: number
  /** `monoMs` of the echoed heartbeat, and how long ago it came. */
  readonly echoMonoMs: number
  readonly echoAgeMs: number
  /** Of all definitions, of everything seen, of the view: 8 bytes each. */
  readonly catalogDigest: bigint
  readonly seenDigest: bigint
  readonly viewDigest: bigint
  readonly lagMs: number
  /** Executions running. */
  readonly load: number
}

const digest: Reader<bigint> = (value) => fromBytes64(bytes(8)(value))

const readFields = tuple(u32, u32, u32, u53, i53, u53, u32, digest, digest, digest, u16, u8)

export function encodeHeartbeat(beat: Heartbeat): Uint8Array {
  return encode([
    beat.incarnation,
    beat.seq,
    beat.echoSeq,
    beat.monoMs,
    beat.wallMs,
    beat.echoMonoMs,
    beat.echoAgeMs,
    toBytes64(beat.catalogDigest),
    toBytes64(beat.seenDigest),
    toBytes64(beat.viewDigest),
    Math.min(0xffff, beat.lagMs),
    Math.min(0xff, beat.load),
  ])
}

export function decodeHeartbeat(frame: Uint8Array): ReadResult<Heartbeat> {
  const decoded = decode(frame, { bytesMax: limits.heartbeatBytesMax })
  if (!decoded.ok) return decoded
  const fields = read(readFields, decoded.value)
  if (!fields.ok) return fields
  const [incarnation, seq, echoSeq, monoMs, wallMs, echoMonoMs, echoAgeMs, ...rest] = fields.value
  const [catalogDigest, seenDigest, viewDigest, lagMs, load] = rest
  return {
    ok: true,
    value: {
      incarnation,
      seq,
      echoSeq,
      monoMs,
      wallMs,
      echoMonoMs,
      echoAgeMs,
      catalogDigest,
      seenDigest,
      viewDigest,
      lagMs,
      load,
    },
  }
}
