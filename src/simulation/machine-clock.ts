// The clocks of one machine: the system clock may be wrong, run fast or slow and jump; the monotonic
// clock of a process runs as fast as the crystal and never jumps.

import type { NodeIndex } from './history.ts'
import type { Recorder } from './recorder.ts'

export class MachineClock {
  readonly #recorder: Recorder
  readonly #node: NodeIndex
  /** How much the crystal gains per true second, in millionths. */
  readonly #driftPpm: number
  #offsetMs: number
  #sinceMs: number
  #bootMs: number

  constructor(
    components: { readonly recorder: Recorder },
    init: { readonly node: NodeIndex; readonly offsetMs: number; readonly driftPpm: number },
  ) {
    this.#recorder = components.recorder
    this.#node = init.node
    this.#driftPpm = init.driftPpm
    this.#offsetMs = init.offsetMs
    this.#sinceMs = this.#recorder.nowMs
    this.#bootMs = this.#sinceMs
    this.#note()
  }

  get #rate(): number {
    return 1 + this.#driftPpm / 1_000_000
  }

  /** Wall clock minus true time, now. */
  get offsetMs(): number {
    const elapsedMs = this.#recorder.nowMs - this.#sinceMs
    return this.#offsetMs + (elapsedMs * this.#driftPpm) / 1_000_000
  }

  get wallMs(): number {
    return Math.round(this.#recorder.nowMs + this.offsetMs)
  }

  get monoMs(): number {
    return 1_000 + (this.#recorder.nowMs - this.#bootMs) * this.#rate
  }

  /** A process starts: its monotonic clock starts anew. */
  boot(): void {
    this.#bootMs = this.#recorder.nowMs
  }

  /** From now to a monotonic instant, in true time. */
  untilMono(monoMs: number): number {
    return (monoMs - this.monoMs) / this.#rate
  }

  step(byMs: number): void {
    this.set(this.offsetMs + byMs)
  }

  /** The wall clock is this far from true time from now on. */
  set(offsetMs: number): void {
    this.#offsetMs = offsetMs
    this.#sinceMs = this.#recorder.nowMs
    this.#note()
  }

  #note(): void {
    this.#recorder.note({
      kind: 'clock',
      node: this.#node,
      offsetMs: this.#offsetMs,
      driftPpm: this.#driftPpm,
    })
  }
}
