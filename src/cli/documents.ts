// Job documents out of files: YAML or JSON, one or many.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { usage } from './cli-error.ts'
import type { Io } from './io.ts'

/** A document and where it stands, for messages. */
export interface Sourced {
  readonly kind: 'job' | 'calendar'
  readonly name: string
  readonly document: Readonly<Record<string, unknown>>
  readonly source: string
}

const endings = /\.(ya?ml|json)$/

/** Reads every document of the files, folders and `-` (standard input). */
export async function readDocuments(io: Io, paths: readonly string[]): Promise<readonly Sourced[]> {
  const found: Sourced[] = []
  for (const path of paths) {
    const files = path === '-' ? ['-'] : filesOf(path)
    for (const file of files) {
      const text = file === '-' ? await io.readStdin() : readFileSync(file, 'utf8')
      found.push(...documentsIn(text, file === '-' ? 'standard input' : file))
    }
  }
  const twin = found.find(
    ({ kind, name }, i) =>
      found.findIndex((other) => other.kind === kind && other.name === name) < i,
  )
  if (twin === undefined) return found
  throw usage(`${twin.source}: ${twin.name} stands there twice`, 'leave one of them')
}

function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const files = readdirSync(path)
      .sort()
      .filter((file) => endings.test(file))
    return files.map((file) => join(path, file))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw usage(`${path} cannot be read: ${code}`, 'name a YAML or JSON file, a folder, or -')
  }
}

/** Accepts `jobs: […]` and `calendars: […]`, a list, or one of them; several YAML documents stand behind each other. */
function documentsIn(text: string, source: string): readonly Sourced[] {
  const parsed = parseAllDocuments(text, { prettyErrors: true })
  return [...parsed].flatMap((one) => {
    const [error] = one.errors
    if (error !== undefined) throw usage(`${source}: ${error.message}`, 'correct the YAML')
    const value: unknown = one.toJS({ maxAliasCount: 100 })
    if (value === null) return []
    return documentsOf(value, source)
  })
}

/** One that has rules is a calendar, all others are jobs. */
function documentsOf(value: unknown, source: string): readonly Sourced[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isMap || !('jobs' in value || 'calendars' in value)) {
    const all: readonly unknown[] = Array.isArray(value) ? value : [value]
    return all.map((one, i) => named(one, i, source))
  }
  const { jobs = [], calendars = [], ...strangers } = value as Record<string, unknown>
  if (!Array.isArray(jobs) || !Array.isArray(calendars) || Object.keys(strangers).length > 0) {
    throw usage(
      `${source}: is not only lists named jobs and calendars`,
      'write jobs: and a list of jobs below it',
    )
  }
  return [
    ...calendars.map((one, i) => named(one, i, source, 'calendar')),
    ...jobs.map((one, i) => named(one, i, source, 'job')),
  ]
}

function named(one: unknown, index: number, source: string, given?: Sourced['kind']): Sourced {
  if (typeof one === 'object' && one !== null && 'name' in one && typeof one.name === 'string') {
    const kind = given ?? ('rules' in one ? 'calendar' : 'job')
    return { kind, name: one.name, document: { ...one }, source }
  }
  throw usage(`${source}: ${given ?? 'job'} ${index + 1} has no name`, 'give it a name')
}
