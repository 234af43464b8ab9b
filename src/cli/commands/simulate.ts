import { flagTexts, type SessionFlags } from '../../simulation/flags.ts'
import { usage } from '../cli-error.ts'
import { action } from '../context.ts'
import type { Define } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { showData } from '../output.ts'

export const define: Define = (command, io) => {
  for (const [name, value, text] of flagTexts) {
    command.option(value === undefined ? `--${name}` : `--${name} <${value}>`, text)
  }
  command.action(
    action<SessionFlags>(io, async ({ format, options }) => {
      const isText = format === 'table' || format === 'wide'
      const write = (line: string): void => {
        if (isText) io.stdout.write(`${line}\n`)
      }
      const freshSeed = (): bigint => BigInt(io.nowMs())
      const cpuMs = (): number => process.cpuUsage().user / 1_000
      const parts = { write, command: 'meshcron simulate', freshSeed, cpuMs }
      const { runSession } = await import('../../simulation/session.ts')
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
