import { openSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Launch } from '../../core/effect.ts'
import type { ExecutionReport } from '../../core/event.ts'
import type { AttemptId } from '../../core/ids.ts'
import type { Run } from '../../core/jobs/definition.ts'
import { type Ending, notStarted, type Running } from './ending.ts'
import { commandEnvironment, workingDirectory } from './environment.ts'
import { HttpAttempt } from './http-attempt.ts'
import { HttpGuard } from './http-guard.ts'
import { Orphans } from './orphans.ts'
import { Outputs } from './outputs.ts'
import { Pipes } from './pipes.ts'
import { leakedDescriptors } from './proc.ts'
import type { LauncherInit } from './protocol.ts'
import { spawnChild } from './spawn-child.ts'

/** Launches waiting for their start; far above what the core lets run at once. */
const queueMax = 65_536
// A shortage of descriptors or processes: another attempt may end within this.
const shortageTries = 40
const shortageMs = 50

interface Waiting {
  readonly launch: Launch
  readonly tries: number
  /** A stop came while it was being started. */
  killAfterMs: number | undefined
}

/** Starts, stops and ends attempts; lives in the helper. */
export class Launcher {
  readonly outputs: Outputs
  readonly #init: LauncherInit
  readonly #report: (report: ExecutionReport) => void
  readonly #orphans: Orphans
  readonly #pipes: Pipes
  readonly #guard: HttpGuard
  readonly #cwd: string
  readonly #nullFd = openSync('/dev/null', 'r+')
  readonly #leaked = leakedDescriptors()
  readonly #queue: Waiting[] = []
  readonly #running = new Map<AttemptId, Running>()
  readonly #endings = new Set<Promise<void>>()
  #starting: Waiting | undefined
  #startLoop: Promise<void> | undefined
  #isReady = false
  #isClosed = false

  constructor(
    components: { readonly report: (report: ExecutionReport) => void },
    init: LauncherInit,
  ) {
    this.#init = init
    this.#report = components.report
    this.outputs = new Outputs({}, { ...init, dir: join(init.dir, 'output') })
    this.#orphans = new Orphans({}, { dir: init.dir })
    this.#pipes = new Pipes(
      {},
      { dir: join(init.dir, 'pipes'), searchPath: init.env['PATH'] ?? '' },
    )
    this.#guard = new HttpGuard({}, { allow: init.httpAllow, deny: init.httpDeny })
    this.#cwd = workingDirectory(init.env, init.dir)
  }

  /** Stops what an earlier process left; launches wait for it. */
  async start(): Promise<readonly AttemptId[]> {
    const attempts = await this.#orphans.recover()
    this.#isReady = true
    this.#startQueued()
    return attempts
  }

  launch(launch: Launch): void {
    this.outputs.open(launch.attempt)
    if (this.#isClosed) this.#end(launch.attempt, notStarted('the executor is closed'))
    else if (launch.run.kind === 'http') this.#request(launch, launch.run)
    else if (this.#queue.length < queueMax) {
      this.#queue.push({ launch, tries: 0, killAfterMs: undefined })
      this.#startQueued()
    } else this.#end(launch.attempt, notStarted('too many attempts wait for their start'))
  }

  stop(attempt: AttemptId, killAfterMs: number): void {
    const running = this.#running.get(attempt)
    if (running !== undefined) return running.stop(killAfterMs)
    // Messages are heard before a start's promise, so there is an instant in between.
    if (this.#starting?.launch.attempt === attempt) this.#starting.killAfterMs = killAfterMs
    const at = this.#queue.findIndex(({ launch }) => launch.attempt === attempt)
    if (at < 0) return
    this.#queue.splice(at, 1)
    this.#end(attempt, notStarted('stopped before it was started'))
  }

  /** Kills what runs and everything that ever left its group. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { launch } of this.#queue.splice(0)) {
      this.#end(launch.attempt, notStarted('the executor was closed'))
    }
    await this.#startLoop
    for (const running of this.#running.values()) running.kill()
    while (this.#endings.size > 0) await Promise.all(this.#endings)
    await this.#orphans.killMarked()
    this.outputs.close()
  }

  /** Kills what runs without a word, so that it is found missing by the next start. */
  abandon(): void {
    for (const running of this.#running.values()) running.kill()
    this.outputs.close()
  }

  #startQueued(): void {
    if (!this.#isReady || this.#startLoop !== undefined || this.#queue.length === 0) return
    this.#startLoop = this.#startAll()
  }

  /** One start per turn, so that a burst keeps neither output nor stops waiting. */
  async #startAll(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#starting = next
      await this.#spawn(next)
      this.#starting = undefined
      await nextTurn()
    }
    // In the same turn as the look at the queue, or a launch could fall in between.
    this.#startLoop = undefined
  }

  async #spawn(waiting: Waiting): Promise<void> {
    const { launch, tries } = waiting
    const { attempt, run, env } = launch
    const recording = this.outputs.recordingOf(attempt)
    const mark = `${this.#orphans.owner}:${attempt}`
    const child = await spawnChild(
      { pipes: this.#pipes, recording, nullFd: this.#nullFd, leaked: this.#leaked },
      {
        argv: argvOf(run),
        env: commandEnvironment(this.#init.env, env, mark),
        cwd: this.#cwd,
      },
    )
    if ('ended' in child) {
      this.#orphans.remember(attempt, child.pid)
      this.#report({ kind: 'started', attempt, pid: child.pid })
      this.#follow(attempt, child)
      if (waiting.killAfterMs !== undefined) child.stop(waiting.killAfterMs)
    } else if (child.isPassing && tries < shortageTries && this.#isWanted(waiting)) {
      this.#queue.unshift({ launch, tries: tries + 1, killAfterMs: undefined })
      this.#starting = undefined
      await sleep(shortageMs)
    } else this.#end(attempt, notStarted(child.detail))
  }

  #isWanted({ killAfterMs }: Waiting): boolean {
    return killAfterMs === undefined && !this.#isClosed
  }

  #request({ attempt }: Launch, run: Extract<Run, { kind: 'http' }>): void {
    const recording = this.outputs.recordingOf(attempt)
    const started = (): void => this.#report({ kind: 'started', attempt, pid: 0 })
    this.#follow(attempt, new HttpAttempt({ guard: this.#guard, recording, started }, run))
  }

  #follow(attempt: AttemptId, running: Running): void {
    this.#running.set(attempt, running)
    const ended = running.ended.then((ending) => {
      this.#running.delete(attempt)
      this.#end(attempt, ending)
      this.#orphans.forget(attempt)
      this.#endings.delete(ended)
    })
    this.#endings.add(ended)
    // Closed while it was being started.
    if (this.#isClosed) running.kill()
  }

  #end(attempt: AttemptId, ending: Ending): void {
    const { total, dropped } = this.outputs.recordingOf(attempt)
    this.outputs.end(attempt)
    this.#report({ kind: 'ended', attempt, ...ending, outputBytes: total, outputDropped: dropped })
  }
}

function argvOf(run: Run): readonly string[] {
  switch (run.kind) {
    case 'exec':
      return run.argv
    case 'shell':
      return ['/bin/sh', '-c', run.script]
    case 'http':
      return []
  }
}
