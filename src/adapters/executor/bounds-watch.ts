import type { Bounds } from '../../core/effect.ts'
import type { Ending, Running } from './ending.ts'
import type { MemoryWatch } from './memory-watch.ts'
import type { Recording } from './recording.ts'

export interface BoundsWatchComponents {
  readonly running: Running
  readonly recording: Recording
  readonly memory: MemoryWatch
  /** Leader of the attempt's session; 0: no process of its own. */
  readonly pid: number
}

/** Holds one attempt to its bounds: what passes them is killed, or remarked upon. */
export class BoundsWatch {
  /** How it ends instead, once it has passed a bound. */
  breach: Ending | undefined
  warning: string | undefined
  readonly #release: () => void

  constructor({ running, recording, memory, pid }: BoundsWatchComponents, bounds: Bounds) {
    const { outputMaxBytes, onOutputMax, memoryMaxBytes } = bounds
    const kill = (reason: 'output-limit' | 'memory-limit', detail: string): void => {
      this.breach ??= { reason, exit: null, detail }
      running.kill()
    }
    if (outputMaxBytes !== null) {
      const detail = `more than ${outputMaxBytes} bytes of output`
      recording.watch(outputMaxBytes, () => {
        if (onOutputMax === 'kill') kill('output-limit', detail)
        else this.warning = `output-limit: ${detail}`
      })
    }
    this.#release =
      memoryMaxBytes === null || pid === 0
        ? () => {}
        : memory.add(pid, memoryMaxBytes, (bytes) =>
            kill('memory-limit', `${bytes} bytes of memory, allowed are ${memoryMaxBytes}`),
          )
  }

  /** No more of the attempt will come. */
  end(): void {
    this.#release()
  }
}
