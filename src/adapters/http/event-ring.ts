// Events are numbered once and kept in one bounded ring. A watcher is only a position in it: it
// has no queue of its own that a slow reader could fill, and who falls too far behind is told so.

import type { Event, Happening } from './schema.ts'

/** What a watcher gets next. */
export interface Batch {
  readonly events: readonly Event[]
  /** Position after the batch. */
  readonly position: number
  /** Position of the first event; later than asked when events before it are lost. */
  readonly from: number
}

export class EventRing {
  readonly #wallMs: () => number
  readonly #size: number
  /** Names this process: numbers of an earlier one mean nothing. */
  readonly #epoch: string
  readonly #kept: Event[] = []
  readonly #waiting = new Set<() => void>()
  #end = 1

  constructor(
    components: { readonly wallMs: () => number },
    init: { readonly epoch: string; readonly size?: number },
  ) {
    this.#wallMs = components.wallMs
    this.#epoch = init.epoch
    this.#size = init.size ?? 1_024
  }

  /** The position of the next event. */
  get end(): number {
    return this.#end
  }

  push(happening: Happening): void {
    const at = new Date(this.#wallMs()).toISOString()
    this.#kept[this.#end % this.#size] = { ...happening, id: this.idOf(this.#end), at }
    this.#end += 1
    for (const wake of this.#waiting) wake()
  }

  idOf(position: number): string {
    return `${this.#epoch}-${position}`
  }

  /** The position after the event of this id; undefined when it is not of this process. */
  positionAfter(id: string): number | undefined {
    const match = /^([0-9a-z]+)-(\d{1,15})$/.exec(id)
    if (match?.[1] !== this.#epoch) return undefined
    const position = Number(match[2]) + 1
    return position <= this.#end ? position : undefined
  }

  /** Everything kept from `position` on. */
  read(position: number): Batch {
    const oldest = Math.max(1, this.#end - this.#size)
    const from = Math.max(position, oldest)
    const events: Event[] = []
    for (let i = from; i < this.#end; i += 1) events.push(this.#kept[i % this.#size]!)
    return { events, from, position: this.#end }
  }

  /** Resolves when there is an event at `position`, when `signal` aborts, or after `timeoutMs`. */
  async wait(position: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (position < this.#end || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    const timer = setTimeout(wake, timeoutMs).unref()
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake)
    await promise
    signal.removeEventListener('abort', wake)
    this.#waiting.delete(wake)
    clearTimeout(timer)
  }
}
