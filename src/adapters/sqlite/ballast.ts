import { randomBytes } from 'node:crypto'
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'

/** Enough for the claims and ends of some hundred executions. */
const ballastBytes = 1_048_576
/** Space that must remain beside a new ballast; less would make it come and go. */
const spareBytes = 4 * ballastBytes

/** A file whose only use is to be deleted when the disk is full. */
export class Ballast {
  readonly #path: string
  #isThere = false

  constructor(path: string) {
    this.#path = path
    this.#isThere = sizeOf(path) === ballastBytes
    this.restore()
  }

  get isThere(): boolean {
    return this.#isThere
  }

  /** Frees the space; false when there is none to free. */
  release(): boolean {
    if (!this.#isThere) return false
    this.#isThere = false
    rmSync(this.#path, { force: true })
    return true
  }

  /** Takes the space again when there is plenty. */
  restore(): void {
    if (this.#isThere) return
    try {
      const { bavail, bsize } = statfsSync(this.#path.slice(0, this.#path.lastIndexOf('/')))
      if (bavail * bsize < ballastBytes + spareBytes) return
      // Random, because zeros take no space on file systems that compress.
      writeFileSync(this.#path, randomBytes(ballastBytes), { mode: 0o600 })
      this.#isThere = true
    } catch {
      rmSync(this.#path, { force: true })
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
