import type { Mutant } from './mutant.ts'

const schedule = 'src/core/scheduler/schedule.ts'

/** When ticks are. */
export const scheduleMutants: readonly Mutant[] = [
  {
    name: 'ticks in a gap of the clock are skipped',
    module: schedule,
    text: "gap: fixed && job.dst === 'cron'",
    replacement: "gap: fixed && job.dst === 'skip'",
    caughtBy: ['C1', 'C3'],
    wishes: { profile: 'lan', nodes: 2, minutes: 6, jobs: 16, faults: [] },
    foundAt: 18,
  },
  {
    name: 'the zone of the host',
    module: schedule,
    text: 'timezone: job.timezone, rule })',
    replacement: "timezone: 'UTC', rule })",
    caughtBy: ['C1', 'C3'],
    wishes: { profile: 'lan', nodes: 2, minutes: 6, jobs: 16, faults: [] },
    foundAt: 6,
  },
  {
    name: 'an interval counts from 1970',
    module: schedule,
    text: 'anchorMs: Math.floor(job.anchorMs / 1_000) * 1_000',
    replacement: 'anchorMs: Math.floor(job.anchorMs / 1e15) * 1_000',
    caughtBy: ['C1', 'C3'],
    wishes: { profile: 'lan', nodes: 2, minutes: 3, faults: [] },
    foundAt: 1,
  },
  {
    name: 'jitter is thrown by each node',
    module: 'src/core/scheduler/tick.ts',
    text: 'return dueMs + scale(hash64(`J|${name}|${dueMs}${suffix}`), span)',
    replacement: 'return dueMs + Math.floor(Math.random() * span) + suffix.length',
    caughtBy: ['C12'],
    wishes: { profile: 'lan', nodes: 3, minutes: 3, faults: [] },
    foundAt: 1,
  },
]
