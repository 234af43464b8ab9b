/**
 * Records with known fields. A field has two names: its place in the normalised record and its path
 * in the document, which may be nested (`retention.runs`). In a document an unknown key is refused:
 * it is a typing error. From a peer it is passed over: a newer version wrote it, and the signed bytes
 * keep it.
 */
import { ok, type Result } from '../result.ts'
import { own, plainMap } from './shape-collection.ts'
import { didYouMean } from '../suggest.ts'
import { bad, type Schema, type Shape, typeName } from './shape.ts'

export interface Field<T> {
  /** Path in the document; null: not part of it. */
  readonly key: string | null
  readonly shape: Shape<T>
  /** What an absent field means; without it the field is required. */
  readonly fallback?: T
  /** One phrase for the schema. */
  readonly about: string
}

export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> }

/** Keys that are refused with advice of their own: those of later versions and common guesses. */
export type Advice = Readonly<Record<string, string>>

/** A field; without `fallback` it is required. */
export function field<T>(
  key: string | null,
  shape: Shape<T>,
  about: string,
  ...fallback: readonly [] | readonly [NoInfer<T>]
): Field<T> {
  return fallback.length === 0
    ? { key, shape, about }
    : { key, shape, about, fallback: fallback[0] }
}

type AnyField = Field<unknown>
const entriesOf = (fields: object): readonly (readonly [string, AnyField])[] =>
  Object.entries(fields) as readonly (readonly [string, AnyField])[]

const join = (path: string, key: string): string =>
  path === '' || key === '' ? path + key : `${path}.${key}`

/** Reads the fields of one record out of a document whose keys are known to be right. */
export function parseFields<T>(fields: Fields<T>, document: object, path: string): Result<T> {
  const record: [string, unknown][] = []
  for (const [name, { key, shape, fallback, about }] of entriesOf(fields)) {
    const value = key === null ? undefined : lookUp(document, key)
    const at = join(path, key ?? name)
    if (value === undefined && fallback === undefined) {
      return bad(at, 'is missing', `add "${key ?? name}": ${about}`)
    }
    const result = value === undefined ? ok(fallback) : shape.parse(value, at)
    if (!result.ok) return result
    record.push([name, result.value])
  }
  return ok(Object.fromEntries(record) as T)
}

/** Reads the fields of one record from its normalised form. */
export function checkFields<T>(fields: Fields<T>, value: unknown, path: string): Result<T> {
  const map = plainMap(value)
  if (map === undefined) return bad(path, `wants a map, got ${typeName(value)}`, 'send a map')
  const record: [string, unknown][] = []
  for (const [name, { shape, fallback }] of entriesOf(fields)) {
    const value = own(map, name)
    if (value === undefined && fallback === undefined) {
      return bad(join(path, name), 'is missing', 'send the normalised form')
    }
    const result = value === undefined ? ok(fallback) : shape.check(value, join(path, name))
    if (!result.ok) return result
    record.push([name, result.value])
  }
  return ok(Object.fromEntries(record) as T)
}

/** Writes the fields into a document; what equals its default is left out. */
export function printFields<T>(
  fields: Fields<T>,
  record: T,
  document: Record<string, unknown>,
): void {
  for (const [name, { key, shape, fallback }] of entriesOf(fields)) {
    const value = (record as Readonly<Record<string, unknown>>)[name]
    if (key === null || JSON.stringify(value) === JSON.stringify(fallback)) continue
    const steps = key.split('.')
    let target = document
    for (const step of steps.slice(0, -1)) {
      target[step] ??= {}
      target = target[step] as Record<string, unknown>
    }
    target[steps.at(-1)!] = shape.print(value)
  }
}

/** Refuses keys that no field has, at each level that the fields' paths name. */
export function checkKeys(
  fields: object,
  document: unknown,
  path: string,
  advice: Advice,
): Result<Readonly<Record<string, unknown>>> {
  const root = plainMap(document)
  if (root === undefined) {
    return bad(
      path === '' ? 'document' : path,
      `wants a map, got ${typeName(document)}`,
      'write KEY: value',
    )
  }
  for (const [level, known] of levels(fields)) {
    const value = level === '' ? root : lookUp(root, level)
    if (value === undefined) continue
    const at = join(path, level)
    const map = plainMap(value)
    if (map === undefined) {
      return bad(at, `wants a map, got ${typeName(value)}`, `write ${at}: { ${known[0]!}: … }`)
    }
    for (const key of Object.keys(map)) {
      if (!known.includes(key)) return unknownKey(key, level, at, known, advice)
    }
  }
  return ok(root)
}

function unknownKey(
  key: string,
  level: string,
  path: string,
  known: readonly string[],
  advice: Advice,
): Result<never> {
  const shown = key.slice(0, 80)
  const advised = own(advice, join(level, key))
  const guess = didYouMean(key, known, `known keys: ${known.join(', ')}`)
  const hint = typeof advised === 'string' ? advised : guess
  return bad(join(path, shown), 'unknown key', hint)
}

/** The maps that the fields' paths name, outermost first, each with its keys. */
function levels(fields: object): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>([['', []]])
  for (const [, { key }] of entriesOf(fields)) {
    const steps = key === null ? [] : key.split('.')
    for (let depth = 0; depth < steps.length; depth++) {
      const level = steps.slice(0, depth).join('.')
      const keys = found.get(level) ?? []
      if (!keys.includes(steps[depth]!)) keys.push(steps[depth]!)
      found.set(level, keys)
    }
  }
  return found
}

function lookUp(document: object, path: string): unknown {
  let value: unknown = document
  for (const step of path.split('.')) {
    const map = plainMap(value)
    if (map === undefined) return undefined
    value = own(map, step)
  }
  return value
}

/** The JSON Schema of a document with these fields. */
export function fieldsSchema(fields: object): Schema {
  interface Node {
    type: 'object'
    properties: Record<string, unknown>
    required: string[]
    additionalProperties: false
  }
  const node = (): Node => ({
    type: 'object',
    properties: {},
    required: [],
    additionalProperties: false,
  })
  const root = node()
  for (const [, { key, shape, fallback, about }] of entriesOf(fields)) {
    if (key === null) continue
    const steps = key.split('.')
    let target = root
    for (const step of steps.slice(0, -1)) {
      target.properties[step] ??= node()
      target = target.properties[step] as Node
    }
    const last = steps.at(-1)!
    const byDefault =
      fallback === undefined || fallback === null ? undefined : shape.print(fallback)
    target.properties[last] = {
      ...shape.schema,
      description: about,
      ...(byDefault === undefined ? {} : { default: byDefault }),
    }
    if (fallback === undefined) target.required.push(last)
  }
  return { ...root }
}

/** A nested record. */
export function record<T>(fields: Fields<T>, advice: Advice = {}): Shape<T> {
  return {
    parse: (value, path) => {
      const keys = checkKeys(fields, value, path, advice)
      return keys.ok ? parseFields(fields, keys.value, path) : keys
    },
    check: (value, path) => checkFields(fields, value, path),
    print: (value) => {
      const document = {}
      printFields(fields, value, document)
      return document
    },
    schema: fieldsSchema(fields),
  }
}
