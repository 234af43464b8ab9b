import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { limits } from '../../core/limits.ts'
import type { Account } from './account.ts'
import { Child } from './child.ts'
import { isDirectory } from './environment.ts'
import type { PipeEnds, Pipes } from './pipes.ts'
import type { Recording } from './recording.ts'

// One buffer for all pipes: a chunk is copied before the next one is read.
const chunk = Buffer.allocUnsafe(65_536)

/** What to start, resolved. */
export interface Command {
  readonly argv: readonly string[]
  /** The file to start instead of the first argument. */
  readonly file?: string
  /** As whom; absent: as the daemon. */
  readonly account?: Account
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Standard input and output are kept for a talk; only standard error is its output. */
  readonly isTalking?: boolean
  /** What it reads; absent: nothing. */
  readonly inputFd?: number
}

/** Both directions of a talk with a command. */
export interface Talk {
  readonly stdin: Writable
  readonly stdout: Readable
}

/** What was started. */
export interface Spawned {
  readonly child: Child
  /** Only of a command that talks. */
  readonly talk: Talk | undefined
}

/** Why nothing was started. */
export interface SpawnFailure {
  readonly detail: string
  /** A shortage that may be over soon: trying again makes sense. */
  readonly isPassing: boolean
}

export interface SpawnComponents {
  readonly pipes: Pipes
  readonly recording: Recording
  /** `/dev/null`, and the descriptors that it must hide from the child. */
  readonly nullFd: number
  readonly leaked: readonly number[]
}

/** Starts a command in a session and process group of its own, with nothing inherited. */
export async function spawnChild(
  components: SpawnComponents,
  command: Command,
): Promise<Spawned | SpawnFailure> {
  const tooLong = checkLength(command.argv)
  if (tooLong !== undefined) return { detail: tooLong, isPassing: false }
  const { pipes, recording } = components
  let ends: PipeEnds | undefined
  let isRead = false
  try {
    ends = pipes.open()
    const process = start(components, command, ends)
    if (process.pid === undefined) {
      const [error] = (await once(process, 'error')) as [Error]
      throw error
    }
    const talk = command.isTalking === true ? talkOf(process) : undefined
    const outputs =
      ends === undefined
        ? readSockets(process, recording, talk)
        : [readPipe(ends, pipes, recording)]
    isRead = true
    const all = talk === undefined ? outputs : [...outputs, talk.stdout]
    const child = new Child({ process: process as ChildProcess & { pid: number }, outputs: all })
    return { child, talk }
  } catch (error) {
    return failureOf(error as NodeJS.ErrnoException, command)
  } finally {
    if (ends !== undefined) closeSync(ends.writeFd)
    if (ends !== undefined && !isRead) {
      closeSync(ends.readFd)
      pipes.release(ends, true)
    }
  }
}

function start(
  { nullFd, leaked }: SpawnComponents,
  { argv, file, account, env, cwd, isTalking, inputFd }: Command,
  ends: PipeEnds | undefined,
): ChildProcess {
  const output = ends?.writeFd ?? 'pipe'
  const stdio: Exclude<StdioOptions, string> =
    isTalking === true ? ['pipe', 'pipe', output] : [inputFd ?? 'ignore', output, output]
  for (const fd of leaked) {
    while (stdio.length < fd) stdio.push('ignore')
    stdio[fd] = nullFd
  }
  const [name = '', ...rest] = argv
  // with a uid Node leaves every supplementary group, too
  const as = account === undefined ? {} : { uid: account.uid, gid: account.gid }
  return spawn(file ?? name, rest, { argv0: name, env, cwd, stdio, detached: true, ...as })
}

/** Reads whatever comes, always: an unread pipe would block the command. */
function readPipe(ends: PipeEnds, pipes: Pipes, recording: Recording): Readable {
  const callback = (length: number): boolean => {
    recording.write(chunk.subarray(0, length))
    return true
  }
  const onread = { buffer: chunk, callback }
  const reader = new Socket({ fd: ends.readFd, readable: true, writable: false, onread })
  let isQuiet = false
  reader.once('end', () => {
    isQuiet = true
  })
  reader.once('close', () => pipes.release(ends, isQuiet))
  // Without a reader of the stream itself its end would not be noticed.
  return reader.resume()
}

function talkOf({ stdin, stdout }: ChildProcess): Talk | undefined {
  return stdin === null || stdout === null ? undefined : { stdin, stdout }
}

function readSockets(
  process: ChildProcess,
  recording: Recording,
  talk: Talk | undefined,
): readonly Readable[] {
  const outputs = [talk === undefined ? process.stdout : null, process.stderr].filter(
    (output) => output !== null,
  )
  for (const output of outputs) output.on('data', (bytes: Uint8Array) => recording.write(bytes))
  return outputs
}

function checkLength(argv: readonly string[]): string | undefined {
  const bytes = argv.reduce((sum, part) => sum + Buffer.byteLength(part) + 1, 0)
  if (bytes <= limits.argvBytesMax) return undefined
  return `the arguments are ${bytes} bytes, at most ${limits.argvBytesMax} are allowed`
}

function failureOf(error: NodeJS.ErrnoException, { argv, cwd }: Command): SpawnFailure {
  const name = JSON.stringify((argv[0] ?? '').slice(0, 200))
  const { code } = error
  if (code === 'EMFILE' || code === 'ENFILE' || code === 'EAGAIN' || code === 'ENOMEM') {
    return {
      detail: `cannot start ${name}: this machine is short of resources (${code})`,
      isPassing: true,
    }
  }
  return { detail: `cannot start ${name}: ${reasonOf(error, cwd)}`, isPassing: false }
}

function reasonOf(error: NodeJS.ErrnoException, cwd: string): string {
  switch (error.code) {
    case 'ENOENT':
      return isDirectory(cwd)
        ? 'no such command, or the interpreter it names is missing (ENOENT)'
        : `the working directory ${cwd} is gone (ENOENT)`
    case 'EACCES':
      return 'not executable (EACCES)'
    case 'E2BIG':
      return 'arguments and environment together are too large (E2BIG)'
    case 'ENOEXEC':
      return 'not a program, and a script without #! (ENOEXEC)'
    case 'ERR_INVALID_ARG_VALUE':
      return 'a command must not be empty, and no argument or variable may hold a zero byte'
    default:
      return error.message.slice(0, 300)
  }
}
