// What of a daemon is alive: itself, what it started, and what those left behind.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A process for ever: a pid is used again, a pid with its start is not. */
export interface ProcessRef {
  readonly pid: number
  readonly startTicks: string
}

interface Stat extends ProcessRef {
  readonly state: string
  readonly parent: number
}

/** A living process; undefined when there is none or only its exit status is left. */
export function processOf(pid: number): ProcessRef | undefined {
  const stat = statOf(pid)
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined
  return { pid, startTicks: stat.startTicks }
}

export const isAlive = ({ pid, startTicks }: ProcessRef): boolean =>
  processOf(pid)?.startTicks === startTicks

/** Everything that descends from a process, itself not. */
export function descendantsOf(pid: number): readonly ProcessRef[] {
  const all = pids().flatMap((one) => statOf(one) ?? [])
  const found = new Set([pid])
  for (let before = 0; before !== found.size;) {
    before = found.size
    for (const one of all) if (found.has(one.parent)) found.add(one.pid)
  }
  found.delete(pid)
  return all.filter((one) => found.has(one.pid) && one.state !== 'Z')
}

/** Processes that work in a directory, or name it in their arguments or their environment. */
export function processesIn(dir: string): readonly ProcessRef[] {
  return pids().flatMap((pid) => {
    if (pid === process.pid) return []
    const isThere =
      linkOf(`/proc/${pid}/cwd`).startsWith(dir) ||
      textOf(`/proc/${pid}/cmdline`).includes(dir) ||
      textOf(`/proc/${pid}/environ`).includes(dir)
    return isThere ? (processOf(pid) ?? []) : []
  })
}

/** Sends a signal to a process that may be gone. */
export function signal({ pid, startTicks }: ProcessRef, name: NodeJS.Signals): void {
  if (!isAlive({ pid, startTicks })) return
  try {
    process.kill(pid, name)
  } catch {
    // gone between the look and the signal
  }
}

/** What it runs, for a message. */
export const commandOf = ({ pid }: ProcessRef): string =>
  `${pid} ${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 200)}`

function statOf(pid: number): Stat | undefined {
  const text = textOf(`/proc/${pid}/stat`)
  if (text === '') return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { pid, state: fields[0]!, parent: Number(fields[1]), startTicks: fields[19]! }
}

const pids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
