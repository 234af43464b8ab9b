// Every checker, and what they find in one run.

import type { Checker, Counters, History, Violation } from '../history.ts'
import { AuthorityChecker } from './authority.ts'
import { ConvergenceChecker } from './convergence.ts'
import { DuplicatesChecker } from './duplicates.ts'
import { LatenessChecker } from './lateness.ts'
import { LivenessChecker } from './liveness.ts'
import { LostDefinitionsChecker } from './lost-definitions.ts'
import { OverlapChecker } from './overlap.ts'
import { PhantomsChecker } from './phantoms.ts'
import { ResourcesChecker } from './resources.ts'
import { ResurrectionChecker } from './resurrection.ts'
import { RetriesChecker } from './retries.ts'

/** What all checkers say about a run. */
export interface Verdict {
  readonly violations: readonly Violation[]
  /** Counts of all checkers, under their names. */
  readonly stats: Counters
}

/** A checker of each kind. */
export function allCheckers(): readonly Checker[] {
  return [
    new LatenessChecker(),
    new DuplicatesChecker(),
    new PhantomsChecker(),
    new LostDefinitionsChecker(),
    new ConvergenceChecker(),
    new ResurrectionChecker(),
    new OverlapChecker(),
    new RetriesChecker(),
    new AuthorityChecker(),
    new LivenessChecker(),
    new ResourcesChecker(),
  ]
}

/** Judges a run by every property. */
export function judge(history: History): Verdict {
  const violations: Violation[] = history.entries.flatMap((entry): readonly Violation[] =>
    entry.kind === 'node.broke'
      ? [
          {
            property: 'invariant',
            message: `node ${entry.node}: ${entry.message}`,
            atMs: entry.atMs,
          },
        ]
      : [],
  )
  const stats: Record<string, number> = {}
  for (const checker of allCheckers()) {
    violations.push(...checker.check(history))
    for (const [name, count] of Object.entries(checker.stats)) {
      stats[`${checker.name}.${name}`] = count
    }
  }
  violations.sort((a, b) => a.atMs - b.atMs)
  return { violations, stats }
}
