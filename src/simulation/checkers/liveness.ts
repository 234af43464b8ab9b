// C10: with faults that never go away, the part of the fleet that is whole goes on starting what is
// due, and agrees on what that is.

import type { Checker, Counters, History, NodeIndex, Violation } from '../history.ts'
import { attemptsOf } from './attempts.ts'
import { convergenceMs } from './convergence.ts'
import { boundNodes, ticksOf, type Tick } from './obligations.ts'
import { mayOverlap } from './open-executions.ts'
import { lastSamples, phaseStart } from './samples.ts'

/** From the freeze until nothing of before matters. */
const settleMs = 60_000

/** C10. */
export class LivenessChecker implements Checker {
  readonly name = 'C10'
  #ticks = 0

  get stats(): Counters {
    return { ticks: this.#ticks }
  }

  check(history: History): readonly Violation[] {
    this.#ticks = 0
    const frozen = history.entries.find((entry) => entry.kind === 'core')
    const endMs = phaseStart(history, 'healed') ?? history.endMs
    if (frozen === undefined || frozen.nodes.length === 0) return []
    const { atMs: sinceMs, nodes } = frozen
    return [
      ...this.#silent(history, nodes, sinceMs + settleMs, endMs),
      ...disagreeing(history, nodes, sinceMs, endMs),
    ]
  }

  /** Jobs without any start for three times the bound of a tick. */
  #silent(
    history: History,
    core: readonly NodeIndex[],
    fromMs: number,
    toMs: number,
  ): readonly Violation[] {
    const silentMs = 3 * history.scenery.timers.takeoverWindowMs
    const isJudged = ({ dueMs, plannedMs, waiver }: Tick): boolean =>
      waiver === undefined && dueMs >= fromMs && plannedMs + silentMs <= toMs
    return [...ticksOf(history)].filter(isJudged).flatMap((tick): readonly Violation[] => {
      if (!boundNodes(history, tick).some((node) => core.includes(node))) return []
      this.#ticks += 1
      const untilMs = tick.plannedMs + silentMs
      const hasStarted = attemptsOf(history)
        .ofJob(tick.truth.name)
        .some(({ start }) => start.atMs >= tick.dueMs - 2_000 && start.atMs <= untilMs)
      if (hasStarted || mayOverlap(history, tick, undefined, tick.dueMs, untilMs)) return []
      const message = `no start for ${untilMs - tick.dueMs} ms although a healthy part is left`
      return [{ property: 'C10', message, atMs: untilMs, job: tick.truth.name }]
    })
  }
}

function disagreeing(
  history: History,
  core: readonly NodeIndex[],
  sinceMs: number,
  endMs: number,
): readonly Violation[] {
  if (endMs - sinceMs < convergenceMs(history)) return []
  const samples = lastSamples(history, endMs).filter(({ node }) => core.includes(node))
  const digests = new Set(samples.map(({ catalogDigest }) => catalogDigest))
  if (digests.size <= 1) return []
  const message = `${digests.size} different catalogs in the healthy part`
  return [{ property: 'C10', message, atMs: endMs }]
}
