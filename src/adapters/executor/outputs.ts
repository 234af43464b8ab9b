import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { invariant } from '../../core/invariant.ts'
import { limits } from '../../core/limits.ts'
import type { AttemptId } from '../../core/ids.ts'
import type { OutputPage } from '../../ports/executor.ts'
import { fileNameOf } from './file-name.ts'
import { FullOutput, fullBytesOf, readFullOutput, removeFullOutput } from './full-output.ts'
import { fileBytesOf, readOutputFile, writeOutputFile } from './output-file.ts'
import { droppedBeside, type OutputShape } from './output-shape.ts'
import { Recording } from './recording.ts'

// Readers get running output from memory; files only keep it over a crash. So once a second is
// enough, and kind to flash.
const flushMs = 1_000
const suffix = '.output'
const fullSuffix = '.full'

export interface OutputsInit {
  readonly dir: string
  /** Ended attempts whose output is kept; the oldest goes first. */
  readonly outputsMax: number
  /** Bytes of all kept outputs together. */
  readonly outputsBytesMax: number
  /** Bytes of one attempt that are kept beside head and tail; 0: none. */
  readonly outputFullBytes: number
}

interface Live {
  readonly recording: Recording
  flushed: number
}

/** The outputs of all attempts of this node: running ones in memory, ended ones in files. */
export class Outputs {
  readonly #init: OutputsInit
  readonly #shape: OutputShape = {
    headBytes: limits.outputHeadBytes,
    tailBytes: limits.outputTailBytes,
  }
  readonly #live = new Map<AttemptId, Live>()
  readonly #dirty = new Set<AttemptId>()
  /** File name → bytes, oldest first. */
  readonly #kept = new Map<string, number>()
  #keptBytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(_components: object, init: OutputsInit) {
    this.#init = init
    mkdirSync(init.dir, { recursive: true, mode: 0o700 })
    for (const { name, bytes } of filesByAge(init.dir)) this.#keep(name, bytes)
  }

  open(attempt: AttemptId): void {
    const changed = (): void => this.#changed(attempt)
    const name = fileName(attempt)
    const bytesMax = this.#init.outputFullBytes
    const full =
      bytesMax > 0 ? new FullOutput({}, { path: this.#fullPath(name), bytesMax }) : undefined
    const recording = new Recording({ changed, full }, this.#shape)
    this.#forget(name)
    this.#live.set(attempt, { recording, flushed: 0 })
  }

  /** The output of an attempt that was opened and has not ended. */
  recordingOf(attempt: AttemptId): Recording {
    const live = this.#live.get(attempt)
    invariant(live !== undefined, `output of ${attempt} is open`)
    return live.recording
  }

  /** No more output of this attempt will come. */
  end(attempt: AttemptId): void {
    const live = this.#live.get(attempt)
    if (live === undefined) return
    live.recording.end()
    this.#dirty.delete(attempt)
    this.#live.delete(attempt)
    // Most jobs print nothing: that much is remembered without a file.
    if (live.recording.total === 0) return this.#keep(fileName(attempt), 0)
    this.#flush(attempt, live)
    const bytes = fileBytesOf(this.#shape, live.recording.total) + live.recording.fullBytes
    this.#keep(fileName(attempt), bytes)
  }

  async read(
    attempt: AttemptId,
    offset: number,
    bytesMax: number,
    waitMs: number,
  ): Promise<OutputPage | undefined> {
    const most = Math.min(bytesMax, this.#shape.headBytes + this.#shape.tailBytes)
    const live = this.#live.get(attempt)
    if (live !== undefined) return live.recording.read(offset, most, waitMs)
    const name = fileName(attempt)
    if (this.#kept.get(name) === 0) return nothing
    const page = readOutputFile(join(this.#init.dir, name), offset, most)
    const fullBytes = page === undefined ? 0 : fullBytesOf(this.#fullPath(name))
    if (page === undefined || fullBytes === 0) return page
    const dropped = droppedBeside(this.#shape, page.total, fullBytes)
    if (offset >= fullBytes) return { ...page, dropped }
    const length = Math.min(most, fullBytes - offset)
    const bytes = readFullOutput(this.#fullPath(name), offset, length)
    return { ...page, dropped, offset, bytes }
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const attempt of this.#live.keys()) this.end(attempt)
  }

  #changed(attempt: AttemptId): void {
    this.#dirty.add(attempt)
    this.#timer ??= setTimeout(() => this.#flushDirty(), flushMs)
  }

  #flushDirty(): void {
    this.#timer = undefined
    for (const attempt of this.#dirty) {
      const live = this.#live.get(attempt)
      if (live !== undefined) this.#flush(attempt, live)
    }
    this.#dirty.clear()
  }

  #flush(attempt: AttemptId, live: Live): void {
    try {
      writeOutputFile(join(this.#init.dir, fileName(attempt)), live.recording, live.flushed)
      live.flushed = live.recording.total
    } catch {
      // A full or broken disk costs the text of a job, never the job.
    }
  }

  #keep(name: string, bytes: number): void {
    this.#kept.set(name, bytes)
    this.#keptBytes += bytes
    for (const oldest of this.#kept.keys()) {
      const isWithin =
        this.#kept.size <= this.#init.outputsMax && this.#keptBytes <= this.#init.outputsBytesMax
      if (isWithin) break
      this.#forget(oldest)
    }
  }

  #forget(name: string): void {
    const bytes = this.#kept.get(name)
    if (bytes === undefined) return
    this.#kept.delete(name)
    this.#keptBytes -= bytes
    if (bytes === 0) return
    rmSync(join(this.#init.dir, name), { force: true })
    removeFullOutput(this.#fullPath(name))
  }

  #fullPath(name: string): string {
    return join(this.#init.dir, name.slice(0, -suffix.length) + fullSuffix)
  }
}

const nothing: OutputPage = {
  offset: 0,
  bytes: new Uint8Array(),
  total: 0,
  dropped: 0,
  ended: true,
}

const fileName = (attempt: AttemptId): string => `${fileNameOf(attempt)}${suffix}`

function filesByAge(dir: string): readonly { readonly name: string; readonly bytes: number }[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith(suffix))
    .map((name) => {
      const stat = statSync(join(dir, name), { throwIfNoEntry: false })
      const full = fullBytesOf(join(dir, name.slice(0, -suffix.length) + fullSuffix))
      return { name, bytes: (stat?.size ?? 0) + full, changedMs: stat?.mtimeMs ?? 0 }
    })
    .sort((a, b) => a.changedMs - b.changedMs)
}
