// Standard output and error of a command share one named pipe. Node's own pipes are two sockets:
// their order is lost, and `> /dev/stderr` fails on a socket. Node cannot make a pipe, so `mkfifo`
// makes some ahead; without it, or on a file system without them, commands get the sockets.

import { spawnSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const batch = 32

/** Both ends of a pipe, as descriptors. */
export interface PipeEnds {
  readonly path: string
  readonly readFd: number
  readonly writeFd: number
}

export class Pipes {
  readonly #dir: string
  readonly #searchPath: string
  /** Pipes that nobody has open. */
  readonly #free: string[] = []
  #made = 0
  #isPossible = true

  constructor(_components: object, init: { readonly dir: string; readonly searchPath: string }) {
    this.#dir = init.dir
    this.#searchPath = init.searchPath
    rmSync(this.#dir, { recursive: true, force: true })
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    this.#make()
  }

  /** A pipe that nobody else has; undefined where there are none. Throws when out of descriptors. */
  open(): PipeEnds | undefined {
    if (this.#free.length === 0) this.#make()
    const path = this.#free.pop()
    if (path === undefined) return undefined
    let readFd: number | undefined
    try {
      // In this order: opening a pipe to write waits for a reader.
      readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      return { path, readFd, writeFd: openSync(path, constants.O_WRONLY) }
    } catch (error) {
      if (readFd !== undefined) closeSync(readFd)
      this.#free.push(path)
      throw error
    }
  }

  /** Gives a pipe back; it is used again only when its last writer is known to be gone. */
  release({ path }: PipeEnds, isQuiet: boolean): void {
    if (isQuiet) this.#free.push(path)
    else rmSync(path, { force: true })
  }

  #make(): void {
    if (!this.#isPossible) return
    const paths = Array.from({ length: batch }, () => join(this.#dir, `${(this.#made += 1)}`))
    const { status, error } = spawnSync('mkfifo', ['-m', '600', ...paths], {
      env: { PATH: this.#searchPath },
      stdio: 'ignore',
      timeout: 5_000,
    })
    if (status === 0) this.#free.push(...paths)
    // Out of processes or descriptors passes; a missing command or a file system without pipes not.
    else this.#isPossible = isPassing(error)
  }
}

function isPassing(error: NodeJS.ErrnoException | undefined): boolean {
  const code = error?.code
  return code === 'EAGAIN' || code === 'EMFILE' || code === 'ENFILE' || code === 'ETIMEDOUT'
}
