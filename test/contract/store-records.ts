// Records for tests of the store: only what matters is named.

import type { ExecutionRecord, StoredRecord } from '../../src/core/execution/record.ts'
import { executionId, jobName, memberId } from '../../src/core/ids.ts'

export const actorA = 'aaaaaaaaaaaaaaaa'
export const actorB = 'bbbbbbbbbbbbbbbb'

const base: ExecutionRecord = {
  execution: executionId('a@1000'),
  job: jobName('a'),
  generation: 1,
  dueMs: 1_000,
  slot: '0',
  attempt: 1,
  phase: 'ended',
  executor: memberId('m1'),
  trigger: 'schedule',
  why: 'on-time',
  rank: 0,
  claimedMs: 1_000,
  startedMs: 1_001,
  endedMs: 1_002,
  outcome: 'success',
  reason: 'exit',
  exit: 0,
  nextAttemptAtMs: null,
  fence: 64_001,
  outputBytes: 12,
  outputDropped: 0,
  throughMs: 1_000,
  count: 1,
}

let seq = 0

export interface Stamp {
  readonly actor?: string
  readonly seq?: number
  readonly author?: string
  readonly bytes?: Uint8Array
}

/** A record of a tick of a job; the bytes say which one it is. */
export function stored(
  job: string,
  dueMs: number,
  fields: Partial<ExecutionRecord> = {},
  stamp: Stamp = {},
): StoredRecord {
  seq += 1
  const record: ExecutionRecord = {
    ...base,
    execution: executionId(`${job}@${dueMs}`),
    job: jobName(job),
    dueMs,
    throughMs: dueMs,
    ...fields,
  }
  const text = JSON.stringify([record.execution, record.slot, record.attempt, record.phase, seq])
  return {
    record,
    author: memberId(stamp.author ?? record.executor ?? 'm1'),
    startId: '1'.repeat(16),
    actor: stamp.actor ?? actorA,
    seq: stamp.seq ?? seq,
    hlc: { ms: dueMs, counter: 0 },
    bytes: stamp.bytes ?? new TextEncoder().encode(text),
  }
}

/** What did not run yet. */
export const claimed: Partial<ExecutionRecord> = {
  phase: 'claimed',
  startedMs: null,
  endedMs: null,
  outcome: null,
  exit: null,
  reason: '',
}

export const running: Partial<ExecutionRecord> = { ...claimed, phase: 'running', startedMs: 1_001 }

export const failed: Partial<ExecutionRecord> = { outcome: 'failure', exit: 1 }

/** A tick that did not run. */
export const missed: Partial<ExecutionRecord> = {
  attempt: 0,
  executor: null,
  claimedMs: null,
  startedMs: null,
  endedMs: null,
  exit: null,
  outcome: 'missed',
  reason: 'down',
}
