import type { OutputPage } from '../../ports/executor.ts'
import type { FullOutput } from './full-output.ts'
import { blocksOf, droppedBeside, keptOf, type OutputShape, spanAt } from './output-shape.ts'

const firstBytes = 4_096

/** The output of one attempt while it runs; memory grows with what is printed, up to the shape. */
export class Recording {
  readonly shape: OutputShape
  readonly #changed: () => void
  readonly #full: FullOutput | undefined
  readonly #waiters = new Set<() => void>()
  #block: Buffer = Buffer.alloc(0)
  #total = 0
  #ended = false
  #mark: { readonly bytes: number; readonly passed: () => void } | undefined

  constructor(
    components: { readonly changed: () => void; readonly full?: FullOutput | undefined },
    init: OutputShape,
  ) {
    this.shape = init
    this.#changed = components.changed
    this.#full = components.full
  }

  get total(): number {
    return this.#total
  }

  get dropped(): number {
    return droppedBeside(this.shape, this.#total, this.#full?.bytes ?? 0)
  }

  /** Bytes that are kept in a file of their own. */
  get fullBytes(): number {
    return this.#full?.bytes ?? 0
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The kept bytes in the layout of output-shape.ts. */
  get block(): Buffer {
    return this.#block
  }

  write(bytes: Uint8Array): void {
    if (this.#ended || bytes.length === 0) return
    const written = { from: this.#total, to: this.#total + bytes.length }
    if (this.#full !== undefined && written.to > this.shape.headBytes) {
      // Until here everything was head, and after the first time this is not looked at.
      this.#full.append(this.#block.subarray(0, written.from), bytes)
    }
    this.#total = written.to
    this.#reserve(Math.min(written.to, this.shape.headBytes + this.shape.tailBytes))
    for (const span of keptOf(this.shape, written)) {
      for (const { from, index, length } of blocksOf(this.shape, span)) {
        const start = from - written.from
        this.#block.set(bytes.subarray(start, start + length), index)
      }
    }
    this.#wake()
    const mark = this.#mark
    if (mark === undefined || this.#total <= mark.bytes) return
    this.#mark = undefined
    mark.passed()
  }

  /** Calls `passed` once, when more than so many bytes have come. */
  watch(bytes: number, passed: () => void): void {
    if (this.#total > bytes) passed()
    else this.#mark = { bytes, passed }
  }

  /** The last line that is not empty, if it has at most so many bytes. */
  lastLine(bytesMax: number): Uint8Array | undefined {
    const from = Math.max(0, this.#total - bytesMax - 3)
    const text = Buffer.from(this.#kept(from, bytesMax + 3).bytes)
    let end = text.length
    while (end > 0 && (text[end - 1] === 10 || text[end - 1] === 13)) end -= 1
    const start = text.lastIndexOf(10, end - 1) + 1
    const isWhole = start > 0 || from === 0
    if (end === 0 || !isWhole || end - start > bytesMax) return undefined
    return new Uint8Array(text.subarray(start, end))
  }

  end(): void {
    this.#full?.end()
    this.#ended = true
    this.#wake()
  }

  /** Output from `offset`, waiting for more when there is none yet. */
  async read(offset: number, bytesMax: number, waitMs: number): Promise<OutputPage> {
    const page = this.#page(offset, bytesMax)
    if (page.bytes.length > 0 || this.#ended || waitMs <= 0 || bytesMax <= 0) return page
    await this.#change(waitMs)
    return this.#page(offset, bytesMax)
  }

  #page(offset: number, bytesMax: number): OutputPage {
    const full = this.#full
    if (full === undefined || offset >= full.bytes) return this.#kept(offset, bytesMax)
    const { total, dropped, ended } = this
    return { offset, bytes: full.read(offset, bytesMax), total, dropped, ended }
  }

  #kept(offset: number, bytesMax: number): OutputPage {
    const span = spanAt(this.shape, this.#total, offset, bytesMax)
    const bytes = new Uint8Array(span.to - span.from)
    for (const { from, index, length } of blocksOf(this.shape, span)) {
      bytes.set(this.#block.subarray(index, index + length), from - span.from)
    }
    const { total, dropped, ended } = this
    return { offset: span.from, bytes, total, dropped, ended }
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#block.length) return
    const most = this.shape.headBytes + this.shape.tailBytes
    const size = Math.min(most, Math.max(firstBytes, bytes, this.#block.length * 2))
    const block = Buffer.alloc(size)
    block.set(this.#block)
    this.#block = block
  }

  #change(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Math.min(waitMs, 60_000))
    const waiter = (): void => {
      clearTimeout(timer)
      resolve()
    }
    this.#waiters.add(waiter)
    return promise.finally(() => this.#waiters.delete(waiter))
  }

  #wake(): void {
    this.#changed()
    for (const waiter of this.#waiters) waiter()
    this.#waiters.clear()
  }
}
