// The executions that this page knows: pages of history and events end up in one place, where a
// later phase of an attempt replaces an earlier one whatever the order in which they came.

import type { ExecutionItem } from '../answers.ts'

/** Kept at most; the oldest go first. The timeline asks again for what it lacks. */
export const shelfMax = 14_000

const phases = ['queued', 'claimed', 'running', 'ended']

/** One attempt of one slot; what is queued is an attempt of nobody. */
export function keyOf({ id, attempt, state }: ExecutionItem): string {
  return state === 'queued' ? `${id}|queued` : `${id}|${attempt}`
}

export class Shelf {
  readonly #items = new Map<string, ExecutionItem>()
  readonly #max: number
  #sorted: readonly ExecutionItem[] | undefined

  constructor(max: number = shelfMax) {
    this.#max = max
  }

  get size(): number {
    return this.#items.size
  }

  /** Takes items; true when one of them was news. */
  put(items: readonly ExecutionItem[]): boolean {
    let isNews = false
    for (const item of items) isNews = this.#put(item) || isNews
    if (!isNews) return false
    this.#sorted = undefined
    if (this.#items.size > this.#max) this.#shrink()
    return true
  }

  #put(item: ExecutionItem): boolean {
    const queued = `${item.id}|queued`
    const hasStarted = item.state !== 'queued' && this.#items.delete(queued)
    const key = keyOf(item)
    const known = this.#items.get(key)
    if (known !== undefined && !isLater(item, known)) return hasStarted
    this.#items.set(key, item)
    return true
  }

  /** A tenth more than needed goes, so that not every event sorts all. */
  #shrink(): void {
    const kept = this.newestFirst().slice(0, Math.floor(this.#max * 0.9))
    this.#items.clear()
    for (const item of kept) this.#items.set(keyOf(item), item)
    this.#sorted = undefined
  }

  /** All items, the newest tick first. */
  newestFirst(): readonly ExecutionItem[] {
    this.#sorted ??= [...this.#items.values()].sort(compare)
    return this.#sorted
  }

  clear(): void {
    this.#items.clear()
    this.#sorted = undefined
  }
}

function isLater(item: ExecutionItem, known: ExecutionItem): boolean {
  const step = phases.indexOf(item.state) - phases.indexOf(known.state)
  if (step !== 0) return step > 0
  return JSON.stringify(item) !== JSON.stringify(known)
}

function compare(a: ExecutionItem, b: ExecutionItem): number {
  if (a.scheduledAt !== b.scheduledAt) return a.scheduledAt < b.scheduledAt ? 1 : -1
  return b.attempt - a.attempt || (a.id < b.id ? -1 : 1)
}
