// What a second member would say: its record, its heartbeats and its execution records.

import { Author } from '../../src/core/author.ts'
import { SeenVector } from '../../src/core/clock/version-vector.ts'
import { sealRecord } from '../../src/core/execution/record-codec.ts'
import type { ExecutionRecord } from '../../src/core/execution/record.ts'
import { executionId, jobName } from '../../src/core/ids.ts'
import { encodeHeartbeat } from '../../src/core/membership/heartbeat.ts'
import { encodeFacts } from '../../src/core/membership/member-message.ts'
import { sealNode, type NodeRecord } from '../../src/core/membership/node-record.ts'
import { encodeExecMessage } from '../../src/core/wire/exec-message.ts'
import { credentials, field, fakeCrypto, identityOf, startMs, type Fleet } from './fixture.ts'

const author = new Author(
  { crypto: fakeCrypto, seen: new SeenVector() },
  identityOf(field, '3'.repeat(16)),
)

/** Lets the fleet know `field`, alive and a candidate for long. */
export function introduce(fleet: Fleet, more: Partial<NodeRecord> = {}): void {
  const node = sealNode(author, {
    member: field,
    name: 'field',
    version: '0.1.0',
    incarnation: 1,
    storeEpoch: author.identity.storeEpoch,
    startId: author.identity.startId,
    addresses: ['/ip4/127.0.0.1/tcp/7181'],
    protoMin: 1,
    protoMax: 1,
    heartbeatMs: 400,
    silenceMs: 1_200,
    downAfterMs: 30_000,
    refreshMs: 60_000,
    eligibleFromMs: startMs - 60_000,
    leaveAtMs: null,
    readyFromMs: 0,
    attrs: {
      weight: 16,
      accepts: true,
      profiles: ['default'],
      executors: ['exec'],
      tags: {},
      roles: ['executor'],
      cordoned: false,
      facts: {},
    },
    attrsFromMs: 0,
    prevAttrs: null,
    engine: 'meshcron-1',
    timezoneData: '2026c',
    clock: { state: 'synced', offsetMs: 0, errorMs: 0 },
    neighbours: [],
    hlc: author.hlc.tick(fleet.nowMs),
    chain: credentials(field, {}).chain,
    formerChain: [],
    ...more,
  })
  const bytes = encodeFacts({ nodes: [node.bytes], reports: [] })
  fleet.step({ kind: 'gossip', id: 1, from: field, topic: 'member', bytes })
}

/** Opens a link to `field` and hears one heartbeat on it. */
export function connect(fleet: Fleet, catalogDigest: bigint): void {
  fleet.node.membership.linkUp(field)
  beat(fleet, catalogDigest, 1)
}

/** One heartbeat of `field`, in the view of the fleet and with this catalog. */
export function beat(fleet: Fleet, catalogDigest: bigint, seq: number): void {
  const bytes = encodeHeartbeat({
    incarnation: 1,
    seq,
    echoSeq: 0,
    monoMs: 0,
    wallMs: fleet.nowMs,
    echoMonoMs: 0,
    echoAgeMs: 0,
    catalogDigest,
    seenDigest: 0n,
    viewDigest: fleet.node.membership.viewDigest,
    lagMs: 0,
    load: 3,
  })
  fleet.step({ kind: 'message', from: field, channel: 'heartbeat', bytes })
}

/** `field` tells about an execution of its own. */
export function tell(fleet: Fleet, fields: Partial<ExecutionRecord> = {}): ExecutionRecord {
  const dueMs = fields.dueMs ?? startMs
  const record: ExecutionRecord = {
    execution: executionId(`hello@${dueMs}`),
    job: jobName('hello'),
    generation: 1,
    dueMs,
    slot: '0',
    attempt: 1,
    phase: 'ended',
    executor: field,
    trigger: 'schedule',
    why: 'on-time',
    rank: 0,
    claimedMs: dueMs,
    startedMs: dueMs + 1,
    endedMs: dueMs + 2,
    outcome: 'success',
    reason: '',
    exit: 0,
    nextAttemptAtMs: null,
    fence: 1,
    outputBytes: 0,
    outputDropped: 0,
    throughMs: dueMs,
    count: 1,
    ...fields,
  }
  const { bytes } = sealRecord(author, record, fleet.nowMs)
  const frame = encodeExecMessage({ kind: 'records', records: [bytes] })
  fleet.step({ kind: 'message', from: field, channel: 'exec', bytes: frame })
  return record
}
