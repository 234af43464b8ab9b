// The executors of a job and the limits on what they are given.

import { limits } from '../limits.ts'
import { ok, type Result } from '../result.ts'
import type { Run } from './definition.ts'
import { list, map, own, plainMap, set } from './shape-collection.ts'
import { type Advice, checkFields, field, type Fields, record } from './shape-record.ts'
import { suggest } from '../suggest.ts'
import { bad, integer, refine, type Shape, text, typeName } from './shape.ts'

type Variant<K extends Run['kind']> = Omit<Extract<Run, { readonly kind: K }>, 'kind'>

const argument = text({
  name: 'an argument',
  hint: 'write every argument as a text: [echo, "5"]',
  max: limits.intentBytesMax,
})

const argv: Shape<readonly string[]> = refine(
  list(argument, { min: 1, max: 4_096, hint: 'write exec: [program, argument, …], or use shell' }),
  (value, path) => {
    if (value[0] === '') return bad(`${path}[0]`, 'the program must not be empty', 'name a program')
    const bytes = value.reduce((sum, argument) => sum + argument.length + 1, 0)
    return bytes > limits.argvBytesMax
      ? bad(path, `is longer than ${limits.argvBytesMax} bytes`, 'pass large input in a file')
      : undefined
  },
)

const script = text({
  name: 'a command line',
  hint: 'write shell: "command | command"',
  min: 1,
  max: limits.intentBytesMax,
  pattern: '^[^\\u0000]*\\S[^\\u0000]*$',
})

const method = text({
  name: 'an HTTP method',
  hint: 'write it in capitals: GET, POST, PUT',
  max: 32,
  pattern: '^[A-Z]+$',
})

const url = refine(
  text({
    name: 'an http or https URL',
    hint: 'write http://host/path or https://host/path',
    max: 8_192,
    pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s\\u0000]+$',
  }),
  (value, path) => {
    const parsed = URL.parse(value)
    if (parsed === null || parsed.hostname === '') {
      return bad(path, `${JSON.stringify(value.slice(0, 80))} is not a URL`, 'check host and port')
    }
    return parsed.username !== '' || parsed.password !== ''
      ? bad(path, 'a URL must not hold a password', 'use headers: { Authorization: … }')
      : undefined
  },
)

const headerValue = text({
  name: 'a header value',
  hint: 'use one line of printable characters',
  max: 8_192,
  pattern: '^[\\t\\u0020-\\u007e\\u0080-\\u00ff]*$',
})

const headers = refine(
  map(headerValue, {
    name: 'a header name',
    keyPattern: "^[A-Za-z0-9!#$%&'*+.^_`|~\\-]{1,256}$",
    keyHint: 'use letters, digits and dashes',
    max: 64,
  }),
  (value, path) => {
    const names = Object.keys(value)
    const twin = names.find((name, i) =>
      names.some((other, j) => j < i && other.toLowerCase() === name.toLowerCase()),
    )
    return twin === undefined
      ? undefined
      : bad(
          `${path}.${twin}`,
          'the header is there twice',
          'capitals do not matter in header names',
        )
  },
)

const body = text({ name: 'a body', hint: 'write it as a text', max: limits.intentBytesMax })

const expect = set(
  integer(100, 599),
  { min: 0, max: 64, hint: 'write expect: [200, 204]', single: true },
  (a, b) => a - b,
)

const http = refine(
  record<Variant<'http'>>({
    method: field('method', method, 'HTTP method', 'GET'),
    url: field('url', url, 'where to send the request'),
    headers: field('headers', headers, 'request headers', {}),
    body: field('body', body, 'request body', ''),
    expect: field('expect', expect, 'status codes of success; none means 200 to 299', []),
  }),
  (value, path) =>
    value.body !== '' && (value.method === 'GET' || value.method === 'HEAD')
      ? bad(`${path}.body`, `${value.method} sends no body`, 'set method: POST')
      : undefined,
)

const fieldsByKind: { readonly [K in Run['kind']]: Fields<Variant<K>> | undefined } = {
  exec: { argv: field(null, argv, 'program and arguments') },
  shell: { script: field(null, script, 'command line for sh') },
  http: undefined,
}

const kinds: readonly Run['kind'][] = ['exec', 'shell', 'http']
const laterKinds = ['mqtt', 'plugin']
const hint = 'write exactly one of exec: [program, …], shell: "…", http: { url: … }'
const guesses: Advice = {
  command: 'write exec: [program, argument, …] or shell: "…"',
  cmd: 'write exec: [program, argument, …] or shell: "…"',
}

/** What a job runs: exactly one executor. */
export const run: Shape<Run> = {
  parse: (value, path) => {
    const document = plainMap(value)
    if (document === undefined) return bad(path, `wants a map, got ${typeName(value)}`, hint)
    for (const key of Object.keys(document)) {
      if (!kinds.some((kind) => kind === key)) return unknownKind(key, path)
    }
    const given = kinds.filter((kind) => own(document, kind) !== undefined)
    const [kind] = given
    if (kind === undefined) return bad(path, 'has no executor', hint)
    if (given.length > 1) return bad(path, `has ${given.length} executors`, hint)
    return parseKind(kind, document[kind], `${path}.${kind}`)
  },
  check: (value, path) => {
    const map = plainMap(value)
    const kind = map === undefined ? undefined : own(map, 'kind')
    if (kind === 'http') return tag('http', http.check(value, path))
    if (kind !== 'exec' && kind !== 'shell') {
      return bad(`${path}.kind`, 'is no executor of this version', 'update this node')
    }
    return tag(kind, checkFields<object>(fieldsByKind[kind]!, value, path))
  },
  print: (value) => {
    if (value.kind === 'exec') return { exec: argv.print(value.argv) }
    return value.kind === 'shell' ? { shell: value.script } : { http: http.print(value) }
  },
  schema: {
    type: 'object',
    properties: { exec: argv.schema, shell: script.schema, http: http.schema },
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  },
}

function parseKind(kind: Run['kind'], value: unknown, path: string): Result<Run> {
  if (kind === 'http') return tag(kind, http.parse(value, path))
  if (kind === 'shell') {
    const read = script.parse(value, path)
    return read.ok ? ok({ kind, script: read.value }) : read
  }
  const read = argv.parse(value, path)
  return read.ok ? ok({ kind, argv: read.value }) : read
}

function tag(kind: Run['kind'], result: Result<object>): Result<Run> {
  return result.ok ? ok({ kind, ...result.value } as Run) : result
}

function unknownKind(key: string, path: string): Result<never> {
  const shown = key.slice(0, 80)
  if (laterKinds.includes(key)) {
    return bad(`${path}.${shown}`, 'this executor is not available in this version', hint)
  }
  const guess = own(guesses, key)
  const meant = suggest(key, kinds)
  const advice = meant === undefined ? hint : `did you mean "${meant}"?`
  return bad(`${path}.${shown}`, 'unknown executor', typeof guess === 'string' ? guess : advice)
}
