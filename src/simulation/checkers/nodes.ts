// What was true of every node over time: derived from facts of the simulation alone, never from
// what a node said.

import type { Entry, EntryOf, History, NodeIndex } from '../history.ts'
import { Spans, Switch, type Span } from './spans.ts'

/** How far a clock may be off for its node to count as eligible. */
export const clockToleranceMs = 2_000
/** After a clock was wrong or stepped, others must measure it anew: old samples count for a minute. */
export const clockSettleMs = 120_000

/** Something that took knowledge away from a node. */
export interface Loss {
  readonly atMs: number
  /** What was stored until this instant is still there. */
  readonly keptUntilMs: number
  /** Only what had not reached the disk is gone. */
  readonly isUnsyncedOnly: boolean
  /** Some of it is gone, nobody can say what. */
  readonly isPartial?: boolean
}

/** One node over time. */
export interface NodeTruth {
  readonly up: Spans
  readonly stalled: Spans
  /** Its store cannot be written. */
  readonly failing: Spans
  /** Its wall clock is off by more than the tolerance, or was until shortly before. */
  readonly skewed: Spans
  /** From the order to leave until it is started again. */
  readonly leaving: Spans
  /** From a start until it must be able to own ticks, whatever it says. */
  readonly starting: Spans
  readonly losses: readonly Loss[]
  readonly clock: readonly EntryOf<'clock'>[]
}

const known = new WeakMap<History, readonly NodeTruth[]>()

/** Nodes of a run, by number; read once. */
export function nodesOf(history: History): readonly NodeTruth[] {
  let nodes = known.get(history)
  if (nodes === undefined) {
    nodes = history.scenery.members.map((_, node) => nodeTruth(history, node))
    known.set(history, nodes)
  }
  return nodes
}

function nodeTruth(history: History, node: NodeIndex): NodeTruth {
  const switches = { up: new Switch(), stalled: new Switch(), failing: new Switch() }
  const leaving = new Switch()
  const losses: Loss[] = []
  const clock: EntryOf<'clock'>[] = []
  const readyAtMs: number[] = []
  let syncedMs = -Infinity
  for (const entry of history.entries) {
    if (!('node' in entry) || entry.node !== node) continue
    const { atMs } = entry
    switchNode(entry, switches)
    if (entry.kind === 'node.up') leaving.off(atMs)
    else if (entry.kind === 'node.leaving') leaving.on(atMs)
    else if (entry.kind === 'node.ready') readyAtMs.push(atMs)
    else if (entry.kind === 'clock') clock.push(entry)
    else if (entry.kind === 'record.stored' && entry.synced) syncedMs = atMs
    const loss = lossOf(entry, syncedMs)
    if (loss !== undefined) losses.push(loss)
  }
  const up = switches.up.close()
  return {
    up,
    stalled: switches.stalled.close(),
    failing: switches.failing.close(),
    skewed: skewedSpans(clock)
      .extended(() => clockSettleMs)
      .union(stepSpans(clock)),
    leaving: leaving.close(),
    starting: startingSpans(history, up, readyAtMs),
    losses,
    clock,
  }
}

function switchNode(
  entry: Entry,
  switches: { readonly up: Switch; readonly stalled: Switch; readonly failing: Switch },
): void {
  switch (entry.kind) {
    case 'node.up':
      switches.up.on(entry.atMs)
      return
    case 'node.down':
    case 'node.broke':
      switches.up.off(entry.atMs)
      switches.stalled.off(entry.atMs)
      return
    case 'node.stalled':
      switches.stalled.on(entry.atMs)
      return
    case 'node.runs':
      switches.stalled.off(entry.atMs)
      return
    case 'store.failing':
      switches.failing.on(entry.atMs)
      return
    case 'store.works':
      switches.failing.off(entry.atMs)
      return
    default:
  }
}

function lossOf(entry: Entry, syncedMs: number): Loss | undefined {
  const { atMs } = entry
  switch (entry.kind) {
    case 'store.damaged':
      return { atMs, keptUntilMs: -Infinity, isUnsyncedOnly: false, isPartial: true }
    case 'store.wiped':
      return { atMs, keptUntilMs: -Infinity, isUnsyncedOnly: false }
    case 'store.rolledBack':
      return { atMs, keptUntilMs: entry.toMs, isUnsyncedOnly: false }
    case 'store.torn':
      return entry.lost > 0 ? { atMs, keptUntilMs: syncedMs, isUnsyncedOnly: true } : undefined
    default:
      return undefined
  }
}

/** Whether a node's clock once showed a later instant than this one, before this one came. */
export function ranAhead(node: NodeTruth, atMs: number): boolean {
  return node.clock.some((set, index) => {
    const endMs = Math.min(atMs, node.clock[index + 1]?.atMs ?? atMs)
    if (set.atMs >= endMs) return false
    const aheadMs = set.offsetMs + ((endMs - set.atMs) * set.driftPpm) / 1e6
    return endMs + aheadMs > atMs + clockToleranceMs
  })
}

/** Wall clock minus true time. */
export function clockOffset(node: NodeTruth, atMs: number): number {
  const set = node.clock.findLast((entry) => entry.atMs <= atMs)
  return set === undefined ? 0 : set.offsetMs + ((atMs - set.atMs) * set.driftPpm) / 1e6
}

function skewedSpans(clock: readonly EntryOf<'clock'>[]): Spans {
  const spans = clock.flatMap((set, index): readonly Span[] => {
    const endMs = clock[index + 1]?.atMs ?? Infinity
    const perMs = set.driftPpm / 1e6
    if (perMs === 0) {
      const isOff = Math.abs(set.offsetMs) > clockToleranceMs
      return isOff ? [{ fromMs: set.atMs, toMs: endMs }] : []
    }
    // the line offset + drift · t leaves the band at one end and may enter it at the other
    const crossings = [-clockToleranceMs, clockToleranceMs].map(
      (edge) => set.atMs + (edge - set.offsetMs) / perMs,
    )
    const [enters, leaves] = [Math.min(...crossings), Math.max(...crossings)]
    return [
      { fromMs: set.atMs, toMs: Math.min(enters, endMs) },
      { fromMs: Math.max(leaves, set.atMs), toMs: endMs },
    ]
  })
  return new Spans(spans)
}

/** Steps within the tolerance move what others have measured, too. */
const stepSpans = (clock: readonly EntryOf<'clock'>[]): Spans =>
  new Spans(clock.slice(1).map(({ atMs }) => ({ fromMs: atMs, toMs: atMs + clockSettleMs })))

/**
 * A node that says that it is ready is taken at its word after the announcement; one that does not
 * must own ticks once it has been up for as long as a node without peers may wait.
 */
function startingSpans(history: History, up: Spans, readyAtMs: readonly number[]): Spans {
  const { aloneMs, leadMs, settleMs } = history.scenery.timers
  return new Spans(
    up.list.map(({ fromMs, toMs }) => {
      const ready = readyAtMs.find((atMs) => atMs >= fromMs && atMs < toMs) ?? Infinity
      const eligibleMs = Math.min(ready, fromMs + aloneMs) + leadMs + settleMs
      return { fromMs, toMs: eligibleMs }
    }),
  )
}
