/**
 * One description of a value serves four uses: reading what a user wrote, checking the normalised
 * form that comes from a peer, writing a document back, and the published JSON Schema. Four separate
 * tables would drift apart. Nothing here throws: input is untrusted in both directions.
 */
import { ok, refuse, type Result } from '../result.ts'
import { didYouMean } from '../suggest.ts'

/** JSON Schema 2020-12 as plain data. */
export type Schema = Readonly<Record<string, unknown>>

export interface Shape<T> {
  /** Reads the form that users write. */
  parse(value: unknown, path: string): Result<T>
  /** Reads the normalised form. */
  check(value: unknown, path: string): Result<T>
  /** The form that users write. */
  print(value: T): unknown
  readonly schema: Schema
}

/** A refusal of the value at `path`. */
export const bad = (path: string, problem: string, hint: string): Result<never> =>
  refuse('MC_BAD_INPUT', `${path}: ${problem}`, hint)

/** How a value's type is called in a message. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'object':
      return 'a map'
    case 'string':
      return 'a text'
    case 'undefined':
      return 'missing'
    default:
      return `a ${typeof value}`
  }
}

/** A shape whose normalised form is what users write. */
export function plain<T>(
  read: (value: unknown, path: string) => Result<T>,
  schema: Schema,
): Shape<T> {
  return { parse: read, check: read, print: (value) => value, schema }
}

export interface TextRule {
  /** What the text is called in messages. */
  readonly name: string
  readonly hint: string
  readonly max: number
  readonly min?: number
  readonly pattern?: string
}

/** A text; NUL and unpaired surrogates are refused, they survive neither a command line nor UTF-8. */
export function text({ name, hint, max, min = 0, pattern }: TextRule): Shape<string> {
  const form = pattern === undefined ? undefined : new RegExp(pattern, 'u')
  return plain(
    (value, path) => {
      if (typeof value !== 'string') {
        const quote = typeof value === 'number' || typeof value === 'boolean'
        const advice = quote ? `put it in quotes: "${String(value)}"` : hint
        return bad(path, `wants ${name}, got ${typeName(value)}`, advice)
      }
      if (value.length < min) return bad(path, `${name} must not be empty`, hint)
      if (value.length > max) return bad(path, `${name} is longer than ${max} characters`, hint)
      if (value.includes('\0')) return bad(path, `${name} holds a NUL character`, hint)
      if (!value.isWellFormed()) return bad(path, `${name} is not valid Unicode`, hint)
      if (form?.test(value) === false) {
        return bad(path, `${JSON.stringify(value.slice(0, 80))} is not ${name}`, hint)
      }
      return ok(value)
    },
    {
      type: 'string',
      ...(min > 0 ? { minLength: min } : {}),
      maxLength: max,
      pattern: pattern ?? '^[^\\u0000]*$',
    },
  )
}

/** A whole number of a range. */
export function integer(min: number, max: number): Shape<number> {
  return plain(
    (value, path) => {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
        const got = typeof value === 'number' ? String(value) : typeName(value)
        return bad(path, `wants a whole number, got ${got}`, `use ${min} to ${max}`)
      }
      return ok(value === 0 ? 0 : value)
    },
    { type: 'integer', minimum: min, maximum: max },
  )
}

/** true or false. */
export const flag: Shape<boolean> = plain(
  (value, path) =>
    typeof value === 'boolean'
      ? ok(value)
      : bad(path, `wants true or false, got ${typeName(value)}`, 'write true or false, unquoted'),
  { type: 'boolean' },
)

/** One of some words; `later` ones are known, but not in this version. */
export function choice<T extends string>(
  words: readonly T[],
  later: readonly string[] = [],
): Shape<T> {
  return plain(
    (value, path) => {
      const found = words.find((word) => word === value)
      if (found !== undefined) return ok(found)
      const all = `use one of: ${words.join(', ')}`
      if (typeof value !== 'string') {
        return bad(path, `wants ${words.join(' or ')}, got ${typeName(value)}`, all)
      }
      const shown = JSON.stringify(value.slice(0, 80))
      if (later.includes(value)) {
        return bad(path, `${shown} is not available in this version`, all)
      }
      return bad(path, `${shown} is unknown`, didYouMean(value, words, all))
    },
    { enum: words },
  )
}

/** The value, or null for none. */
export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    parse: (value, path) => (value === null ? ok(null) : shape.parse(value, path)),
    check: (value, path) => (value === null ? ok(null) : shape.check(value, path)),
    print: (value) => (value === null ? null : shape.print(value)),
    schema: { anyOf: [shape.schema, { type: 'null' }] },
  }
}

/** The same shape with a rule about the whole value; `rule` answers a refusal or undefined. */
export function refine<T>(
  shape: Shape<T>,
  rule: (value: T, path: string) => Result<never> | undefined,
): Shape<T> {
  const then = (result: Result<T>, path: string): Result<T> =>
    result.ok ? (rule(result.value, path) ?? result) : result
  return {
    ...shape,
    parse: (value, path) => then(shape.parse(value, path), path),
    check: (value, path) => then(shape.check(value, path), path),
  }
}
