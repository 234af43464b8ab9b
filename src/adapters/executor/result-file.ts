// What a command says as its result: the file that MESHCRON_RESULT_FILE names.

import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AttemptId } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'
import { fileNameOf } from './file-name.ts'

/** Name of the variable. */
export const resultVariable = 'MESHCRON_RESULT_FILE'

/** The bytes, or why there are none; undefined: the command has written no file. */
export type ResultFile =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly why: string }
  | undefined

export class ResultFiles {
  readonly #dir: string

  constructor(_components: object, init: { readonly dir: string }) {
    this.#dir = init.dir
    rmSync(init.dir, { recursive: true, force: true })
    mkdirSync(init.dir, { recursive: true, mode: 0o700 })
  }

  pathOf(attempt: AttemptId): string {
    return join(this.#dir, `${fileNameOf(attempt)}.result`)
  }

  /** Takes the file away. */
  take(attempt: AttemptId): ResultFile {
    const path = this.pathOf(attempt)
    let fd: number
    try {
      // A command may have left a link to what only we may read, or a pipe that nobody writes to.
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      if (!isMissing) rmSync(path, { recursive: true, force: true })
      return isMissing ? undefined : { ok: false, why: `${resultVariable} is no plain file` }
    }
    try {
      const stat = fstatSync(fd)
      if (!stat.isFile()) return { ok: false, why: `${resultVariable} is no plain file` }
      if (stat.size > limits.resultBytesMax) {
        const why = `${resultVariable} has ${stat.size} bytes, at most ${limits.resultBytesMax} are taken`
        return { ok: false, why }
      }
      const bytes = new Uint8Array(stat.size)
      return { ok: true, bytes: bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)) }
    } finally {
      closeSync(fd)
      rmSync(path, { recursive: true, force: true })
    }
  }
}
