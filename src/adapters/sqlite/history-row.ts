// An execution record as a row and back.

import type { ExecutionRecord, StoredRecord } from '../../core/execution/record.ts'
import type { Row, Value } from './database.ts'
import { isIntact, rowSum } from './row-sum.ts'

/** Column of each field, in the order in which they are written; what is not here is in the bytes only. */
const columns: readonly (readonly [
  Exclude<keyof ExecutionRecord, 'order' | 'root' | 'result'>,
  string,
])[] = [
  ['execution', 'execution'],
  ['job', 'job'],
  ['generation', 'generation'],
  ['dueMs', 'due'],
  ['slot', 'slot'],
  ['attempt', 'attempt'],
  ['phase', 'phase'],
  ['executor', 'executor'],
  ['trigger', 'origin'],
  ['why', 'why'],
  ['rank', 'rank'],
  ['claimedMs', 'claimed'],
  ['startedMs', 'started'],
  ['endedMs', 'ended'],
  ['outcome', 'outcome'],
  ['reason', 'reason'],
  ['exit', 'exit'],
  ['nextAttemptAtMs', 'next'],
  ['fence', 'fence'],
  ['outputBytes', 'output'],
  ['outputDropped', 'dropped'],
  ['throughMs', 'through'],
  ['count', 'count'],
]

const stamps = ['author', 'actor', 'seq'] as const
const written: readonly string[] = [
  'state',
  ...stamps,
  ...columns.map(([, column]) => column),
  'bytes',
  'sum',
]

/** Columns that a read needs: those under the sum, and what follows from other rows. */
export const readColumns: string = ['id', 'twin', ...written].join(', ')

export const insertRow: string = `
  INSERT INTO record (id, place, head, twin, ${written.join(', ')})
  VALUES (?, ?, ?, 0, ${written.map(() => '?').join(', ')})`

export const updateRow: string = `
  UPDATE record SET ${written.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`

/** What lists filter by. */
const stateOf = (record: ExecutionRecord): string => record.outcome ?? record.phase

/** Values for `written`. */
export function toRow({ record, author, actor, seq, bytes }: StoredRecord): readonly Value[] {
  const values = columns.map(([field]) => record[field] ?? null)
  const head = [stateOf(record), author, actor, seq, ...values]
  return [...head, bytes, rowSum(JSON.stringify(head), bytes)]
}

/** The record of a row that was read with `readColumns`; undefined when it is damaged. */
export function fromRow(row: Row): ExecutionRecord | undefined {
  const head = written.slice(0, -2).map((column) => row[column])
  if (!isIntact(row['sum'], JSON.stringify(head), row['bytes'])) return undefined
  return Object.fromEntries(
    columns.map(([field, column]) => [field, row[column]]),
  ) as unknown as ExecutionRecord
}
