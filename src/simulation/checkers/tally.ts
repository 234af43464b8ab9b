// Counts by name and by kind of fault, such that those of several runs can be added up.

import type { Counters } from '../history.ts'
import type { FaultClass } from './ground.ts'

/** Upper ends of the classes of lateness, in ms. */
export const latenessEdges: readonly number[] = [
  10, 20, 50, 100, 200, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000,
  45_000, 60_000, 120_000, 3_600_000,
]

/** Counts of one checker over one history. */
export class Tally {
  readonly #counts: Record<string, number> = {}

  get counts(): Counters {
    return this.#counts
  }

  /** Counts one under a name, and under the name with its kind of fault. */
  add(name: string, fault?: FaultClass, count = 1): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + count
    if (fault !== undefined) this.add(`${name}@${fault}`, undefined, count)
  }

  /** Counts a start by how late it was. */
  lateness(ms: number, fault: FaultClass): void {
    const edge = latenessEdges.find((upTo) => ms <= upTo) ?? Infinity
    this.add(`late≤${edge}`, fault)
  }
}

/** The class of lateness below which a share of all starts lies. */
export function latenessQuantile(stats: Counters, share: number, fault?: FaultClass): number {
  const suffix = fault === undefined ? '' : `@${fault}`
  const edges = [...latenessEdges, Infinity]
  const sizes = edges.map((edge) => stats[`C1.late≤${edge}${suffix}`] ?? 0)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let below = 0
  for (const [index, size] of sizes.entries()) {
    below += size
    if (total > 0 && below >= share * total) return edges[index]!
  }
  return 0
}

/**
 * Part of the ticks of which a batch says nothing: whose definition was in flux, or that nobody
 * started because no node was eligible or the deadline was over. Ticks that another execution kept
 * from starting are judged, by the rules of overlap.
 */
export function excusedShare(stats: Counters): number {
  const count = (name: string): number => stats[`C1.${name}`] ?? 0
  const excused =
    count('waived.in-flux') + count('missed.no-eligible-node') + count('missed.deadline')
  return excused / Math.max(1, count('obliged') + count('waived.in-flux'))
}
