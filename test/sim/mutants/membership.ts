import type { Mutant } from './mutant.ts'

const candidates = 'src/core/placement/candidates.ts'

/** Who counts, from when, and in which order. */
export const membershipMutants: readonly Mutant[] = [
  {
    name: 'candidates from the view of the moment',
    module: candidates,
    text: "  if (state === 'down' || state === 'left') return `it is ${state}`",
    replacement: "  if (state !== 'alive') return `it is ${state}`",
    caughtBy: ['C2'],
    wishes: { profile: 'lan', nodes: 4, minutes: 4, jobs: 8, faults: ['link', 'one-way', 'stall'] },
    foundAt: 19,
  },
  {
    name: 'a tag in any value will do',
    module: candidates,
    text: 'if (attrs.tags[key] !== value) return',
    replacement: 'if (attrs.tags[key] === undefined || value === undefined) return',
    caughtBy: ['C3'],
    wishes: { profile: 'lan', nodes: 4, minutes: 3, jobs: 8, faults: [] },
    foundAt: 1,
  },
]
