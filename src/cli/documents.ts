// Job documents out of files: YAML or JSON, one or many.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { usage } from './cli-error.ts'
import type { Io } from './io.ts'

/** A document and where it stands, for messages. */
export interface Sourced {
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
  const twin = found.find(({ name }, i) => found.findIndex((other) => other.name === name) < i)
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

/** Accepts `jobs: […]`, a list, or one job; several YAML documents stand behind each other. */
function documentsIn(text: string, source: string): readonly Sourced[] {
  const parsed = parseAllDocuments(text, { prettyErrors: true })
  return [...parsed].flatMap((one) => {
    const [error] = one.errors
    if (error !== undefined) throw usage(`${source}: ${error.message}`, 'correct the YAML')
    const value: unknown = one.toJS({ maxAliasCount: 100 })
    if (value === null) return []
    return jobsIn(value, source).map((job, i) => named(job, i, source))
  })
}

function jobsIn(value: unknown, source: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value !== 'object' || value === null || !('jobs' in value)) return [value]
  const strangers = Object.keys(value).filter((key) => key !== 'jobs')
  if (Array.isArray(value.jobs) && strangers.length === 0) return value.jobs
  throw usage(`${source}: is not only a list named jobs`, 'write jobs: and a list of jobs below it')
}

function named(job: unknown, index: number, source: string): Sourced {
  if (typeof job === 'object' && job !== null && 'name' in job && typeof job.name === 'string') {
    return { name: job.name, document: { ...job }, source }
  }
  throw usage(`${source}: job ${index + 1} has no name`, 'give it a name')
}
