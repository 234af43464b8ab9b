// One node of the demo: a process of this same program.

import { spawn, type ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { ErrorCode } from '../core/errors.ts'
import { errors } from '../core/errors.ts'
import { ok, refuse, type Result } from '../core/result.ts'
import { demoMemberVariable } from './demo-parent.ts'

/** A line that a node wrote. */
export interface NodeLine {
  readonly node: string
  readonly text: string
  /** The line as an object; undefined when it is none. */
  readonly fields: Readonly<Record<string, unknown>> | undefined
}

/** What a node of the demo is made from. */
export interface DemoNodeInit {
  readonly name: string
  /** Directory of the demo. */
  readonly base: string
  readonly networkKeyFile: string
  readonly clusterKeyFile: string
  /** Addresses of the ways to the other nodes. */
  readonly peers: readonly string[]
  readonly heard: (line: NodeLine) => void
  /** It ended although nobody wanted it to. */
  readonly crashed: (name: string, how: string) => void
}

/** Ports that a process gets; another one may need others. */
export interface NodePorts {
  readonly peer: number
  readonly http: number
}

/**
 * Told to others as the address of a node, because there nobody answers: nodes then reach each
 * other only through the ways that can be cut.
 */
const nowhere = '/ip4/127.0.0.1/tcp/9'
const readyMs = 60_000
const closeMs = 8_000

/** A node of the demo, which can be killed and started again. */
export class DemoNode {
  readonly name: string
  readonly dataDir: string
  readonly #init: DemoNodeInit
  #child: ChildProcess | undefined
  #exited: Promise<string> = Promise.resolve('')
  #isReady = false
  #isEnding = false
  /** The last line that told why it cannot go on. */
  #trouble: Readonly<Record<string, unknown>> = {}
  #id = ''
  #http = ''

  constructor(init: DemoNodeInit) {
    this.#init = init
    this.name = init.name
    this.dataDir = join(init.base, init.name)
  }

  /** The member's id, once it was up. */
  get id(): string {
    return this.#id
  }

  /** URL of its API. */
  get http(): string {
    return this.#http
  }

  get isUp(): boolean {
    return this.#child !== undefined
  }

  /** Resolves when the node says that it is ready, or why it is not. */
  async start(ports: NodePorts): Promise<Result<void>> {
    const child = this.#spawn(ports)
    const { promise: ready, resolve } = Promise.withResolvers<'ready'>()
    onLines(child.stdout!, (text) => {
      const fields = parseLine(text)
      if (fields?.['event'] !== 'ready') return
      this.#isReady = true
      this.#id = textOf(fields['id'])
      this.#http = textOf(fields['http'])
      resolve('ready')
    })
    onLines(child.stderr!, (text) => {
      const fields = parseLine(text)
      if (fields?.['event'] === 'failed') this.#trouble = fields
      this.#init.heard({ node: this.name, text, fields })
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), readyMs)
    const how = await Promise.race([ready, this.#exited])
    clearTimeout(timer)
    if (how === 'ready') return ok(undefined)
    return this.#whyEnded(`${this.name} did not start`, how)
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#isEnding = true
    this.#child?.kill('SIGKILL')
    await this.#exited
  }

  /** Stops it cleanly; its data stays. */
  async stop(): Promise<void> {
    this.#isEnding = true
    this.#child?.kill('SIGTERM')
    await this.#exitWithin(2 * closeMs)
  }

  /** Ends it with all that it runs; it deletes its data. */
  async end(): Promise<void> {
    this.#isEnding = true
    this.#child?.stdin?.end()
    await this.#exitWithin(closeMs)
  }

  /** A refusal as the node itself told it. */
  #whyEnded(what: string, how: string): Result<never> {
    const code = textOf(this.#trouble['code'])
    const known = Object.hasOwn(errors, code) ? (code as ErrorCode) : 'MC_INTERNAL'
    const [why = how] = (textOf(this.#trouble['msg']) || how).split('\n')
    return refuse(known, `${what}: ${why}`, textOf(this.#trouble['hint']))
  }

  async #exitWithin(ms: number): Promise<void> {
    const child = this.#child
    const timer = setTimeout(() => child?.kill('SIGKILL'), ms)
    await this.#exited
    clearTimeout(timer)
  }

  #spawn({ peer, http }: NodePorts): ChildProcess {
    const { base, networkKeyFile, clusterKeyFile, peers, crashed } = this.#init
    const program = process.argv[1]!
    const flags = [
      ['--data-dir', this.dataDir],
      ['--name', this.name],
      ['--listen', `/ip4/127.0.0.1/tcp/${peer}`],
      ['--announce', nowhere],
      ['--http', `127.0.0.1:${http}`],
      ['--enrol', '/ip4/127.0.0.1/tcp/0'],
      ['--network-key', networkKeyFile],
      ['--cluster-key', clusterKeyFile],
      ['--log', 'json'],
      ...peers.map((address) => ['--peer', address]),
    ].flat()
    const child = spawn(process.execPath, [...process.execArgv, program, 'start', ...flags], {
      env: { ...withoutOptions(process.env), [demoMemberVariable]: base },
      stdio: ['pipe', 'pipe', 'pipe'],
      // a group of its own: ctrl-c is for the demo, which then ends its nodes in order
      detached: true,
    })
    this.#child = child
    this.#isReady = false
    this.#isEnding = false
    this.#trouble = {}
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#exited = promise
    const exited = (how: string): void => {
      if (this.#child !== child) return
      this.#child = undefined
      // a socket on which nobody answers must not be tried
      rmSync(join(this.dataDir, 'api.sock'), { force: true })
      resolve(how)
      if (!this.#isReady || this.#isEnding) return
      const [why] = (textOf(this.#trouble['msg']) || how).split('\n')
      crashed(this.name, why ?? how)
    }
    child.stdin?.on('error', () => undefined)
    child.on('error', (error) => exited(error.message))
    child.on('exit', (code, signal) => exited(signal ?? `exit status ${code}`))
    return child
  }
}

/** The user's own settings are for real nodes. */
function withoutOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MESHCRON_')))
}

function onLines(stream: Readable, heard: (line: string) => void): void {
  createInterface({ input: stream }).on('line', heard)
}

function parseLine(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
