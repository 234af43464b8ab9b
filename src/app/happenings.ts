import { invariant } from '../core/invariant.ts'
import type { Report } from '../core/report.ts'

/** Hears what the node reports; `atMs` is cluster time. It must not throw. */
export type Listener = (report: Report, atMs: number) => void

/** Each open question for output and each part of the application is one. */
const listenersMax = 4_096

/** Passes the node's reports on to everybody who listens now; keeps nothing. */
export class Happenings {
  readonly #listeners = new Set<Listener>()

  get size(): number {
    return this.#listeners.size
  }

  /** Tells everybody, in the order in which they came. */
  publish(report: Report, atMs: number): void {
    for (const listener of this.#listeners) listener(report, atMs)
  }

  /** Calls the listener for everything that is published from now on; the answer ends that. */
  listen(listener: Listener): () => void {
    invariant(this.#listeners.size < listenersMax, 'somebody forgets to stop listening')
    // a wrapper of its own, so that one function may listen twice
    const own: Listener = (report, atMs) => listener(report, atMs)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }
}
