// The form of policy.yaml.

import { list, own, plainMap } from '../jobs/shape-collection.ts'
import { field, record, type Fields } from '../jobs/shape-record.ts'
import { size } from '../jobs/shape-size.ts'
import { duration } from '../jobs/shape-time.ts'
import { bad, choice, integer, nullable, text, typeName, type Shape } from '../jobs/shape.ts'
import { limits } from '../limits.ts'
import { ok, type Result } from '../result.ts'
import { plainProfile, type Policy, type Profile } from './policy.ts'

const entriesMax = 256

const texts = (name: string, hint: string, pattern: string): Shape<readonly string[]> =>
  list(text({ name, hint, min: 1, max: 255, pattern }), {
    min: 0,
    max: entriesMax,
    hint: `write a list: [${hint}]`,
  })

const authors = texts('a member', '"*", or ids of members', '^(\\*|[1-9A-HJ-NP-Za-km-z]{40,64})$')
const jobs = texts('a pattern of job names', '"*", or ops.*', '^[a-z0-9_.*\\-]+$')
const sources = {
  authors: field('authors', authors, 'members whose jobs are run', ['*']),
  jobs: field('jobs', jobs, 'names of jobs that are run', ['*']),
}

const profile = record<Profile>({
  paths: field(
    'paths',
    texts('an absolute path', '/opt/backup/*', '^/'),
    'programs that may be run',
    plainProfile.paths,
  ),
  user: field(
    'user',
    nullable(
      text({
        name: 'an account',
        hint: 'backup',
        min: 1,
        max: 32,
        pattern: '^[a-z_][a-z0-9_\\-]*$',
      }),
    ),
    'account under which commands run',
    null,
  ),
  tier: field('tier', choice(['auto', 'T0', 'T1', 'T2']), 'least confinement', 'auto'),
  timeoutMs: field('timeout', nullable(duration(1)), 'longest time of one attempt', null),
  outputMaxBytes: field('output', nullable(size(1)), 'longest output of one attempt', null),
  memoryMaxBytes: field('memory', nullable(size(1)), 'memory of one attempt', null),
  processesMax: field('pids', nullable(integer(1, 4_194_304)), 'processes of one attempt', null),
  concurrent: field(
    'concurrent',
    nullable(integer(1, limits.runningMax)),
    'attempts at once',
    null,
  ),
  network: field('network', choice(['host', 'none']), 'network of commands', 'host'),
  env: field(
    'env',
    nullable(texts('the name of a variable', 'LANG', '^[A-Za-z_][A-Za-z0-9_]*$')),
    "the daemon's variables that commands get",
    null,
  ),
  ...sources,
  lack: field(null, nullable(text({ name: 'a reason', hint: '', max: 255 })), 'found out', null),
})

const profiles: Shape<Policy['profiles']> = {
  parse: (value, path) => readProfiles(value, path, profile.parse),
  check: (value, path) => readProfiles(value, path, profile.check),
  print: (value) =>
    Object.fromEntries(Object.entries(value).map(([name, one]) => [name, profile.print(one)])),
  schema: { type: 'object', additionalProperties: profile.schema },
}

function readProfiles(
  value: unknown,
  path: string,
  readOne: Shape<Profile>['parse'],
): Result<Policy['profiles']> {
  const map = plainMap(value)
  const hint = 'write profiles: { default: {} }'
  if (map === undefined) return bad(path, `wants a map, got ${typeName(value)}`, hint)
  const names = Object.keys(map)
  if (names.length > limits.profilesMax) {
    return bad(path, `has more than ${limits.profilesMax} profiles`, 'use fewer')
  }
  const found: [string, Profile][] = []
  for (const name of names) {
    if (!profilePattern.test(name)) {
      return bad(path, `${JSON.stringify(name.slice(0, 80))} is no name`, profileHint)
    }
    const read = readOne(own(map, name) ?? {}, `${path}.${name}`)
    if (!read.ok) return read
    found.push([name, read.value])
  }
  return ok(Object.fromEntries(found))
}

const profilePattern = /^[a-z][a-z0-9-]{0,39}$/
const profileHint = 'use a-z, 0-9 and -, at most 40'

const fields: Fields<Policy> = {
  version: field('version', integer(1, 1), 'version of this form: 1'),
  executors: field(
    'executors',
    texts(
      'an executor',
      'exec, shell, http, mqtt, plugin, plugin:NAME',
      '^(exec|shell|http|mqtt|plugin(:[a-z][a-z0-9\\-]{0,39})?)$',
    ),
    'executors that jobs may use',
    [],
  ),
  ...sources,
  profiles: field('profiles', profiles, 'conditions that jobs name', { default: plainProfile }),
  http: field(
    'http',
    record<Policy['http']>({
      methods: field('methods', texts('a method', 'GET', '^[A-Z]+$'), 'methods allowed', []),
      allow: field(
        'allow',
        texts('an address, CIDR or host:port', '"plc.local:80"', '^[^\\s]+$'),
        'private targets that HTTP and MQTT jobs may reach',
        [],
      ),
    }),
    'HTTP and MQTT jobs',
    { methods: [], allow: [] },
  ),
}

const document = record<Policy>(fields, {
  uid: 'name an account: profiles: { NAME: { user: backup } }',
})

/** Reads the parsed YAML of a policy. */
export const parsePolicy = (value: unknown): Result<Policy> => document.parse(value, '')

/** A policy as it would be written. */
export const printPolicy = (policy: Policy): unknown => document.print(policy)
