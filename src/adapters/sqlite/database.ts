// The one file that touches the database class of Node, which is to be renamed.

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

export type Value = SQLInputValue
/** One row by column name. */
export type Row = Readonly<Record<string, unknown>>

/** A prepared statement. */
export interface Statement {
  run(...values: readonly Value[]): number
  get(...values: readonly Value[]): Row | undefined
  all(...values: readonly Value[]): readonly Row[]
  iterate(...values: readonly Value[]): IterableIterator<Row>
}

/** One row by the order of its columns: for tables that are read as a whole, at half the cost. */
export type Cells = readonly unknown[]

/** A connection: prepared statements are kept, one transaction at a time. */
export class Database {
  readonly #connection: DatabaseSync
  readonly #statements = new Map<string, Statement>()
  #synchronous: 'full' | 'normal' | undefined

  constructor(path: string) {
    this.#connection = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: false })
  }

  /** Runs statements that are needed once. */
  exec(sql: string): void {
    this.#connection.exec(sql)
  }

  /** The statement of this text, prepared once. */
  prepare(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = wrap(this.#connection.prepare(sql))
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /** Every row of a query. */
  scan(sql: string): Iterable<Cells> {
    const statement = this.#connection.prepare(sql)
    statement.setReturnArrays(true)
    return statement.iterate() as Iterable<unknown> as Iterable<Cells>
  }

  /** All of `work` or nothing; `full` returns when it is on the disk. */
  transaction(durability: 'full' | 'normal', work: () => void): void {
    if (this.#synchronous !== durability) {
      this.exec(`PRAGMA synchronous = ${durability}`)
      this.#synchronous = durability
    }
    this.prepare('BEGIN IMMEDIATE').run()
    try {
      work()
      this.prepare('COMMIT').run()
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  /** After some errors SQLite has rolled back by itself, and then this one has nothing to do. */
  #rollBack(): void {
    try {
      this.prepare('ROLLBACK').run()
    } catch {
      return
    }
  }

  /** Moves the log into the database, so that the log's space is written again from its start. */
  restartLog(): void {
    try {
      this.exec('PRAGMA wal_checkpoint(RESTART)')
    } catch {
      return // no worse than before
    }
  }

  /** From so many pages on the log is moved into the database by itself. */
  limitLog(pages: number): void {
    this.exec(`PRAGMA wal_autocheckpoint = ${pages}`)
  }

  close(): void {
    this.#statements.clear()
    this.#connection.close()
  }
}

function wrap(statement: StatementSync): Statement {
  return {
    run: (...values) => Number(statement.run(...values).changes),
    get: (...values) => statement.get(...values),
    all: (...values) => statement.all(...values),
    iterate: (...values) => statement.iterate(...values),
  }
}
