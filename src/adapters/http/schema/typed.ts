import Type, { type Static, type TProperties, type TSchema, type TUnsafe } from 'typebox'

/** A JSON Schema whose values are `T`; the type is checked where the schema is written. */
export type SchemaOf<T> = TUnsafe<T>

/** RFC 3339 in UTC with milliseconds: `2027-03-01T09:00:00.000Z`. */
export type Instant = string

/** A closed object: a key that is not listed is refused. With a title it is a component of its own. */
export function closed<P extends TProperties>(
  properties: P,
  title?: string,
): TUnsafe<Static<ReturnType<typeof Type.Object<P>>>> {
  const options = { additionalProperties: false, ...(title === undefined ? {} : { title }) }
  return Type.Unsafe(Type.Object(properties, options))
}

/** Text out of a closed set. */
export function oneOf<T extends string>(...values: readonly T[]): SchemaOf<T> {
  return Type.Unsafe<T>({ type: 'string', enum: values })
}

/** The value, or null where there is none. */
export function nullable<S extends TSchema>(schema: S): TUnsafe<Static<S> | null> {
  return Type.Unsafe(Type.Union([schema, Type.Null()]))
}

/** A list. */
export function listOf<S extends TSchema>(schema: S): TUnsafe<readonly Static<S>[]> {
  return Type.Unsafe(Type.Array(schema))
}

/** A map of texts to one kind of value. */
export function mapOf<S extends TSchema>(schema: S): TUnsafe<Readonly<Record<string, Static<S>>>> {
  return Type.Unsafe(Type.Record(Type.String(), schema))
}

/** Schema of {@link Instant}. */
export const instant: SchemaOf<Instant> = Type.Unsafe(Type.String({ format: 'date-time' }))
/** Schema of any text. */
export const text: SchemaOf<string> = Type.Unsafe(Type.String())
/** Schema of a number of milliseconds, bytes or things. */
export const whole: SchemaOf<number> = Type.Unsafe(Type.Integer())
/** Schema of a number with a fraction. */
export const real: SchemaOf<number> = Type.Unsafe(Type.Number())
/** Schema of a truth value. */
export const flag: SchemaOf<boolean> = Type.Unsafe(Type.Boolean())
/** Schema of what a node tells of itself. */
export const fact: SchemaOf<string | number | boolean> = Type.Unsafe(
  Type.Union([Type.String(), Type.Integer(), Type.Boolean()]),
)
/** Schema of any JSON value. */
export const anything: SchemaOf<unknown> = Type.Unsafe(Type.Unknown())
