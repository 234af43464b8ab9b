// What the node gets at start.

import type { DurableSelf } from '../../core/effect.ts'
import type { Counts, Loaded } from '../../core/event.ts'
import type { Tally } from '../../core/execution/tally.ts'
import { jobName } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'
import type { Database, Row } from './database.ts'
import { fromRow, readColumns } from './history-row.ts'
import { readMeta } from './meta.ts'
import { isIntact } from './row-sum.ts'

/** Rows that are not what was written, and by what they are found. */
export interface Damaged {
  readonly intents: readonly number[]
  readonly records: readonly number[]
  readonly watermarks: readonly string[]
  readonly members: readonly string[]
  readonly registers: readonly string[]
  readonly notices: readonly string[]
}

/** What stands beside the bytes of an intent under its sum. */
export const intentHead = (id: unknown, job: unknown): string => `${String(id)} ${String(job)}`
/** What a watermark says. */
export const watermarkHead = (job: unknown, due: unknown): string => `${String(job)} ${String(due)}`

/**
 * Everything that a start needs, each row checked. The bytes are held, not read again as they are
 * asked for: the node keeps them anyway, and reading twice would double the time to start. Of a
 * suspect database all history is checked, not only what is loaded.
 */
export function load(
  database: Database,
  isSuspect: boolean,
): { readonly loaded: Loaded; readonly damaged: Damaged } {
  const intents = sift(
    database.scan('SELECT sum, bytes, id, job, rowid FROM intent ORDER BY rowid'),
    ([sum, bytes, id, job]) => isIntact(sum, intentHead(id, job), bytes),
  )
  const members = sift(
    database.scan('SELECT sum, bytes, member FROM member'),
    ([sum, bytes, member]) => isIntact(sum, String(member), bytes),
  )
  const registers = sift(
    database.scan('SELECT sum, bytes, key FROM register'),
    ([sum, bytes, key]) => isIntact(sum, String(key), bytes),
  )
  const notices = sift(database.scan('SELECT sum, bytes, key FROM notice'), ([sum, bytes, key]) =>
    isIntact(sum, String(key), bytes),
  )
  const watermarks = sift(database.scan('SELECT sum, job, due FROM watermark'), ([sum, job, due]) =>
    isIntact(sum, watermarkHead(job, due)),
  )
  const records = sift(
    database.prepare(selectRecords).all(limits.dispatchMemoryMs),
    (row) => fromRow(row) !== undefined,
  )
  const unfit = isSuspect ? findUnfit(database) : records.damaged
  return {
    loaded: {
      self: readSelf(database),
      seen: readMeta(database, 'seen'),
      intents: intents.whole.map(([, bytes]) => bytes as Uint8Array),
      records: records.whole.map((row) => row['bytes'] as Uint8Array),
      watermarks: watermarks.whole.map(([, job, due]) => [jobName(job as string), due as number]),
      members: members.whole.map(([, bytes]) => bytes as Uint8Array),
      registers: registers.whole.map(([, bytes, key]) => [key as string, bytes as Uint8Array]),
      counts: count(database),
      tallies: readTallies(database),
      notices: notices.whole.map(([, bytes, key]) => [key as string, bytes as Uint8Array]),
    },
    damaged: {
      intents: intents.damaged.map((row) => row[4] as number),
      records: unfit.map((row) => row['id'] as number),
      watermarks: watermarks.damaged.map((row) => row[1] as string),
      members: members.damaged.map((row) => row[2] as string),
      registers: registers.damaged.map((row) => row[2] as string),
      notices: notices.damaged.map((row) => row[2] as string),
    },
  }
}

const findUnfit = (database: Database): readonly Row[] =>
  [...database.prepare(`SELECT ${readColumns} FROM record NOT INDEXED`).iterate()].filter(
    (row) => fromRow(row) === undefined,
  )

function sift<T>(
  rows: Iterable<T>,
  isWhole: (row: T) => boolean,
): { readonly whole: readonly T[]; readonly damaged: readonly T[] } {
  const whole: T[] = []
  const damaged: T[] = []
  for (const row of rows) (isWhole(row) ? whole : damaged).push(row)
  return { whole, damaged }
}

/**
 * Open attempts, ticks after the watermark, dispatches of the last day, the newest of each job; of graphs,
 * whose executions have the T of their root, the children of all these, and what ended beside an open one.
 */
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
    SELECT id FROM record WHERE phase <> 'ended' AND (phase <> 'queued' OR head = 1)
    UNION
    SELECT record.id FROM marks JOIN record ON record.job = marks.job AND record.due > marks.due
      WHERE origin <> 'graph'
    UNION
    SELECT record.id FROM marks JOIN record ON record.job = marks.job AND record.through > marks.due
      WHERE record.count > 1
    UNION
    SELECT record.id FROM marks JOIN record ON record.job = marks.job AND record.due = marks.newest
    UNION
    SELECT id FROM record WHERE origin = 'dispatch'
      AND due > (SELECT max(due) FROM record) - ?1
  ),
  related (id) AS (
    SELECT id FROM wanted
    UNION
    SELECT id FROM record WHERE head = 1 AND origin = 'graph'
      AND due IN (SELECT due FROM record WHERE id IN (SELECT id FROM wanted))
    UNION
    SELECT id FROM record WHERE head = 1
      AND due IN (SELECT due FROM record WHERE phase <> 'ended' AND (phase <> 'queued' OR head = 1)
        AND origin = 'graph')
  )
  SELECT ${readColumns} FROM record WHERE id IN (SELECT id FROM related) ORDER BY due, attempt, id`

function readSelf(database: Database): DurableSelf | undefined {
  const value = readMeta(database, 'self')
  return value === undefined
    ? undefined
    : (JSON.parse(Buffer.from(value).toString()) as DurableSelf)
}

function readTallies(database: Database): readonly Tally[] {
  const rows = database.prepare("SELECT key, value, sum FROM meta WHERE key LIKE 'tally/%'").all()
  return rows
    .filter((row) => isIntact(row['sum'], row['key'] as string, row['value'] as Uint8Array))
    .map((row) => JSON.parse(Buffer.from(row['value'] as Uint8Array).toString()) as Tally)
}

/** Counted as the ledger counts while it runs. */
function count(database: Database): Counts {
  const row = database
    .prepare(
      `SELECT
         sum(executor IS NOT NULL AND phase <> 'queued') AS started,
         sum(executor IS NOT NULL AND phase <> 'queued' AND why = 'takeover') AS takeovers,
         sum(outcome = 'success') AS succeeded,
         sum(outcome IN ('failure', 'cancelled', 'lost', 'unknown')) AS failed,
         sum(iif(outcome IN ('missed', 'no-eligible-node'), count, 0)) AS missed,
         sum(iif(outcome IN ('skipped-overlap', 'paused', 'superseded', 'capped', 'blackout', 'skipped-upstream'), count, 0)) AS skipped
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
