// meshcron.yaml in the data directory: the same options as the flags, with the line of each value.

import { readFileSync } from 'node:fs'
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Node, Pair } from 'yaml'
import { suggest } from '../core/suggest.ts'
import { ok, refuse, type Result } from '../core/result.ts'

/** One value of the file, as the text or texts that a flag would have. */
export interface FileValue {
  readonly raw: string | readonly string[]
  readonly line: number
}

/** A key that the file may have, and the option that it sets. */
export interface FileKey {
  readonly option: string
  /** Whether a list or a map is taken. */
  readonly isMany: boolean
}

const bytesMax = 65_536

/** The text of the file; undefined when there is none. The only read of the configuration. */
export function readConfigFile(path: string): Result<string | undefined> {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length <= bytesMax) return ok(text)
    return refuse(
      'MC_BAD_CONFIG',
      `${path} is larger than 64 KiB`,
      'keep jobs in files of their own',
    )
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return ok(undefined)
    const hint = 'check its rights, or move it away'
    return refuse('MC_BAD_CONFIG', `${path} cannot be read (${code})`, hint)
  }
}

/** Reads the options of the file; `keys` holds what may stand there, by name. */
export function parseConfigFile(
  text: string,
  path: string,
  keys: ReadonlyMap<string, FileKey>,
): Result<ReadonlyMap<string, FileValue>> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' })
  const [problem] = document.errors
  if (problem !== undefined) {
    const { line } = lines.linePos(problem.pos[0])
    const [what] = problem.message.split(/ at line|\n/)
    return refuse('MC_BAD_CONFIG', `${path}:${line}: ${what}`, 'correct the YAML of this line')
  }
  const root = document.contents
  if (root === null || (isScalar(root) && root.value === null)) return ok(new Map())
  if (!isMap(root)) {
    return refuse('MC_BAD_CONFIG', `${path}: wants a map of options`, 'write lines like name: barn')
  }
  const found = new Map<string, FileValue>()
  for (const pair of root.items) {
    const line = lines.linePos(rangeOf(pair)).line
    const one = readPair(pair, `${path}:${line}`, keys)
    if (!one.ok) return one
    const { option, raw } = one.value
    const before = found.get(option)
    if (before !== undefined) {
      const where = `${path}:${line}: ${option} is set in line ${before.line} already`
      return refuse('MC_BAD_CONFIG', where, 'keep one of the two lines')
    }
    if (raw !== undefined) found.set(option, { raw, line })
  }
  return ok(found)
}

function readPair(
  pair: Pair,
  where: string,
  keys: ReadonlyMap<string, FileKey>,
): Result<{ readonly option: string; readonly raw: FileValue['raw'] | undefined }> {
  const name = isScalar(pair.key) ? String(pair.key.value) : ''
  const key = keys.get(name)
  if (key === undefined) return unknownKey(name, where, keys)
  const raw = rawOf(pair.value as Node | null, key.isMany)
  if (raw !== null) return ok({ option: key.option, raw })
  const wanted = key.isMany ? 'a text, a list of texts or a map of texts' : 'one text or number'
  return refuse('MC_BAD_CONFIG', `${where}: ${name} wants ${wanted}`, `write ${name}: VALUE`)
}

function unknownKey(
  name: string,
  where: string,
  keys: ReadonlyMap<string, FileKey>,
): Result<never> {
  const known = [...keys].filter(([key, { option }]) => key === option).map(([key]) => key)
  if (name === 'dataDir' || name === 'data-dir') {
    const hint = 'give it with --data-dir or MESHCRON_DATA_DIR'
    return refuse('MC_BAD_CONFIG', `${where}: the file lies in the data directory itself`, hint)
  }
  const meant = suggest(name, known)
  const hint = meant === undefined ? `known: ${known.join(', ')}` : `did you mean ${meant}?`
  return refuse(
    'MC_BAD_CONFIG',
    `${where}: unknown option ${JSON.stringify(name.slice(0, 80))}`,
    hint,
  )
}

/** Undefined: a key without a value, which means the default. Null: a value of the wrong form. */
function rawOf(node: Node | null, isMany: boolean): FileValue['raw'] | undefined | null {
  if (node === null || (isScalar(node) && node.value === null)) return undefined
  if (isScalar(node)) return textOf(node) ?? null
  if (!isMany) return null
  if (isSeq(node)) {
    const texts = node.items.map(textOf)
    return texts.every((text) => text !== undefined) ? texts : null
  }
  if (!isMap(node)) return null
  const texts = node.items.map(({ key, value }) => {
    const [left, right] = [textOf(key), textOf(value)]
    return left === undefined || right === undefined ? undefined : `${left}=${right}`
  })
  return texts.every((text) => text !== undefined) ? texts : null
}

/** A scalar as it was written: `1.10` stays `1.10`. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node) || node.value === null) return undefined
  return typeof node.value === 'string' ? node.value : node.source
}

function rangeOf(pair: unknown): number {
  const key = isPair(pair) ? (pair.key as Node | null) : null
  return key?.range?.[0] ?? 0
}
