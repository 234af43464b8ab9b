import { Option } from 'commander'
import { runSession, type SessionFlags } from '../../simulation/session.ts'
import { faultNames } from '../../simulation/options.ts'
import { usage } from '../cli-error.ts'
import { action } from '../context.ts'
import type { Define } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { showData } from '../output.ts'

export const define: Define = (command, io) => {
  command
    .option('--seed <seed>', 'decimal, or hexadecimal after 0x; absent: from the clock')
    .option('--seeds <n>', 'so many seeds, one after the other (1)')
    .option('--nodes <n>', 'number of nodes; absent: drawn from the seed, as all that follow')
    .option('--minutes <n>', 'time with faults')
    .option('--jobs <n>', 'number of jobs')
    .addOption(new Option('--profile <name>', 'timers').choices(['lan', 'wan', 'iot']))
    .option('--faults <list>', `only these, or none: ${faultNames.join(', ')}`)
    .option('--trace', 'show every event around a violation')
    .option('--shrink', 'look for a smaller run that breaks the same promise')
    .action(
      action<SessionFlags>(io, async ({ format, options }) => {
        const isText = format === 'table' || format === 'wide'
        const write = (line: string): void => {
          if (isText) io.stdout.write(`${line}\n`)
        }
        const freshSeed = (): bigint => BigInt(io.nowMs())
        const parts = { write, command: 'meshcron simulate', freshSeed }
        const total = run(() => runSession(parts, options))
        if (!isText) await showData(io, format, total)
        return total.violations > 0 ? exitCodes.failure : exitCodes.ok
      }),
    )
}

/** A wrong flag is told as one. */
function run<T>(session: () => T): T {
  try {
    return session()
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('--')) throw error
    throw usage(error.message, 'see `meshcron simulate --help`')
  }
}
