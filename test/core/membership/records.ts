// Node records for tests: only what matters is named.

import type { NodeRecord } from '../../../src/core/membership/node-record.ts'
import { roles } from '../../../src/core/trust/certificate.ts'
import { credentialsOf } from '../fleet/credentials.ts'
import { peerId } from '../fleet/crypto.ts'

export function nodeRecord(index: number, fields: Partial<NodeRecord> = {}): NodeRecord {
  return {
    member: peerId(index),
    name: `node-${index}`,
    version: '0.1.0',
    incarnation: 1,
    storeEpoch: '00000000000000ee',
    startId: '00000000000000ff',
    addresses: [],
    protoMin: 1,
    protoMax: 1,
    heartbeatMs: 400,
    silenceMs: 1_200,
    downAfterMs: 30_000,
    refreshMs: 60_000,
    eligibleFromMs: 1,
    leaveAtMs: null,
    readyFromMs: 1,
    attrs: {
      weight: 16,
      profiles: ['default'],
      accepts: true,
      executors: ['exec'],
      tags: {},
      roles,
      cordoned: false,
      facts: { arch: 'arm64' },
    },
    attrsFromMs: 0,
    prevAttrs: null,
    engine: 'croner 11',
    timezoneData: '2026a',
    clock: { state: 'synced', offsetMs: 0, errorMs: 0 },
    neighbours: [],
    hlc: { ms: 1, counter: 0 },
    chain: credentialsOf(peerId(index), {}).chain,
    formerChain: [],
    ...fields,
  }
}
