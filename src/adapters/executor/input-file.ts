// What a command reads from its standard input. A file without a name: a pipe would have to be written
// while the command may not read, and Node's own is a socket, which /dev/stdin cannot be opened on.

import { mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export class InputFiles {
  readonly #path: string

  constructor(_components: object, init: { readonly dir: string }) {
    mkdirSync(init.dir, { recursive: true, mode: 0o700 })
    this.#path = join(init.dir, 'next')
    rmSync(this.#path, { force: true })
  }

  /** A descriptor at the beginning of the text, to be closed by the caller. */
  open(text: string): number {
    try {
      writeFileSync(this.#path, text, { mode: 0o600, flag: 'wx' })
      return openSync(this.#path, 'r')
    } finally {
      rmSync(this.#path, { force: true })
    }
  }
}
