// The simulator stands on the twin: after any writes both answer the same.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMemoryStore } from '../../../src/adapters/memory/store.ts'
import { openStore } from '../../../src/adapters/sqlite/open-store.ts'
import { SeenVector } from '../../../src/core/clock/version-vector.ts'
import type { Write } from '../../../src/core/effect.ts'
import { jobName, memberId } from '../../../src/core/ids.ts'
import type { Store } from '../../../src/ports/store.ts'
import { claimed, failed, missed, running, stored } from '../../contract/store-records.ts'

const jobs = ['a', 'b'].map(jobName)
const day = 86_400_000

const record: fc.Arbitrary<Write> = fc
  .record({
    job: fc.constantFrom(...jobs),
    dueMs: fc.integer({ min: 0, max: 4 }).map((n) => (n * day) / 2),
    slot: fc.constantFrom('0', 'm1'),
    attempt: fc.integer({ min: 1, max: 2 }),
    executor: fc.constantFrom('m1', 'm2').map(memberId),
    claimedMs: fc.nat({ max: 9 }),
    kind: fc.constantFrom<object>(claimed, running, failed, {}, { outcome: 'lost' }, missed, {
      trigger: 'dispatch',
    }),
    count: fc.integer({ min: 1, max: 3 }),
    author: fc.constantFrom('m1', 'm2', 'm3'),
    actor: fc.constantFrom('a'.repeat(16), 'b'.repeat(16)),
  })
  .map(({ job, dueMs, kind, count, author, actor, ...fields }) => {
    const range = kind === missed ? { throughMs: dueMs + count - 1, count } : {}
    const record = { ...fields, ...kind, ...range }
    return { kind: 'record', stored: stored(job, dueMs, record, { author, actor }) }
  })

const others: fc.Arbitrary<Write> = fc.oneof(
  fc.record({
    kind: fc.constant('watermark' as const),
    job: fc.constantFrom(...jobs),
    dueMs: fc.integer({ min: 0, max: 2 * day }),
  }),
  fc.record({
    kind: fc.constant('intent' as const),
    id: fc.constantFrom('1', '2', '3'),
    job: fc.constantFrom(...jobs),
    bytes: fc.uint8Array(),
  }),
  fc.record({ kind: fc.constant('forgetIntent' as const), id: fc.constantFrom('1', '2') }),
)

function answers(store: Store, seen: SeenVector): unknown {
  const loaded = store.load()
  const all = (parts: Iterable<Uint8Array>): readonly string[] =>
    [...parts].map((bytes) => Buffer.from(bytes).toString('hex'))
  const states = [undefined, 'running', 'success', 'failure', 'ended', 'missed']
  const lists = states.flatMap((state) =>
    [undefined, 'a'].map((job) => {
      const query = {
        limit: 3,
        ...(state === undefined ? {} : { state }),
        ...(job === undefined ? {} : { job }),
      }
      const first = store.executions(query)
      const { cursor } = first
      return [first, cursor === undefined ? [] : store.executions({ ...query, cursor })]
    }),
  )
  return {
    intents: all(loaded.intents),
    records: all(loaded.records),
    watermarks: Object.fromEntries(loaded.watermarks),
    counts: loaded.counts,
    lists,
    attempts: jobs.map((job) => store.attempts(`${job}@${day}`)),
    after: all(store.recordsAfter({ seen, cursor: null }, 300).records),
  }
}

test('after any writes the SQLite store and its twin answer the same', () => {
  const commits = fc.array(
    fc.array(fc.oneof({ weight: 4, arbitrary: record }, others), { maxLength: 5 }),
    {
      maxLength: 12,
    },
  )
  fc.assert(
    fc.property(commits, (commits) => {
      const dir = mkdtempSync(join(tmpdir(), 'meshcron-twin-'))
      const sqlite = openStore(dir)
      const twin = createMemoryStore({ epoch: sqlite.epoch })
      try {
        const seen = new SeenVector()
        for (const [i, writes] of commits.entries()) {
          for (const store of [sqlite, twin]) store.commit(writes, 'normal')
          const first = writes.find((write) => write.kind === 'record')
          if (i % 2 === 0 && first !== undefined) seen.add(first.stored)
        }
        assert.deepEqual(answers(sqlite, seen), answers(twin, seen))
      } finally {
        sqlite.close()
        rmSync(dir, { recursive: true })
      }
    }),
    { numRuns: Number(process.env['MESHCRON_TWIN_RUNS'] ?? 60) },
  )
})
