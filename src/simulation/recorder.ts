// Writes the history and the trace of one run while it goes on.

import { createHash, type Hash } from 'node:crypto'
import type { Entry, Fact, History, Scenery } from './history.ts'
import { grainMs, type Timeline } from './timeline.ts'

/** A line about an instant. */
export interface Line {
  readonly atMs: number
  readonly text: string
}

/** A part of a run: true UTC. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

const linesPerUpdate = 2_000

export class Recorder {
  readonly #timeline: Timeline
  readonly scenery: Scenery
  readonly #startMs: number
  readonly #entries: Entry[] = []
  readonly #hash: Hash = createHash('sha256')
  readonly #kept: Window | undefined
  #lines: string[] = []
  readonly #steps: Line[] = []
  #events = 0

  constructor(
    components: { readonly timeline: Timeline },
    init: {
      readonly scenery: Scenery
      readonly startMs: number
      /** Steps of nodes are kept for a reader within this. */
      readonly kept: Window | undefined
    },
  ) {
    this.#timeline = components.timeline
    this.scenery = init.scenery
    this.#startMs = init.startMs
    this.#kept = init.kept
  }

  /** True UTC milliseconds. */
  get nowMs(): number {
    return this.#startMs + this.#timeline.nowMs
  }

  /** Lines of the trace so far. */
  get events(): number {
    return this.#events
  }

  /** Appends a fact to the history, and to the trace. */
  note(fact: Fact): void {
    const entry: Entry = { ...fact, seq: this.#entries.length, atMs: this.nowMs }
    this.#entries.push(entry)
    this.trace('!', fact.kind, fact.kind === 'sample' ? String(fact.node) : JSON.stringify(fact))
  }

  /** One line per event: when, which node, what, and what tells two of a kind apart. */
  trace(node: number | string, what: string, detail: string | number): void {
    this.#events += 1
    this.#lines.push(`${this.#timeline.nowMs / grainMs} ${node} ${what} ${detail}`)
    if (this.#lines.length >= linesPerUpdate) this.#update()
  }

  #update(): void {
    this.#hash.update(`${this.#lines.join('\n')}\n`)
    this.#lines = []
  }

  history(): History {
    return {
      scenery: this.scenery,
      startMs: this.#startMs,
      endMs: this.nowMs,
      entries: this.#entries,
    }
  }

  /** Ends the trace: hex digits that are the same for the same seed and code. */
  finish(): string {
    this.#update()
    return this.#hash.digest('hex')
  }

  /** Whether what happens now is wanted by a reader. */
  get isKeeping(): boolean {
    if (this.#kept === undefined) return false
    const { fromMs, toMs } = this.#kept
    return this.nowMs >= fromMs && this.nowMs <= toMs
  }

  /** Keeps a line for a reader; it is no part of the trace. */
  keep(text: string): void {
    this.#steps.push({ atMs: this.nowMs, text })
  }

  /** What was kept. */
  get steps(): readonly Line[] {
    return this.#steps
  }
}
