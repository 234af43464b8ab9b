// Plugins are what the owner of the node puts there: a line in the table of the configuration, an
// executable NAME in the plugins directory, or a package meshcron-plugin-NAME in its node_modules.
// A file that others can write is refused: it would let them run anything as this daemon's user.

import { accessSync, constants, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { limits } from '../../core/limits.ts'

/** Where plugins are. */
export interface PluginPlaces {
  /** May be missing; undefined: none. */
  readonly dir: string | undefined
  /** Name → file. */
  readonly table: Readonly<Record<string, string>>
}

export type Sought =
  | { readonly ok: true; readonly argv: readonly string[] }
  | { readonly ok: false; readonly why: string }

/** What a node offers. */
export interface PluginList {
  readonly names: readonly string[]
  /** What is there and cannot be used, with the reason. */
  readonly refused: readonly { readonly name: string; readonly why: string }[]
}

const namePattern = /^[a-z][a-z0-9-]{0,39}$/
const packagePrefix = 'meshcron-plugin-'
/** Kinds of executors that are no plugin. */
const builtIn = 4

/** The command of a plugin, checked at each start: what is there may have changed. */
export function seekPlugin(places: PluginPlaces, name: string): Sought {
  const own = Object.hasOwn(places.table, name) ? places.table[name] : undefined
  if (own !== undefined) return checkProgram(own)
  if (places.dir === undefined) return missing(name)
  const program = join(places.dir, name)
  if (isThere(program)) return isOthers(places.dir) ?? checkProgram(program)
  const home = join(places.dir, 'node_modules', packagePrefix + name)
  if (isThere(home)) return isOthers(places.dir) ?? packageOf(home, name)
  return missing(name)
}

/** All plugins of this node, by name. */
export function listPlugins(places: PluginPlaces): PluginList {
  const { dir, table } = places
  const inDir = dir === undefined ? [] : [...namesIn(dir, ''), ...packagesIn(dir)]
  const found = [...new Set([...Object.keys(table), ...inDir])].filter((name) =>
    namePattern.test(name),
  )
  const names: string[] = []
  const refused: { name: string; why: string }[] = []
  for (const name of found.sort()) {
    const sought = seekPlugin(places, name)
    if (!sought.ok) refused.push({ name, why: sought.why })
    else if (names.length < limits.executorsMax - builtIn) names.push(name)
    else
      refused.push({ name, why: `a node offers at most ${limits.executorsMax - builtIn} plugins` })
  }
  return { names, refused }
}

const missing = (name: string): Sought => ({
  ok: false,
  why: `this node has no plugin ${name}: put it into the plugins directory, or name it with --plugin`,
})

const packagesIn = (dir: string): readonly string[] =>
  namesIn(join(dir, 'node_modules'), packagePrefix)

function namesIn(dir: string, prefix: string): readonly string[] {
  try {
    return readdirSync(dir)
      .filter((name) => name.startsWith(prefix) && name !== 'node_modules')
      .map((name) => name.slice(prefix.length))
  } catch {
    return []
  }
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/** A program with `bin`, else `main`, run by the Node that runs this. */
function packageOf(home: string, name: string): Sought {
  try {
    const text = readFileSync(join(home, 'package.json'), 'utf8')
    const { bin, main } = JSON.parse(text) as {
      readonly bin?: string | Readonly<Record<string, string>>
      readonly main?: string
    }
    const named = typeof bin === 'object' ? (bin[packagePrefix + name] ?? bin[name]) : bin
    const file = join(home, named ?? main ?? 'index.js')
    const refused = isOthers(home) ?? isOthers(file)
    return refused ?? { ok: true, argv: [process.execPath, file] }
  } catch (error) {
    return { ok: false, why: `${home}: ${(error as Error).message.slice(0, 200)}` }
  }
}

function checkProgram(path: string): Sought {
  const refused = isOthers(path)
  if (refused !== undefined) return refused
  try {
    if (!statSync(path).isFile()) return { ok: false, why: `${path} is no file` }
    accessSync(path, constants.X_OK)
    return { ok: true, argv: [path] }
  } catch {
    return { ok: false, why: `${path} is not executable: chmod +x` }
  }
}

/** Refuses what somebody else than root and we could change. */
function isOthers(path: string): Sought | undefined {
  try {
    const { mode, uid } = statSync(realpathSync(path))
    const isOwn = uid === 0 || uid === process.getuid?.()
    if (isOwn && (mode & 0o022) === 0) return undefined
    const why = isOwn ? 'others may write it: chmod go-w' : 'it belongs to another user'
    return { ok: false, why: `${path}: ${why}` }
  } catch (error) {
    return { ok: false, why: `${path}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}` }
  }
}
