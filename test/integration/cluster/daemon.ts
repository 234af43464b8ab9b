// One daemon as its own process, started and broken like an operator and a machine do it.

import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from '../../until.ts'
import { Api } from './api.ts'
import { descendantsOf, processOf, type ProcessRef, signal } from './processes.ts'

const root = resolve(import.meta.dirname, '../../..')
const logLinesMax = 400

export interface DaemonInit {
  readonly name: string
  /** A directory of its own; also the home directory, so that everything it starts can be found. */
  readonly home: string
  readonly flags: readonly string[]
  /** Who runs it; undefined: whoever runs the tests. */
  readonly uid?: number
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event?: string }

interface Ready {
  readonly id: string
  readonly addresses: readonly string[]
  readonly http: string
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Ends what a test process that is stopped itself would leave. */
const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1))

export class Daemon {
  readonly name: string
  readonly home: string
  readonly dataDir: string
  readonly log: LogLine[] = []
  readonly #flags: readonly string[]
  readonly #uid: number | undefined
  /** What was started by processes of this daemon that were killed. */
  readonly orphans: ProcessRef[] = []
  /** Set when a process that nobody had asked to end did. */
  crash: Exit | undefined
  #isToEnd = false
  #child: ChildProcess | undefined
  #exit: Promise<Exit> | undefined
  #ready: Ready | undefined
  #api: Api | undefined

  constructor(init: DaemonInit) {
    this.name = init.name
    this.home = init.home
    this.dataDir = join(init.home, 'data')
    this.#flags = init.flags
    this.#uid = init.uid
    mkdirSync(this.home, { recursive: true })
  }

  get isUp(): boolean {
    return this.#child !== undefined
  }

  get pid(): number {
    assert.ok(this.#child?.pid !== undefined, `${this.name} is not up`)
    return this.#child.pid
  }

  get id(): string {
    assert.ok(this.#ready !== undefined, `${this.name} was never ready`)
    return this.#ready.id
  }

  get addresses(): readonly string[] {
    return this.#ready!.addresses
  }

  /** URL of the API and the dashboard. */
  get http(): string {
    return this.#ready!.http
  }

  get api(): Api {
    assert.ok(this.#api !== undefined, `${this.name} was never ready`)
    return this.#api
  }

  /** Starts the process and waits for the line that says that it is up. */
  async start(flags: readonly string[] = []): Promise<void> {
    const exit = this.spawn(flags)
    const ended = exit.then(({ code, signal: name }) => {
      throw new Error(`${this.name} ended before it was ready: ${code ?? name}\n${this.tail()}`)
    })
    const line = await Promise.race([this.#readyLine(), ended])
    ended.catch(() => undefined)
    this.#ready = line
    const token = readFileSync(join(this.dataDir, 'api-token'), 'utf8').trim()
    this.#api = new Api({ base: line.http, token })
  }

  /** Starts the process; resolves when it has ended. */
  spawn(flags: readonly string[] = []): Promise<Exit> {
    assert.ok(!this.isUp, `${this.name} is up`)
    const own = ['--data-dir', this.dataDir, '--name', this.name, '--log', 'json']
    const program = ['--disable-warning=ExperimentalWarning', join(root, 'src/cli/main.ts')]
    const child = spawn(process.execPath, [...program, 'start', ...own, ...this.#flags, ...flags], {
      cwd: this.home,
      env: { PATH: process.env['PATH'], HOME: this.home },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(this.#uid === undefined ? {} : { uid: this.#uid, gid: this.#uid }),
    })
    alive.add(child)
    this.#child = child
    this.#isToEnd = false
    createInterface({ input: child.stderr }).on('line', (line) => this.#keep(line))
    this.#exit = once(child, 'close').then(([code, name]) => {
      alive.delete(child)
      this.#child = undefined
      if (!this.#isToEnd) this.crash = { code, signal: name }
      this.#keep(JSON.stringify({ event: 'exit', code, signal: name }))
      return { code, signal: name }
    })
    return this.#exit
  }

  async #readyLine(): Promise<Ready> {
    for await (const text of createInterface({ input: this.#child!.stdout! })) {
      this.#keep(text)
      const line = JSON.parse(text) as LogLine
      if (line.event === 'ready') return line as unknown as Ready
    }
    throw new Error(`${this.name} said nothing`)
  }

  #keep(text: string): void {
    let line: LogLine = { msg: text }
    try {
      line = JSON.parse(text) as LogLine
    } catch {
      // a trace of the runtime itself
    }
    this.log.push(line)
    if (this.log.length > logLinesMax) this.log.shift()
  }

  /** The end of the log, for people. */
  tail(lines = 60): string {
    return this.log
      .slice(-lines)
      .map((line) => `  ${this.name} ${JSON.stringify(line)}`)
      .join('\n')
  }

  /** Lines of one kind that the log still holds. */
  logged(event: string): readonly LogLine[] {
    return this.log.filter((line) => line.event === event)
  }

  /** Ends it without a word, as the kernel does when memory is out. */
  async kill(): Promise<void> {
    this.orphans.push(...descendantsOf(this.pid))
    this.#isToEnd = true
    process.kill(this.pid, 'SIGKILL')
    await this.#exit
  }

  /** The daemon and its helper at once, as when the whole service is killed; jobs run on. */
  async killWithHelper(): Promise<void> {
    this.orphans.push(...descendantsOf(this.pid))
    const helpers = this.orphans.filter(({ pid }) => pid === this.#helperPid())
    assert.equal(helpers.length, 1, 'a daemon has one helper')
    this.#isToEnd = true
    for (const one of helpers) signal(one, 'SIGKILL')
    process.kill(this.pid, 'SIGKILL')
    await this.#exit
  }

  #helperPid(): number | undefined {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8')
    return Number(children.trim().split(' ')[0])
  }

  /** Stands still until `go`, with its sockets open. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  go(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  /** Asks it to stop. */
  terminate(): Promise<Exit> {
    this.#isToEnd = true
    process.kill(this.pid, 'SIGTERM')
    return this.#exit!
  }

  /** Resolves when it has ended. */
  get ended(): Promise<Exit> {
    return this.#exit!
  }

  /** Whether the loop answers, as `/readyz` says. */
  async isReady(): Promise<boolean> {
    return (await this.api.send('GET', '/readyz')).status === 200
  }

  /** Waits until it may own ticks. */
  async untilReady(): Promise<void> {
    await until(`${this.name} is ready to own ticks`, () => this.isReady(), 10_000)
  }

  /** What it is now, so that it can be told from a later process with the same pid. */
  get process(): ProcessRef {
    return processOf(this.pid)!
  }
}
