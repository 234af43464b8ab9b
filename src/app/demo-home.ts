// Where the demo of a user lives: one directory with a name that every command can tell. Whoever
// makes the directory runs the demo; one that a crash left behind is removed by the next.

import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { ok, refuse, type Result } from '../core/result.ts'

/** The files of a running demo. */
export interface DemoHome {
  readonly dir: string
  /** Where the running demo takes orders. */
  readonly socketPath: string
  readonly networkKeyFile: string
  readonly clusterKeyFile: string
  /** Names of the nodes that are up, one a line. */
  readonly aliveFile: string
}

/** Nodes whose demo has died delete their data within this. */
const orphansMs = 10_000
const pollMs = 100

/** The demo's files, whether a demo runs or not. */
export function demoHome(): DemoHome {
  const who = process.getuid?.() ?? userInfo().username
  const dir = join(tmpdir(), `meshcron-demo-${who}`)
  return {
    dir,
    socketPath: join(dir, 'control.sock'),
    networkKeyFile: join(dir, 'network.key'),
    clusterKeyFile: join(dir, 'cluster.key'),
    aliveFile: join(dir, 'alive'),
  }
}

/** Makes the directory, for one demo at a time. */
export async function claimHome(): Promise<Result<DemoHome>> {
  const home = demoHome()
  const untilMs = performance.now() + orphansMs
  for (;;) {
    try {
      mkdirSync(home.dir, { mode: 0o700 })
      writeFileSync(pidFile(home.dir), `${process.pid}\n`, { mode: 0o600 })
      for (const path of [home.networkKeyFile, home.clusterKeyFile]) {
        writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
      }
      return ok(home)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return unusable(home.dir, error)
    }
    if (!isOurs(home.dir)) return foreign(home.dir)
    if (await isLive(home)) return running(home.dir)
    // its nodes are about to stop: they must not meet the new ones
    if (performance.now() < untilMs && hasNodes(home)) await pause()
    else rmSync(home.dir, { recursive: true, force: true })
  }
}

/** Deletes everything. */
export function deleteHome({ dir }: DemoHome): void {
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

/** Whether the directory was made by this user: /tmp is open to all. */
export function isOurs(dir: string): boolean {
  const stats = lstatSync(dir, { throwIfNoEntry: false })
  return stats?.isDirectory() === true && stats.uid === (process.getuid?.() ?? stats.uid)
}

/** The process that runs the demo, as its file says. */
export function demoPid(dir: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile(dir), 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

const pidFile = (dir: string): string => join(dir, 'pid')

/** A demo answers on its socket, or has so little age that it may not do so yet. */
async function isLive(home: DemoHome): Promise<boolean> {
  if (await answers(home.socketPath)) return true
  const pid = demoPid(home.dir)
  const ageMs = Date.now() - (lstatSync(home.dir, { throwIfNoEntry: false })?.birthtimeMs ?? 0)
  return ageMs < orphansMs && (pid === undefined || isAlive(pid))
}

function hasNodes({ aliveFile }: DemoHome): boolean {
  try {
    return readFileSync(aliveFile, 'utf8').trim() !== ''
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function answers(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(socketPath)
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs))

const running = (dir: string): Result<never> =>
  refuse(
    'MC_DATA_DIR_LOCKED',
    `a demo of this user runs already, in ${dir}`,
    'use it, or end it with meshcron demo stop',
  )

const foreign = (dir: string): Result<never> =>
  refuse(
    'MC_DATA_DIR',
    `${dir} belongs to somebody else`,
    'set TMPDIR to a directory of your own and try again',
  )

const unusable = (dir: string, error: unknown): Result<never> =>
  refuse(
    'MC_DATA_DIR',
    `${dir} cannot be made (${(error as NodeJS.ErrnoException).code})`,
    'set TMPDIR to a directory that can be written',
  )
