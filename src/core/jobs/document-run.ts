// The executors of a job and the limits on what they are given.

import { limits } from '../limits.ts'
import { ok, type Result } from '../result.ts'
import type { Run } from './definition.ts'
import { http, mqtt } from './document-requests.ts'
import { list, own, plainMap } from './shape-collection.ts'
import { jsonMap } from './shape-json.ts'
import { type Advice, checkFields, field, type Fields, record } from './shape-record.ts'
import { didYouMean } from '../suggest.ts'
import { bad, refine, type Shape, text, typeName } from './shape.ts'

type Variant<K extends Run['kind']> = Omit<Extract<Run, { readonly kind: K }>, 'kind' | 'profile'>

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

const pluginName = text({
  name: 'the name of a plugin',
  hint: 'use a-z, 0-9 and -, as in meshcron-plugin-NAME',
  min: 1,
  max: 40,
  pattern: '^[a-z][a-z0-9\\-]*$',
})

const profile = text({
  name: 'the name of a profile',
  hint: "use a-z, 0-9 and -: a profile of the policy of the node's owner",
  min: 1,
  max: 40,
  pattern: '^[a-z][a-z0-9\\-]*$',
})

const plugin = record<Variant<'plugin'>>(
  {
    name: field('name', pluginName, 'the plugin; only nodes that have it are candidates'),
    config: field('config', jsonMap, 'what the plugin is given', '{}'),
  },
  { options: 'did you mean "config"?', args: 'did you mean "config"?' },
)

const execFields: Fields<Variant<'exec'>> = { argv: field(null, argv, 'program and arguments') }
const shellFields: Fields<Variant<'shell'>> = {
  script: field(null, script, 'command line for sh'),
}

/** Executors whose document is a map. */
const recordKinds = { http, mqtt, plugin } as const
type RecordKind = keyof typeof recordKinds
const isRecordKind = (kind: unknown): kind is RecordKind =>
  typeof kind === 'string' && Object.hasOwn(recordKinds, kind)

const kinds: readonly Run['kind'][] = ['exec', 'shell', 'http', 'mqtt', 'plugin']
const hint =
  'write exactly one of exec: [program, …], shell: "…", http: { url: … }, mqtt: { … }, plugin: { … }'
const guesses: Advice = {
  command: 'write exec: [program, argument, …] or shell: "…"',
  uid: "only a node's owner chooses it: name a profile",
  user: "only a node's owner chooses it: name a profile",
  cmd: 'write exec: [program, argument, …] or shell: "…"',
}

/** What a job runs: exactly one executor. */
export const run: Shape<Run> = {
  parse: (value, path) => {
    const document = plainMap(value)
    if (document === undefined) return bad(path, `wants a map, got ${typeName(value)}`, hint)
    for (const key of Object.keys(document)) {
      if (key === 'profile') continue
      if (!kinds.some((kind) => kind === key)) return unknownKind(key, path)
    }
    const given = kinds.filter((kind) => own(document, kind) !== undefined)
    const [kind] = given
    if (kind === undefined) return bad(path, 'has no executor', hint)
    if (given.length > 1) return bad(path, `has ${given.length} executors`, hint)
    return withProfile(parseKind(kind, document[kind], `${path}.${kind}`), document, path)
  },
  check: (value, path) => {
    const map = plainMap(value)
    return map === undefined
      ? bad(path, `wants a map, got ${typeName(value)}`, 'send a map')
      : withProfile(checkKind(own(map, 'kind'), value, path), map, path)
  },
  print: (value) => ({
    ...printKind(value),
    ...(value.profile === undefined ? {} : { profile: value.profile }),
  }),
  schema: {
    type: 'object',
    properties: {
      exec: argv.schema,
      shell: script.schema,
      http: http.schema,
      mqtt: mqtt.schema,
      plugin: plugin.schema,
      profile: profile.schema,
    },
    additionalProperties: false,
    oneOf: kinds.map((kind) => ({ required: [kind] })),
  },
}

/** The profile beside the executor; `default` and none are the same. */
function withProfile(
  run: Result<Run>,
  map: Readonly<Record<string, unknown>>,
  path: string,
): Result<Run> {
  const named = own(map, 'profile')
  if (!run.ok || named === undefined) return run
  const read = profile.parse(named, `${path}.profile`)
  if (!read.ok) return read
  return read.value === 'default' ? run : ok({ ...run.value, profile: read.value })
}

function checkKind(kind: unknown, value: unknown, path: string): Result<Run> {
  if (isRecordKind(kind)) return tag(kind, recordKinds[kind].check(value, path))
  if (kind === 'exec') return tag(kind, checkFields<object>(execFields, value, path))
  if (kind === 'shell') return tag(kind, checkFields<object>(shellFields, value, path))
  return bad(`${path}.kind`, 'is no executor of this version', 'update this node')
}

function printKind(value: Run): object {
  switch (value.kind) {
    case 'exec':
      return { exec: argv.print(value.argv) }
    case 'shell':
      return { shell: value.script }
    case 'http':
      return { http: http.print(value) }
    case 'mqtt':
      return { mqtt: mqtt.print(value) }
    case 'plugin':
      return { plugin: plugin.print(value) }
  }
}

function parseKind(kind: Run['kind'], value: unknown, path: string): Result<Run> {
  if (isRecordKind(kind)) return tag(kind, recordKinds[kind].parse(value, path))
  if (kind === 'shell') {
    const read = script.parse(value, path)
    return read.ok ? ok({ kind, script: read.value }) : read
  }
  const read = argv.parse(value, path)
  return read.ok ? ok({ kind: 'exec', argv: read.value }) : read
}

function tag(kind: Run['kind'], result: Result<object>): Result<Run> {
  return result.ok ? ok({ kind, ...result.value } as Run) : result
}

function unknownKind(key: string, path: string): Result<never> {
  const guess = own(guesses, key)
  const said = typeof guess === 'string' ? guess : didYouMean(key, kinds, hint)
  return bad(`${path}.${key.slice(0, 80)}`, 'unknown executor', said)
}
