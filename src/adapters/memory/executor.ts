import type { Launch } from '../../core/effect.ts'
import type { ExecutionReport } from '../../core/event.ts'
import type { AttemptId } from '../../core/ids.ts'
import { invariant } from '../../core/invariant.ts'
import { limits } from '../../core/limits.ts'
import type { Executor, OutputPage } from '../../ports/executor.ts'

type Ended = Extract<ExecutionReport, { kind: 'ended' }>
type Ending = Pick<Ended, 'reason' | 'exit' | 'detail' | 'warning' | 'result'>
type Schedule = (run: () => void, delayMs: number) => void

const orphanTermMs = 2_000

/** What a scripted attempt does. */
export interface Behaviour {
  /** Why nothing can be started; everything else is unused then. */
  readonly cannotStart?: string
  /** From the start to the end by itself; null: only when it is stopped. */
  readonly durationMs: number | null
  /** Default 0. */
  readonly exit?: number
  /** Only KILL ends it early. */
  readonly ignoresTerm?: boolean
  /** Printed at the start, in order: a text, or so many bytes of nothing in particular. */
  readonly output?: readonly (string | number)[]
  /** Memory that it takes at the start. */
  readonly memoryBytes?: number
  /** What it says as its result when it ends by itself; default its last line. */
  readonly result?: string
}

/** What really happened to one launch, whatever the node believes. */
export interface GroundTruth {
  readonly launch: Launch
  readonly startMs: number
  /** Undefined while it runs, and when the machine went down with it. */
  endMs: number | undefined
  ending: Ending | undefined
}

export interface MemoryExecutorComponents {
  readonly nowMs: () => number
  /** Runs it once after so long; all of time comes from here. */
  readonly schedule: Schedule
}

export interface MemoryExecutorInit {
  readonly behaviourOf: (launch: Launch) => Behaviour
  /** Outputs kept, the oldest goes first; default 1,000. */
  readonly outputsMax?: number
}

interface Running {
  readonly truth: GroundTruth
  readonly behaviour: Behaviour
}

/**
 * The executor's twin without processes. It stands for the machine: it outlives a crash of the node,
 * after which it is started again and tells what was left.
 */
export class MemoryExecutor implements Executor {
  /** Every start that really happened, in order. */
  readonly truth: GroundTruth[] = []
  readonly #components: MemoryExecutorComponents
  readonly #init: MemoryExecutorInit
  readonly #running = new Map<AttemptId, Running>()
  readonly #outputs = new Map<AttemptId, ScriptedOutput>()
  /** Launched by a node that died before it heard of the end. */
  readonly #unreported = new Set<AttemptId>()
  #report: ((report: ExecutionReport) => void) | undefined
  #isClosed = false
  /** Counts crashes, so that a launch of a dead node starts nothing. */
  #life = 0

  constructor(components: MemoryExecutorComponents, init: MemoryExecutorInit) {
    this.#components = components
    this.#init = init
  }

  async start(report: (report: ExecutionReport) => void): Promise<readonly AttemptId[]> {
    invariant(this.#report === undefined, 'an executor is started once')
    const attempts = [...this.#unreported]
    this.#unreported.clear()
    const orphans = [...this.#running]
    for (const [attempt, { behaviour }] of orphans) {
      if (behaviour.ignoresTerm !== true) this.#end(attempt, bySignal('SIGTERM'))
    }
    if (this.#running.size > 0) await this.#wait(orphanTermMs)
    for (const [attempt] of orphans) this.#end(attempt, bySignal('SIGKILL'))
    this.#report = report
    return attempts
  }

  launch(launch: Launch): void {
    invariant(this.#report !== undefined, 'an executor is started before it launches')
    const { attempt } = launch
    if (this.#unreported.has(attempt)) return
    this.#unreported.add(attempt)
    this.#openOutput(attempt)
    const life = this.#life
    this.#components.schedule(() => {
      if (life === this.#life) this.#begin(launch)
    }, 0)
  }

  stop(attempt: AttemptId, killAfterMs: number): void {
    const running = this.#running.get(attempt)
    if (running === undefined) {
      if (this.#unreported.has(attempt))
        this.#ended(attempt, notStarted('stopped before its start'))
      return
    }
    if (running.behaviour.ignoresTerm !== true) return this.#end(attempt, bySignal('SIGTERM'))
    this.#after(running, killAfterMs, bySignal('SIGKILL'))
  }

  async readOutput(
    attempt: AttemptId,
    offset: number,
    bytesMax: number,
    waitMs: number,
  ): Promise<OutputPage | undefined> {
    return this.#outputs.get(attempt)?.read(offset, bytesMax, waitMs)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const attempt of this.#unreported) {
      if (this.#running.has(attempt)) this.#end(attempt, bySignal('SIGKILL'))
      else this.#ended(attempt, notStarted('the executor was closed'))
    }
  }

  /** The node died, the machine did not: what runs goes on until the next `start`. */
  crash(): void {
    this.#report = undefined
    this.#isClosed = false
    this.#life += 1
  }

  /** The machine died, and everything on it. */
  powerOff(): void {
    this.crash()
    for (const attempt of this.#running.keys()) this.#end(attempt, bySignal('power loss'))
  }

  #begin(launch: Launch): void {
    const { attempt } = launch
    // Stopped meanwhile.
    if (!this.#unreported.has(attempt)) return
    if (this.#isClosed) return this.#ended(attempt, notStarted('the executor is closed'))
    const behaviour = this.#init.behaviourOf(launch)
    if (behaviour.cannotStart !== undefined) {
      return this.#ended(attempt, notStarted(behaviour.cannotStart))
    }
    const startMs = this.#components.nowMs()
    const truth: GroundTruth = { launch, startMs, endMs: undefined, ending: undefined }
    this.truth.push(truth)
    const running = { truth, behaviour }
    this.#running.set(attempt, running)
    this.#report?.({ kind: 'started', attempt, pid: this.truth.length })
    const output = this.#outputs.get(attempt)
    output?.print(behaviour.output ?? [])
    const { bounds } = launch
    const { durationMs, exit = 0, memoryBytes = 0, result = output?.lastLine() } = behaviour
    const isLong = (output?.total ?? 0) > (bounds.outputMaxBytes ?? Infinity)
    if (isLong && bounds.onOutputMax === 'kill') return this.#end(attempt, beyond('output-limit'))
    if (memoryBytes > (bounds.memoryMaxBytes ?? Infinity)) {
      return this.#end(attempt, beyond('memory-limit'))
    }
    if (durationMs === null) return
    this.#after(running, durationMs, {
      reason: 'exit',
      exit,
      detail: '',
      ...(isLong ? { warning: 'output-limit' } : {}),
      ...(result === undefined ? {} : { result: new TextEncoder().encode(result) }),
    })
  }

  #after(running: Running, delayMs: number, ending: Ending): void {
    const { attempt } = running.truth.launch
    this.#components.schedule(() => {
      if (this.#running.get(attempt) === running) this.#end(attempt, ending)
    }, delayMs)
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#components.schedule(resolve, delayMs)
    })
  }

  #openOutput(attempt: AttemptId): void {
    this.#outputs.set(attempt, new ScriptedOutput(this.#components.schedule))
    for (const oldest of this.#outputs.keys()) {
      if (this.#outputs.size <= (this.#init.outputsMax ?? 1_000)) break
      this.#outputs.delete(oldest)
    }
  }

  #end(attempt: AttemptId, ending: Ending): void {
    const running = this.#running.get(attempt)
    if (running === undefined) return
    this.#running.delete(attempt)
    running.truth.endMs = this.#components.nowMs()
    running.truth.ending = ending
    this.#ended(attempt, ending)
  }

  #ended(attempt: AttemptId, ending: Ending): void {
    const output = this.#outputs.get(attempt)
    output?.end()
    if (this.#report === undefined) return
    this.#unreported.delete(attempt)
    const { total: outputBytes = 0, dropped: outputDropped = 0 } = output ?? {}
    this.#report({ kind: 'ended', attempt, ...ending, outputBytes, outputDropped })
  }
}

const notStarted = (detail: string): Ending => ({ reason: 'spawn', exit: null, detail })
const bySignal = (detail: string): Ending => ({ reason: 'signal', exit: null, detail })

const beyond = (reason: 'output-limit' | 'memory-limit'): Ending => ({
  reason,
  exit: null,
  detail: 'by the script',
})

/** Output that is only counted: its bytes are made when somebody reads them. */
class ScriptedOutput {
  readonly #schedule: Schedule
  readonly #parts: { readonly from: number; readonly bytes: Uint8Array | undefined }[] = []
  readonly #waiters = new Set<() => void>()
  /** What was printed last; empty when it is only counted. */
  #lastText = ''
  #ended = false
  total = 0

  constructor(schedule: Schedule) {
    this.#schedule = schedule
  }

  get dropped(): number {
    return Math.max(0, this.total - limits.outputHeadBytes - limits.outputTailBytes)
  }

  /** The last line of the texts; what is only counted has no lines. */
  lastLine(): string | undefined {
    const line = this.#lastText.trimEnd().split('\n').at(-1)!
    return line === '' || line.length > limits.resultBytesMax ? undefined : line
  }

  print(parts: readonly (string | number)[]): void {
    for (const part of parts) {
      if (part === '' || part === 0) continue
      this.#lastText = typeof part === 'string' ? part : ''
      const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : undefined
      this.#parts.push({ from: this.total, bytes })
      this.total += typeof part === 'string' ? (bytes?.length ?? 0) : part
    }
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  async read(offset: number, bytesMax: number, waitMs: number): Promise<OutputPage> {
    const page = this.#page(offset, bytesMax)
    if (page.bytes.length > 0 || this.#ended || waitMs <= 0 || bytesMax <= 0) return page
    await new Promise<void>((resolve) => {
      this.#schedule(resolve, waitMs)
      this.#waiters.add(resolve)
    })
    return this.#page(offset, bytesMax)
  }

  #page(offset: number, bytesMax: number): OutputPage {
    const { total, dropped } = this
    const asked = Math.min(Math.max(0, offset), total)
    const isHead = asked < limits.outputHeadBytes
    const from = isHead ? asked : Math.max(asked, Math.min(total, limits.outputHeadBytes + dropped))
    const end = isHead && dropped > 0 ? limits.outputHeadBytes : total
    const bytes = new Uint8Array(Math.max(0, Math.min(end - from, bytesMax))).fill(0x78)
    for (const part of this.#parts) {
      for (const [i, byte] of part.bytes?.entries() ?? []) {
        const at = part.from + i - from
        if (at >= 0 && at < bytes.length) bytes[at] = byte
      }
    }
    return { offset: from, bytes, total, dropped, ended: this.#ended }
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter()
    this.#waiters.clear()
  }
}
