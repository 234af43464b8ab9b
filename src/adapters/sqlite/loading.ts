// What the node gets at start.

import type { DurableSelf } from '../../core/effect.ts'
import type { Counts, Loaded } from '../../core/event.ts'
import { type JobName, jobName } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'
import type { Database, Row } from './database.ts'
import { fromRow, readColumns } from './history-row.ts'
import { readMeta } from './meta.ts'
import { isIntact } from './row-sum.ts'

/** Rows that are not what was written. */
export interface Damaged {
  readonly intents: readonly number[]
  readonly records: readonly number[]
  readonly watermarks: readonly string[]
  readonly members: readonly string[]
}

/** Everything that is loaded, checked. */
export function findDamage(database: Database): Damaged {
  const intents: number[] = []
  for (const row of database.prepare('SELECT rowid, * FROM intent').iterate()) {
    if (!isIntact(row['sum'], intentHead(row), row['bytes'])) intents.push(row['rowid'] as number)
  }
  const records = database
    .prepare(selectRecords)
    .all(limits.dispatchMemoryMs)
    .filter((row) => fromRow(row) === undefined)
  const watermarks = database
    .prepare('SELECT * FROM watermark')
    .all()
    .filter((row) => !isIntact(row['sum'], watermarkHead(row['job'], row['due'])))
  const members = database
    .prepare('SELECT * FROM member')
    .all()
    .filter((row) => !isIntact(row['sum'], row['member'] as string, row['bytes']))
  return {
    intents,
    records: records.map((row) => row['id'] as number),
    watermarks: watermarks.map((row) => row['job'] as string),
    members: members.map((row) => row['member'] as string),
  }
}

/** What stands beside the bytes of an intent under its sum. */
export const intentHead = (row: Row): string => `${String(row['id'])} ${String(row['job'])}`
/** What a watermark says. */
export const watermarkHead = (job: unknown, due: unknown): string => `${String(job)} ${String(due)}`

/** Open attempts, ticks after the watermark, dispatches of the last day, the newest of each job. */
const selectRecords = `
  WITH RECURSIVE jobs (job) AS (
    SELECT min(job) FROM record
    UNION ALL
    SELECT (SELECT min(job) FROM record WHERE job > jobs.job) FROM jobs WHERE jobs.job IS NOT NULL
  ),
  marks (job, due, newest) AS (
    SELECT job,
      coalesce((SELECT due FROM watermark WHERE watermark.job = jobs.job), -1),
      (SELECT max(due) FROM record WHERE record.job = jobs.job)
    FROM jobs WHERE job IS NOT NULL
  ),
  wanted (id) AS (
    SELECT id FROM record WHERE phase <> 'ended'
    UNION
    SELECT record.id FROM marks JOIN record ON record.job = marks.job AND record.due > marks.due
    UNION
    SELECT record.id FROM marks JOIN record ON record.job = marks.job AND record.through > marks.due
      WHERE record.count > 1
    UNION
    SELECT record.id FROM marks JOIN record ON record.job = marks.job AND record.due = marks.newest
    UNION
    SELECT id FROM record WHERE origin = 'dispatch'
      AND due > (SELECT max(due) FROM record) - ?1
  )
  SELECT ${readColumns} FROM record WHERE id IN (SELECT id FROM wanted) ORDER BY due, attempt, id`

/** What the store holds, once the damaged rows are gone. */
export function load(database: Database): Loaded {
  return {
    self: readSelf(database),
    seen: readMeta(database, 'seen'),
    intents: lazily(database, 'SELECT bytes FROM intent ORDER BY rowid', toBytes),
    records: database.prepare(selectRecords).all(limits.dispatchMemoryMs).map(toBytes),
    watermarks: lazily(database, 'SELECT job, due FROM watermark', toWatermark),
    members: lazily(database, 'SELECT bytes FROM member', toBytes),
    counts: count(database),
  }
}

const toBytes = (row: Row): Uint8Array => row['bytes'] as Uint8Array
const toWatermark = (row: Row): readonly [JobName, number] => [
  jobName(row['job'] as string),
  row['due'] as number,
]

/** Rows as they are asked for: a hundred thousand jobs at once would need their memory twice. */
function lazily<T>(database: Database, sql: string, convert: (row: Row) => T): Iterable<T> {
  return {
    *[Symbol.iterator]() {
      for (const row of database.prepare(sql).iterate()) yield convert(row)
    },
  }
}

function readSelf(database: Database): DurableSelf | undefined {
  const value = readMeta(database, 'self')
  return value === undefined
    ? undefined
    : (JSON.parse(Buffer.from(value).toString()) as DurableSelf)
}

/** Counted as the ledger counts while it runs. */
function count(database: Database): Counts {
  const row = database
    .prepare(
      `SELECT
         sum(executor IS NOT NULL AND phase <> 'queued') AS started,
         sum(executor IS NOT NULL AND phase <> 'queued' AND why = 'takeover') AS takeovers,
         sum(outcome = 'success') AS succeeded,
         sum(outcome IN ('failure', 'cancelled', 'lost')) AS failed,
         sum(iif(outcome IN ('missed', 'no-eligible-node'), count, 0)) AS missed,
         sum(iif(outcome IN ('skipped-overlap', 'paused', 'superseded'), count, 0)) AS skipped
       FROM record`,
    )
    .get()
  const duplicates = database
    .prepare(
      `SELECT count(*) AS duplicates FROM (
         SELECT 1 FROM record WHERE twin = 1 AND executor IS NOT NULL AND phase <> 'queued'
         GROUP BY execution, slot, attempt HAVING count(*) > 1)`,
    )
    .get()
  const number = (name: keyof Counts): number => Number(row?.[name] ?? 0)
  return {
    started: number('started'),
    succeeded: number('succeeded'),
    failed: number('failed'),
    takeovers: number('takeovers'),
    duplicates: Number(duplicates?.['duplicates'] ?? 0),
    missed: number('missed'),
    skipped: number('skipped'),
  }
}
