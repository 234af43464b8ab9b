// Execution records: one row per attempt and executor.

import { limits } from '../../core/limits.ts'
import type { Cursor } from '../../core/clock/version-vector.ts'
import {
  type ExecutionRecord,
  type StoredRecord,
  tellsMore,
  toldBy,
} from '../../core/execution/record.ts'
import type {
  ExecutionPage,
  ExecutionQuery,
  ExecutionRow,
  Lack,
  RecordsPage,
} from '../../ports/store.ts'
import type { Database, Row, Value } from './database.ts'
import { fromRow, insertRow, readColumns, toRow, updateRow } from './history-row.ts'
import {
  findHeads,
  hasTwin,
  isReplaced,
  slotColumns,
  type SlotRow,
  toSlotRow,
} from './slot-head.ts'

export class History {
  readonly #database: Database
  /** Hears of every damaged row that was met, by its number. */
  readonly #onDamage: (ids: readonly number[]) => void
  #nextId: number

  constructor(database: Database, onDamage: (ids: readonly number[]) => void) {
    this.#database = database
    this.#onDamage = onDamage
    const last = database.prepare('SELECT max(id) AS id FROM record').get()?.['id']
    this.#nextId = (typeof last === 'number' ? last : 0) + 1
  }

  /** Writes a record over the earlier phase of the same attempt and executor. */
  write(stored: StoredRecord): void {
    const { record, author } = stored
    const rows = this.#slotRows(record.execution, record.slot)
    const key = { attempt: record.attempt, executor: record.executor, author, count: record.count }
    const known = rows.find((row) => isReplaced(row, key))
    if (known !== undefined) {
      // what was forgotten in memory may come again in another member's words
      if (tellsMore(known, toldBy(stored))) return
      this.#database.prepare(updateRow).run(...toRow(stored), known.id)
    } else {
      const id = this.#nextId++
      const place = rows[0]?.place ?? id
      const isHead = rows.length === 0
      this.#database.prepare(insertRow).run(id, place, Number(isHead), ...toRow(stored))
      if (isHead) return
    }
    if (rows.length === 1 && known !== undefined) return
    this.#judgeSlot(record.execution, record.slot)
  }

  #slotRows(execution: string, slot: string): readonly SlotRow[] {
    return this.#database
      .prepare(`SELECT ${slotColumns} FROM record WHERE execution = ? AND slot = ? ORDER BY id`)
      .all(execution, slot)
      .map(toSlotRow)
  }

  /** Sets who speaks for the slot, and whether an attempt of it was started twice. */
  #judgeSlot(execution: string, slot: string): void {
    const rows = this.#slotRows(execution, slot)
    if (rows.length === 0) return
    const heads = findHeads(rows)
    const isTwin = hasTwin(rows)
    for (const row of rows) {
      const twin = isTwin && row.count <= 1
      const isHead = heads.includes(row)
      if (row.head === isHead && row.twin === twin) continue
      this.#database
        .prepare('UPDATE record SET head = ?, twin = ? WHERE id = ?')
        .run(Number(isHead), Number(twin), row.id)
    }
  }

  /** Removes rows by number and lets the others of their slots speak. */
  remove(ids: readonly number[]): void {
    for (const id of ids) {
      const row = this.#database.prepare('SELECT execution, slot FROM record WHERE id = ?').get(id)
      this.#database.prepare('DELETE FROM record WHERE id = ?').run(id)
      if (row !== undefined) this.#judgeSlot(row['execution'] as string, row['slot'] as string)
    }
  }

  /** Newest due instant first. */
  executions(query: ExecutionQuery): ExecutionPage {
    const limit = Math.max(1, Math.min(Math.floor(query.limit), limits.pageRowsMax))
    const found = selectHeads(query, limit + 1)
    if (found === undefined) return { rows: [], cursor: undefined }
    const rows = this.#database.prepare(found.sql).all(...found.values)
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    return {
      rows: this.#intact(page).map(([row, record]) => toExecution(row, record)),
      cursor:
        rows.length > limit && last !== undefined
          ? `${String(last['due'])}.${String(last['place'])}.${String(last['count'])}`
          : undefined,
    }
  }

  /** Every attempt of an execution, oldest first. */
  attempts(execution: string): readonly ExecutionRow[] {
    const rows = this.#database
      .prepare(
        `SELECT ${readColumns} FROM record WHERE execution = ?
         ORDER BY attempt, slot, claimed, coalesce(executor, author)`,
      )
      .all(execution)
    return this.#intact(rows).map(([row, record]) => toExecution(row, record))
  }

  /** Records that somebody who has seen `seen` lacks; at least one when there is any. */
  recordsAfter({ seen, cursor }: Lack, bytesMax: number): RecordsPage {
    const records: Uint8Array[] = []
    const damaged: number[] = []
    let room = bytesMax
    let next: Cursor | null = null
    let last: Cursor | null = null
    const [from, fromSeq] = cursor ?? ['', 0]
    for (const actor of this.#actors(from)) {
      const rows = this.#database
        .prepare(`SELECT ${readColumns} FROM record WHERE actor = ? AND seq > ? ORDER BY seq`)
        .iterate(actor, Math.max(seen.contiguous(actor), actor === from ? fromSeq : 0))
      for (const row of rows) {
        if (seen.has({ actor, seq: row['seq'] as number })) continue
        if (fromRow(row) === undefined) {
          damaged.push(row['id'] as number)
          continue
        }
        const bytes = row['bytes'] as Uint8Array
        if (records.length > 0 && bytes.length > room) next = last
        if (next !== null) break
        records.push(bytes)
        room -= bytes.length
        last = [actor, row['seq'] as number]
      }
      if (next !== null) break
    }
    if (damaged.length > 0) this.#onDamage(damaged)
    return { records, next }
  }

  /** Actors from one on in the order of their text, one look into the index each. */
  *#actors(from: string): Iterable<string> {
    const first = this.#database.prepare(
      'SELECT actor FROM record WHERE actor >= ? ORDER BY actor LIMIT 1',
    )
    const next = this.#database.prepare(
      'SELECT actor FROM record WHERE actor > ? ORDER BY actor LIMIT 1',
    )
    let row = first.get(from)
    while (row !== undefined) {
      const actor = row['actor'] as string
      yield actor
      row = next.get(actor)
    }
  }

  /** The rows that are what was written; the others are dropped. */
  #intact(rows: readonly Row[]): readonly (readonly [Row, ExecutionRecord])[] {
    const intact: (readonly [Row, ExecutionRecord])[] = []
    const damaged: number[] = []
    for (const row of rows) {
      const record = fromRow(row)
      if (record === undefined) damaged.push(row['id'] as number)
      else intact.push([row, record])
    }
    if (damaged.length > 0) this.#onDamage(damaged)
    return intact
  }
}

const toExecution = (row: Row, record: ExecutionRecord): ExecutionRow => ({
  record,
  duplicate: row['twin'] === 1,
})

/** The query for one page; undefined when the cursor is none of ours. */
function selectHeads(
  query: ExecutionQuery,
  limit: number,
): { readonly sql: string; readonly values: readonly Value[] } | undefined {
  const values: Value[] = []
  let where = 'head = 1'
  const also = (condition: string, ...more: readonly Value[]): void => {
    where += ` AND ${condition}`
    values.push(...more)
  }
  if (query.job !== undefined) also('job = ?', query.job)
  if (query.state === 'ended') also(`phase = 'ended'`)
  // Spelt out so that the index over everything but success can be used.
  else if (query.state === 'success') also(`state = 'success'`)
  else if (query.state !== undefined) also(`state = ? AND state <> 'success'`, query.state)
  if (query.sinceMs !== undefined) also('due >= ?', query.sinceMs)
  if (query.cursor !== undefined) {
    const match = /^(\d{1,16})\.(\d{1,16})\.(\d{1,16})$/.exec(query.cursor)
    if (match === null) return undefined
    // a run and the range that begins with its tick have one place
    also('(due, place, count) < (?, ?, ?)', ...match.slice(1).map(Number))
  }
  const sql = `SELECT ${readColumns}, place FROM record WHERE ${where}
    ORDER BY due DESC, place DESC, count DESC LIMIT ?`
  return { sql, values: [...values, limit] }
}
