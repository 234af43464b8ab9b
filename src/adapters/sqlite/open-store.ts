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
import { readMeta, writeMeta } from './meta.ts'
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
    throw isOutside(error) ? unusable(dir, error) : error
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

/** Made by SQLite or the file system. */
const isOutside = (error: unknown): boolean =>
  error instanceof Error && ('errcode' in error || 'syscall' in error)

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

function openLocked(dir: string, init: StoreInit, release: () => void): SqliteStore {
  const path = join(dir, 'store.db')
  const highWater = new HighWater(join(dir, 'high-water'))
  let opened: (Opened & { readonly quarantined: string | undefined }) | undefined
  try {
    opened = openWhole(path, highWater, init.onDamage ?? 'quarantine')
    const { database, isNew, quarantined } = opened
    const { epoch, commits, lostCommits, isDamaged } = identify(database, highWater, isNew)
    highWater.raise(epoch, commits)
    return new SqliteStore(
      { database, highWater, release, ballast: new Ballast(join(dir, 'ballast')) },
      {
        epoch,
        commits,
        // What was set aside is lost as a whole, and told as that.
        lostCommits: quarantined === undefined ? lostCommits : 0,
        quarantined,
        isMended: opened.isMended || isDamaged,
        retention: { ...retentionDefault, ...init.retention },
      },
    )
  } catch (error) {
    opened?.database.close()
    highWater.close()
    throw error
  }
}

function openWhole(
  path: string,
  highWater: HighWater,
  onDamage: 'quarantine' | 'refuse',
): Opened & { readonly quarantined: string | undefined } {
  // An empty file is what a cut leaves; SQLite would take it for a new database.
  const isEmptied = statSync(path, { throwIfNoEntry: false })?.size === 0
  const wasUsed = (highWater.found?.commits ?? 0) > 0
  try {
    if (isEmptied && wasUsed) throw new DamageError('the file is empty')
    return { ...openChecked(path), quarantined: undefined }
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
    return { ...openChecked(path), quarantined }
  }
}

interface Opened {
  readonly database: Database
  readonly isNew: boolean
  readonly isMended: boolean
}

/** Opens a database whose trees are whole; its rows are checked when they are loaded. */
function openChecked(path: string): Opened {
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
    const isNew = isFresh(database)
    const isMended = !isNew && mend(database, path)
    migrate(database)
    return { database, isNew, isMended }
  } catch (error) {
    database.close()
    throw error
  }
}

/** Up to this size indexes are held against their tables at open: about 8 ms per MiB. */
const comparedBytesMax = 32 * 1_048_576

/** Checks the trees, and makes indexes again that do not fit their tables; true if some did not. */
function mend(database: Database, path: string): boolean {
  const isSmall = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= comparedBytesMax
  if (isSmall && check(database, 'integrity_check') === 'ok') return false
  const problem = check(database, 'quick_check')
  if (problem !== 'ok') throw new DamageError(problem)
  if (isSmall) database.exec('REINDEX')
  return isSmall
}

const check = (database: Database, pragma: 'integrity_check' | 'quick_check'): string =>
  String(database.prepare(`PRAGMA ${pragma}(1)`).get()?.[pragma])

interface Identity {
  readonly epoch: string
  readonly commits: number
  readonly lostCommits: number
  /** The name or the count was damaged. */
  readonly isDamaged: boolean
}

/** Name of this durable state, and how many full commits it holds and lacks. */
function identify(database: Database, highWater: HighWater, isNew: boolean): Identity {
  const marked = highWater.found?.commits ?? 0
  const epoch = isNew ? undefined : textOf(readMeta(database, 'epoch'))
  const counted = isNew ? '0' : textOf(readMeta(database, 'commits'))
  if (epoch === undefined || counted === undefined) {
    const made = epoch ?? randomBytes(8).toString('hex')
    // A damaged count says nothing about lost commits.
    const commits = Number(counted ?? marked)
    database.transaction('full', () => {
      writeMeta(database, 'epoch', Buffer.from(made))
      writeMeta(database, 'commits', Buffer.from(String(commits)))
    })
    return { epoch: made, commits, lostCommits: isNew ? marked : 0, isDamaged: !isNew }
  }
  const commits = Number(counted)
  const lostCommits = highWater.found?.epoch === epoch ? Math.max(0, marked - commits) : 0
  return { epoch, commits, lostCommits, isDamaged: false }
}

const textOf = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString()
