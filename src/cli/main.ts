#!/usr/bin/env node
import type { CommanderError } from 'commander'
import { CliError, usage } from './cli-error.ts'
import { exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { createProgram } from './program.ts'
import { painter } from './style.ts'

/** Runs one command line; resolves with the exit code. */
export async function main(argv: readonly string[], world: Omit<Io, 'rest'>): Promise<number> {
  // Commander drops the first `--` where no option stands before it: it is taken out here.
  const end = argv.indexOf('--')
  const io: Io = Object.assign(Object.create(world) as Omit<Io, 'rest'>, {
    rest: end < 0 ? [] : argv.slice(end + 1),
  })
  const words = end < 0 ? argv : argv.slice(0, end)
  const asked = words[0] === 'help' ? [...words.slice(1), '--help'] : words
  try {
    await createProgram(io).parseAsync(asked.length === 0 ? ['--help'] : asked, { from: 'user' })
    return io.exitCode
  } catch (error) {
    return fail(io, error)
  }
}

function fail(io: Io, error: unknown): number {
  if (isCommanderError(error)) {
    if (error.exitCode === 0) return exitCodes.ok
    // Help instead of a missing verb is shown already.
    if (error.code === 'commander.help') return exitCodes.usage
    const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
    return fail(io, usage(message, suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'see --help'))
  }
  const paint = painter(io, io.stderr)
  if (error instanceof CliError) {
    io.stderr.write(`${paint(`error ${error.code}:`, 'red')} ${error.message}\n`)
    if (error.hint !== '') io.stderr.write(`  hint: ${error.hint}\n`)
    return error.exit
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
  io.stderr.write(`${paint('error MC_INTERNAL:', 'red')} ${trace}\n`)
  return exitCodes.failure
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.')
}

if (import.meta.main) {
  const { processIo } = await import('./process-io.ts')
  const code = await main(process.argv.slice(2), processIo())
  process.exitCode = code
}
