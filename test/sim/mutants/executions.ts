import type { Mutant } from './mutant.ts'

const executions = 'src/core/execution/executions.ts'
const ledger = 'src/core/execution/ledger.ts'
const planner = 'src/core/scheduler/planner.ts'

/** What is claimed, recorded, repeated and forgotten. */
export const executionMutants: readonly Mutant[] = [
  {
    name: 'start before the claim is durable',
    module: 'src/app/carry-out.ts',
    text: `  const isStored = persist(steps, hands)
  const isSafe = (step: readonly Effect[]): boolean => isStored || !step.some(isOwnWord)
  for (const step of steps) if (isSafe(step)) for (const effect of step) hands.send(effect)
  for (const step of steps) if (isSafe(step)) for (const effect of step) hands.start(effect)
`,
    replacement: `  for (const step of steps) for (const effect of step) hands.start(effect)
  const isStored = persist(steps, hands)
  const isSafe = (step: readonly Effect[]): boolean => isStored || !step.some(isOwnWord)
  for (const step of steps) if (isSafe(step)) for (const effect of step) hands.send(effect)
`,
    caughtBy: ['C2'],
    wishes: { profile: 'lan', nodes: 3, minutes: 4, jobs: 8, faults: ['full'] },
    foundAt: 13,
  },
  {
    name: 'an execution elsewhere is no overlap',
    module: 'src/core/execution/overlap.ts',
    text: 'if (newest !== undefined && this.#isOpen(newest)) add(found, newest.record, false)',
    replacement:
      'if (newest?.record.executor === this.#of.membership.self && this.#isOpen(newest)) add(found, newest.record, false)',
    caughtBy: ['C7'],
    wishes: { profile: 'lan', nodes: 4, minutes: 4, jobs: 8, faults: [] },
    foundAt: 2,
  },
  {
    name: 'one attempt too many',
    module: 'src/core/execution/retrying.ts',
    text: '|| record.attempt > retry.max) return null',
    replacement: '|| record.attempt > retry.max + 1) return null',
    caughtBy: ['C8'],
    wishes: { profile: 'lan', nodes: 3, minutes: 4, jobs: 8, faults: [] },
    foundAt: 2,
  },
  {
    name: 'lost beats the end that its executor tells',
    module: 'src/core/execution/record.ts',
    text: 'const byItself = Number(isOwnEnd(a)) - Number(isOwnEnd(b))',
    replacement: 'const byItself = Number(isOwnEnd(b)) - Number(isOwnEnd(a))',
    caughtBy: ['C5'],
    wishes: {
      profile: 'lan',
      nodes: 4,
      minutes: 4,
      jobs: 8,
      faults: ['partition', 'one-way', 'pause'],
    },
    foundAt: 12,
  },
  {
    name: 'a tick that did not run is not decided',
    module: ledger,
    text: '?.attempts.get(0)',
    replacement: '?.attempts.get(-1)',
    caughtBy: ['C1', 'C2', 'C5', 'C7'],
    wishes: { profile: 'lan', nodes: 4, minutes: 4, jobs: 8, faults: ['stall', 'kill'] },
    foundAt: 4,
  },
  {
    name: 'the watermark passes undecided ticks',
    module: planner,
    text: 'for (const dueMs of track.undecided) wMs = Math.min(wMs, dueMs - 1)',
    replacement: 'for (const dueMs of track.undecided) wMs = Math.max(wMs, dueMs - 1)',
    caughtBy: ['C1', 'C5'],
    wishes: {
      profile: 'lan',
      nodes: 4,
      minutes: 4,
      jobs: 8,
      faults: ['kill', 'power', 'link', 'reset'],
    },
    foundAt: 12,
  },
  {
    name: 'what a member gave up whose clock runs ahead is given up by all',
    module: executions,
    text: 'return told.some((record) => isTimely(record, wanted, this.#turn.clusterMs))',
    replacement: 'return told.length > 0',
    caughtBy: ['C1'],
    wishes: { profile: 'lan', nodes: 4, minutes: 6, jobs: 8, faults: ['one-way', 'clock-step'] },
    foundAt: 37,
  },
  {
    name: 'what was decided is forgotten when the clock steps back',
    module: planner,
    text: 'track.nextDueMs = nextTick(job.name, timing, track.lookedMs)',
    replacement: 'track.nextDueMs = nextTick(job.name, timing, this.#turn.clusterMs)',
    caughtBy: ['C1', 'C2', 'C3', 'C5'],
    wishes: { profile: 'lan', nodes: 1, minutes: 6, jobs: 8, faults: ['clock-step'] },
    foundAt: 1,
  },
  {
    name: 'a paused job goes on',
    module: planner,
    text: 'return enabled.enabled || (untilMs !== null && atMs >= untilMs)',
    replacement: 'return enabled.enabled || untilMs === null || atMs >= untilMs',
    caughtBy: ['C3'],
    wishes: { profile: 'lan', nodes: 3, minutes: 4, jobs: 8, faults: [] },
    foundAt: 2,
  },
]
