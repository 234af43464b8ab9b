import { type ChildProcess, fork, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Launch } from '../../../src/core/effect.ts'
import type { ExecutionReport } from '../../../src/core/event.ts'

const program = fileURLToPath(new URL('./owner.ts', import.meta.url))

/** Starts a process that owns an executor in `dir` and has started these launches. */
export async function startOwner(
  dir: string,
  launches: readonly Launch[],
  stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'ipc'],
): Promise<ChildProcess & { readonly pid: number }> {
  const execArgv = ['--disable-warning=ExperimentalWarning']
  const owner = fork(program, [dir], { execArgv, stdio })
  await once(owner, 'message')
  const waiting = new Set<string>(launches.map(({ attempt }) => attempt))
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  owner.on('message', (message) => {
    const report = message as unknown as ExecutionReport
    waiting.delete(report.attempt)
    if (waiting.size === 0) resolve()
  })
  owner.on('exit', () => reject(new Error('the owner ended')))
  for (const launch of launches) owner.send(launch)
  await promise
  return owner as ChildProcess & { pid: number }
}

/** Kills the owner so that it cannot clean up; its helper notices, or dies with it. */
export async function killOwner(
  owner: ChildProcess & { readonly pid: number },
  extent: 'alone' | 'with helper',
): Promise<void> {
  const helpers = childrenOf(owner.pid)
  const gone = once(owner, 'exit')
  // The helper first and stopped, or it would end its children when the owner goes.
  if (extent === 'with helper') for (const pid of helpers) process.kill(pid, 'SIGSTOP')
  owner.kill('SIGKILL')
  await gone
  if (extent === 'with helper') for (const pid of helpers) process.kill(pid, 'SIGKILL')
}

/** Living processes whose environment holds the text. */
export function findRunning(text: string): readonly number[] {
  return processes().filter((pid) => {
    const isZombie = statOf(pid)?.startsWith('Z') ?? true
    return !isZombie && read(`/proc/${pid}/environ`).includes(text)
  })
}

/** Whether the process lives and is no zombie. */
export function isAlive(pid: number): boolean {
  const stat = statOf(pid)
  return stat !== undefined && !stat.startsWith('Z')
}

/** Whether it is in no process group of that leader any more. */
export function hasLeft(pid: number, leader: number): boolean {
  const group = statOf(pid)?.split(' ')[2]
  return group !== undefined && group !== String(leader)
}

export function childrenOf(parent: number): readonly number[] {
  return processes().filter((pid) => statOf(pid)?.split(' ')[1] === String(parent))
}

function processes(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function statOf(pid: number): string | undefined {
  const text = read(`/proc/${pid}/stat`)
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
