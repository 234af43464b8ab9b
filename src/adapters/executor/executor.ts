import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { invariant } from '../../core/invariant.ts'
import type { Launch } from '../../core/effect.ts'
import type { ExecutionReport } from '../../core/event.ts'
import type { AttemptId } from '../../core/ids.ts'
import type { Policy } from '../../core/trust/policy.ts'
import type { Executor, OutputPage } from '../../ports/executor.ts'
import { notStarted } from './ending.ts'
import { baseEnvironment, trustEnvironment } from './environment.ts'
import type { PluginPlaces } from './plugins.ts'
import {
  type Answer,
  executorRole,
  type Request,
  type LauncherInit,
  type Rules,
} from './protocol.ts'

const restartMs = 1_000
// Small: a fork takes as long as there is memory to copy.
const helperFlags = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning']

export interface LocalExecutorComponents {
  /** The daemon's environment; commands get an allow-listed part of it. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface LocalExecutorInit {
  /** Outputs and what is needed to find lost children; made when it is missing. */
  readonly dir: string
  /** Program of the helper process; default: helper.ts here, `executor-process.js` beside a bundle. */
  readonly helperUrl?: URL
  /** Ended attempts whose output is kept; default 10,000. More costs 320 KiB each at most. */
  readonly outputsMax?: number
  /** Bytes of all kept outputs together; default 1 GiB. */
  readonly outputsBytesMax?: number
  /** Bytes of each output that are kept beside head and tail; default 0. */
  readonly outputFullBytes?: number
  /** Where plugins are; default nowhere. */
  readonly plugins?: PluginPlaces
  readonly policy: Policy
  /** `host:port` that HTTP jobs never reach: the daemon's own API; default none. */
  readonly httpDeny?: readonly string[]
}

/** Said of attempts whose helper failed. */
const helperFailed = "the executor's helper process failed"

/**
 * Runs commands, shell scripts, plugins, HTTP requests and MQTT messages of this machine, all from a small helper
 * process. Should it fail, what it ran is stopped, reported as ended, and another one goes on.
 */
export class LocalExecutor implements Executor {
  readonly #url: URL
  readonly #env: LocalExecutorComponents['env']
  #launcherInit: LauncherInit
  readonly #trust: Readonly<Record<string, string>>
  /** Attempts that have not ended, and whether they were reported as started. */
  readonly #running = new Map<AttemptId, boolean>()
  readonly #reads = new Map<number, (page: OutputPage | undefined) => void>()
  #report: ((report: ExecutionReport) => void) | undefined
  #helper: ChildProcess | undefined
  #isUp = false
  #restarting: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #closed: (() => void) | undefined
  #readId = 0

  constructor(components: LocalExecutorComponents, init: LocalExecutorInit) {
    this.#url = init.helperUrl ?? defaultHelperUrl()
    this.#env = components.env
    this.#trust = trustEnvironment(components.env)
    this.#launcherInit = {
      dir: init.dir,
      env: baseEnvironment(components.env),
      outputsMax: init.outputsMax ?? 10_000,
      outputsBytesMax: init.outputsBytesMax ?? 1_073_741_824,
      outputFullBytes: init.outputFullBytes ?? 0,
      plugins: init.plugins ?? { dir: undefined, table: {} },
      rules: this.#rulesOf(init.policy),
      httpDeny: init.httpDeny ?? [],
    }
  }

  async start(report: (report: ExecutionReport) => void): Promise<readonly AttemptId[]> {
    invariant(this.#report === undefined, 'an executor is started once')
    this.#report = report
    mkdirSync(this.#launcherInit.dir, { recursive: true, mode: 0o700 })
    return this.#startHelper()
  }

  /** What the owner allows from now on; what runs goes on. */
  setPolicy(policy: Policy): void {
    const rules = this.#rulesOf(policy)
    this.#launcherInit = { ...this.#launcherInit, rules }
    this.#say({ kind: 'rules', rules })
  }

  #rulesOf(policy: Policy): Rules {
    const env = Object.entries(policy.profiles).map(
      ([name, profile]) => [name, baseEnvironment(this.#env, profile.env ?? undefined)] as const,
    )
    return { policy, env: Object.fromEntries(env) }
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
    if (this.#helper === undefined) return Promise.resolve(undefined)
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

  /** Without a helper nothing is said: what was launched then is lost with the next one's start. */
  #say(request: Request): void {
    this.#helper?.send(request, () => {})
  }

  #startHelper(): Promise<readonly AttemptId[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly AttemptId[]>()
    const helper = fork(this.#url, [executorRole], {
      // Nothing of the daemon's own but what TLS needs, for HTTP jobs.
      env: { ...this.#launcherInit.env, ...this.#trust },
      execArgv: helperFlags,
      serialization: 'advanced',
      // Not in the terminal's group: ctrl-c is the daemon's to hear.
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    let failure: Error | undefined
    const gone = (): void => {
      // What it said last may be read after its exit.
      if (helper.connected || (helper.pid !== undefined && !hasExited(helper))) return
      reject(new Error(helperFailed, { cause: failure }))
      if (this.#helper === helper) this.#helperEnded(failure)
    }
    helper.on('message', (message) => {
      const answer = message as unknown as Answer
      if (answer.kind === 'started') {
        this.#isUp = true
        resolve(answer.attempts)
      } else this.#hear(answer)
    })
    helper.on('error', (error) => {
      failure = error
      gone()
    })
    helper.on('exit', gone)
    helper.on('disconnect', gone)
    this.#helper = helper
    this.#say({ kind: 'start', ...this.#launcherInit })
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
        this.#helper?.disconnect()
    }
  }

  #helperEnded(failure: Error | undefined): void {
    this.#helper = undefined
    this.#closed?.()
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
        await this.#startHelper()
        // Only now: until here their processes may have been running.
        return this.#lose(lost, `${helperFailed}: ${reason}`)
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
    const helper = this.#helper
    if (helper === undefined) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#closed = resolve
    this.#say({ kind: 'close' })
    await promise
    this.#lose([...this.#running.keys()], helperFailed)
  }
}

const hasExited = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null

function defaultHelperUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return isSource
    ? new URL('./executor-process.ts', import.meta.url)
    : new URL('./executor-process.js', import.meta.url)
}
