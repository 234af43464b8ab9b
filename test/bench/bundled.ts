// The built program as processes on the loopback, as users run it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Api } from './api.ts'

const root = resolve(import.meta.dirname, '../..')
/** Folder with a bundle that was built already. */
export const bundleVariable = 'MESHCRON_BENCH_BUNDLE'
const readyMs = 60_000

/** A directory that goes when the benchmark ends, and every process of it. */
export class Bench {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'meshcron-bench-'))
  readonly #children = new Set<ChildProcess>()
  #program: string | undefined

  constructor() {
    process.on('exit', () => {
      for (const child of this.#children) child.kill('SIGKILL')
      rmSync(this.dir, { recursive: true, force: true })
    })
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1))
  }

  /** The built command. */
  get program(): string {
    this.#program ??= this.#build()
    return this.#program
  }

  #build(): string {
    const built = process.env[bundleVariable]
    if (built !== undefined) return join(built, 'meshcron.cjs')
    const outdir = join(this.dir, 'dist')
    const script = join(root, 'scripts/build.ts')
    const { status } = spawnSync(process.execPath, [script, '--outdir', outdir], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (status !== 0) throw new Error('the program cannot be built')
    return join(outdir, 'meshcron.cjs')
  }

  /** Starts Node.js with these arguments; it is killed when the benchmark ends. */
  spawn(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(process.execPath, args, {
      cwd: this.dir,
      env: { PATH: process.env['PATH'], HOME: this.dir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.add(child)
    child.once('close', () => this.#children.delete(child))
    return child
  }

  node(init: Omit<NodeInit, 'bench'>): BundledNode {
    return new BundledNode({ ...init, bench: this })
  }
}

export interface NodeInit {
  readonly bench: Bench
  readonly name: string
  readonly flags?: readonly string[]
  /** Arguments of Node.js itself. */
  readonly nodeFlags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** One daemon. */
export class BundledNode {
  readonly name: string
  readonly dataDir: string
  readonly api: Api
  readonly #init: NodeInit
  #child: ChildProcess | undefined
  #closed: Promise<unknown> = Promise.resolve()
  #errors = ''

  constructor(init: NodeInit) {
    this.#init = init
    this.name = init.name
    this.dataDir = join(init.bench.dir, init.name)
    this.api = new Api({ socketPath: join(this.dataDir, 'api.sock') })
  }

  get pid(): number {
    return this.#child!.pid!
  }

  /** Resolves with the milliseconds from the start of the process to its ready line. */
  async start(): Promise<number> {
    const { bench, nodeFlags = [], flags = [], env } = this.#init
    const own = ['--data-dir', this.dataDir, '--name', this.name, '--log', 'json']
    const where = ['--http', '127.0.0.1:0']
    const args = [...nodeFlags, bench.program, 'start', ...own, ...where, ...flags]
    const startMs = performance.now()
    const child = bench.spawn(args, env)
    this.#child = child
    this.#errors = ''
    child.stderr!.on('data', (text) => {
      this.#errors = `${this.#errors}${text}`.slice(-4_000)
    })
    this.#closed = once(child, 'close').then(() => {
      if (this.#child === child) this.#child = undefined
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), readyMs)
    for await (const text of createInterface({ input: child.stdout! })) {
      const line = JSON.parse(text) as { readonly event?: string }
      if (line.event !== 'ready') continue
      const tookMs = performance.now() - startMs
      clearTimeout(timer)
      return tookMs
    }
    throw new Error(`${this.name} did not start:\n${this.#errors}`)
  }

  /** A clean stop. */
  async stop(): Promise<void> {
    const child = this.#child
    // the second signal says: do not wait for jobs
    child?.kill('SIGTERM')
    child?.kill('SIGTERM')
    const timer = setTimeout(() => child?.kill('SIGKILL'), 10_000)
    await this.#closed
    clearTimeout(timer)
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#closed
  }

  get usage(): Usage {
    return usageOf(this.pid)
  }

  /** What it keeps running beside itself, to start jobs. */
  get helpers(): readonly number[] {
    const file = `/proc/${this.pid}/task/${this.pid}/children`
    if (!existsSync(file)) return []
    return readFileSync(file, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  }
}

/** What a process holds and has used. */
export interface Usage {
  readonly residentMb: number
  readonly anonymousMb: number
  readonly cpuMs: number
}

const tickMs = 10

export function usageOf(pid: number): Usage {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) * 1_024) / 1e6
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    residentMb: megabytes('Rss'),
    anonymousMb: megabytes('Anonymous'),
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
  }
}

/** Lets a window of time pass, during which something else is measured. */
export function pass(ms: number): Promise<void> {
  const { promise, resolve: over } = Promise.withResolvers<void>()
  setTimeout(over, ms)
  return promise
}
