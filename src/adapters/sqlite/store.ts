import type { Write } from '../../core/effect.ts'
import type { Loaded } from '../../core/event.ts'
import type {
  ExecutionPage,
  ExecutionQuery,
  ExecutionRow,
  Lack,
  RecordsPage,
  Store,
} from '../../ports/store.ts'
import type { Ballast } from './ballast.ts'
import type { Database } from './database.ts'
import { isIndexDamage, StoreFailure, storeFailure } from './failure.ts'
import type { HighWater } from './high-water.ts'
import { History } from './history.ts'
import { type Damaged, load } from './loading.ts'
import { hasMeta, readMeta, removeMeta, writeMeta } from './meta.ts'
import { Pruner, type Retention, type RetentionOf } from './retention.ts'
import { applyWrite } from './writing.ts'

/** Pages in the log, of 4 KiB: fewer mean more syncs. */
const logPages = 1_000
const logPagesWhenFull = 32

export interface StoreComponents {
  readonly database: Database
  readonly highWater: HighWater
  readonly ballast: Ballast
  /** Gives the data directory free. */
  readonly release: () => void
}

export interface StoreFacts {
  readonly epoch: string
  /** Where a damaged database was moved before this one was made. */
  readonly quarantined: string | undefined
  readonly lostCommits: number
  readonly commits: number
  readonly retention: Retention
  /** Indexes had to be made again. */
  readonly isMended: boolean
}

/** The store in SQLite; opened by `openStore`. */
export class SqliteStore implements Store {
  readonly epoch: string
  /** Path of the damaged database that was set aside at open: nothing of it is in this store. */
  readonly quarantined: string | undefined
  /** Acknowledged commits that the database does not know any more: its log was damaged. */
  readonly lostCommits: number
  readonly #components: StoreComponents
  readonly #history: History
  readonly #pruner: Pruner
  #commits: number
  #damaged: number
  /** Something was changed that no row has shown yet. */
  #isMended: boolean
  /** Set for ever by an error after which nobody can say what is on the disk. */
  #broken: StoreFailure | undefined

  constructor(components: StoreComponents, facts: StoreFacts) {
    this.#components = components
    this.epoch = facts.epoch
    this.quarantined = facts.quarantined
    this.lostCommits = facts.lostCommits
    this.#commits = facts.commits
    this.#isMended = facts.isMended
    this.#damaged = Number(facts.isMended)
    const { database } = components
    this.#history = new History(database, (ids) => this.#dropRecords(ids))
    this.#pruner = new Pruner(database, this.#history, facts.retention)
    this.#fitLog()
  }

  get damaged(): number {
    return this.#damaged
  }

  /** Whether the reserve for a full disk is there; false: the disk is full, or was a moment ago. */
  get hasReserve(): boolean {
    return this.#components.ballast.isThere
  }

  load(): Loaded {
    return this.#read(() => {
      const { loaded, damaged } = load(this.#components.database, this.#isMended)
      // first the mark: after the rows are gone nothing would show that they were there
      const registers = this.#hasLostRegisters(damaged) ? undefined : loaded.registers
      const isGone = this.#dropDamaged(damaged)
      return { ...loaded, seen: isGone ? undefined : loaded.seen, registers }
    })
  }

  /**
   * On a full disk the reserve is given up for what running executions write, not for definitions.
   * No writes at all: tries whether the store can be written.
   */
  commit(writes: readonly Write[], durability: 'full' | 'normal'): void {
    if (this.#broken !== undefined) throw this.#broken
    const isDefinition = writes.length === 0 || writes.some(({ kind }) => kind === 'intent')
    const isWritten =
      this.#tryWrite(writes, durability) ||
      this.#tryWrite(writes, durability) ||
      (!isDefinition && this.#releaseReserve() && this.#tryWrite(writes, durability))
    if (!isWritten) this.#write(writes, durability)
  }

  #releaseReserve(): boolean {
    const { ballast, database } = this.#components
    if (!ballast.release()) return false
    database.restartLog()
    this.#fitLog()
    return true
  }

  /** Without reserve the log must not grow: its own space is written again and again. */
  #fitLog(): void {
    const { ballast, database } = this.#components
    database.limitLog(ballast.isThere ? logPages : logPagesWhenFull)
  }

  /** False when the disk is full; then the log has been given up for the next attempt. */
  #tryWrite(writes: readonly Write[], durability: 'full' | 'normal'): boolean {
    try {
      this.#write(writes, durability)
      return true
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.failure !== 'full') throw error
      this.#components.database.restartLog()
      return false
    }
  }

  #write(writes: readonly Write[], durability: 'full' | 'normal'): void {
    const { database, highWater } = this.#components
    const commits = this.#commits + 1
    this.#transaction(durability, () => {
      for (const write of writes) applyWrite(database, this.#history, write)
      if (durability === 'full') writeMeta(database, 'commits', Buffer.from(String(commits)))
    })
    if (durability !== 'full') return
    this.#commits = commits
    highWater.raise(this.epoch, commits)
  }

  #transaction(durability: 'full' | 'normal', work: () => void): void {
    const { database } = this.#components
    try {
      try {
        database.transaction(durability, work)
      } catch (error) {
        if (!isIndexDamage(error)) throw error
        this.#damaged += 1
        database.exec('REINDEX')
        database.transaction(durability, work)
      }
    } catch (error) {
      const failure = storeFailure(error)
      if (failure instanceof StoreFailure && failure.failure === 'io') this.#broken = failure
      throw failure
    }
  }

  executions(query: ExecutionQuery): ExecutionPage {
    return this.#read(() => this.#history.executions(query))
  }

  attempts(execution: string): readonly ExecutionRow[] {
    return this.#read(() => this.#history.attempts(execution))
  }

  recordsAfter(lack: Lack, bytesMax: number): RecordsPage {
    return this.#read(() => this.#history.recordsAfter(lack, bytesMax))
  }

  /**
   * Removes a slice of old history, a few milliseconds of work, and takes the reserve again where
   * there is space. To be called now and then, again at once while it answers more than 0.
   */
  prune(nowMs: number, of: RetentionOf = () => undefined): number {
    if (this.#broken !== undefined) return 0
    this.#components.ballast.restore()
    this.#fitLog()
    let removed = 0
    try {
      this.#transaction('normal', () => {
        removed = this.#pruner.slice(nowMs, of)
      })
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error
      return 0
    }
    return removed
  }

  #read<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw storeFailure(error)
    }
  }

  close(): void {
    const { database, highWater, release } = this.#components
    database.close()
    highWater.close()
    release()
  }

  /** Whoever has forgotten what it promised must never vote again under the name of this store. */
  #hasLostRegisters(damaged: Damaged): boolean {
    const { database } = this.#components
    if (this.lostCommits > 0 || damaged.registers.length > 0) {
      this.#transaction('full', () => writeMeta(database, 'registersLost', Buffer.from('1')))
    }
    return hasMeta(database, 'registersLost')
  }

  /**
   * Damaged rows go, and with them the vector that says they were seen: what it does not name is
   * pulled again from peers. Answers whether the vector went.
   */
  #dropDamaged(damaged: Damaged): boolean {
    const { database } = this.#components
    const isGone = this.#isMended || damaged.intents.length + damaged.records.length > 0
    const own = (['seen', 'self'] as const).filter(
      (key) => hasMeta(database, key) && readMeta(database, key) === undefined,
    )
    const rows = Object.values(damaged).reduce((sum, rows) => sum + rows.length, 0)
    if (rows + own.length === 0 && !isGone) return false
    this.#damaged += rows + own.length
    const remove = (sql: string, keys: readonly (string | number)[]): void => {
      for (const key of keys) database.prepare(sql).run(key)
    }
    this.#transaction('full', () => {
      // Where payloads were hit, entries of an index may have been, and no row would show it.
      database.exec('REINDEX')
      remove('DELETE FROM intent WHERE rowid = ?', damaged.intents)
      remove('DELETE FROM watermark WHERE job = ?', damaged.watermarks)
      remove('DELETE FROM member WHERE member = ?', damaged.members)
      remove('DELETE FROM register WHERE key = ?', damaged.registers)
      remove('DELETE FROM notice WHERE key = ?', damaged.notices)
      for (const key of own) removeMeta(database, key)
      this.#history.remove(damaged.records)
      if (isGone) removeMeta(database, 'seen')
    })
    this.#isMended = false
    return isGone
  }

  #dropRecords(ids: readonly number[]): void {
    this.#damaged += ids.length
    try {
      this.#transaction('full', () => this.#history.remove(ids))
    } catch (error) {
      // They are not answered; to be gone they can wait until the disk takes writes again.
      if (!(error instanceof StoreFailure)) throw error
    }
  }
}
