// A signed write of one job or one calendar: one dot, one signature, and for each field group that it writes the
// value and the context in which the author wrote it. One write is one intent, so its groups cannot
// be torn apart on the way.

import type { Author, Stamp } from '../author.ts'
import { encodeHlc, readHlc, type Hlc } from '../clock/hybrid.ts'
import { encodeContext, readContext, type Context } from '../clock/version-vector.ts'
import { calendarKey, calendarOfKey, type ActorId, type JobName, type MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { openSealed, sealedId, type Sealed } from '../trust/envelope.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Cbor } from '../wire/cbor.ts'
import { checkActor, readActor, readJobName, readMember } from '../wire/forms.ts'
import {
  anything,
  dictionary,
  fail,
  hex,
  oneOf,
  read,
  record,
  text,
  u8,
  u32,
  u53,
  type Reader,
  type ReadResult,
} from '../wire/read.ts'
import { groupNames, storedGroups, type GroupName, type Groups } from './definition.ts'
import { parseGroup } from './document.ts'

/** One group of a write. */
export interface GroupWrite<G extends GroupName = GroupName> {
  readonly value: Groups[G]
  /** What the author had seen of this group. */
  readonly context: Context
}

export type GroupWrites = { readonly [G in GroupName]?: GroupWrite<G> }

export interface Intent {
  /** First 16 bytes of the SHA-256 of the bytes, in hex. */
  readonly id: string
  readonly bytes: Uint8Array
  readonly author: MemberId
  readonly actor: ActorId
  readonly seq: number
  readonly hlc: Hlc
  readonly job: JobName
  readonly generation: number
  readonly groups: GroupWrites
  /** Lowest version of this program that may act upon it. */
  readonly minReader: number
}

/** What a write says, before it is stamped and signed. */
export interface IntentDraft {
  readonly job: JobName
  readonly generation: number
  readonly groups: GroupWrites
}

const minReader = 1

/** Signs a write. */
export function sealIntent(
  author: Author,
  crypto: Crypto,
  draft: IntentDraft,
  stamp: Stamp,
): Intent {
  const { member, clusterId, storeEpoch, startId } = author.identity
  const groups: Record<string, Cbor> = {}
  for (const name of storedGroups) {
    const group = draft.groups[name]
    if (group === undefined) continue
    groups[name] = {
      value: group.value as unknown as Cbor,
      context: encodeContext(group.context),
    }
  }
  const calendar = calendarOfKey(draft.job)
  const kind = calendar === undefined ? 'job' : 'calendar'
  const bytes = author.seal(kind, {
    v: 1,
    kind,
    clusterId,
    author: member,
    serial: 0,
    storeEpoch,
    startId,
    actor: stamp.actor,
    seq: stamp.seq,
    hlc: encodeHlc(stamp.hlc),
    minReader,
    job: calendar ?? draft.job,
    generation: draft.generation,
    groups,
  })
  const { seq, hlc } = stamp
  return {
    id: sealedId(crypto, bytes),
    bytes,
    author: member,
    actor: author.actor,
    seq,
    hlc,
    minReader,
    ...draft,
  }
}

const readBody = record({
  v: u8,
  kind: oneOf('job', 'calendar'),
  clusterId: hex(32),
  author: readMember,
  storeEpoch: hex(16),
  startId: hex(16),
  actor: readActor,
  seq: u53,
  hlc: readHlc,
  minReader: u8,
  job: readJobName,
  generation: u32,
  groups: dictionary(text({ max: 32 }), record({ value: anything, context: readContext }), {
    max: 32,
  }),
})

/** An intent as it came, with what is needed to check its signature. */
export interface OpenedIntent {
  readonly intent: Intent
  readonly sealed: Sealed
}

/** Reads an intent; its signature is not checked here. */
export function openIntent(
  crypto: Crypto,
  clusterId: string,
  bytes: Uint8Array,
): ReadResult<OpenedIntent> {
  const sealed = openSealed('job', bytes, limits.intentBytesMax)
  if (!sealed.ok) return sealed
  // what it says it is decides what its signature must be over
  let sealedKind: 'job' | 'calendar' = 'job'
  const reader: Reader<Intent> = (value) => {
    const body = readBody(value)
    if (body.clusterId !== clusterId) fail('of another cluster')
    checkActor(body)
    const { author, actor, seq, hlc, kind, generation } = body
    const job = kind === 'calendar' ? calendarKey(body.job) : body.job
    sealedKind = kind
    const groups = readGroups(kind, body.groups, body.minReader > minReader)
    const id = sealedId(crypto, bytes)
    return {
      id,
      bytes,
      author,
      actor,
      seq,
      hlc,
      job,
      generation,
      groups,
      minReader: body.minReader,
    }
  }
  const intent = read(reader, sealed.value.body)
  if (!intent.ok) return intent
  return {
    ok: true,
    value: { intent: intent.value, sealed: { ...sealed.value, kind: sealedKind } },
  }
}

/** Groups that this version knows; one from a newer version may hold values that it does not. */
function readGroups(
  kind: 'job' | 'calendar',
  written: ReadonlyMap<string, { readonly value: Cbor; readonly context: Context }>,
  isNewer: boolean,
): GroupWrites {
  const groups: Partial<Record<GroupName, GroupWrite>> = {}
  const names: readonly GroupName[] = kind === 'job' ? groupNames : ['life', 'calendar']
  for (const name of names) {
    const group = written.get(name)
    if (group === undefined) continue
    const value = parseGroup(name, group.value)
    if (value.ok) groups[name] = { value: value.value, context: group.context }
    else if (!isNewer) fail(`${name}: ${value.refusal.message}`)
  }
  return groups as GroupWrites
}
