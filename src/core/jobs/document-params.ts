// `params: { target: { default: all, pattern: "[a-z]+" } }`: what may be said to a job when somebody runs it.

import { limits } from '../limits.ts'
import { ok, refuse, type Result } from '../result.ts'
import { didYouMean } from '../suggest.ts'
import type { ParamRule, Params } from './definition.ts'
import { matches, parsePattern } from './pattern.ts'
import { list, plainMap } from './shape-collection.ts'
import { field, record } from './shape-record.ts'
import { bad, flag, nullable, refine, type Shape, text, typeName } from './shape.ts'

const nameForm = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const nameHint = 'use letters, digits and _: it becomes MESHCRON_PARAM_NAME'

const value = text({
  name: 'a value',
  hint: 'write it as a text',
  max: limits.paramsBytesMax,
})

const pattern = refine(
  text({ name: 'a pattern', hint: 'write one like [a-z0-9-]+', min: 1, max: 256 }),
  (written, path) => {
    const read = parsePattern(written)
    return read.ok ? undefined : bad(path, read.refusal.message, read.refusal.hint)
  },
)

const rule: Shape<ParamRule> = refine(
  record<ParamRule>({
    required: field('required', flag, 'who runs it must say it', false),
    default: field('default', nullable(value), 'what it is when nobody says it', null),
    pattern: field('pattern', nullable(pattern), 'form of the whole value', null),
    enum: field(
      'enum',
      list(value, { min: 0, max: 64, hint: 'write enum: [one, two]' }),
      'the only values',
      [],
    ),
    secret: field('secret', notSecret(), 'must not be shown: not available', false),
  }),
  (read, path) => {
    if (read.required && read.default !== null) {
      return bad(`${path}.required`, 'means nothing beside a default', 'leave one of them out')
    }
    const problem = read.default === null ? undefined : problemOf(read, read.default)
    return problem === undefined
      ? undefined
      : bad(`${path}.default`, problem.what, `${problem.hint}, or correct the rule`)
  },
)

/** A value would stand in signed records on every member, so nothing that is passed can stay secret. */
function notSecret(): Shape<false> {
  const read: Shape<false>['parse'] = (given, path) =>
    given === false
      ? ok(given)
      : bad(
          path,
          'parameters cannot be secret in this version: every node keeps and shows them',
          'keep the secret in a file or variable of the node that runs it',
        )
  return { parse: read, check: read, print: (given) => given, schema: { const: false } }
}

/** The parameters of a job by name. */
export const params: Shape<Params> = {
  parse: (written, path) => readEach(written, path, rule.parse),
  check: (written, path) => readEach(written, path, rule.check),
  print: (read) =>
    Object.fromEntries(Object.entries(read).map(([name, one]) => [name, rule.print(one)])),
  schema: {
    type: 'object',
    propertyNames: { pattern: nameForm.source },
    additionalProperties: rule.schema,
    maxProperties: limits.paramsMax,
  },
}

function readEach(written: unknown, path: string, each: typeof rule.parse): Result<Params> {
  const map = plainMap(written)
  if (map === undefined) {
    return bad(path, `wants a map, got ${typeName(written)}`, `write ${path}: { target: {} }`)
  }
  const names = Object.keys(map).sort()
  if (names.length > limits.paramsMax) {
    return bad(path, `has more than ${limits.paramsMax} entries`, 'use fewer')
  }
  const read: [string, ParamRule][] = []
  const variables = new Map<string, string>()
  for (const name of names) {
    const shown = JSON.stringify(name.slice(0, 80))
    if (!nameForm.test(name) || name === '__proto__') {
      return bad(path, `${shown} is not the name of a parameter`, nameHint)
    }
    const twin = variables.get(variableOf(name))
    if (twin !== undefined) {
      return bad(path, `${twin} and ${name} differ only in case`, 'both would be one variable')
    }
    variables.set(variableOf(name), name)
    const one = each(map[name], `${path}.${name}`)
    if (!one.ok) return one
    read.push([name, one.value])
  }
  return ok(Object.fromEntries(read))
}

/** The variable in which a command gets it. */
export const variableOf = (name: string): string => `MESHCRON_PARAM_${name.toUpperCase()}`

function problemOf(
  { pattern: form, enum: words }: ParamRule,
  given: string,
): { readonly what: string; readonly hint: string } | undefined {
  const shown = JSON.stringify(given.slice(0, 80))
  if (words.length > 0 && !words.includes(given)) {
    const hint = didYouMean(given, words, `use one of: ${words.join(', ')}`)
    return { what: `${shown} is unknown`, hint }
  }
  if (form === null) return undefined
  const read = parsePattern(form)
  if (read.ok && matches(read.value, given)) return undefined
  return { what: `${shown} has not the form ${form}`, hint: 'write it in that form' }
}

/** What the parameters are when somebody says so much of them. */
export function resolveParams(
  rules: Params,
  given: Readonly<Record<string, unknown>>,
): Result<Readonly<Record<string, string>>> {
  const known = Object.keys(rules)
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(rules, name))
  if (unknown !== undefined) {
    const all = known.length === 0 ? 'the job has none' : `known: ${known.join(', ')}`
    const hint = didYouMean(unknown, known, all)
    return bad(`params.${unknown.slice(0, 80)}`, 'unknown parameter', hint)
  }
  const resolved: [string, string][] = []
  for (const name of known) {
    const one = rules[name]!
    const path = `params.${name}`
    if (given[name] === undefined) {
      if (one.required) return bad(path, 'is missing', `say it: --param ${name}=…`)
      if (one.default !== null) resolved.push([name, one.default])
      continue
    }
    const read = value.parse(given[name], path)
    if (!read.ok) return read
    const problem = problemOf(one, read.value)
    if (problem !== undefined) return bad(path, problem.what, problem.hint)
    resolved.push([name, read.value])
  }
  const all = Object.fromEntries(resolved)
  const size = byteLength(JSON.stringify(all))
  return size <= limits.paramsBytesMax
    ? ok(all)
    : refuse(
        'MC_BAD_INPUT',
        `params: are ${size} bytes, at most ${limits.paramsBytesMax} are allowed`,
        'pass large input in a file',
      )
}

/** What a tick is given: the defaults, and which parameter it lacks. */
export function defaultsOf(rules: Params): {
  readonly values: Readonly<Record<string, string>>
  readonly missing: string | undefined
} {
  const entries = Object.entries(rules)
  const given = entries.flatMap(([name, one]) =>
    one.default === null ? [] : [[name, one.default]],
  )
  const missing = entries.find(([, one]) => one.required)?.[0]
  return { values: Object.fromEntries(given) as Readonly<Record<string, string>>, missing }
}

/** Bytes of a text in UTF-8. */
function byteLength(written: string): number {
  let bytes = 0
  for (const char of written) {
    const code = char.codePointAt(0)!
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4
  }
  return bytes
}
