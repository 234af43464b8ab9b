// Which ticks the fleet owes, and whether some node could keep the promise, by ground truth alone.

import { tickExecutionId, type ExecutionId } from '../../core/ids.ts'
import type { Definition } from '../../core/jobs/definition.ts'
import { latestPlannedMs, oracleDeadline } from '../oracle/cutoff.ts'
import { oracleTicks } from '../oracle/schedule.ts'
import type { History, NodeIndex } from '../history.ts'
import { jobsOf, type JobTruth, type Writing } from './definitions.ts'
import { groundOf, type Ground } from './ground.ts'
import { ranAhead } from './nodes.ts'

/** A node must have been steady for so long before a tick. */
export const steadyMs = 30_000

/** A definition counts when it was acknowledged this long before a tick, and stays for as long after. */
export function definitionSettleMs({ scenery }: History): number {
  const { settleMs, syncMs } = scenery.timers
  return Math.min(30_000, Math.max(settleMs, syncMs) + 5_000)
}

/** A stall up to this length does not excuse a node. */
const stallToleranceMs = 1_000

/** Why nothing is owed although the tick exists. */
export type Waiver = 'in-flux' | 'deleted' | 'paused' | 'voted'

/** One tick of one job. */
export interface Tick {
  readonly truth: JobTruth
  readonly definition: Definition
  readonly execution: ExecutionId
  readonly dueMs: number
  /** Latest planned start, jitter included. */
  readonly plannedMs: number
  readonly cutoffMs: number
  /** Undefined: it is owed. */
  readonly waiver: Waiver | undefined
  /** Writes that a node must hold to know of it. */
  readonly needs: readonly Writing[]
}

interface State {
  readonly rest: readonly Writing[]
  readonly life: readonly Writing[]
  readonly enabled: readonly Writing[]
}

/** Every tick that some definition has, in order per job. */
export function* ticksOf(history: History): Generator<Tick> {
  for (const truth of jobsOf(history).values()) {
    const states = new Map<number, State>()
    const seen = new Set<string>()
    for (const write of truth.writes) {
      if (write.kind !== 'put') continue
      for (const tick of ticksOfWrite(history, truth, write, states)) {
        if (seen.has(tick.execution)) continue
        seen.add(tick.execution)
        yield tick
      }
    }
  }
}

function* ticksOfWrite(
  history: History,
  truth: JobTruth,
  write: Writing,
  states: Map<number, State>,
): Generator<Tick> {
  const definition = write.definition!
  const { timing, delivery } = definition
  const generation = write.generation!
  const settleMs = definitionSettleMs(history)
  for (const dueMs of oracleTicks(timing, write.sentMs, history.endMs)) {
    const state = stateAt(truth, dueMs + settleMs, states)
    const isPossible = state.rest.includes(write)
    // the ticks of what replaced it follow with that write
    if (!isPossible && truth.isInFlux(dueMs - settleMs, dueMs + settleMs)) continue
    if (!isPossible) return
    const plannedMs = latestPlannedMs(timing, dueMs)
    yield {
      truth,
      definition,
      execution: tickExecutionId(truth.name, generation, dueMs),
      dueMs,
      plannedMs,
      cutoffMs: plannedMs + oracleDeadline(timing, delivery, dueMs),
      // at most once: that it runs at all is not promised
      waiver:
        delivery.promised.mode === 'at-most-once'
          ? 'voted'
          : waiverOf(truth, state, dueMs, settleMs),
      needs: [...new Set([...state.rest, ...state.life, ...state.enabled])],
    }
  }
}

function stateAt(truth: JobTruth, atMs: number, states: Map<number, State>): State {
  const epoch = truth.writes.filter(({ sentMs }) => sentMs <= atMs).length
  let state = states.get(epoch)
  if (state === undefined) {
    state = {
      rest: truth.possible('rest', atMs),
      life: truth.possible('life', atMs),
      enabled: truth.possible('enabled', atMs),
    }
    states.set(epoch, state)
  }
  return state
}

function waiverOf(
  truth: JobTruth,
  state: State,
  dueMs: number,
  settleMs: number,
): Waiver | undefined {
  if (truth.isInFlux(dueMs - settleMs, dueMs + settleMs)) return 'in-flux'
  if (state.life.every(({ kind }) => kind === 'delete')) return 'deleted'
  if (state.life.some(({ kind }) => kind === 'delete') || state.rest.length > 1) return 'in-flux'
  const enabled = new Set(state.enabled.map((write) => isEnabled(write, dueMs, settleMs)))
  if (enabled.has(undefined) || enabled.size > 1) return 'in-flux'
  return enabled.has(false) ? 'paused' : undefined
}

/** Undefined within the moments around the end of a pause. */
function isEnabled(write: Writing, dueMs: number, settleMs: number): boolean | undefined {
  if (write.kind === 'resume') return true
  const group = write.definition?.enabled
  if (group?.enabled === true) return true
  const untilMs = write.kind === 'pause' ? write.untilMs : (group?.untilMs ?? null)
  if (untilMs === null || untilMs > dueMs + settleMs) return false
  return untilMs <= dueMs - settleMs ? true : undefined
}

/** When the tick must have started at the latest. */
export function boundMs(history: History, tick: Tick): number {
  return Math.min(tick.cutoffMs, tick.plannedMs + history.scenery.timers.takeoverWindowMs)
}

/** Nodes that could keep the promise at every instant around the tick. */
export function boundNodes(history: History, tick: Tick): readonly NodeIndex[] {
  const ground = groundOf(history)
  const { settleMs } = history.scenery.timers
  const fromMs = tick.dueMs - Math.max(settleMs, steadyMs)
  const toMs = boundMs(history, tick)
  if (![fromMs, tick.dueMs, toMs].every((atMs) => ground.hasGoodClocks(atMs))) return []
  if (ground.ranAhead(tick.dueMs)) return []
  return ground.nodes
    .map((_, node) => node)
    .filter((node) => isEligible(ground, tick, node, fromMs, toMs))
}

function isEligible(
  ground: Ground,
  tick: Tick,
  index: NodeIndex,
  fromMs: number,
  toMs: number,
): boolean {
  const node = ground.nodes[index]!
  const isSteady =
    node.up.covers(fromMs, toMs) &&
    !node.starting.meets(fromMs, toMs) &&
    !node.stalled.longerThan(stallToleranceMs).meets(fromMs, toMs) &&
    !node.failing.meets(fromMs, toMs) &&
    !node.skewed.meets(fromMs, toMs) &&
    !node.leaving.meets(fromMs, toMs) &&
    // what a clock that ran ahead has passed is not done again when it is put back
    !ranAhead(node, tick.dueMs)
  if (!isSteady) return false
  const tags = ground.history.scenery.tags[index] ?? {}
  const wanted = Object.entries(tick.definition.placement.tags)
  if (!wanted.every(([key, value]) => tags[key] === value)) return false
  const knownMs = tick.dueMs - definitionSettleMs(ground.history)
  return tick.needs.every(
    (write) =>
      tick.truth.held(write, index, knownMs) === 'yes' &&
      tick.truth.held(write, index, toMs) === 'yes',
  )
}
