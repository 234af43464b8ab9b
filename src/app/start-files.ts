// What lies in the data directory before a daemon is made: private files, made when absent.

import { randomBytes } from 'node:crypto'
import { accessSync, constants, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ok, refuse, type Result } from '../core/result.ts'
import { tokensFileName } from './tokens.ts'
import { policyFileName, policyPath, quickStartPolicy, type PolicyPlaces } from './policy-file.ts'
import { writeNew } from './private-file.ts'

/** Files of the data directory that nobody but the owner may read. */
export const privateFiles: readonly string[] = [
  'node.key',
  'node.enc',
  'network.key',
  'cluster.key',
  'invites',
  'api-token',
  tokensFileName,
]
const tokenForm = /^mct_[A-Za-z0-9_-]{43,}$/

/** Makes the directory usable and answers with the token of its API, which is made when absent. */
export function prepareDataDir(dir: string): Result<string> {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (!statSync(dir).isDirectory()) return isFile(dir)
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK)
    for (const name of privateFiles) {
      const refused = checkPrivate(join(dir, name))
      if (refused !== undefined) return refused
    }
    return token(join(dir, 'api-token'))
  } catch (error) {
    return unusable(dir, error as NodeJS.ErrnoException)
  }
}

/**
 * The first start of a node, which may have its keys already, writes a policy that lets a person try everything; the value is its path.
 * Later a missing file is the owner's word: nothing runs.
 */
export function writeFirstPolicy(places: PolicyPlaces): Result<string | undefined> {
  const { dataDir, policyFile } = places
  const path = join(dataDir, policyFileName)
  const isFirst = statSync(join(dataDir, 'store.db'), { throwIfNoEntry: false }) === undefined
  if (!isFirst || policyFile !== undefined || policyPath(places) !== path) return ok(undefined)
  try {
    return ok(writeNew(path, quickStartPolicy) ? path : undefined)
  } catch (error) {
    return unusable(dataDir, error as NodeJS.ErrnoException)
  }
}

function unusable(dir: string, { code, message }: NodeJS.ErrnoException): Result<never> {
  if (code === 'EEXIST' || code === 'ENOTDIR') return isFile(dir)
  const why =
    code === 'EACCES' || code === 'EPERM'
      ? 'this user may not write there'
      : code === 'EROFS'
        ? 'its file system is read-only'
        : code === 'ENOSPC' || code === 'EDQUOT'
          ? 'there is no space left'
          : message
  return refuse(
    'MC_DATA_DIR',
    `the data directory ${dir} cannot be used: ${why}`,
    'choose another one with --data-dir, or correct its owner, rights or free space',
  )
}

function isFile(dir: string): Result<never> {
  const message = `${dir} cannot be the data directory: it, or a part of its path, is a file`
  return refuse('MC_DATA_DIR', message, 'choose another one with --data-dir')
}

function checkPrivate(path: string): Result<never> | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined || process.platform === 'win32') return undefined
  if ((stats.mode & 0o077) === 0) return undefined
  return refuse(
    'MC_DATA_DIR',
    `${path} can be read by other users, and it is a secret`,
    `run chmod 600 ${path}; if others could have read it, delete it: a new one is made`,
  )
}

function token(path: string): Result<string> {
  const known = readToken(path)
  if (known !== undefined) return known
  const made = `mct_${randomBytes(32).toString('base64url')}`
  // another process that starts here may have been faster: its token counts
  return writeNew(path, `${made}\n`) ? ok(made) : (readToken(path) ?? ok(made))
}

function readToken(path: string): Result<string> | undefined {
  let text
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  if (tokenForm.test(text)) return ok(text)
  return refuse('MC_DATA_DIR', `${path} holds no token`, 'delete it: a new one is made')
}
