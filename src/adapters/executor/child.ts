import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Ending, Running } from './ending.ts'
import { signalGroup } from './signals.ts'

// A grandchild may hold standard output for ever; what it prints this long after the end still counts.
const drainMs = 2_000
const timerMsMax = 2_147_483_647

export interface ChildComponents {
  readonly process: ChildProcess & { readonly pid: number }
  /** What carries its output; somebody else reads it. */
  readonly outputs: readonly Readable[]
}

/**
 * A running command with everything in its process group. It has ended when the command has exited
 * and its output is closed or was drained for 2 s; then what is left of the group is killed.
 */
export class Child implements Running {
  readonly pid: number
  readonly ended: Promise<Ending>
  readonly #outputs: ReadonlySet<Readable>
  readonly #open: Set<Readable>
  readonly #resolve: (ending: Ending) => void
  #ending: Ending | undefined
  #isGroupLeft = true
  #drainTimer: NodeJS.Timeout | undefined
  #killTimer: NodeJS.Timeout | undefined
  #killAtMs = Infinity

  constructor(components: ChildComponents) {
    this.pid = components.process.pid
    this.#outputs = new Set(components.outputs)
    this.#open = new Set(components.outputs)
    const { promise, resolve } = Promise.withResolvers<Ending>()
    this.ended = promise
    this.#resolve = resolve
    for (const output of components.outputs) {
      output.on('error', () => {})
      output.once('close', () => this.#closed(output))
    }
    components.process.on('error', () => {})
    components.process.once('exit', (code, signal) => this.#exited(code, signal))
  }

  /** TERM to the whole group, KILL when it has not ended after `killAfterMs`. */
  stop(killAfterMs: number): void {
    if (!this.#isGroupLeft) return
    signalGroup(this.pid, 'SIGTERM')
    // A stopped process hears TERM only when it goes on.
    signalGroup(this.pid, 'SIGCONT')
    const killAtMs = performance.now() + killAfterMs
    if (killAtMs >= this.#killAtMs) return
    this.#killAtMs = killAtMs
    clearTimeout(this.#killTimer)
    this.#killTimer = setTimeout(() => this.kill(), Math.min(killAfterMs, timerMsMax))
  }

  kill(): void {
    if (this.#isGroupLeft) signalGroup(this.pid, 'SIGKILL')
  }

  #closed(output: Readable): void {
    this.#open.delete(output)
    if (this.#open.size === 0 && this.#ending !== undefined) this.#end()
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.#ending =
      signal === null
        ? { reason: 'exit', exit: code, detail: '' }
        : { reason: 'signal', exit: null, detail: signal }
    // An empty group stays empty and its id may be given away: never signal it again.
    this.#isGroupLeft = signalGroup(this.pid, 0)
    if (this.#open.size === 0) this.#end()
    else this.#drainTimer = setTimeout(() => this.#end(), drainMs)
  }

  #end(): void {
    clearTimeout(this.#drainTimer)
    clearTimeout(this.#killTimer)
    this.kill()
    this.#isGroupLeft = false
    for (const output of this.#outputs) output.destroy()
    if (this.#ending !== undefined) this.#resolve(this.#ending)
  }
}
