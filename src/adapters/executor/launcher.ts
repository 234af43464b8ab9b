import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Launch } from '../../core/effect.ts'
import type { ExecutionReport } from '../../core/event.ts'
import type { AttemptId } from '../../core/ids.ts'
import type { Run } from '../../core/jobs/definition.ts'
import { limits } from '../../core/limits.ts'
import { profileOf } from '../../core/jobs/definition.ts'
import { admit } from './admission.ts'
import { BoundsWatch } from './bounds-watch.ts'
import { type Ending, notRun, notStarted, type Running } from './ending.ts'
import { accountEnvironment, commandEnvironment, workingDirectory } from './environment.ts'
import { HttpAttempt } from './http-attempt.ts'
import { HttpGuard } from './http-guard.ts'
import { InputFiles } from './input-file.ts'
import { MemoryWatch } from './memory-watch.ts'
import { MqttAttempt } from './mqtt-attempt.ts'
import { Orphans } from './orphans.ts'
import { Outputs } from './outputs.ts'
import { Pipes } from './pipes.ts'
import { PluginAttempt } from './plugin-attempt.ts'
import { seekPlugin, type Sought } from './plugins.ts'
import { canSeeMemory, leakedDescriptors } from './proc.ts'
import type { LauncherInit, Rules } from './protocol.ts'
import { ResultFiles, resultVariable } from './result-file.ts'
import type { Recording } from './recording.ts'
import { spawnChild, type Command, type Spawned, type SpawnFailure } from './spawn-child.ts'

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
  #rules: Rules
  #guard: HttpGuard
  readonly #memory = new MemoryWatch()
  readonly #results: ResultFiles
  readonly #inputs: InputFiles
  readonly #nullFd = openSync('/dev/null', 'r+')
  readonly #leaked = leakedDescriptors()
  readonly #queue: Waiting[] = []
  readonly #running = new Map<AttemptId, Running>()
  readonly #endings = new Set<Promise<void>>()
  #starting: Waiting | undefined
  #startLoop: Promise<void> | undefined
  readonly #stopped = new Set<AttemptId>()
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
    this.#results = new ResultFiles({}, { dir: join(init.dir, 'results') })
    this.#inputs = new InputFiles({}, { dir: join(init.dir, 'inputs') })
    this.#rules = init.rules
    this.#guard = this.#guardOf(init.rules)
  }

  setRules(rules: Rules): void {
    this.#rules = rules
    this.#guard = this.#guardOf(rules)
  }

  #guardOf({ policy }: Rules): HttpGuard {
    return new HttpGuard({}, { allow: policy.http.allow, deny: this.#init.httpDeny })
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
    else if (launch.run.kind === 'http' || launch.run.kind === 'mqtt') {
      this.#request(launch, launch.run)
    } else if (this.#queue.length < queueMax) {
      this.#queue.push({ launch, tries: 0, killAfterMs: undefined })
      this.#startQueued()
    } else this.#end(launch.attempt, notStarted('too many attempts wait for their start'))
  }

  stop(attempt: AttemptId, killAfterMs: number): void {
    const running = this.#running.get(attempt)
    if (running !== undefined) {
      this.#stopped.add(attempt)
      return running.stop(killAfterMs)
    }
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
    const { attempt, run, env, bounds } = launch
    const admitted = admit(this.#rules.policy, launch)
    if (!admitted.ok) return this.#end(attempt, notRun('policy', admitted.why))
    const sought = this.#commandOf(run)
    if (!sought.ok) return this.#end(attempt, notRun('executor-missing', sought.why))
    if (bounds.memoryMaxBytes !== null && !canSeeMemory()) {
      return this.#end(attempt, notStarted('memory cannot be limited here: there is no /proc'))
    }
    const recording = this.outputs.recordingOf(attempt)
    const mark = `${this.#orphans.owner}:${attempt}`
    const { account, file } = admitted
    const usual = this.#rules.env[profileOf(run)] ?? this.#init.env
    const base = account === undefined ? usual : { ...usual, ...accountEnvironment(account) }
    // another account cannot write into the data directory: its last line is its result
    const isOwn = account === undefined
    const own = isOwn ? { ...env, [resultVariable]: this.#results.pathOf(attempt) } : env
    const spawned = await this.#spawnWithInput(recording, launch.input, {
      argv: sought.argv,
      ...(file === undefined ? {} : { file }),
      ...(account === undefined ? {} : { account }),
      env: commandEnvironment(base, own, mark),
      cwd: workingDirectory(base, isOwn ? this.#init.dir : '/'),
      isTalking: run.kind === 'plugin',
    })
    if ('child' in spawned) {
      this.#orphans.remember(attempt, spawned.child.pid)
      const running = this.#runningOf(launch, spawned)
      this.#follow(launch, running, spawned.child.pid)
      if (waiting.killAfterMs !== undefined) this.stop(attempt, waiting.killAfterMs)
    } else if (spawned.isPassing && tries < shortageTries && this.#isWanted(waiting)) {
      this.#queue.unshift({ launch, tries: tries + 1, killAfterMs: undefined })
      this.#starting = undefined
      await sleep(shortageMs)
    } else this.#end(attempt, notStarted(spawned.detail))
  }

  async #spawnWithInput(
    recording: Recording,
    input: string | undefined,
    command: Command,
  ): Promise<Spawned | SpawnFailure> {
    const components = {
      pipes: this.#pipes,
      recording,
      nullFd: this.#nullFd,
      leaked: this.#leaked,
    }
    if (input === undefined || command.isTalking === true) {
      return await spawnChild(components, command)
    }
    let inputFd: number
    try {
      inputFd = this.#inputs.open(input)
    } catch (error) {
      const detail = `its input cannot be written: ${(error as Error).message.slice(0, 200)}`
      return { detail, isPassing: false }
    }
    try {
      return await spawnChild(components, { ...command, inputFd })
    } finally {
      closeSync(inputFd)
    }
  }

  #commandOf(run: Run): Sought {
    switch (run.kind) {
      case 'exec':
        return { ok: true, argv: run.argv }
      case 'shell':
        return { ok: true, argv: ['/bin/sh', '-c', run.script] }
      case 'plugin':
        return seekPlugin(this.#init.plugins, run.name)
      case 'http':
      case 'mqtt':
        return { ok: false, why: `${run.kind} is no command` }
    }
  }

  /** A command has started when it runs, a plugin when it says that it is ready. */
  #runningOf(launch: Launch, { child, talk }: Spawned): Running {
    const { attempt, run } = launch
    const { pid } = child
    const started = (): void => this.#report({ kind: 'started', attempt, pid })
    if (run.kind === 'plugin' && talk !== undefined) {
      const recording = this.outputs.recordingOf(attempt)
      return new PluginAttempt({ child, talk, recording, started }, { launch, run })
    }
    started()
    return child
  }

  #isWanted({ killAfterMs }: Waiting): boolean {
    return killAfterMs === undefined && !this.#isClosed
  }

  #request(launch: Launch, run: Extract<Run, { kind: 'http' | 'mqtt' }>): void {
    const { attempt } = launch
    const admitted = admit(this.#rules.policy, launch)
    if (!admitted.ok) return this.#end(attempt, notRun('policy', admitted.why))
    const started = (): void => this.#report({ kind: 'started', attempt, pid: 0 })
    const recording = this.outputs.recordingOf(attempt)
    const running =
      run.kind === 'http'
        ? new HttpAttempt({ guard: this.#guard, recording, started }, run)
        : new MqttAttempt({ guard: this.#guard, started }, run)
    this.#follow(launch, running, 0)
  }

  #follow({ attempt, bounds }: Launch, running: Running, pid: number): void {
    this.#running.set(attempt, running)
    const recording = this.outputs.recordingOf(attempt)
    const watch = new BoundsWatch({ running, recording, memory: this.#memory, pid }, bounds)
    const ended = running.ended.then((ending) => {
      watch.end()
      this.#running.delete(attempt)
      this.#end(attempt, this.#withResult(attempt, ending), watch)
      this.#orphans.forget(attempt)
      this.#endings.delete(ended)
    })
    this.#endings.add(ended)
    // Closed while it was being started.
    if (this.#isClosed) running.kill()
  }

  /** Its own word, else the file, else its last line. */
  #withResult(attempt: AttemptId, ending: Ending): Ending {
    const file = this.#results.take(attempt)
    if (ending.result !== undefined) return ending
    if (file?.ok === false) return { ...ending, warning: ending.warning ?? file.why }
    const line = this.outputs.recordingOf(attempt).lastLine(limits.resultBytesMax)
    const result = file?.bytes ?? line
    return result === undefined ? ending : { ...ending, result }
  }

  #end(attempt: AttemptId, ending: Ending, watch?: BoundsWatch): void {
    const { total, dropped } = this.outputs.recordingOf(attempt)
    this.outputs.end(attempt)
    const warning = watch?.warning ?? ending.warning
    this.#report({
      kind: 'ended',
      attempt,
      ...(watch?.breach ?? ending),
      ...(warning === undefined ? {} : { warning }),
      ...(this.#stopped.delete(attempt) ? { isStopped: true } : {}),
      outputBytes: total,
      outputDropped: dropped,
    })
  }
}
