/**
 * How many commits were acknowledged, in a file beside the database. When a page of the log is
 * damaged, SQLite drops it and everything after it without any error: then the database knows of
 * fewer commits than this file. The file is written with each full commit and synced when it is
 * closed only: a second sync per commit would double its cost, and what a power cut takes from this
 * file it can only make too low.
 */
import { closeSync, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs'

const form = /^([0-9a-f]{16}) (\d{16})\n/

export class HighWater {
  readonly #file: number
  /** As it was found: undefined when there was none that could be read. */
  readonly found: { readonly epoch: string; readonly commits: number } | undefined

  constructor(path: string) {
    this.#file = openFile(path)
    const buffer = Buffer.alloc(34)
    readSync(this.#file, buffer, 0, buffer.length, 0)
    const match = form.exec(buffer.toString('latin1'))
    this.found = match === null ? undefined : { epoch: match[1]!, commits: Number(match[2]) }
  }

  /** Notes a commit; a mark that cannot be written only makes the check weaker. */
  raise(epoch: string, commits: number): void {
    try {
      writeSync(this.#file, `${epoch} ${String(commits).padStart(16, '0')}\n`, 0)
    } catch {
      return
    }
  }

  close(): void {
    try {
      fdatasyncSync(this.#file)
    } catch {
      // as in `raise`
    }
    closeSync(this.#file)
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r+')
  } catch {
    return openSync(path, 'w+', 0o600)
  }
}
