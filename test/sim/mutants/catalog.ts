import type { Mutant } from './mutant.ts'

const catalog = 'src/core/jobs/catalog.ts'
const replica = 'src/core/jobs/replica.ts'

/** What clients wrote, and what becomes of it. */
export const catalogMutants: readonly Mutant[] = [
  {
    name: 'acknowledged before it is durable',
    module: 'src/app/carry-out.ts',
    text: 'hands.tell(effect, isSafe(step))',
    replacement: 'hands.tell(effect, true)',
    caughtBy: ['C4'],
    wishes: { profile: 'lan', nodes: 3, minutes: 6, jobs: 8, faults: ['full'] },
    foundAt: 22,
  },
  {
    name: 'of what was seen only the newest is kept',
    module: 'src/core/clock/version-vector.ts',
    text: 'const kept = united.slice(0, lead + 2 * seenGapsPerActorMax)',
    replacement: 'const kept: Intervals = lead < 0 ? united : [1, united.at(-1)!]',
    caughtBy: ['C4', 'C5'],
    wishes: { profile: 'lan', nodes: 4, minutes: 4, jobs: 8, faults: ['loss', 'link', 'reset'] },
    foundAt: 2,
  },
  {
    name: 'equal times have no winner',
    module: catalog,
    text: 'return compareText(b.intent.author, a.intent.author) || compareText(b.intent.id, a.intent.id)',
    replacement: 'return 0',
    caughtBy: ['C4', 'C5'],
    wishes: { profile: 'lan', nodes: 4, minutes: 4, jobs: 8, faults: [] },
    foundAt: 2,
  },
  {
    name: 'a live job beats its deletion',
    module: catalog,
    text: "(life.state === 'deleted' ? 1 : 0)",
    replacement: "(life.state === 'deleted' ? 0 : 1)",
    caughtBy: ['C4'],
    wishes: { profile: 'lan', nodes: 4, minutes: 8, jobs: 8, faults: ['partition', 'link'] },
    foundAt: 22,
  },
  {
    name: 'deletions are not repeated to who missed them',
    module: 'src/core/jobs/sync-server.ts',
    text: '      if (seen.has(intent)) continue',
    replacement: '      if (seen.has(intent) || catalog.live(intent.job) === undefined) continue',
    caughtBy: ['C4', 'C5', 'C6'],
    wishes: {
      profile: 'lan',
      nodes: 4,
      minutes: 6,
      jobs: 8,
      faults: ['partition', 'kill', 'power'],
    },
    foundAt: 9,
  },
  {
    name: 'one actor for all starts of a node',
    module: 'src/core/ids.ts',
    text: 'hash64(`actor|${member}|${storeEpoch}|${startId}`)',
    replacement: 'hash64(`actor|${member}|${storeEpoch}|${startId.slice(16)}`)',
    caughtBy: ['C4', 'C5', 'C2'],
    wishes: { profile: 'lan', nodes: 4, minutes: 5, jobs: 8, faults: ['kill'] },
    foundAt: 1,
  },
  {
    name: 'every group has seen what any group has seen',
    module: replica,
    text: 'const context = this.catalog.clockOf(name, group)',
    replacement: 'const context = known?.clock ?? this.catalog.clockOf(name, group)',
    caughtBy: ['C4', 'C5'],
    wishes: {
      profile: 'lan',
      nodes: 4,
      minutes: 6,
      jobs: 8,
      faults: ['partition', 'link', 'loss'],
    },
  },
]
