import type { Launch } from '../../core/effect.ts'
import type { Run } from '../../core/jobs/definition.ts'
import { limits } from '../../core/limits.ts'
import type { Child } from './child.ts'
import { type Ending, notStarted, type Running } from './ending.ts'
import { LineCutter, pluginProtocol, type PluginMessage, readPluginLine } from './plugin-lines.ts'
import type { Recording } from './recording.ts'
import type { Talk } from './spawn-child.ts'

/** From the start to `ready`. */
const greetMs = 10_000
/** From the last word to the exit. */
const leaveMs = 5_000
const killAfterMs = 2_000

export interface PluginAttemptComponents {
  readonly child: Child
  readonly talk: Talk
  readonly recording: Recording
  /** The plugin is ready and is being told what to do. */
  readonly started: () => void
}

export interface PluginAttemptInit {
  readonly launch: Launch
  readonly run: Extract<Run, { kind: 'plugin' }>
}

/** One job of a plugin: greeting, order, its words, its verdict, its end. */
export class PluginAttempt implements Running {
  readonly ended: Promise<Ending>
  readonly #components: PluginAttemptComponents
  readonly #init: PluginAttemptInit
  readonly #lines = new LineCutter()
  #phase: 'greeting' | 'running' | 'over' = 'greeting'
  #verdict: Ending | undefined
  #isStopped = false
  #timer: NodeJS.Timeout

  constructor(components: PluginAttemptComponents, init: PluginAttemptInit) {
    this.#components = components
    this.#init = init
    const { child, talk } = components
    talk.stdin.on('error', () => {})
    talk.stdout.on('data', (bytes: Buffer) => this.#hear(bytes))
    this.#timer = setTimeout(
      () => this.#break(`said no "ready" within ${greetMs / 1_000} s`),
      greetMs,
    )
    this.#say({ type: 'hello', protocols: [pluginProtocol] })
    this.ended = child.ended.then((ending) => this.#judge(ending))
  }

  stop(killAfterMs: number): void {
    this.#isStopped = true
    this.#components.child.stop(killAfterMs)
  }

  kill(): void {
    this.#isStopped = true
    this.#components.child.kill()
  }

  #hear(bytes: Buffer): void {
    if (this.#phase === 'over') return
    const lines = this.#lines.cut(bytes)
    if (lines === undefined) {
      return this.#break(`said a line of more than ${limits.pluginLineBytesMax} bytes`)
    }
    for (const line of lines) {
      const message = readPluginLine(line)
      if (typeof message === 'string') return this.#break(`broke the protocol: ${message}`)
      this.#take(message)
    }
  }

  #take(message: PluginMessage): void {
    if (this.#phase === 'greeting') return this.#greet(message)
    // What comes after the verdict is of no use to anybody.
    if (this.#phase === 'over') return
    switch (message.type) {
      case 'ready':
        return this.#break('said "ready" twice')
      case 'output':
        return this.#components.recording.write(Buffer.from(message.data))
      case 'progress': {
        const percent = message.percent === undefined ? '' : `${message.percent} % `
        return this.#components.recording.write(Buffer.from(`${percent}${message.message}\n`))
      }
      case 'result':
        return this.#leave({ reason: 'exit', exit: 0, detail: '', ...resultOf(message.value) })
      case 'error': {
        const detail = [message.code, message.message].filter((part) => part !== '').join(': ')
        return this.#leave({ reason: 'exit', exit: message.exit, detail })
      }
    }
  }

  #greet(message: PluginMessage): void {
    if (message.type !== 'ready') return this.#break(`said "${message.type}" before "ready"`)
    if (message.protocol !== pluginProtocol) {
      return this.#break(`speaks protocol ${message.protocol}, this node ${pluginProtocol}`)
    }
    clearTimeout(this.#timer)
    this.#phase = 'running'
    this.#components.started()
    const { launch, run } = this.#init
    const { execution, job, slot, env, input } = launch
    const given = input === undefined ? {} : (JSON.parse(input) as object)
    this.#say({
      type: 'run',
      config: JSON.parse(run.config) as unknown,
      execution,
      job,
      slot,
      scheduledAt: env['MESHCRON_SCHEDULED_AT'] ?? null,
      attempt: Number(env['MESHCRON_ATTEMPT'] ?? 1),
      fence: Number(env['MESHCRON_FENCE'] ?? 0),
      node: env['MESHCRON_NODE'] ?? null,
      ...given,
    })
  }

  #say(message: object): void {
    this.#components.talk.stdin.write(`${JSON.stringify(message)}\n`)
  }

  /** The plugin cannot be understood: it is stopped. */
  #break(what: string): void {
    const detail = `plugin ${this.#init.run.name} ${what}`
    const isRunning = this.#phase === 'running'
    this.#phase = 'over'
    this.#verdict ??= isRunning ? { reason: 'expect', exit: null, detail } : notStarted(detail)
    clearTimeout(this.#timer)
    this.#components.child.stop(killAfterMs)
  }

  /** It has said how it ended, and may go. */
  #leave(verdict: Ending): void {
    this.#phase = 'over'
    this.#verdict = verdict
    this.#components.talk.stdin.end()
    this.#timer = setTimeout(() => this.#components.child.stop(killAfterMs), leaveMs)
  }

  #judge(ending: Ending): Ending {
    clearTimeout(this.#timer)
    if (this.#verdict !== undefined) return this.#verdict
    const { name } = this.#init.run
    const how = ending.reason === 'exit' ? `exit status ${ending.exit}` : ending.detail
    if (this.#phase === 'greeting') {
      return this.#isStopped
        ? notStarted('stopped before it was started')
        : notStarted(`plugin ${name} ended before it was ready (${how})`)
    }
    if (ending.reason === 'exit' && ending.exit === 0) {
      return { reason: 'expect', exit: null, detail: `plugin ${name} ended without a result` }
    }
    return ending
  }
}

function resultOf(value: unknown): Pick<Ending, 'result' | 'warning'> {
  if (value === undefined || value === null) return {}
  const result = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  if (result.length <= limits.resultBytesMax) return { result: new Uint8Array(result) }
  const warning = `the result has ${result.length} bytes, at most ${limits.resultBytesMax} are taken`
  return { warning }
}
