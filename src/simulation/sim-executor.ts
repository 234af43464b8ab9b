// What runs on one machine. It outlives its node, as processes do, and writes what really happened.
// How long an attempt takes and how it ends is drawn from bounds in its environment.

import type { Launch } from '../core/effect.ts'
import type { ExecutionReport } from '../core/event.ts'
import { isDispatch, parseAttemptId, type AttemptId, type ExecutionId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { hits, within } from './chance.ts'
import type { ExecEnd, NodeIndex } from './history.ts'
import type { Recorder } from './recorder.ts'
import type { Timeline } from './timeline.ts'

/** Bounds of an attempt, as they stand in the environment of a job's command. */
export interface Script {
  readonly leastMs: number
  readonly mostMs: number
  readonly failShare: number
  /** Never ends by itself. */
  readonly hangShare: number
  /** Only KILL ends it early. */
  readonly deafShare: number
}

export const versionVariable = 'SIM_VERSION'
const scriptVariable = 'SIM_SCRIPT'

/** The environment that carries a script and the number of the write. */
export const environmentOf = (
  script: Script,
  version: number,
): Readonly<Record<string, string>> => ({
  [scriptVariable]: JSON.stringify(script),
  [versionVariable]: `${version}`,
})

const plain: Script = { leastMs: 10, mostMs: 10, failShare: 0, hangShare: 0, deafShare: 0 }
const orphanTermMs = 2_000

interface Running {
  readonly isDeaf: boolean
}

export class SimExecutor {
  readonly #timeline: Timeline
  readonly #recorder: Recorder
  readonly #random: Random
  readonly #node: NodeIndex
  readonly #wallMs: () => number
  readonly #running = new Map<AttemptId, Running>()
  /** Asked to start, not yet begun. */
  readonly #launching = new Set<AttemptId>()
  #report: ((report: ExecutionReport) => void) | undefined
  #started = 0
  /** Counts crashes, so that a launch of a dead node starts nothing. */
  #life = 0

  constructor(
    components: {
      readonly timeline: Timeline
      readonly recorder: Recorder
      readonly random: Random
      readonly wallMs: () => number
    },
    init: { readonly node: NodeIndex },
  ) {
    this.#timeline = components.timeline
    this.#recorder = components.recorder
    this.#random = components.random
    this.#wallMs = components.wallMs
    this.#node = init.node
  }

  get running(): number {
    return this.#running.size
  }

  /** Stops what an earlier process left; `ready` is called when nothing of it runs. */
  start(report: (report: ExecutionReport) => void, ready: () => void): void {
    const life = this.#life
    const orphans = [...this.#running]
    for (const [attempt, { isDeaf }] of orphans) {
      if (!isDeaf) this.#end(attempt, 'signal', null)
    }
    const finish = (): void => {
      if (life !== this.#life) return
      for (const [attempt] of orphans) this.#end(attempt, 'signal', null)
      this.#report = report
      ready()
    }
    if (this.#running.size === 0) finish()
    else this.#timeline.after(orphanTermMs, finish)
  }

  launch(launch: Launch): void {
    const life = this.#life
    this.#launching.add(launch.attempt)
    this.#timeline.after(within(this.#random, [0.5, 20]), () => {
      if (life === this.#life && this.#launching.delete(launch.attempt)) this.#begin(launch)
    })
  }

  stop(attempt: AttemptId, killAfterMs: number): void {
    if (this.#launching.delete(attempt)) {
      this.#tell({ kind: 'ended', attempt, reason: 'spawn', exit: null, ...nothing })
      return
    }
    const running = this.#running.get(attempt)
    if (running === undefined) return
    const afterMs = running.isDeaf ? killAfterMs : within(this.#random, [1, 200])
    this.#endAfter(afterMs, attempt, running, 'signal', null)
  }

  /** The node died, the machine did not. */
  crash(): void {
    this.#report = undefined
    this.#launching.clear()
    this.#life += 1
  }

  /** The machine died, and everything on it. */
  powerOff(): void {
    this.crash()
    for (const attempt of this.#running.keys()) this.#end(attempt, 'power', null)
  }

  #begin(launch: Launch): void {
    const { attempt, execution } = launch
    const number = parseAttemptId(attempt)?.attempt ?? 0
    const { generation, dueMs } = partsOf(execution)
    this.#recorder.note({
      kind: 'exec.start',
      node: this.#node,
      job: launch.job,
      execution,
      attempt,
      generation,
      dueMs,
      slot: launch.slot,
      number,
      version: Number(launch.env[versionVariable] ?? 0),
      wallMs: this.#wallMs(),
    })
    this.#started += 1
    const text = launch.env[scriptVariable]
    const script = text === undefined ? plain : (JSON.parse(text) as Script)
    const running = { isDeaf: hits(this.#random, script.deafShare) }
    this.#running.set(attempt, running)
    this.#tell({ kind: 'started', attempt, pid: this.#started })
    const durationMs = within(this.#random, [script.leastMs, script.mostMs])
    const exit = hits(this.#random, script.failShare) ? 1 : 0
    if (hits(this.#random, script.hangShare)) return
    this.#endAfter(durationMs, attempt, running, 'exit', exit)
  }

  #endAfter(
    delayMs: number,
    attempt: AttemptId,
    running: Running,
    how: ExecEnd['how'],
    exit: number | null,
  ): void {
    this.#timeline.after(delayMs, () => {
      if (this.#running.get(attempt) === running) this.#end(attempt, how, exit)
    })
  }

  #end(attempt: AttemptId, how: ExecEnd['how'], exit: number | null): void {
    if (!this.#running.delete(attempt)) return
    this.#recorder.note({ kind: 'exec.end', node: this.#node, attempt, how, exit })
    this.#tell({
      kind: 'ended',
      attempt,
      reason: how === 'exit' ? 'exit' : 'signal',
      exit,
      ...nothing,
    })
  }

  #tell(report: ExecutionReport): void {
    this.#report?.(report)
  }
}

const nothing = { detail: '', outputBytes: 0, outputDropped: 0 }

function partsOf(execution: ExecutionId): {
  readonly generation: number
  readonly dueMs: number | null
} {
  if (isDispatch(execution)) return { generation: 1, dueMs: null }
  const match = /^.*?(?:~(\d+))?@(-?\d+)$/.exec(execution)
  if (match === null) return { generation: 1, dueMs: null }
  return { generation: Number(match[1] ?? 1), dueMs: Number(match[2]) }
}
