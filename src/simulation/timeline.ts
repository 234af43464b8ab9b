// The one queue of a simulated fleet: what happens, in the order of its instants; what has the same
// instant, in the order in which it was asked for.

interface Item {
  readonly atMs: number
  readonly seq: number
  readonly run: () => void
}

/** Instants are whole numbers of 1/16 ms, so that sums are exact and print the same everywhere. */
export const grainMs: number = 1 / 16

export class Timeline {
  /** True time since the beginning, in milliseconds. */
  nowMs = 0
  /** Items run so far. */
  steps = 0
  readonly #heap: Item[] = []
  #seq = 0

  /** Runs something at an instant, or now when it has passed. */
  at(atMs: number, run: () => void): void {
    this.#seq += 1
    const wholeMs = Math.ceil(atMs / grainMs) * grainMs
    this.#push({ atMs: Math.max(wholeMs, this.nowMs), seq: this.#seq, run })
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run)
  }

  /** Runs everything up to an instant. */
  runTo(endMs: number): void {
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= endMs) {
      const item = this.#pop()
      this.nowMs = item.atMs
      this.steps += 1
      item.run()
    }
    this.nowMs = endMs
  }

  #push(item: Item): void {
    const heap = this.#heap
    let i = heap.length
    heap.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(item, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = item
  }

  #pop(): Item {
    const heap = this.#heap
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return top
  }
}

const isBefore = (a: Item, b: Item): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq)
