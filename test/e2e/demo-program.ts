// The program as a user starts it, with a place of its own for temporary files.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { json } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { until } from '../until.ts'

const main = resolve(import.meta.dirname, '../../src/cli/main.ts')

/** A run of the program and what it has written. */
export interface Program {
  readonly child: ChildProcess
  /** Resolves with the exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
  out(): string
  err(): string
}

/** Temporary files of one test; whatever still runs there at its end is killed. */
export class Place {
  readonly dir: string

  constructor(t: TestContext) {
    // short, because sockets lie in it
    this.dir = mkdtempSync(join(tmpdir(), 'mc-'))
    t.after(() => {
      for (const pid of this.pids()) process.kill(pid, 'SIGKILL')
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 })
    })
  }

  /** Starts the program here. */
  start(...argv: readonly string[]): Program {
    const env = { ...process.env, TMPDIR: this.dir, NO_COLOR: '1' }
    const child = spawn(process.execPath, [...process.execArgv, main, ...argv], {
      cwd: this.dir,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const text = { out: '', err: '' }
    child.stdout?.on('data', (bytes: Buffer) => (text.out += bytes.toString()))
    child.stderr?.on('data', (bytes: Buffer) => (text.err += bytes.toString()))
    const { promise: ended, resolve } = Promise.withResolvers<number | NodeJS.Signals | null>()
    child.on('close', (code, signal) => resolve(code ?? signal))
    return { child, ended, out: () => text.out, err: () => text.err }
  }

  /** Runs the program here to its end. */
  async run(...argv: readonly string[]): Promise<{ status: unknown; out: string; err: string }> {
    const program = this.start(...argv)
    const status = await program.ended
    return { status, out: program.out(), err: program.err() }
  }

  /** Processes that have to do with this place, as their arguments and environment say. */
  pids(): readonly number[] {
    return pidsWith(this.dir).filter((pid) => pid !== process.pid)
  }
}

/** Processes whose arguments or environment hold the text. */
export function pidsWith(text: string): readonly number[] {
  const isWith = (pid: number): boolean => {
    try {
      const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8')
      return read('cmdline').includes(text) || read('environ').includes(text)
    } catch {
      return false
    }
  }
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && isWith(pid))
}

/** A node of a demo, as the demo names it. */
export interface Node {
  readonly name: string
  readonly url: string
  readonly dataDir: string
}

/** Waits until the demo says that it is up, and reads which nodes it has. */
export async function nodesOf(demo: Program): Promise<readonly Node[]> {
  await until(
    'the demo is up',
    // the line after those of the nodes: each comes in a write of its own
    () => demo.out().includes('try, in another terminal') || demo.child.exitCode !== null,
    60_000,
  )
  const lines = demo.out().matchAll(/^ {4}(\w{5}) {2}(http:\S+) {2}(\S+)$/gm)
  return [...lines].map(([, name = '', url = '', dataDir = '']) => ({ name, url, dataDir }))
}

/** Asks a node on its socket. */
export async function ask(node: Node, path: string, body?: unknown): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const asked = request({
    socketPath: join(node.dataDir, 'api.sock'),
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    timeout: 5_000,
    agent: false,
  })
  asked.on('response', (response) => void json(response).then(resolve, reject))
  asked.on('error', reject)
  asked.on('timeout', () => asked.destroy(new Error(`${node.name} does not answer`)))
  asked.end(body === undefined ? undefined : JSON.stringify(body))
  return await promise
}

/** States of the members as a node sees them, by name. */
export async function seenBy(node: Node): Promise<Readonly<Record<string, string>>> {
  const status = (await ask(node, '/api/v1/status')) as {
    members: readonly { readonly name: string; readonly state: string }[]
  }
  return Object.fromEntries(status.members.map(({ name, state }) => [name, state]))
}
