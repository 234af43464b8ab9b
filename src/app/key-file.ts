// Secrets of 32 bytes, kept as 64 hex digits and a newline.

import { existsSync, readFileSync } from 'node:fs'
import { ok, refuse, type Result } from '../core/result.ts'
import { writeNew } from './private-file.ts'

const fromBackup = 'restore it from a backup'

/** The key in a file; undefined when there is none. */
export function readKey(path: string, hint: string = fromBackup): Result<Uint8Array> | undefined {
  if (!existsSync(path)) return undefined
  const digits = readFileSync(path, 'latin1').trim()
  if (/^[0-9a-f]{64}$/i.test(digits)) return ok(new Uint8Array(Buffer.from(digits, 'hex')))
  return refuse('MC_BAD_CONFIG', `${path} must hold a key as 64 hex digits`, hint)
}

/** The key in a file, which is made when it is not there. */
export function readOrMakeKey(
  path: string,
  make: () => Uint8Array,
  hint: string = fromBackup,
): Result<Uint8Array> {
  const known = readKey(path, hint)
  if (known !== undefined) return known
  const key = make()
  // another process may have been faster: its key counts
  return writeNew(path, `${Buffer.from(key).toString('hex')}\n`) ? ok(key) : readKey(path, hint)!
}
