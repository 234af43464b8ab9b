import { catalogMutants } from './catalog.ts'
import { executionMutants } from './executions.ts'
import { membershipMutants } from './membership.ts'
import type { Mutant } from './mutant.ts'
import { scheduleMutants } from './schedule.ts'
import { takeoverMutants } from './takeover.ts'

/** Every planted bug. */
export const mutants: readonly Mutant[] = [
  ...takeoverMutants,
  ...executionMutants,
  ...membershipMutants,
  ...catalogMutants,
  ...scheduleMutants,
]
