// C12: the same seed and the same code give the same trace.

import type { Violation } from '../history.ts'

/** One run of a seed by its trace. */
export interface TracedRun {
  readonly seed: string
  readonly hash: string
  /** What was different about the process: zone, locale, heap. */
  readonly where: string
}

/** Seeds whose runs do not all have one hash. */
export function differingTraces(runs: readonly TracedRun[]): readonly Violation[] {
  const first = new Map<string, TracedRun>()
  return runs.flatMap((run): readonly Violation[] => {
    const other = first.get(run.seed)
    if (other === undefined) {
      first.set(run.seed, run)
      return []
    }
    if (other.hash === run.hash) return []
    const message = `seed ${run.seed}: ${other.hash} with ${other.where}, ${run.hash} with ${run.where}`
    return [{ property: 'C12', message, atMs: 0 }]
  })
}
