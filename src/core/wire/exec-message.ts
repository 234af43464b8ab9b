// What members tell and ask each other about one attempt, on the `exec` stream. A frame holds one message.

import type { AttemptId, MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { decode, encode, type Cbor } from './cbor.ts'
import { line, readMember } from './forms.ts'
import {
  bool,
  bytes,
  hex,
  list,
  oneOf,
  optional,
  read,
  record,
  text,
  u32,
  variant,
  type Reader,
  type ReadResult,
} from './read.ts'

/** What a member says when it is asked about an attempt that it has no record of. */
export type ProbeAnswer =
  /** It is a candidate and would start it, in so many milliseconds. */
  | { readonly kind: 'willing'; readonly inMs: number }
  | { readonly kind: 'declined'; readonly reason: string }
  /** No record and no candidate. */
  | { readonly kind: 'none' }
  /** It does not know the job or the dispatch. */
  | { readonly kind: 'unknown' }
  /** Only from an observer: it got no answer. */
  | { readonly kind: 'silent' }

export interface RelayedAnswer {
  readonly target: MemberId
  readonly answer: ProbeAnswer
}

export type ExecMessage =
  | { readonly kind: 'records'; readonly records: readonly Uint8Array[] }
  | { readonly kind: 'intents'; readonly intents: readonly Uint8Array[] }
  | { readonly kind: 'probe'; readonly attempt: AttemptId }
  | { readonly kind: 'answer'; readonly attempt: AttemptId; readonly answer: ProbeAnswer }
  /** Ask these for me. */
  | { readonly kind: 'relay'; readonly attempt: AttemptId; readonly targets: readonly MemberId[] }
  | {
      readonly kind: 'relayed'
      readonly attempt: AttemptId
      readonly answers: readonly RelayedAnswer[]
    }
  /** Start it now; passed on when `to` is another. */
  | { readonly kind: 'nudge'; readonly attempt: AttemptId; readonly to: MemberId }
  | { readonly kind: 'decline'; readonly attempt: AttemptId; readonly reason: string }
  /** Stop it, on an operator's word or because another execution takes its place. */
  | {
      readonly kind: 'cancel'
      readonly attempt: AttemptId
      readonly reason?: 'overlap'
      readonly isKill?: boolean
    }
  /** These messages to people were sent. */
  | { readonly kind: 'told'; readonly facts: readonly Uint8Array[] }
  /** Were these sent? */
  | { readonly kind: 'askTold'; readonly ids: readonly string[] }
  /** Take nothing new, or again, on an operator's word. */
  | { readonly kind: 'cordon'; readonly isCordoned: boolean }

const attempt = text({
  max: 256,
  form: /^[a-z0-9_.:@~+-]+\.[0-9A-Za-z]+\.\d+$/,
}) as Reader<AttemptId>
const blobs = list(bytes({ max: limits.execFrameBytesMax }), { max: 256 })

const readAnswer: Reader<ProbeAnswer> = variant('kind', {
  willing: record({ inMs: u32 }),
  declined: record({ reason: line(255) }),
  none: record({}),
  unknown: record({}),
  silent: record({}),
})

const readMessage: Reader<ExecMessage> = variant('kind', {
  records: record({ records: blobs }),
  intents: record({ intents: blobs }),
  probe: record({ attempt }),
  answer: record({ attempt, answer: readAnswer }),
  relay: record({ attempt, targets: list(readMember, { max: limits.probeTargetsMax }) }),
  relayed: record({
    attempt,
    answers: list(record({ target: readMember, answer: readAnswer }), {
      max: limits.probeTargetsMax,
    }),
  }),
  nudge: record({ attempt, to: readMember }),
  decline: record({ attempt, reason: line(255) }),
  cancel: record({ attempt, reason: optional(oneOf('overlap')), isKill: optional(bool) }),
  told: record({
    facts: list(bytes({ max: limits.toldBytesMax }), { max: limits.digestNoticesMax }),
  }),
  askTold: record({ ids: list(hex(16), { max: limits.digestNoticesMax }) }),
  cordon: record({ isCordoned: bool }),
})

export const encodeExecMessage = (message: ExecMessage): Uint8Array =>
  encode(message as unknown as Cbor)

export function decodeExecMessage(frame: Uint8Array): ReadResult<ExecMessage> {
  const decoded = decode(frame, { bytesMax: limits.execFrameBytesMax })
  return decoded.ok ? read(readMessage, decoded.value) : decoded
}

/** Splits blobs into frames that stay below the bound. */
export function* inFrames(items: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  const room = limits.execFrameBytesMax - 256
  let frame: Uint8Array[] = []
  let size = 0
  for (const item of items) {
    if (size + item.length + 8 > room && frame.length > 0) {
      yield frame
      frame = []
      size = 0
    }
    frame.push(item)
    size += item.length + 8
  }
  if (frame.length > 0) yield frame
}
