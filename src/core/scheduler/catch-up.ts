// Late ticks that all run, oldest first and one after another: the next is let go when the one
// before it has ended. Each node keeps the line for itself; a tick that another node has started
// leaves it.

import type { JobName } from '../ids.ts'
import type { OverdueTick } from './misfire.ts'

interface Line {
  /** The tick that was let go last. */
  currentMs: number | undefined
  /** Ascending. */
  waiting: readonly OverdueTick[]
}

export class CatchUps {
  readonly #lines = new Map<JobName, Line>()

  /** Puts ticks of a job in line; they replace those of before. */
  set(name: JobName, ticks: readonly OverdueTick[]): void {
    if (ticks.length === 0) this.#lines.delete(name)
    else this.#lines.set(name, { currentMs: this.#lines.get(name)?.currentMs, waiting: ticks })
  }

  names(): readonly JobName[] {
    return [...this.#lines.keys()]
  }

  waiting(name: JobName): readonly OverdueTick[] {
    return this.#lines.get(name)?.waiting ?? []
  }

  /** Ticks that may be started now; one whose cutoff is over is let go to end as missed. */
  release(
    name: JobName,
    nowMs: number,
    world: { isDecided(dueMs: number): boolean; isOver(dueMs: number): boolean },
  ): readonly OverdueTick[] {
    const line = this.#lines.get(name)
    if (line === undefined) return []
    const open = line.waiting.filter(({ dueMs }) => !world.isDecided(dueMs))
    const late = open.filter(({ cutoffMs }) => cutoffMs < nowMs)
    const inTime = open.filter(({ cutoffMs }) => cutoffMs >= nowMs)
    const isFree = line.currentMs === undefined || world.isOver(line.currentMs)
    const next = isFree ? inTime.shift() : undefined
    if (next !== undefined) line.currentMs = next.dueMs
    line.waiting = inTime
    if (inTime.length === 0) this.#lines.delete(name)
    return next === undefined ? late : [...late, next]
  }
}
