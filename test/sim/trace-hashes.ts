// Prints the trace hash of each seed given as an argument: one process of the determinism test.

import { drawOptions } from '../../src/simulation/options.ts'
import { simulate } from '../../src/simulation/run.ts'

for (const seed of process.argv.slice(2)) {
  const { traceHash } = simulate(drawOptions(BigInt(seed), { minutes: 2, calmMinutes: 1 }))
  console.log(`${seed} ${traceHash}`)
}
