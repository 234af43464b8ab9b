import type { Mutant } from './mutant.ts'

const candidates = 'src/core/placement/candidates.ts'

/** Who counts, from when, and in which order. */
export const membershipMutants: readonly Mutant[] = [
  {
    name: 'joins count at once',
    module: candidates,
    text: "if (record.eligibleFromMs > plannedMs - settleMs) return 'it joined too short a time before'",
    replacement:
      "if (record.eligibleFromMs > plannedMs + 1e12) return 'it joined too short a time before'",
    caughtBy: ['C2'],
    wishes: {
      profile: 'lan',
      nodes: 4,
      minutes: 4,
      jobs: 8,
      faults: ['kill', 'join', 'leave', 'delay'],
    },
  },
  {
    name: 'candidates from the view of the moment',
    module: candidates,
    text: "  if (state === 'down' || state === 'left') return `it is ${state}`",
    replacement: "  if (state !== 'alive') return `it is ${state}`",
    caughtBy: ['C2'],
    wishes: { profile: 'lan', nodes: 4, minutes: 4, jobs: 8, faults: ['link', 'one-way', 'stall'] },
  },
  {
    name: 'an unsynced clock owns ticks',
    module: candidates,
    text: "  if (record.clock.state === 'unsynced') return 'its clock is unsynced'\n",
    replacement: '',
    caughtBy: ['C1', 'C2'],
    wishes: { profile: 'lan', nodes: 4, minutes: 4, jobs: 8, faults: ['clock-step', 'kill'] },
  },
  {
    name: 'a tag in any value will do',
    module: candidates,
    text: 'if (attrs.tags[key] !== value) return',
    replacement: 'if (attrs.tags[key] === undefined || value === undefined) return',
    caughtBy: ['C3'],
    wishes: { profile: 'lan', nodes: 4, minutes: 3, jobs: 8, faults: [] },
  },
  {
    name: 'rank in the order in which members became known',
    module: candidates,
    text: '  return { rank: skewedLast(order, candidates), excluded }',
    replacement:
      '  return { rank: candidates.map(({ member }) => member).slice(0, order.length), excluded }',
    caughtBy: ['C2'],
    wishes: { profile: 'lan', nodes: 4, minutes: 3, jobs: 8, faults: ['stall'] },
  },
]
