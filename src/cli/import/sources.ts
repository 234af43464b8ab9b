// Where the foreign schedules are read.

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { usage } from '../cli-error.ts'
import type { Io } from '../io.ts'
import { listOf } from './fields.ts'
import type { FileText } from './translation.ts'

/** The crontabs of the system that exist. */
export function systemCrontabs(): readonly string[] {
  return ['/etc/crontab', '/etc/cron.d'].filter((path) => existsSync(path))
}

/** Crontabs of files and folders; without any that of this user. */
export async function readCrontabs(io: Io, paths: readonly string[]): Promise<readonly FileText[]> {
  return paths.length === 0 ? [{ name: 'crontab', text: userCrontab() }] : await readAll(io, paths)
}

function userCrontab(): string {
  try {
    return execFileSync('crontab', ['-l'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stderr, code = 'it failed' } = error as NodeJS.ErrnoException & { stderr?: string }
    const why = stderr === undefined || stderr.trim() === '' ? code : stderr.trim()
    throw usage(`crontab -l says: ${why}`, 'name a file, or - for standard input')
  }
}

/** Unit files of files and folders. */
export function readUnits(paths: readonly string[]): readonly FileText[] {
  const files = paths.flatMap((path) =>
    filesOf(path).filter((file) => path === file || /\.(timer|service)$/.test(file)),
  )
  return files.map((file) => ({ name: basename(file), text: readText(file) }))
}

/** Lists of JSON, joined; a single object counts as a list of one. */
export async function readJsonLists(io: Io, paths: readonly string[]): Promise<readonly unknown[]> {
  return (await readAll(io, needed(paths))).flatMap(({ name, text }) => {
    try {
      const value: unknown = JSON.parse(text)
      return Array.isArray(value) ? listOf(value) : [value]
    } catch {
      throw usage(`${name} is no JSON`, 'save what GET /v1/jobs answers')
    }
  })
}

/** YAML documents of all files. */
export async function readManifests(io: Io, paths: readonly string[]): Promise<readonly unknown[]> {
  return (await readAll(io, needed(paths))).flatMap(({ name, text }) =>
    [...parseAllDocuments(text, { prettyErrors: true })].map((one): unknown => {
      const [error] = one.errors
      if (error !== undefined) throw usage(`${name}: ${error.message}`, 'correct the YAML')
      return one.toJS({ maxAliasCount: 100 })
    }),
  )
}

function needed(paths: readonly string[]): readonly string[] {
  if (paths.length > 0) return paths
  throw usage('nothing is named to read', 'name a file, or - for standard input')
}

async function readAll(io: Io, paths: readonly string[]): Promise<readonly FileText[]> {
  const read: FileText[] = []
  for (const path of paths) {
    if (path === '-') read.push({ name: 'standard input', text: await io.readStdin() })
    else read.push(...filesOf(path).map((name) => ({ name, text: readText(name) })))
  }
  return read
}

function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path, { withFileTypes: true })
    const files = names.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    return files.map(({ name }) => join(path, name)).sort()
  } catch (error) {
    throw unreadable(path, error)
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(path: string, error: unknown): Error {
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  return usage(`${path} cannot be read: ${code}`, 'name a file, a folder, or -')
}
