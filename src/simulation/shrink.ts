// Makes a failing seed smaller: fewer troubles, nodes and jobs, less time, as long as the same
// property still breaks. Draws of one kind do not shift the others, so most seeds survive this.

import { judge } from './checkers/all.ts'
import { drawOptions, type FaultName, type Wishes } from './options.ts'
import { simulate } from './run.ts'

const runsMax = 60

/** The smallest wishes found under which the seed still breaks the property. */
export function shrink(
  seed: bigint,
  wishes: Wishes,
  property: string,
  write: (line: string) => void,
): Wishes {
  let best = wishes
  let runs = 0
  const breaks = (candidate: Wishes): boolean => {
    if (runs >= runsMax) return false
    runs += 1
    const { history } = simulate(drawOptions(seed, candidate))
    return judge(history).violations.some((violation) => violation.property === property)
  }
  for (let before: Wishes | undefined; before !== best;) {
    before = best
    for (const candidate of smallerThan(seed, best)) {
      if (!breaks(candidate)) continue
      best = candidate
      write(`  still ${property}: ${JSON.stringify(best)}`)
      break
    }
  }
  return best
}

/** Candidates, the boldest first. */
function* smallerThan(seed: bigint, wishes: Wishes): Generator<Wishes> {
  const options = drawOptions(seed, wishes)
  const faults = Object.keys(options.faults) as FaultName[]
  const minutes = options.safetyMs / 60_000
  for (let size = Math.ceil(faults.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < faults.length; at += size) {
      yield { ...wishes, faults: faults.filter((_, i) => i < at || i >= at + size) }
    }
  }
  if (minutes > 4) yield { ...wishes, minutes: Math.ceil(minutes / 2) }
  if (options.jobs > 1) yield { ...wishes, jobs: Math.ceil(options.jobs / 2) }
  if (options.nodes > 1) yield { ...wishes, nodes: options.nodes - 1 }
}
