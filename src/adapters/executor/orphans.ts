// After `kill -9` of the daemon its children run on. So that the next daemon finds them, each child
// is written down while it runs, and carries a mark in its environment. What is written names the
// group and, with the start time, guards against a pid that was used again; the mark finds what left
// the group (setsid, daemons) and what was started an instant before the crash. A process that leaves
// its group *and* empties its environment escapes: that is the limit of tier T0.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AttemptId } from '../../core/ids.ts'
import { bootId, findMarked, startTicksOf } from './proc.ts'
import { type RunningEntry, RunningFile } from './running-file.ts'
import { signalGroup, signalProcess } from './signals.ts'

const termMs = 2_000
// A process in an uninterruptible call cannot be killed; nobody waits for it longer than this.
const killMs = 5_000
const lookMs = 20

/** Something that lives and must not. */
interface Stray {
  readonly isAlive: () => boolean
  readonly signal: (signal: NodeJS.Signals) => void
}

export class Orphans {
  /** Distinguishes our children from those of every other daemon on this machine. */
  readonly owner: string
  readonly #file: RunningFile
  readonly #bootId = bootId()

  constructor(_components: object, init: { readonly dir: string }) {
    this.owner = ownerOf(join(init.dir, 'owner'))
    this.#file = new RunningFile({}, { path: join(init.dir, 'running') })
  }

  /** Remembers a child until `forget`. */
  remember(attempt: AttemptId, pid: number): void {
    const startTicks = startTicksOf(pid) ?? ''
    this.#file.add({ attempt, pid, startTicks, bootId: this.#bootId })
  }

  forget(attempt: AttemptId): void {
    this.#file.remove(attempt)
  }

  /** Stops everything that earlier processes left; answers with the attempts that nobody reported. */
  async recover(): Promise<readonly AttemptId[]> {
    const { found } = this.#file
    const marked = findMarked(this.owner)
    const groups = found.filter((entry) => this.#isAlive(entry))
    await stopAll([...groups.map(asGroup), ...marked.map(asProcess)], termMs)
    await this.killMarked()
    for (const { attempt } of found) this.#file.remove(attempt)
    const attempts = [...found, ...marked].map(({ attempt }) => attempt as AttemptId)
    return [...new Set(attempts)]
  }

  /** Kills every process that carries our mark, whatever group it is in. */
  async killMarked(): Promise<void> {
    const startMs = performance.now()
    // What is killed may have forked meanwhile: look until there is nothing.
    while (performance.now() - startMs < killMs) {
      const marked = findMarked(this.owner)
      if (marked.length === 0) return
      await stopAll(marked.map(asProcess), 0)
    }
  }

  #isAlive(entry: RunningEntry): boolean {
    const isSameBoot = entry.bootId === this.#bootId && entry.startTicks !== ''
    return isSameBoot && startTicksOf(entry.pid) === entry.startTicks
  }
}

const asGroup = ({ pid }: RunningEntry): Stray => ({
  isAlive: () => signalGroup(pid, 0) && startTicksOf(pid) !== undefined,
  signal: (signal) => signalGroup(pid, signal),
})

const asProcess = ({ pid, startTicks }: { pid: number; startTicks: string }): Stray => ({
  isAlive: () => startTicksOf(pid) === startTicks,
  signal: (signal) => {
    if (startTicksOf(pid) === startTicks) signalProcess(pid, signal)
  },
})

async function stopAll(strays: readonly Stray[], graceMs: number): Promise<void> {
  if (strays.length === 0) return
  if (graceMs > 0) {
    for (const stray of strays) {
      stray.signal('SIGTERM')
      // A stopped process hears TERM only when it goes on.
      stray.signal('SIGCONT')
    }
    await allGone(strays, graceMs)
  }
  for (const stray of strays) stray.signal('SIGKILL')
  await allGone(strays, killMs)
}

/** These are not our children, so no event tells of their end. */
async function allGone(strays: readonly Stray[], withinMs: number): Promise<void> {
  const startMs = performance.now()
  while (strays.some((stray) => stray.isAlive()) && performance.now() - startMs < withinMs) {
    await sleep(lookMs)
  }
}

function ownerOf(path: string): string {
  if (!existsSync(path)) {
    const { randomBytes } = process.getBuiltinModule('node:crypto')
    writeFileSync(path, randomBytes(8).toString('hex'), { mode: 0o600 })
  }
  return readFileSync(path, 'utf8').trim()
}
