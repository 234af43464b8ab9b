import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import { Client } from './client.ts'
import type { Io } from './io.ts'
import type { Format } from './output.ts'
import { targetsOf } from './target.ts'
import type { TargetOptions } from './target.ts'

/** Options that every command has. */
export interface GlobalOptions extends TargetOptions {
  readonly output: Format
  readonly watch?: boolean
}

/** What an action works with. */
export interface Context<O> {
  readonly io: Io
  readonly client: Client
  readonly format: Format
  readonly options: O & GlobalOptions
}

/** Adds the command's own parts to a command that so far has only its name. */
export type Define = (command: Command, io: Io) => void

/**
 * Makes commander's action out of one that gets a context and the arguments. What it returns is the
 * exit code, nothing meaning 0.
 */
export function action<O = unknown>(
  io: Io,
  act: (context: Context<O>, ...operands: string[]) => Promise<number | void>,
): (this: Command, ...args: unknown[]) => Promise<void> {
  return async function run(this: Command): Promise<void> {
    const options = this.optsWithGlobals<O & GlobalOptions>()
    const client = new Client({ targets: targetsOf(io, options) })
    const context = { io, client, format: options.output, options }
    const operands = this.processedArgs as string[]
    try {
      io.exitCode = (await act(context, ...operands)) ?? 0
    } catch (error) {
      const [name] = operands
      if (!(error instanceof CliError) || typeof name !== 'string') throw error
      throw await suggestJob(client, error, name)
    }
  }
}

/** The same error; when it is about a job that does not exist, with the name that may be meant. */
export async function suggestJob(client: Client, error: CliError, name: string): Promise<CliError> {
  if (error.code !== 'MC_UNKNOWN_JOB') return error
  const { readJobs } = await import('./jobs.ts')
  const { suggest } = await import('../core/suggest.ts')
  const names = (await readJobs(client)).map((job) => job.name)
  const meant = suggest(name, names)
  return meant === undefined
    ? error
    : new CliError(error.code, error.message, `did you mean ${meant}?`)
}

const watchEveryMs = 1_000

/** An action that shows something, and with `--watch` shows it again until it is stopped. */
export function reading<O = unknown>(
  io: Io,
  act: (context: Context<O>, ...operands: string[]) => Promise<number | void>,
): (this: Command, ...args: unknown[]) => Promise<void> {
  return action<O>(io, async (context, ...operands) => {
    if (context.options.watch !== true) return await act(context, ...operands)
    const { pause } = await import('./io.ts')
    while (!io.signal.aborted) {
      if (io.stdout.isTTY === true) io.stdout.write('\u001b[H\u001b[2J')
      await act(context, ...operands)
      await pause(io, watchEveryMs)
    }
    return 0
  })
}

/** Collects an option that may be given more than once. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
