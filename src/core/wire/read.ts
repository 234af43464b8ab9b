/**
 * Typed readers over decoded CBOR: from "some value a peer sent" to a typed message, or a reason.
 *
 * A reader is a function; small ones are put together into the reader of a whole message, and the type
 * of the message follows from it:
 *
 *     const readPing = record({ job: text({ max: 160 }), seq: u53, note: optional(text({ max: 80 })) })
 *     const ping = read(readPing, value) // { ok: true, value: { job, seq, note? } } or { ok: false, reason }
 *
 * Fields that a record does not name are ignored: newer versions add fields, and the bytes themselves
 * are what is stored and passed on. Reasons hold names and bounds of ours, never text of the peer.
 */
import type { Cbor } from './cbor.ts'

/** Turns a decoded value into a T; `undefined` stands for an absent field. Throws only Malformed. */
export type Reader<T> = (value: Cbor | undefined) => T

/** A reader whose field may be absent. */
export type OptionalReader<T> = Reader<T | undefined> & { readonly isOptional: true }

/** What a reader yields. */
export type Read<R> = R extends Reader<infer T> ? T : never

export type ReadResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string }

/** What a peer sent is not what it has to be. Only `parse` and `read` catch it. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
  /** Where in the message, in names of ours; empty for the whole. */
  readonly path: string
  /** What is wrong there. */
  readonly what: string

  constructor(what: string, path: string = '') {
    super(path === '' ? what : `${path}: ${what}`)
    this.path = path
    this.what = what
  }
}

/** Runs code that reads a message; Malformed becomes a value, every other error is a bug and passes. */
export function parse<T>(run: () => T): ReadResult<T> {
  try {
    return { ok: true, value: run() }
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, reason: error.message }
    throw error
  }
}

/** Applies a reader to a decoded value. */
export function read<T>(reader: Reader<T>, value: Cbor): ReadResult<T> {
  return parse(() => reader(value))
}

/** Refuses the value that a reader is looking at. */
export function fail(what: string): never {
  throw new Malformed(what)
}

/** Runs a reader on a part of a value, so that its failure names the part. */
function readPart<T>(reader: Reader<T>, value: Cbor | undefined, name: string | number): T {
  try {
    return reader(value)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new Malformed(error.what, error.path === '' ? `${name}` : `${name}.${error.path}`)
  }
}

/** An integer in min … max. */
export function integer(min: number, max: number): Reader<number> {
  return (value) => {
    if (typeof value !== 'number' || value < min || value > max) {
      fail(`not an integer in ${min} … ${max}`)
    }
    return value
  }
}

export const u8: Reader<number> = integer(0, 0xff)
export const u16: Reader<number> = integer(0, 0xffff)
export const u32: Reader<number> = integer(0, 0xffff_ffff)
export const u48: Reader<number> = integer(0, 2 ** 48 - 1)
export const u53: Reader<number> = integer(0, Number.MAX_SAFE_INTEGER)
export const i32: Reader<number> = integer(-0x8000_0000, 0x7fff_ffff)
export const i53: Reader<number> = integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)

/** Text of at most `max` UTF-16 units, of a form if one is given. */
export function text(bounds: { readonly max: number; readonly form?: RegExp }): Reader<string> {
  return (value) => {
    if (typeof value !== 'string') fail('not text')
    if (value.length > bounds.max) fail(`longer than ${bounds.max}`)
    if (bounds.form !== undefined && !bounds.form.test(value)) fail('not of the expected form')
    return value
  }
}

/** Lower-case hexadecimal text of exactly this many digits: ids and hashes. */
export function hex(digits: number): Reader<string> {
  return text({ max: digits, form: new RegExp(`^[0-9a-f]{${digits}}$`) })
}

/** Bytes: exactly a number of them, or at most `max`. */
export function bytes(size: number | { readonly max: number }): Reader<Uint8Array> {
  return (value) => {
    if (!(value instanceof Uint8Array)) fail('not bytes')
    if (typeof size === 'number' ? value.length !== size : value.length > size.max) {
      fail(typeof size === 'number' ? `not ${size} bytes` : `more than ${size.max} bytes`)
    }
    return value
  }
}

export const bool: Reader<boolean> = (value) =>
  typeof value === 'boolean' ? value : fail('not a boolean')

/** Any value that is present: for parts that somebody else reads. */
export const anything: Reader<Cbor> = (value) => (value === undefined ? fail('missing') : value)

/** One of a few texts or numbers. */
export function oneOf<const T extends string | number>(...allowed: readonly T[]): Reader<T> {
  return (value) => allowed.find((one) => one === value) ?? fail(`not one of ${allowed.join(', ')}`)
}

/** An array of at most `max` items of one kind. */
export function list<T>(item: Reader<T>, bounds: { readonly max: number }): Reader<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) fail('not a list')
    const items: readonly Cbor[] = value
    if (items.length > bounds.max) fail(`more than ${bounds.max} items`)
    return items.map((one, i) => readPart(item, one, i))
  }
}

/** An array with a reader per place; further places are ignored, as unknown fields are. */
export function tuple<const T extends readonly unknown[]>(
  ...places: { readonly [I in keyof T]: Reader<T[I]> }
): Reader<T> {
  return (value) => {
    if (!Array.isArray(value)) fail('not a list')
    const items: readonly Cbor[] = value
    return places.map((place, i) => readPart(place, items[i], i)) as unknown as T
  }
}

/** A map whose keys are data, of at most `max` entries, in the order of the keys' text. */
export function dictionary<T>(
  key: Reader<string>,
  item: Reader<T>,
  bounds: { readonly max: number },
): Reader<ReadonlyMap<string, T>> {
  return (value) => {
    const fields = asFields(value)
    const names = Object.keys(fields).toSorted()
    if (names.length > bounds.max) fail(`more than ${bounds.max} entries`)
    // the name is the peer's text, so failures inside name the place instead
    return new Map(
      names.map((name, i) => [readPart(key, name, i), readPart(item, fields[name], i)]),
    )
  }
}

/** A field that may be absent; what is there must still be right. */
export function optional<T>(reader: Reader<T>): OptionalReader<T> {
  const optionalReader = (value: Cbor | undefined): T | undefined =>
    value === undefined ? undefined : reader(value)
  return Object.assign(optionalReader, { isOptional: true as const })
}

/** A field that older versions do not send: `fallback` stands for it. */
export function withDefault<T>(reader: Reader<T>, fallback: T): Reader<T> {
  return (value) => (value === undefined ? fallback : reader(value))
}

/** A value that may be null. */
export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value) => (value === null ? null : reader(value))
}

type Fields = { readonly [name: string]: Reader<unknown> }
type OptionalNames<F extends Fields> = {
  [K in keyof F]: F[K] extends OptionalReader<unknown> ? K : never
}[keyof F]

/** The type of a record with these readers. */
export type RecordOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalNames<F>>]: Read<F[K]>
} & {
  readonly [K in OptionalNames<F>]?: Exclude<Read<F[K]>, undefined>
}

/** A map with a reader per field; an absent optional field is absent in the result. */
export function record<F extends Fields>(fields: F): Reader<RecordOf<F>> {
  const entries = Object.entries(fields)
  return (value) => {
    const map = asFields(value)
    const out: Record<string, unknown> = {}
    for (const [name, reader] of entries) {
      const field = Object.hasOwn(map, name) ? map[name] : undefined
      const result = readPart(reader, field, name)
      if (result !== undefined) out[name] = result
    }
    return out as RecordOf<F>
  }
}

/** A map whose field `tag` says which of several records it is. */
export function variant<Tag extends string, V extends { readonly [kind: string]: Reader<object> }>(
  tag: Tag,
  variants: V,
): Reader<{ [K in keyof V & string]: { readonly [T in Tag]: K } & Read<V[K]> }[keyof V & string]> {
  return (value) => {
    const kind = asFields(value)[tag]
    const reader =
      typeof kind === 'string' && Object.hasOwn(variants, kind) ? variants[kind] : undefined
    if (reader === undefined) fail(`unknown ${tag}`)
    return { [tag]: kind, ...reader(value) } as never
  }
}

function asFields(value: Cbor | undefined): { readonly [name: string]: Cbor } {
  const isMap =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  return isMap ? (value as { readonly [name: string]: Cbor }) : fail('not a map')
}
