import type { TSchema } from 'typebox'
import Type from 'typebox'
import { parseInstant } from '../../core/scheduler/instant.ts'
import { RequestRefused } from './problem.ts'

/** One parameter of a query: how it is described, and how it is read. */
export interface Param<T> {
  readonly description: string
  readonly schema: TSchema
  /** Throws {@link RequestRefused}; `text` is undefined when the parameter is absent. */
  parse(name: string, text: string | undefined): T
}

export type Params = Readonly<Record<string, Param<unknown>>>

/** The values that a table of parameters reads. */
export type ValuesOf<P extends Params> = {
  readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never
}

/** Any text. */
export function textParam(description: string): Param<string | undefined> {
  return { description, schema: Type.String(), parse: (_name, text) => text }
}

/** A whole number within bounds. */
export function countParam<F extends number | undefined>(
  description: string,
  bounds: { readonly min: number; readonly max: number; readonly fallback: F },
): Param<number | F> {
  const { min, max, fallback } = bounds
  const schema = Type.Integer({
    minimum: min,
    maximum: max,
    ...(fallback === undefined ? {} : { default: fallback }),
  })
  return {
    description,
    schema,
    parse: (name, text) => {
      if (text === undefined) return fallback
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      if (value >= min && value <= max) return value
      throw badParam(name, `is no whole number from ${min} to ${max}`)
    },
  }
}

/** An instant, as RFC 3339 or in milliseconds of UTC. */
export function instantParam(description: string): Param<number | undefined> {
  const schema = Type.String({ description: 'RFC 3339, or milliseconds since 1970 UTC' })
  return {
    description,
    schema,
    parse: (name, text) => {
      if (text === undefined) return undefined
      // A plus sign that was not escaped arrives as a space.
      const value = /^\d{1,15}$/.test(text) ? Number(text) : parseInstant(text.replace(' ', '+'))
      if (value !== undefined) return value
      throw badParam(name, 'is no instant with an offset, like 2027-03-01T09:00:00Z')
    },
  }
}

/** A switch: `1` or `true`, `0` or `false`. */
export function flagParam(description: string): Param<boolean> {
  const schema = Type.Unsafe<string>({ type: 'string', enum: ['0', '1', 'false', 'true'] })
  return {
    description,
    schema,
    parse: (name, text) => {
      if (text === undefined || text === '0' || text === 'false') return false
      if (text === '1' || text === 'true' || text === '') return true
      throw badParam(name, 'is neither 1 nor 0')
    },
  }
}

/** Reads a query; a parameter that the route does not know is refused, so that a typo is not lost. */
export function readQuery<P extends Params>(params: P, query: URLSearchParams): ValuesOf<P> {
  const known = Object.keys(params)
  for (const name of new Set(query.keys())) {
    if (!known.includes(name)) {
      const hint = known.length === 0 ? 'leave the query out' : `use ${known.join(', ')}`
      throw new RequestRefused('MC_BAD_INPUT', `query: no parameter is named ${quoted(name)}`, hint)
    }
    if (query.getAll(name).length > 1) throw badParam(name, 'is given more than once')
  }
  const values = Object.entries(params).map(([name, param]) => {
    return [name, param.parse(name, query.get(name) ?? undefined)] as const
  })
  return Object.fromEntries(values) as ValuesOf<P>
}

/** Without the keys whose value is absent. */
export function present<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function badParam(name: string, problem: string): RequestRefused {
  return new RequestRefused('MC_BAD_INPUT', `query: ${name} ${problem}`, `correct ${name}`)
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}
