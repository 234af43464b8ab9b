import type { OutputPage } from '../../ports/executor.ts'
import { blocksOf, droppedOf, keptOf, type OutputShape, spanAt } from './output-shape.ts'

const firstBytes = 4_096

/** The output of one attempt while it runs; memory grows with what is printed, up to the shape. */
export class Recording {
  readonly shape: OutputShape
  readonly #changed: () => void
  readonly #waiters = new Set<() => void>()
  #block: Buffer = Buffer.alloc(0)
  #total = 0
  #ended = false

  constructor(components: { readonly changed: () => void }, init: OutputShape) {
    this.shape = init
    this.#changed = components.changed
  }

  get total(): number {
    return this.#total
  }

  get dropped(): number {
    return droppedOf(this.shape, this.#total)
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
    this.#total = written.to
    this.#reserve(Math.min(written.to, this.shape.headBytes + this.shape.tailBytes))
    for (const span of keptOf(this.shape, written)) {
      for (const { from, index, length } of blocksOf(this.shape, span)) {
        const start = from - written.from
        this.#block.set(bytes.subarray(start, start + length), index)
      }
    }
    this.#wake()
  }

  end(): void {
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
