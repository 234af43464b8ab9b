import { constants, openSync, readFileSync, writeSync } from 'node:fs'

const slotBytes = 1_024

/** A child as it is remembered over a crash of the daemon. */
export interface RunningEntry {
  readonly attempt: string
  readonly pid: number
  /** When it started, in the kernel's ticks: a pid may be used again. */
  readonly startTicks: string
  /** Pids mean nothing after a reboot. */
  readonly bootId: string
}

/**
 * What runs, in one file of slots that are used again. A file of its own for each child would cost
 * 0.5 ms per start and wear out flash; a slot is one write into the page cache, which outlives
 * `kill -9`. It need not outlive the machine: neither do its processes.
 */
export class RunningFile {
  /** What an earlier process left. */
  readonly found: readonly RunningEntry[]
  readonly #fd: number
  readonly #slots = new Map<string, number>()
  readonly #free: number[] = []
  #size = 0

  constructor(_components: object, init: { readonly path: string }) {
    // Node's `a+` would only append, and `w+` would empty it.
    this.#fd = openSync(init.path, constants.O_RDWR | constants.O_CREAT, 0o600)
    const bytes = readFileSync(this.#fd)
    this.#size = Math.ceil(bytes.length / slotBytes)
    this.found = Array.from({ length: this.#size }, (_, slot) => slot).flatMap((slot) => {
      const entry = parse(bytes.toString('utf8', slot * slotBytes, (slot + 1) * slotBytes))
      if (entry === undefined) this.#free.push(slot)
      else this.#slots.set(entry.attempt, slot)
      return entry === undefined ? [] : [entry]
    })
  }

  add(entry: RunningEntry): void {
    const text = Buffer.from(JSON.stringify(entry))
    // Its mark can still be found.
    if (text.length > slotBytes) return
    const slot = this.#slots.get(entry.attempt) ?? this.#free.pop() ?? this.#grow()
    this.#slots.set(entry.attempt, slot)
    this.#write(slot, text)
  }

  remove(attempt: string): void {
    const slot = this.#slots.get(attempt)
    if (slot === undefined) return
    this.#slots.delete(attempt)
    this.#free.push(slot)
    this.#write(slot, Buffer.alloc(0))
  }

  #grow(): number {
    this.#size += 1
    return this.#size - 1
  }

  #write(slot: number, text: Buffer): void {
    const padded = Buffer.alloc(slotBytes, 0x20)
    padded.set(text)
    try {
      writeSync(this.#fd, padded, 0, slotBytes, slot * slotBytes)
    } catch {
      // A full disk must not keep a job from running; its mark can still be found.
    }
  }
}

function parse(text: string): RunningEntry | undefined {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text) as RunningEntry
  } catch {
    // Torn by the crash.
    return undefined
  }
}
