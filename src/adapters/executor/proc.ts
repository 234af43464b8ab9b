// What Linux tells about processes. Elsewhere there is no /proc and every answer is empty: then
// nothing that an earlier daemon left behind is ever killed by mistake, nor at all.

import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { markName } from './environment.ts'

const environBytesMax = 262_144
const closeOnExec = 0o2_000_000

/** A process that carries our mark. */
export interface MarkedProcess {
  readonly pid: number
  /** When it started, in the kernel's ticks: with the pid it names a process for ever. */
  readonly startTicks: string
  readonly attempt: string
}

/** Start of a living process; undefined when it is gone, a zombie or not to be seen. */
export function startTicksOf(pid: number): string | undefined {
  const fields = statOf(pid)
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** Changes with every boot, after which pids and start ticks mean nothing. */
export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id').trim()
}

/** All readable processes whose environment names this owner, except ourselves and our parents. */
export function findMarked(owner: string): readonly MarkedProcess[] {
  const needle = Buffer.from(`${markName}=${owner}:`)
  const buffer = Buffer.alloc(environBytesMax)
  const spared = lineage()
  return listNumbers('/proc').flatMap((pid) => {
    if (spared.has(pid)) return []
    const environ = readInto(`/proc/${pid}/environ`, buffer)
    const at = environ.indexOf(needle)
    if (at < 0 || (at > 0 && environ[at - 1] !== 0)) return []
    const end = environ.indexOf(0, at)
    const attempt = environ.toString('utf8', at + needle.length, end < 0 ? undefined : end)
    const startTicks = startTicksOf(pid)
    return startTicks === undefined ? [] : [{ pid, startTicks, attempt }]
  })
}

/** Memory of each of these sessions in bytes, without what belongs to files. */
export function sessionMemory(sessions: ReadonlySet<number>): ReadonlyMap<number, number> {
  const held = new Map<number, number>()
  for (const pid of listNumbers('/proc')) {
    const session = Number(statOf(pid)?.[3] ?? 0)
    if (!sessions.has(session)) continue
    const status = readText(`/proc/${pid}/status`)
    const bytes = [/^RssAnon:\s*(\d+) kB/m, /^RssShmem:\s*(\d+) kB/m].reduce(
      (sum, pattern) => sum + Number(pattern.exec(status)?.[1] ?? 0) * 1_024,
      0,
    )
    held.set(session, (held.get(session) ?? 0) + bytes)
  }
  return held
}

/** Whether memory can be looked at here. */
export const canSeeMemory = (): boolean => /^RssAnon:/m.test(readText('/proc/self/status'))

/**
 * Descriptors that a child would inherit. Node closes its own and the low ones by itself; what a
 * careless parent left open higher up (a lock, a socket) would reach every job.
 */
export function leakedDescriptors(): readonly number[] {
  // A number above the limit can only be inherited, not replaced; nobody sets such a trap by chance.
  const max = Number(
    /^Max open files\s+(\d+)/m.exec(readText('/proc/self/limits'))?.[1] ?? Infinity,
  )
  return listNumbers('/proc/self/fd').filter((fd) => {
    if (fd <= 2 || fd >= max) return false
    const flags = /^flags:\s*([0-7]+)/m.exec(readText(`/proc/self/fdinfo/${fd}`))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  })
}

/** A daemon that one of its own jobs has started must not kill itself. */
function lineage(): ReadonlySet<number> {
  const pids = new Set<number>()
  for (let pid = process.pid; pid > 1 && !pids.has(pid);) {
    pids.add(pid)
    pid = Number(statOf(pid)?.[1] ?? 0)
  }
  return pids
}

/** The fields of /proc/pid/stat from `state` on: the name before them may hold anything. */
function statOf(pid: number): readonly string[] | undefined {
  const text = readText(`/proc/${pid}/stat`)
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function listNumbers(dir: string): readonly number[] {
  try {
    return readdirSync(dir)
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function readInto(path: string, buffer: Buffer): Buffer {
  let length = 0
  try {
    const fd = openSync(path, 'r')
    try {
      for (;;) {
        const read = readSync(fd, buffer, length, buffer.length - length, null)
        if (read === 0) break
        length += read
      }
    } finally {
      closeSync(fd)
    }
  } catch {
    // Gone meanwhile, or another user's.
  }
  return buffer.subarray(0, length)
}
