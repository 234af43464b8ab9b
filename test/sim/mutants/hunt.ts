// One process: plants a bug, or none, and runs seeds until a checker reports what it should. Prints
// one line of JSON. Arguments: the name, or `-` with a name for the unchanged code; the first seed;
// how many seeds; how many seconds of a processor.

import type { Violation } from '../../../src/simulation/history.ts'
import { mutants } from './all.ts'
import { plant } from './mutant.ts'

/** What a hunt came to. */
export interface Catch {
  readonly name: string
  /** Seeds that were run. */
  readonly seeds: number
  /** Undefined when nothing was found. */
  readonly seed: string | undefined
  readonly property: string | undefined
  readonly message: string | undefined
  readonly seconds: number
}

if (import.meta.main) {
  const [change = '', name = change, first = '1', most = '500', seconds = '600'] =
    process.argv.slice(2)
  const mutant = mutants.find((one) => one.name === name)
  if (mutant === undefined) throw new Error(`no mutant is called ${name}`)
  if (change !== '-') plant(mutant)
  // only now: what is imported is what was changed
  const { drawOptions } = await import('../../../src/simulation/options.ts')
  const { simulate } = await import('../../../src/simulation/run.ts')
  const { judge } = await import('../../../src/simulation/checkers/all.ts')
  const { differingTraces } = await import('../../../src/simulation/checkers/determinism.ts')

  const look = (seed: bigint): Violation | undefined => {
    const options = drawOptions(seed, mutant.wishes)
    const run = simulate(options)
    if (!mutant.caughtBy.includes('C12')) {
      const { violations } = judge(run.history)
      return violations.find(({ property }) => mutant.caughtBy.includes(property))
    }
    const traces = [run, simulate(options)].map(({ traceHash: hash }, index) => {
      return { seed: options.seed, hash, where: `run ${index + 1}` }
    })
    return differingTraces(traces)[0]
  }
  const passed = (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000_000
  }
  let found: Violation | undefined
  let seeds = 0
  while (found === undefined && seeds < Number(most) && passed() < Number(seconds)) {
    found = look(BigInt(first) + BigInt(seeds))
    seeds += 1
  }
  const caught: Catch = {
    name,
    seeds,
    seed: found === undefined ? undefined : `${BigInt(first) + BigInt(seeds - 1)}`,
    property: found?.property,
    message: found?.message,
    seconds: passed(),
  }
  console.log(JSON.stringify(caught))
}
