import type { Write } from '../../core/effect.ts'
import type { Loaded } from '../../core/event.ts'
import type { SeenVector } from '../../core/clock/version-vector.ts'
import type {
  ExecutionPage,
  ExecutionQuery,
  ExecutionRow,
  RecordsPage,
  Store,
} from '../../ports/store.ts'
import type { Ballast } from './ballast.ts'
import type { Database } from './database.ts'
import { StoreFailure, storeFailure } from './failure.ts'
import type { HighWater } from './high-water.ts'
import { History } from './history.ts'
import { findDamage, load } from './loading.ts'
import { readMeta, removeMeta, writeMeta } from './meta.ts'
import { Pruner, type Retention, type RetentionOf } from './retention.ts'
import { applyWrite } from './writing.ts'

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
  #damaged = 0
  /** Set for ever by an error after which nobody can say what is on the disk. */
  #broken: StoreFailure | undefined

  constructor(components: StoreComponents, facts: StoreFacts) {
    this.#components = components
    this.epoch = facts.epoch
    this.quarantined = facts.quarantined
    this.lostCommits = facts.lostCommits
    this.#commits = facts.commits
    const { database } = components
    this.#history = new History(database, (ids) => this.#dropRecords(ids))
    this.#pruner = new Pruner(database, this.#history, facts.retention)
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
      this.#dropDamaged()
      return load(this.#components.database)
    })
  }

  /**
   * On a full disk the reserve is given up for what running executions write, not for definitions.
   * No writes at all: tries whether the store can be written.
   */
  commit(writes: readonly Write[], durability: 'full' | 'normal'): void {
    if (this.#broken !== undefined) throw this.#broken
    try {
      this.#write(writes, durability)
    } catch (error) {
      const isFull = error instanceof StoreFailure && error.failure === 'full'
      const isDefinition = writes.length === 0 || writes.some(({ kind }) => kind === 'intent')
      if (!isFull || isDefinition || !this.#components.ballast.release()) throw error
      this.#write(writes, durability)
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
    try {
      this.#components.database.transaction(durability, work)
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

  recordsAfter(seen: SeenVector, bytesMax: number): RecordsPage {
    return this.#read(() => this.#history.recordsAfter(seen, bytesMax))
  }

  /**
   * Removes a slice of old history, a few milliseconds of work, and takes the reserve again where
   * there is space. To be called now and then, again at once while it answers more than 0.
   */
  prune(nowMs: number, of: RetentionOf = () => undefined): number {
    if (this.#broken !== undefined) return 0
    this.#components.ballast.restore()
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

  /**
   * Damaged rows go, and with them the vector that says they were seen: what it does not name is
   * pulled again from peers.
   */
  #dropDamaged(): void {
    const { database } = this.#components
    const damage = findDamage(database)
    const isSelfDamaged = (['seen', 'self'] as const).filter((key) => isDamaged(database, key))
    const count = Object.values(damage).reduce((sum, rows) => sum + rows.length, 0)
    if (count + isSelfDamaged.length === 0) return
    this.#damaged += count + isSelfDamaged.length
    this.#transaction('full', () => {
      for (const row of damage.intents) {
        database.prepare('DELETE FROM intent WHERE rowid = ?').run(row)
      }
      for (const job of damage.watermarks) {
        database.prepare('DELETE FROM watermark WHERE job = ?').run(job)
      }
      for (const member of damage.members) {
        database.prepare('DELETE FROM member WHERE member = ?').run(member)
      }
      for (const key of isSelfDamaged) removeMeta(database, key)
      // Where payloads were hit, entries of an index may have been, and no row would show it.
      database.exec('REINDEX')
      this.#history.remove(damage.records)
      if (damage.intents.length + damage.records.length > 0) removeMeta(database, 'seen')
    })
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

function isDamaged(database: Database, key: 'seen' | 'self'): boolean {
  const row = database.prepare('SELECT 1 FROM meta WHERE key = ?').get(key)
  return row !== undefined && readMeta(database, key) === undefined
}
