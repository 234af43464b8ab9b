// Execution records on the wire and in the store: signed by the member that says it.

import type { Author } from '../author.ts'
import { encodeHlc, readHlc } from '../clock/hybrid.ts'
import { limits } from '../limits.ts'
import { Openings } from '../trust/openings.ts'
import { isSignedBy, openSealed, type Sealed } from '../trust/envelope.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Cbor } from '../wire/cbor.ts'
import {
  checkActor,
  line,
  readActor,
  readExecution,
  readJobName,
  readMember,
  readSlot,
} from '../wire/forms.ts'
import {
  fail,
  hex,
  i32,
  bytes as binary,
  nullable,
  oneOf,
  optional,
  read,
  record,
  u16,
  u32,
  u53,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'
import { readOrder } from './order.ts'
import {
  notRunOutcomes,
  phases,
  ranOutcomes,
  type ExecutionRecord,
  type StoredRecord,
} from './record.ts'

const readRecord: Reader<ExecutionRecord> = record({
  execution: readExecution,
  job: readJobName,
  generation: u32,
  dueMs: u53,
  slot: readSlot,
  attempt: u16,
  phase: oneOf(...phases),
  executor: nullable(readMember),
  trigger: oneOf('schedule', 'dispatch', 'graph'),
  root: optional(readExecution),
  result: optional(binary({ max: limits.resultBytesMax })),
  why: oneOf('on-time', 'takeover', 'catch-up', 'dispatch', 'retry', 'queue'),
  rank: u16,
  claimedMs: nullable(u53),
  startedMs: nullable(u53),
  endedMs: nullable(u53),
  outcome: nullable(oneOf(...ranOutcomes, ...notRunOutcomes)),
  reason: line(255),
  exit: nullable(i32),
  nextAttemptAtMs: nullable(u53),
  fence: u53,
  outputBytes: u53,
  outputDropped: u53,
  throughMs: u53,
  count: u32,
  order: optional(readOrder),
  cutoffMs: optional(u53),
})

const readStamp = record({
  clusterId: hex(32),
  author: readMember,
  storeEpoch: hex(16),
  startId: hex(16),
  actor: readActor,
  seq: u53,
  hlc: readHlc,
})

/** Stamps and signs a record as this node. */
export function sealRecord(author: Author, fields: ExecutionRecord, nowMs: number): StoredRecord {
  const { member, clusterId, storeEpoch, startId } = author.identity
  const { actor, seq, hlc } = author.stamp(nowMs)
  const bytes = author.seal('record', {
    v: 1,
    clusterId,
    author: member,
    storeEpoch,
    startId,
    actor,
    seq,
    hlc: encodeHlc(hlc),
    ...(fields as unknown as Record<string, Cbor>),
  })
  return { record: fields, author: member, startId, actor, seq, hlc, bytes }
}

export interface OpenedRecord {
  readonly stored: StoredRecord
  readonly sealed: Sealed
}

const records = new Openings<OpenedRecord>()

/** Reads a record of this cluster; the signature is not checked here. */
export const openRecord = (clusterId: string, bytes: Uint8Array): ReadResult<OpenedRecord> =>
  records.open(clusterId, bytes, () => openRecordAnew(clusterId, bytes))

function openRecordAnew(clusterId: string, bytes: Uint8Array): ReadResult<OpenedRecord> {
  const sealed = openSealed('record', bytes, limits.execFrameBytesMax)
  if (!sealed.ok) return sealed
  const reader: Reader<StoredRecord> = (value) => {
    const stamp = readStamp(value)
    if (stamp.clusterId !== clusterId) fail('of another cluster')
    checkActor(stamp)
    const fields = readRecord(value)
    const { author, startId, actor, seq, hlc } = stamp
    checkSpeaker(fields, author)
    return { record: fields, author, startId, actor, seq, hlc, bytes }
  }
  const stored = read(reader, sealed.value.body)
  if (!stored.ok) return stored
  return { ok: true, value: { stored: stored.value, sealed: sealed.value } }
}

/** Only the executor tells about its run; others may say that it is lost. */
function checkSpeaker(fields: ExecutionRecord, author: string): void {
  const isAboutOther = fields.executor !== null && fields.executor !== author
  if (isAboutOther && fields.outcome !== 'lost' && fields.outcome !== 'unknown')
    fail('speaks for another executor')
  if ((fields.phase === 'ended') !== (fields.outcome !== null)) fail('end without outcome')
}

export const isRecordSigned = (crypto: Crypto, { stored, sealed }: OpenedRecord): boolean =>
  isSignedBy(crypto, stored.author, sealed)
