// Runs the simulator from a checkout: `npm run sim -- --seed 7 --trace`. The same code as
// `meshcron simulate`.

import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { flagTexts, type SessionFlags } from '../src/simulation/flags.ts'
import { runSession } from '../src/simulation/session.ts'

const options: Record<string, { readonly type: 'string' | 'boolean' }> = {
  help: { type: 'boolean' },
}
for (const [name, value] of flagTexts) options[name] = { type: value ? 'string' : 'boolean' }

try {
  main(readFlags())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}

function main(flags: SessionFlags & { readonly help?: boolean }): void {
  if (flags.help === true) {
    console.log(helpText())
    return
  }
  const { violations } = runSession(
    {
      write: (line) => console.log(line),
      command: 'npm run sim --',
      freshSeed: () => randomBytes(8).readBigUInt64BE(),
      cpuMs: () => process.cpuUsage().user / 1_000,
    },
    flags,
  )
  if (violations > 0) process.exitCode = 1
}

/** What was typed; throws one line about what cannot be read. */
function readFlags(): SessionFlags & { readonly help?: boolean } {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    // Node's messages go on about positional arguments, of which there are none
    const [sentence] = (error as Error).message.split(/[.] |\n/)
    throw new Error(`${sentence!.replaceAll("'", '')}; see npm run sim -- --help`, {
      cause: error,
    })
  }
}

function helpText(): string {
  const lines = flagTexts.map(([name, value, text]) => {
    const flag = value === undefined ? `--${name}` : `--${name} <${value}>`
    return `  ${flag.padEnd(20)} ${text}`
  })
  return ['npm run sim -- [options]: a fleet in virtual time, with faults', '', ...lines].join('\n')
}
