import type { CalendarWrite, JobDifference, JobWrite } from '../answers.ts'
import { CliError } from '../cli-error.ts'
import { apiPath } from '../client.ts'
import type { Client } from '../client.ts'
import { action, collect } from '../context.ts'
import type { Define } from '../context.ts'
import { readDocuments } from '../documents.ts'
import type { Sourced } from '../documents.ts'
import { exitCodes } from '../exit-codes.ts'
import { confirm } from '../io.ts'
import type { Io } from '../io.ts'
import { readJobs } from '../jobs.ts'
import { oneLine, showData } from '../output.ts'
import type { Format } from '../output.ts'
import { painter } from '../style.ts'
import { countText } from '../text.ts'

interface Flags {
  readonly file: readonly string[]
  readonly prune?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** One job or calendar and what is to be done to it. */
interface Step {
  readonly kind: Sourced['kind']
  readonly name: string
  readonly change: JobWrite['change'] | 'deleted'
  readonly differences: readonly JobDifference[]
  /** The version that the difference was made against. */
  readonly etag: string
  readonly document?: Sourced['document']
}

interface Failure {
  readonly name: string
  readonly code: string
  readonly message: string
}

export const define: Define = (command, io) => {
  command
    .requiredOption('-f, --file <path>', 'YAML or JSON file, folder, or -; repeatable', collect)
    .option('--prune', 'delete the jobs that no file names')
    .option('--dry-run', 'only show the difference')
    .option('--yes', 'do not ask')
    .action(
      action<Flags>(io, async ({ client, format, options }) => {
        const documents = await readDocuments(io, options.file)
        return await applyDocuments(io, client, documents, { ...options, format })
      }),
    )
}

export interface ApplyOptions {
  readonly format: Format
  readonly prune?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** Shows what is different, asks, and makes the jobs and calendars be as in the documents. */
export async function applyDocuments(
  io: Io,
  client: Client,
  documents: readonly Sourced[],
  { format, prune = false, dryRun = false, yes = false }: ApplyOptions,
): Promise<number> {
  const steps = await stepsTo(client, documents, prune)
  const changes = steps.filter(({ change }) => change !== 'unchanged')
  const isForPeople = format === 'table' || format === 'wide'
  if (isForPeople) showSteps(io, steps)
  const isMeant = dryRun || (await mayChange(io, changes, yes))
  if (!isMeant) return exitCodes.failure
  const failures = dryRun ? [] : await carryOut(io, client, changes)
  await showData(io, format, { jobs: steps.map(shown), failures, dryRun })
  if (failures.length === 0) return exitCodes.ok
  return failures.length < changes.length ? exitCodes.partial : exitOf(failures)
}

/** Checks all documents before anything is written: one that is wrong stops all. */
async function stepsTo(
  client: Client,
  documents: readonly Sourced[],
  prune: boolean,
): Promise<readonly Step[]> {
  const steps: Step[] = []
  // jobs refer to calendars, so these come first
  const ordered = documents.toSorted((a, b) => Number(a.kind === 'job') - Number(b.kind === 'job'))
  for (const { kind, name, document, source } of ordered) {
    try {
      const write = await client.send<JobWrite | CalendarWrite>('PUT', pathOf(kind, name), {
        query: { dryRun: 1 },
        body: document,
      })
      const { change, differences, etag } = write
      steps.push({ kind, name, change, differences, etag, document })
    } catch (error) {
      if (!(error instanceof CliError) || error.exit !== exitCodes.usage) throw error
      throw new CliError(error.code, `${source}: ${name}: ${error.message}`, error.hint)
    }
  }
  if (!prune) return steps
  const jobs = documents.filter(({ kind }) => kind === 'job')
  const kept = new Set(jobs.map(({ name }) => name))
  const others = (await readJobs(client)).filter(({ name }) => !kept.has(name))
  const deletions = others.map(({ name, etag }) => {
    return { kind: 'job', name, etag, change: 'deleted', differences: [] } as const
  })
  return [...steps, ...deletions]
}

/** Deletions need a word; other changes are asked for only where somebody sits. */
async function mayChange(io: Io, changes: readonly Step[], yes: boolean): Promise<boolean> {
  const deletions = changes.filter(({ change }) => change === 'deleted').length
  if (changes.length === 0 || (deletions === 0 && io.ask === undefined)) return true
  const lost = deletions === 0 ? '' : `, and delete ${deletions}`
  return await confirm(
    io,
    yes,
    `change ${countText(changes.length - deletions, changes.every(({ kind }) => kind === 'job') ? 'job' : 'object')}${lost}?`,
  )
}

/** Goes on after a failure: the other jobs are as good as before. */
async function carryOut(
  io: Io,
  client: Client,
  changes: readonly Step[],
): Promise<readonly Failure[]> {
  const failures: Failure[] = []
  for (const { kind, name, change, etag, document } of changes) {
    const headers: Record<string, string> =
      change === 'created' ? { 'if-none-match': '*' } : { 'if-match': `"${etag}"` }
    const send = document === undefined ? { headers } : { headers, body: document }
    try {
      await client.send(document === undefined ? 'DELETE' : 'PUT', pathOf(kind, name), send)
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      failures.push({ name, code: error.code, message: error.message })
      io.stderr.write(`error ${error.code}: ${name}: ${error.message}\n  hint: ${error.hint}\n`)
    }
  }
  return failures
}

function exitOf([first]: readonly Failure[]): number {
  return new CliError(first?.code ?? 'MC_INTERNAL', '', '').exit
}

const pathOf = (kind: Step['kind'], name: string): string =>
  kind === 'job' ? apiPath`/jobs/${name}` : apiPath`/calendars/${name}`

function shown({ kind, name, change, differences }: Step): object {
  return { ...(kind === 'job' ? {} : { kind }), name, change, differences }
}

const signs = {
  created: ['+', 'green'],
  replaced: ['~', 'yellow'],
  deleted: ['-', 'red'],
  unchanged: ['=', 'dim'],
} as const

function showSteps(io: Io, steps: readonly Step[]): void {
  const paint = painter(io)
  for (const { name, change, differences } of steps) {
    const [sign, colour] = signs[change]
    io.stdout.write(`${paint(`${sign} ${name}  ${change}`, colour)}\n`)
    for (const { path, before, after } of change === 'replaced' ? differences : []) {
      io.stdout.write(`    ${oneLine(`${path}: ${valueText(before)} → ${valueText(after)}`)}\n`)
    }
  }
}

function valueText(value: unknown): string {
  return value === null || value === undefined ? '(none)' : JSON.stringify(value)
}
