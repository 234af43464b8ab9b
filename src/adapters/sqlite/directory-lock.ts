/**
 * One process per data directory. The lock is SQLite's own on an empty file: the kernel frees it when
 * the process ends, so a dead holder is never in the way, whatever number its pid has by now. It is a
 * file apart from the store, so that the store can be moved aside while the directory stays locked.
 * The pid beside it is only for the message.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Database } from './database.ts'
import { isBusy, StoreOpenError } from './failure.ts'

/** Gives the directory free again. */
export interface DirectoryLock {
  release(): void
}

/** Takes the directory, or throws MC_DATA_DIR_LOCKED with the pid of the holder. */
export function lockDirectory(dir: string): DirectoryLock {
  const path = join(dir, 'lock')
  const pidPath = join(dir, 'pid')
  try {
    const database = new Database(path)
    try {
      database.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE',
      )
    } catch (error) {
      database.close()
      throw error
    }
    writePid(pidPath)
    return {
      release: () => {
        rmSync(pidPath, { force: true })
        database.close()
      },
    }
  } catch (error) {
    if (!isBusy(error)) {
      throw new StoreOpenError(
        'MC_DATA_DIR',
        `${dir} cannot be used`,
        'check that it exists and that this user may write there',
        error,
      )
    }
    const holder = readPid(pidPath)
    throw new StoreOpenError(
      'MC_DATA_DIR_LOCKED',
      `${dir} is used by ${holder === undefined ? 'another process' : `the process ${holder}`}`,
      'stop that process, or use another data directory',
      error,
    )
  }
}

/** The pid is a courtesy: a full disk must not keep the node from starting. */
function writePid(path: string): void {
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o600 })
  } catch {
    rmSync(path, { force: true })
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
