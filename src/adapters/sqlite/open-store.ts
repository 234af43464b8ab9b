/**
 * Opening decides three things before anything is loaded: nobody else uses the directory; the
 * database is whole, or goes to quarantine; every commit that was acknowledged is in it.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Ballast } from './ballast.ts'
import { Database } from './database.ts'
import { lockDirectory } from './directory-lock.ts'
import { isDamage, StoreOpenError } from './failure.ts'
import { HighWater } from './high-water.ts'
import { hasMeta, readMeta, writeMeta } from './meta.ts'
import { quarantine } from './quarantine.ts'
import { type Retention, retentionDefault } from './retention.ts'
import { DamageError, isFresh, migrate } from './schema.ts'
import { SqliteStore } from './store.ts'

export interface StoreInit {
  /**
   * What happens to a damaged database. `quarantine`: it is set aside and an empty store takes its
   * place, to be filled by peers. `refuse`: MC_STORE_CORRUPT, for a node that has no peers.
   */
  readonly onDamage?: 'quarantine' | 'refuse'
  /** How much history is kept. */
  readonly retention?: Partial<Retention>
}

/** Opens the store of a data directory, making what is not there; throws {@link StoreOpenError}. */
export function openStore(dir: string, init: StoreInit = {}): SqliteStore {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unusable(dir, error)
  }
  const lock = lockDirectory(dir)
  try {
    return openLocked(dir, init, () => lock.release())
  } catch (error) {
    lock.release()
    throw error instanceof StoreOpenError ? error : unusable(dir, error)
  }
}

function unusable(dir: string, cause: unknown): StoreOpenError {
  return new StoreOpenError(
    'MC_DATA_DIR',
    `the store in ${dir} cannot be used: ${messageOf(cause)}`,
    'check the free space and that this user may write there',
    cause,
  )
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

function openLocked(dir: string, init: StoreInit, release: () => void): SqliteStore {
  const path = join(dir, 'store.db')
  const highWater = new HighWater(join(dir, 'high-water'))
  try {
    const { database, quarantined } = openWhole(path, highWater, init.onDamage ?? 'quarantine')
    const { epoch, commits } = identify(database, highWater)
    const lostCommits = countLost(highWater, epoch, commits, quarantined)
    highWater.raise(epoch, commits)
    return new SqliteStore(
      { database, highWater, release, ballast: new Ballast(join(dir, 'ballast')) },
      {
        epoch,
        commits,
        lostCommits,
        quarantined,
        retention: { ...retentionDefault, ...init.retention },
      },
    )
  } catch (error) {
    highWater.close()
    throw error
  }
}

function openWhole(
  path: string,
  highWater: HighWater,
  onDamage: 'quarantine' | 'refuse',
): { readonly database: Database; readonly quarantined: string | undefined } {
  // An empty file is what a cut leaves; SQLite would take it for a new database.
  const isEmptied = statSync(path, { throwIfNoEntry: false })?.size === 0
  const wasUsed = (highWater.found?.commits ?? 0) > 0
  try {
    if (isEmptied && wasUsed) throw new DamageError('the file is empty')
    return { database: openChecked(path), quarantined: undefined }
  } catch (error) {
    if (!(error instanceof DamageError) && !isDamage(error)) throw error
    if (onDamage === 'refuse') {
      throw new StoreOpenError(
        'MC_STORE_CORRUPT',
        `${path} is damaged: ${messageOf(error)}`,
        `restore a backup, or move ${path} away and start again to be filled by peers`,
        error,
      )
    }
    const quarantined = quarantine(path)
    return { database: openChecked(path), quarantined }
  }
}

/** Opens a database whose trees are whole; its rows are checked when they are loaded. */
function openChecked(path: string): Database {
  // A command's environment may be in it.
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600))
  const database = new Database(path)
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA auto_vacuum = NONE;
      PRAGMA journal_mode = WAL;
      PRAGMA journal_size_limit = 4194304;
      PRAGMA cell_size_check = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA temp_store = MEMORY;
    `)
    if (!isFresh(database)) {
      const problem = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
      if (problem !== 'ok') throw new DamageError(String(problem))
    }
    migrate(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Name of this durable state and its number of full commits. */
function identify(
  database: Database,
  highWater: HighWater,
): { readonly epoch: string; readonly commits: number } {
  const counted = readMeta(database, 'commits')
  const isUncounted = counted === undefined && hasMeta(database, 'commits')
  // A damaged count says nothing about lost commits.
  const commits = isUncounted ? (highWater.found?.commits ?? 0) : Number(textOf(counted) ?? 0)
  const stored = textOf(readMeta(database, 'epoch'))
  if (stored !== undefined) return { epoch: stored, commits }
  const epoch = randomBytes(8).toString('hex')
  database.transaction('full', () => writeMeta(database, 'epoch', Buffer.from(epoch)))
  return { epoch, commits }
}

const textOf = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString()

function countLost(
  highWater: HighWater,
  epoch: string,
  commits: number,
  quarantined: string | undefined,
): number {
  const found = highWater.found
  if (found === undefined || quarantined !== undefined) return 0
  return found.epoch === epoch ? Math.max(0, found.commits - commits) : found.commits
}
