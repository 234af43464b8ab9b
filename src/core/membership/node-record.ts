// What a member says about itself: signed by its key, replaced by a later one of a higher incarnation
// or hybrid clock.

import type { Author } from '../author.ts'
import { compareHlc, encodeHlc, readHlc, type Hlc } from '../clock/hybrid.ts'
import type { MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { openCertificate, type Certificate, type Chain, type Role } from '../trust/certificate.ts'
import { readChain } from '../trust/credentials.ts'
import { Openings } from '../trust/openings.ts'
import { isSignedBy, openSealed, type Sealed } from '../trust/envelope.ts'
import type { Fact, Facts } from '../placement/where.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Cbor } from '../wire/cbor.ts'
import { line, readMember } from '../wire/forms.ts'
import {
  bool,
  dictionary,
  fail,
  hex,
  i32,
  i53,
  integer,
  list,
  nullable,
  oneOf,
  optional,
  read,
  record,
  text,
  u8,
  u32,
  u53,
  withDefault,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'

export type ClockStateName = 'synced' | 'drifting' | 'skewed' | 'unsynced' | 'disputed' | 'alone'

/** What placement looks at; a change acts from an announced instant. */
export interface Attrs {
  /** Share of work in sixteenths. */
  readonly weight: number
  readonly accepts: boolean
  /** `exec`, `shell`, `http`, `mqtt`, and `plugin:NAME` for each plugin. */
  readonly executors: readonly string[]
  /** Names of the profiles of its owner's policy. */
  readonly profiles: readonly string[]
  /** Of the member's certificate, as are its roles: what it says itself of them counts for nothing. */
  readonly tags: Readonly<Record<string, string>>
  readonly roles: readonly Role[]
  /** It takes nothing new, on an operator's word. */
  readonly cordoned: boolean
  /** What it tells of itself, for jobs that ask. */
  readonly facts: Facts
}

export interface NodeRecord {
  readonly member: MemberId
  /** Label for people; not unique. */
  readonly name: string
  readonly version: string
  readonly incarnation: number
  readonly storeEpoch: string
  readonly startId: string
  readonly addresses: readonly string[]
  readonly protoMin: number
  readonly protoMax: number
  readonly heartbeatMs: number
  readonly silenceMs: number
  readonly downAfterMs: number
  readonly refreshMs: number
  /** From when it is a candidate, cluster time; 0: not yet. */
  readonly eligibleFromMs: number
  readonly leaveAtMs: number | null
  /** Since when it has been awake and ready without a break, cluster time; 0: it is not. */
  readonly readyFromMs: number
  readonly attrs: Attrs
  readonly attrsFromMs: number
  readonly prevAttrs: Attrs | null
  /** Version of the scheduler, and of the time zone data. */
  readonly engine: string
  readonly timezoneData: string
  readonly clock: {
    readonly state: ClockStateName
    readonly offsetMs: number
    readonly errorMs: number
  }
  /** Members to which it has a link: its observers. */
  readonly neighbours: readonly MemberId[]
  /** Through which it can tell people something; absent: through none. */
  readonly channels?: readonly string[]
  readonly hlc: Hlc
  /** Of its certificate. */
  readonly chain: Chain
  /** Of the one before, while `prevAttrs` are in force; else empty. */
  readonly formerChain: Chain
}

/** A record with the bytes that others are to get. */
export interface SealedNode {
  readonly record: NodeRecord
  readonly bytes: Uint8Array
}

const readFact: Reader<Fact> = (value) =>
  typeof value === 'boolean' ? value : typeof value === 'number' ? i53(value) : line(255)(value)

const readFacts: Reader<Facts> = (value) =>
  Object.fromEntries(dictionary(line(63), readFact, { max: limits.factsMax })(value))

type ToldAttrs = Omit<Attrs, 'tags' | 'roles'>

const readAttrs: Reader<ToldAttrs> = record({
  weight: integer(1, 1024),
  accepts: bool,
  executors: list(text({ max: 64, form: /^[a-z]+(:[a-z0-9-]+)?$/ }), {
    max: limits.executorsMax,
  }),
  profiles: withDefault(
    list(text({ max: 40, form: /^[a-z][a-z0-9-]*$/ }), { max: limits.profilesMax }),
    ['default'],
  ),
  cordoned: withDefault(bool, false),
  facts: withDefault(readFacts, {}),
})

type ToldRecord = Omit<NodeRecord, 'attrs' | 'prevAttrs'> & {
  readonly attrs: ToldAttrs
  readonly prevAttrs: ToldAttrs | null
}

const readRecord: Reader<ToldRecord> = record({
  member: readMember,
  name: line(63),
  version: line(32),
  incarnation: u32,
  storeEpoch: hex(16),
  startId: hex(16),
  addresses: list(line(limits.addressBytesMax), { max: limits.addressesMax }),
  protoMin: u8,
  protoMax: u8,
  heartbeatMs: u32,
  silenceMs: u32,
  downAfterMs: u32,
  refreshMs: u32,
  eligibleFromMs: u53,
  leaveAtMs: nullable(u53),
  readyFromMs: u53,
  attrs: readAttrs,
  attrsFromMs: u53,
  prevAttrs: nullable(readAttrs),
  engine: line(64),
  timezoneData: line(16),
  clock: record({
    state: oneOf('synced', 'drifting', 'skewed', 'unsynced', 'disputed', 'alone'),
    offsetMs: i32,
    errorMs: u32,
  }),
  neighbours: list(readMember, { max: limits.neighboursMax }),
  channels: optional(list(line(63), { max: limits.channelsMax })),
  hlc: readHlc,
  chain: withDefault(readChain, []),
  formerChain: withDefault(readChain, []),
})

/** Signs a record as its member. */
export function sealNode(author: Author, node: NodeRecord): SealedNode {
  const { hlc, attrs, prevAttrs, formerChain, ...fields } = node
  const bytes = author.seal('node', {
    v: 1,
    clusterId: author.identity.clusterId,
    ...(fields as unknown as Record<string, Cbor>),
    attrs: told(attrs),
    prevAttrs: prevAttrs && told(prevAttrs),
    ...(formerChain.length > 0 && { formerChain }),
    hlc: encodeHlc(hlc),
  })
  return { record: node, bytes }
}

/** What the certificate says is not said again. */
function told({ tags: _tags, roles: _roles, ...attrs }: Attrs): Cbor {
  return attrs
}

/** A record as it came, not yet verified. */
export interface OpenedNode extends SealedNode {
  readonly sealed: Sealed
}

const nodes = new Openings<OpenedNode>()

/** Reads a record of this cluster; the signature is not checked here. */
export const openNode = (clusterId: string, bytes: Uint8Array): ReadResult<OpenedNode> =>
  nodes.open(clusterId, bytes, () => openNodeAnew(clusterId, bytes))

function openNodeAnew(clusterId: string, bytes: Uint8Array): ReadResult<OpenedNode> {
  const sealed = openSealed('node', bytes, limits.nodeRecordBytesMax)
  if (!sealed.ok) return sealed
  const reader: Reader<NodeRecord> = (value) => {
    if (record({ clusterId: hex(32) })(value).clusterId !== clusterId) fail('of another cluster')
    return withCertificates(clusterId, readRecord(value))
  }
  const node = read(reader, sealed.value.body)
  if (!node.ok) return node
  return { ok: true, value: { record: node.value, bytes, sealed: sealed.value } }
}

/** Puts in what the certificates say; that they count is checked later. */
function withCertificates(clusterId: string, told: ToldRecord): NodeRecord {
  const { chain, formerChain, attrs, prevAttrs } = told
  const now = certificateOf(clusterId, told, chain)
  const isFormer = formerChain.length > 0
  const before = isFormer ? certificateOf(clusterId, told, formerChain) : now
  // else a member could hold on for ever to tags that were taken from it
  const isLate = told.attrsFromMs > now.notBefore + limits.formerTagsMs
  if (isFormer && (isLate || compareHlc(before.serial, now.serial) >= 0)) {
    fail('formerChain: not the one before')
  }
  return {
    ...told,
    attrs: { ...attrs, tags: now.tags, roles: now.roles },
    prevAttrs: prevAttrs && { ...prevAttrs, tags: before.tags, roles: before.roles },
  }
}

function certificateOf(clusterId: string, { member }: ToldRecord, chain: Chain): Certificate {
  const [bytes] = chain
  if (bytes === undefined) fail('no certificate')
  const opened = openCertificate(clusterId, bytes)
  if (!opened.ok) fail(`certificate: ${opened.reason}`)
  const { certificate } = opened.value
  if (certificate.peerId !== member) fail('the certificate of another member')
  return certificate
}

/** The certificate of a record, which was opened with it. */
export function certificateIn(clusterId: string, record: NodeRecord): Certificate {
  return certificateOf(clusterId, record, record.chain)
}

export const isSignedByMember = (crypto: Crypto, opened: OpenedNode): boolean =>
  isSignedBy(crypto, opened.record.member, opened.sealed)

/** Whether `a` replaces `b`. */
export function isNewerRecord(a: NodeRecord, b: NodeRecord): boolean {
  if (a.incarnation !== b.incarnation) return a.incarnation > b.incarnation
  return compareHlc(a.hlc, b.hlc) > 0
}
