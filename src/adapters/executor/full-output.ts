// The whole of an output beside its head and tail, where the owner of the node allows it: a file in
// which each byte lies at its position. It begins when the head is full, because most jobs print less.

import { closeSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'

export class FullOutput {
  readonly #path: string
  readonly #bytesMax: number
  #fd: number | undefined
  #bytes = 0
  #isFailed = false

  constructor(_components: object, init: { readonly path: string; readonly bytesMax: number }) {
    this.#path = init.path
    this.#bytesMax = init.bytesMax
  }

  /** So many bytes from the beginning are in the file. */
  get bytes(): number {
    return this.#bytes
  }

  /** Appends; the first time `head` is what was printed before. */
  append(head: Uint8Array, bytes: Uint8Array): void {
    if (this.#isFailed || this.#bytes >= this.#bytesMax) return
    try {
      if (this.#fd === undefined) {
        this.#fd = openSync(this.#path, 'w+', 0o600)
        this.#write(head)
      }
      this.#write(bytes)
    } catch {
      // A full disk costs the text of a job, never the job; what is written stays readable.
      this.#isFailed = true
    }
  }

  /** Bytes from `offset`; also of a reader that waited when it ended. */
  read(offset: number, bytesMax: number): Uint8Array {
    const length = Math.min(bytesMax, this.#bytes - offset)
    if (this.#fd === undefined) return readFullOutput(this.#path, offset, length)
    return readAt(this.#fd, offset, length)
  }

  end(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#isFailed = true
  }

  #write(bytes: Uint8Array): void {
    const most = Math.min(bytes.length, this.#bytesMax - this.#bytes)
    for (let at = 0; at < most;) {
      const written = writeSync(this.#fd!, bytes, at, most - at)
      at += written
      this.#bytes += written
    }
  }
}

/** Length of the file of an ended attempt; 0 when there is none. */
export function fullBytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Bytes of an ended attempt; none when the file is gone. */
export function readFullOutput(path: string, offset: number, bytesMax: number): Uint8Array {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return new Uint8Array()
  }
  try {
    return readAt(fd, offset, bytesMax)
  } finally {
    closeSync(fd)
  }
}

export function removeFullOutput(path: string): void {
  rmSync(path, { force: true })
}

function readAt(fd: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, length))
  const read = readSync(fd, bytes, 0, bytes.length, offset)
  return bytes.subarray(0, read)
}
