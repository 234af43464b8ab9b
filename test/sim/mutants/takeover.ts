import type { Mutant } from './mutant.ts'

const takeover = 'src/core/execution/takeover.ts'

/** Who starts, and who asks first. */
export const takeoverMutants: readonly Mutant[] = [
  {
    name: 'only rank 0 ever starts',
    module: takeover,
    text: 'if (alive.length > limits.armedRanksMax && !watch.called) {',
    replacement: 'if (place > 0 && !watch.called) {',
    caughtBy: ['C1', 'C10'],
    wishes: { profile: 'lan', nodes: 4, minutes: 3, jobs: 8, faults: ['kill'] },
    foundAt: 8,
  },
  {
    name: 'takeover without a question',
    module: takeover,
    text: '    if (targets.size === 0) {',
    replacement: '    if (targets.size >= 0) {',
    caughtBy: ['C2'],
    wishes: { profile: 'lan', nodes: 4, minutes: 3, jobs: 8, faults: ['stall', 'link'] },
    foundAt: 7,
  },
  {
    name: 'nobody is asked about the silent ones',
    module: takeover,
    text: '    if (question.silent.size > 0) this.#relay(watch, question)',
    replacement: '    if (question.silent.size < 0) this.#relay(watch, question)',
    caughtBy: ['C2'],
    wishes: { profile: 'lan', nodes: 5, minutes: 4, faults: ['link', 'one-way', 'swizzle'] },
    foundAt: 47,
  },
  {
    name: 'who is late does not ask',
    module: takeover,
    text: '    return lateness > limits.lateAfterMs || this.#world.isFresh(watch.plannedMs)',
    replacement: '    return lateness > 1e12 && this.#world.isFresh(watch.plannedMs)',
    caughtBy: ['C2'],
    wishes: { profile: 'lan', nodes: 4, minutes: 4, jobs: 8, faults: ['stall', 'pause', 'link'] },
    foundAt: 2,
  },
  {
    name: 'better ranks that are gone are waited for',
    module: takeover,
    text: 'const alive = this.#better(watch, rank).filter((member) => this.#world.isAlive(member))',
    replacement: 'const alive = this.#better(watch, rank)',
    caughtBy: ['C1'],
    wishes: { profile: 'lan', nodes: 5, minutes: 4, jobs: 8, faults: ['kill', 'power'] },
  },
  {
    name: 'whoever stands by stays so',
    module: takeover,
    text: '  viewChanged(): void {',
    replacement: '  viewChanged(): void {\n    if (this.#watches.size >= 0) return',
    caughtBy: ['C1'],
    wishes: { profile: 'lan', nodes: 9, minutes: 4, jobs: 8, faults: ['kill', 'power'] },
    foundAt: 12,
  },
  {
    name: 'a willing member found by others is not nudged',
    module: takeover,
    text: 'if (!this.#nudgeWilling(watch, question)) this.#claimUnlessBack(watch)',
    replacement: 'this.#claim(watch)',
    caughtBy: ['C2'],
    wishes: {
      profile: 'lan',
      nodes: 5,
      minutes: 4,
      jobs: 8,
      faults: ['stall', 'link', 'one-way', 'skew'],
    },
    foundAt: 4,
  },
  {
    name: 'a question is answered without a look at the ledger',
    module: 'src/core/execution/dialog.ts',
    text: `    this.#executions.takeover.askedBy(attempt, asker)
    if (this.#sendRecords(asker, attempt)) return
`,
    replacement: '',
    caughtBy: ['C2'],
    wishes: {
      profile: 'lan',
      nodes: 4,
      minutes: 4,
      jobs: 8,
      faults: ['link', 'reset', 'swizzle', 'kill', 'pause'],
    },
  },
]
