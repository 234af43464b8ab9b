// Single values by name, each with its sum.

import type { Database } from './database.ts'
import { isIntact, rowSum } from './row-sum.ts'

export type MetaKey =
  | 'schema'
  | 'epoch'
  | 'commits'
  | 'seen'
  | 'self'
  | 'registersLost'
  | `tally/${string}`

/** The value; undefined when there is none, or none that can be trusted. */
export function readMeta(database: Database, key: MetaKey): Uint8Array | undefined {
  const row = database.prepare('SELECT value, sum FROM meta WHERE key = ?').get(key)
  const value = row?.['value']
  if (row === undefined || !(value instanceof Uint8Array)) return undefined
  return isIntact(row['sum'], key, value) ? value : undefined
}

/** Whether there is a value, intact or not. */
export function hasMeta(database: Database, key: MetaKey): boolean {
  return database.prepare('SELECT 1 FROM meta WHERE key = ?').get(key) !== undefined
}

export function writeMeta(database: Database, key: MetaKey, value: Uint8Array): void {
  database
    .prepare('INSERT INTO meta VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = ?2, sum = ?3')
    .run(key, value, rowSum(key, value))
}

export function removeMeta(database: Database, key: MetaKey): void {
  database.prepare('DELETE FROM meta WHERE key = ?').run(key)
}
