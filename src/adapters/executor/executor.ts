import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { invariant } from '../../core/invariant.ts'
import type { Launch } from '../../core/effect.ts'
import type { ExecutionReport } from '../../core/event.ts'
import type { AttemptId } from '../../core/ids.ts'
import type { Executor, OutputPage } from '../../ports/executor.ts'
import { notStarted } from './ending.ts'
import { baseEnvironment } from './environment.ts'
import { type Answer, executorRole, type Request, type WorkerInit } from './protocol.ts'

const restartMs = 1_000

export interface LocalExecutorComponents {
  /** The daemon's environment; commands get an allow-listed part of it. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface LocalExecutorInit {
  /** Outputs and what is needed to find lost children; made when it is missing. */
  readonly dir: string
  /** What the worker runs; default: worker.ts beside this file, in a bundle the bundle itself. */
  readonly workerUrl?: URL
  /** Ended attempts whose output is kept; default 10,000. More costs 320 KiB each at most. */
  readonly outputsMax?: number
  /** Bytes of all kept outputs together; default 1 GiB. */
  readonly outputsBytesMax?: number
  /** Addresses, CIDRs and `host:port` that HTTP jobs may reach beside the public ones; default none. */
  readonly httpAllow?: readonly string[]
  /** `host:port` that HTTP jobs never reach: the daemon's own API; default none. */
  readonly httpDeny?: readonly string[]
}

/** Said of attempts whose worker failed. */
const workerFailed = "the executor's thread failed"

/**
 * Runs commands, shell scripts and HTTP requests of this machine, all from a worker thread. Should
 * that thread fail, what it ran is stopped, reported as ended, and another one goes on.
 */
export class LocalExecutor implements Executor {
  readonly #url: URL
  readonly #workerInit: WorkerInit
  /** Attempts that have not ended, and whether they were reported as started. */
  readonly #running = new Map<AttemptId, boolean>()
  readonly #reads = new Map<number, (page: OutputPage | undefined) => void>()
  #report: ((report: ExecutionReport) => void) | undefined
  #worker: Worker | undefined
  #isUp = false
  #restarting: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #readId = 0

  constructor(components: LocalExecutorComponents, init: LocalExecutorInit) {
    this.#url = init.workerUrl ?? defaultWorkerUrl()
    this.#workerInit = {
      role: executorRole,
      dir: init.dir,
      env: baseEnvironment(components.env),
      outputsMax: init.outputsMax ?? 10_000,
      outputsBytesMax: init.outputsBytesMax ?? 1_073_741_824,
      httpAllow: init.httpAllow ?? [],
      httpDeny: init.httpDeny ?? [],
    }
  }

  async start(report: (report: ExecutionReport) => void): Promise<readonly AttemptId[]> {
    invariant(this.#report === undefined, 'an executor is started once')
    this.#report = report
    mkdirSync(this.#workerInit.dir, { recursive: true, mode: 0o700 })
    return this.#startWorker()
  }

  launch(launch: Launch): void {
    const { attempt } = launch
    invariant(this.#report !== undefined, 'an executor is started before it launches')
    if (this.#running.has(attempt)) return
    this.#running.set(attempt, false)
    if (this.#closing === undefined) this.#say({ kind: 'launch', launch })
    else queueMicrotask(() => this.#lose([attempt], 'the executor is closed'))
  }

  stop(attempt: AttemptId, killAfterMs: number): void {
    if (this.#running.has(attempt)) this.#say({ kind: 'stop', attempt, killAfterMs })
  }

  readOutput(
    attempt: AttemptId,
    offset: number,
    bytesMax: number,
    waitMs: number,
  ): Promise<OutputPage | undefined> {
    if (this.#worker === undefined) return Promise.resolve(undefined)
    const { promise, resolve } = Promise.withResolvers<OutputPage | undefined>()
    const id = (this.#readId += 1)
    this.#reads.set(id, resolve)
    this.#say({ kind: 'read', id, attempt, offset, bytesMax, waitMs })
    return promise
  }

  close(): Promise<void> {
    // Concurrent callers share one close: a second one would wait for an answer that never comes.
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Without a worker nothing is said: what was launched then is lost with the next one's start. */
  #say(request: Request): void {
    this.#worker?.postMessage(request)
  }

  #startWorker(): Promise<readonly AttemptId[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly AttemptId[]>()
    const worker = new Worker(this.#url, {
      workerData: this.#workerInit,
      execArgv: [],
      // Empty too: what the worker does not know, it cannot pass on.
      env: {},
      // A pipe's descriptor is opened as a file and closed as a socket.
      trackUnmanagedFds: false,
    })
    let failure: Error | undefined
    worker.on('message', (answer: Answer) => {
      if (answer.kind === 'started') {
        this.#isUp = true
        resolve(answer.attempts)
      } else this.#hear(answer)
    })
    worker.on('error', (error) => {
      failure = error
    })
    worker.on('exit', () => {
      reject(new Error(workerFailed, { cause: failure }))
      this.#workerEnded(failure)
    })
    this.#worker = worker
    this.#say({ kind: 'start' })
    return promise
  }

  #hear(answer: Exclude<Answer, { kind: 'started' }>): void {
    switch (answer.kind) {
      case 'report': {
        const { report } = answer
        if (report.kind === 'ended') this.#running.delete(report.attempt)
        else this.#running.set(report.attempt, true)
        return this.#report?.(report)
      }
      case 'page':
        this.#reads.get(answer.id)?.(answer.page)
        this.#reads.delete(answer.id)
        return
      case 'closed':
        void this.#worker?.terminate()
    }
  }

  #workerEnded(failure: Error | undefined): void {
    this.#worker = undefined
    for (const resolve of this.#reads.values()) resolve(undefined)
    this.#reads.clear()
    if (!this.#isUp || this.#closing !== undefined) return
    this.#isUp = false
    this.#restarting = this.#restart(failure?.message ?? 'it stopped')
  }

  async #restart(reason: string): Promise<void> {
    while (this.#closing === undefined) {
      const lost = [...this.#running.keys()]
      try {
        await this.#startWorker()
        // Only now: until here their processes may have been running.
        return this.#lose(lost, `${workerFailed}: ${reason}`)
      } catch {
        await sleep(restartMs)
      }
    }
  }

  #lose(attempts: readonly AttemptId[], detail: string): void {
    for (const attempt of attempts) {
      const isStarted = this.#running.get(attempt) ?? false
      this.#running.delete(attempt)
      const ending = isStarted
        ? { ...notStarted(detail), reason: 'signal' as const }
        : notStarted(detail)
      this.#report?.({ kind: 'ended', attempt, ...ending, outputBytes: 0, outputDropped: 0 })
    }
  }

  async #close(): Promise<void> {
    await this.#restarting
    const worker = this.#worker
    if (worker === undefined) return
    const ended = once(worker, 'exit')
    this.#say({ kind: 'close' })
    await ended
    this.#lose([...this.#running.keys()], workerFailed)
  }
}

function defaultWorkerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return isSource ? new URL('./worker.ts', import.meta.url) : new URL(import.meta.url)
}
