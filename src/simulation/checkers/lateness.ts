// C1: a tick that some node could start is started, at most L late, on every side of a partition on
// which there is such a node.

import { attemptId, soleSlot, type Slot } from '../../core/ids.ts'
import type { Checker, History, NodeIndex, Violation } from '../history.ts'
import { attemptsOf } from './attempts.ts'
import { groundOf, type FaultClass } from './ground.ts'
import { ranAhead } from './nodes.ts'
import { boundMs, boundNodes, ticksOf, type Tick } from './obligations.ts'
import { mayOverlap } from './open-executions.ts'
import { Tally } from './tally.ts'

/** How much early a start may be by clocks that count as right. */
export const earlyMs = 2_000
/** Latest start of a tick that nothing disturbed, beside its own jitter. */
const quietBoundMs = 3_000

/** Why a tick without a start is no violation. */
type Excuse = 'no-eligible-node' | 'overlap' | 'deadline' | 'lost'

/** C1. */
export class LatenessChecker implements Checker {
  readonly name = 'C1'
  #tally = new Tally()

  get stats(): Readonly<Record<string, number>> {
    return this.#tally.counts
  }

  check(history: History): readonly Violation[] {
    this.#tally = new Tally()
    const violations: Violation[] = []
    for (const tick of ticksOf(history)) {
      // what is still to come cannot be judged
      if (tick.plannedMs + history.scenery.timers.takeoverWindowMs > history.endMs) continue
      this.#tally.add('ticks')
      if (tick.waiver !== undefined) this.#tally.add(`waived.${tick.waiver}`)
      else violations.push(...this.#judge(history, tick))
    }
    return violations
  }

  /** One slot for the fleet, or one for each node that could start it. */
  #judge(history: History, tick: Tick): readonly Violation[] {
    const bound = boundNodes(history, tick)
    if (!tick.definition.placement.every) return this.#judgeSlot(history, tick, bound, undefined)
    return bound.flatMap((node) => this.#judgeSlot(history, tick, [node], node))
  }

  #judgeSlot(
    history: History,
    tick: Tick,
    bound: readonly NodeIndex[],
    owner: NodeIndex | undefined,
  ): readonly Violation[] {
    const toMs = boundMs(history, tick)
    const fault = faultOf(history, tick, toMs)
    const slot = owner === undefined ? undefined : history.scenery.members[owner]
    this.#tally.add('obliged', fault)
    this.#tally.add(bound.length > 0 ? 'binding' : 'unbound', fault)
    const start = firstStart(history, tick, owner)
    if (start !== undefined) {
      if (tick.plannedMs === tick.dueMs) this.#tally.lateness(start.atMs - tick.dueMs, fault)
      return [
        ...this.#judgeStart(history, tick, start, bound.length > 0, fault),
        ...this.#judgeSides(history, tick, slot, bound, fault),
      ]
    }
    const excuse = this.#excuseOf(history, tick, slot, bound, fault)
    this.#tally.add('missed', fault)
    this.#tally.add(`missed.${excuse ?? 'unexcused'}`, fault)
    if (excuse !== undefined) return []
    return [violation(tick, toMs, `no start until ${toMs - tick.dueMs} ms after it was due`)]
  }

  #judgeStart(
    history: History,
    tick: Tick,
    start: { readonly atMs: number; readonly node: NodeIndex },
    isBinding: boolean,
    fault: FaultClass,
  ): readonly Violation[] {
    const { atMs } = start
    if (atMs < tick.dueMs - earlyMs && !isExplained(history, atMs, tick.dueMs)) {
      return [violation(tick, atMs, `started ${tick.dueMs - atMs} ms early on node ${start.node}`)]
    }
    // it may have waited for the word of an executor that could not be reached, or in line
    const isHeld = (): boolean => mayOverlap(history, tick, undefined, tick.dueMs - earlyMs, atMs)
    if (isBinding && fault === 'quiet' && atMs > tick.plannedMs + quietBoundMs && !isHeld()) {
      const lateMs = atMs - tick.plannedMs
      return [violation(tick, atMs, `started ${lateMs} ms late although nothing was wrong`)]
    }
    const latestMs = tick.plannedMs + history.scenery.timers.takeoverWindowMs + earlyMs
    if (!isBinding || atMs <= latestMs || isHeld()) return []
    return [violation(tick, atMs, `started ${atMs - tick.plannedMs} ms late on node ${start.node}`)]
  }

  /** A node that cannot have heard of any start had to start it on its side. */
  #judgeSides(
    history: History,
    tick: Tick,
    slot: string | undefined,
    bound: readonly NodeIndex[],
    fault: FaultClass,
  ): readonly Violation[] {
    const toMs = boundMs(history, tick)
    const starts = attemptsOf(history)
      .ofExecution(tick.execution)
      .map(({ start }) => start)
      .filter(({ atMs }) => atMs <= toMs + earlyMs)
    const fromMs = Math.min(toMs, ...starts.map(({ atMs }) => atMs))
    const heard = groundOf(history).heardBy(
      starts.map(({ node }) => node),
      fromMs,
      toMs,
    )
    const alone = bound.filter((node) => !heard.has(node))
    if (alone.length === 0) return []
    this.#tally.add('sides', fault)
    if (this.#excuseOf(history, tick, slot, alone, fault) !== undefined) return []
    const message = `no start on the side of node ${alone.join(', ')} until ${toMs - tick.dueMs} ms after`
    return [violation(tick, toMs, message)]
  }

  #excuseOf(
    history: History,
    tick: Tick,
    slot: string | undefined,
    bound: readonly NodeIndex[],
    fault: FaultClass,
  ): Excuse | undefined {
    if (bound.length === 0) return 'no-eligible-node'
    const toMs = fault === 'quiet' ? tick.plannedMs + earlyMs : boundMs(history, tick)
    if (mayOverlap(history, tick, slot, tick.dueMs - earlyMs, toMs)) return 'overlap'
    if (isLost(history, tick, slot ?? soleSlot, toMs)) return 'lost'
    const isShort = tick.cutoffMs - tick.plannedMs < history.scenery.timers.takeoverWindowMs
    return isShort && fault !== 'quiet' ? 'deadline' : undefined
  }
}

/** A node that once was ahead of the tick will not act, and the next one waits for it. */
function faultOf(history: History, tick: Tick, toMs: number): FaultClass {
  const ground = groundOf(history)
  const fault = ground.classOf(tick.dueMs - 30_000, toMs)
  if (fault !== 'quiet') return fault
  return ground.nodes.some((node) => ranAhead(node, tick.dueMs)) ? 'skew' : 'quiet'
}

/** A node died between its durable claim and the process: whether that ran nobody can tell it. */
function isLost(history: History, tick: Tick, slot: Slot, toMs: number): boolean {
  const attempt = attemptId(tick.execution, slot, 1)
  return groundOf(history).nodes.some(({ up }, node) =>
    attemptsOf(history)
      .claims(attempt, node)
      .some((claim) => claim.node === node && claim.synced && !up.covers(claim.atMs, toMs)),
  )
}

/** A wrong clock that a node could follow makes a start early. */
function isExplained(history: History, atMs: number, dueMs: number): boolean {
  const offsets = groundOf(history).offsetsAt(atMs)
  return offsets.some((offsetMs) => atMs + offsetMs >= dueMs - earlyMs)
}

function firstStart(
  history: History,
  tick: Tick,
  owner: NodeIndex | undefined,
): { readonly atMs: number; readonly node: NodeIndex } | undefined {
  const runs = attemptsOf(history).ofExecution(tick.execution)
  return runs.find(({ start }) => owner === undefined || start.node === owner)?.start
}

const violation = (tick: Tick, atMs: number, message: string): Violation => ({
  property: 'C1',
  message,
  atMs,
  job: tick.truth.name,
  execution: tick.execution,
})
