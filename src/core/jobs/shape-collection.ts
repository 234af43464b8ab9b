// Shapes of lists and of maps with free keys.

import { ok, type Result } from '../result.ts'
import { bad, type Shape, typeName } from './shape.ts'

/** Own keys of a plain map; undefined for anything else, class instances included. */
export function plainMap(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  return value as Readonly<Record<string, unknown>>
}

/** A value of a map by its own key; inherited ones do not count. */
export const own = (map: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(map, key) ? map[key] : undefined

export interface ListRule {
  readonly min: number
  readonly max: number
  readonly hint: string
  /** Users may write a single entry without brackets. */
  readonly single?: boolean
}

/** A list of one shape. */
export function list<T>(item: Shape<T>, rule: ListRule): Shape<readonly T[]> {
  const read = (
    value: unknown,
    path: string,
    each: (entry: unknown, at: string) => Result<T>,
  ): Result<readonly T[]> => {
    if (!Array.isArray(value)) return bad(path, `wants a list, got ${typeName(value)}`, rule.hint)
    if (value.length < rule.min) return bad(path, 'the list must not be empty', rule.hint)
    if (value.length > rule.max) return bad(path, `has more than ${rule.max} entries`, rule.hint)
    const entries: T[] = []
    for (let i = 0; i < value.length; i++) {
      const entry = each(value[i], `${path}[${i}]`)
      if (!entry.ok) return entry
      entries.push(entry.value)
    }
    return ok(entries)
  }
  const schema = {
    type: 'array',
    items: item.schema,
    ...(rule.min > 0 ? { minItems: rule.min } : {}),
    maxItems: rule.max,
  }
  return {
    parse: (value, path) => {
      if (rule.single === true && (typeof value === 'string' || typeof value === 'number')) {
        const entry = item.parse(value, path)
        return entry.ok ? ok([entry.value]) : entry
      }
      return read(value, path, item.parse)
    },
    check: (value, path) => read(value, path, item.check),
    print: (value) => {
      const printed = value.map(item.print)
      return rule.single === true && printed.length === 1 ? printed[0] : printed
    },
    schema: rule.single === true ? { anyOf: [item.schema, schema] } : schema,
  }
}

/** A list that is a set: each entry once, in one order, so that equal sets have equal bytes. */
export function set<T>(
  item: Shape<T>,
  rule: ListRule,
  order: (a: T, b: T) => number,
): Shape<readonly T[]> {
  const base = list(item, rule)
  const sorted = (result: Result<readonly T[]>): Result<readonly T[]> =>
    result.ok ? ok([...new Set(result.value)].toSorted(order)) : result
  return {
    ...base,
    parse: (value, path) => sorted(base.parse(value, path)),
    check: (value, path) => sorted(base.check(value, path)),
  }
}

export interface MapRule {
  /** What a key is called in messages. */
  readonly name: string
  readonly keyPattern: string
  readonly keyHint: string
  readonly max: number
}

/** A map of texts with free keys; keys are sorted, so that equal maps have equal bytes. */
export function map(value: Shape<string>, rule: MapRule): Shape<Readonly<Record<string, string>>> {
  const form = new RegExp(rule.keyPattern, 'u')
  const read = (input: unknown, path: string): Result<Readonly<Record<string, string>>> => {
    const entries = plainMap(input)
    if (entries === undefined) {
      return bad(path, `wants a map, got ${typeName(input)}`, 'write KEY: value')
    }
    const keys = Object.keys(entries).sort()
    if (keys.length > rule.max) return bad(path, `has more than ${rule.max} entries`, 'use fewer')
    const read: [string, string][] = []
    for (const key of keys) {
      const shown = JSON.stringify(key.slice(0, 80))
      // As a key of a plain object it is a setter, not a value.
      if (key === '__proto__' || !form.test(key)) {
        return bad(path, `${shown} is not ${rule.name}`, rule.keyHint)
      }
      const result = value.check(entries[key], `${path}.${key}`)
      if (!result.ok) return result
      read.push([key, result.value])
    }
    return ok(Object.fromEntries(read))
  }
  return {
    parse: read,
    check: read,
    print: (map) => ({ ...map }),
    schema: {
      type: 'object',
      propertyNames: { pattern: rule.keyPattern, not: { const: '__proto__' } },
      additionalProperties: value.schema,
      maxProperties: rule.max,
    },
  }
}
