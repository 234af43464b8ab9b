// Runs the simulator from a checkout: `npm run sim -- --seed 7 --trace`. The same code as
// `meshcron simulate`.

import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { runSession } from '../src/simulation/session.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    nodes: { type: 'string' },
    minutes: { type: 'string' },
    jobs: { type: 'string' },
    profile: { type: 'string' },
    faults: { type: 'string' },
    trace: { type: 'boolean' },
    shrink: { type: 'boolean' },
  },
})

try {
  const { violations } = runSession(
    {
      write: (line) => console.log(line),
      command: 'npm run sim --',
      freshSeed: () => randomBytes(8).readBigUInt64BE(),
    },
    values,
  )
  if (violations > 0) process.exitCode = 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
