// The configuration of a node: defaults, then DIR/meshcron.yaml, then the environment, then the
// flags; the last one that says something wins. Each value keeps its origin.

import { dirname, join, resolve } from 'node:path'
import type { ProfileName } from '../core/limits.ts'
import { limits } from '../core/limits.ts'
import type { Facts } from '../core/placement/where.ts'
import { ok, refuse, type Result } from '../core/result.ts'
import { parseConfigFile, readConfigFile, type FileKey } from './config-file.ts'
import {
  type Option,
  type OptionName,
  optionNames,
  options,
  type OptionValues,
  valuesMax,
} from './config-options.ts'
import type { NotifyConfig } from './notify-file.ts'
import { isLoopback, type HttpAddress, type LogFormat, type LogLevel } from './config-value.ts'

/** Everything that options say, read, complete and frozen. */
export interface Settings {
  /** Absolute path. */
  readonly dataDir: string
  readonly name: string
  readonly listen: readonly string[]
  /** Empty: those listened on. */
  readonly announce: readonly string[]
  readonly http: HttpAddress
  /** Absolute paths. */
  readonly httpTls: { readonly certFile: string; readonly keyFile: string } | undefined
  readonly httpProxy:
    | { readonly ranges: readonly string[]; readonly secretFile: string }
    | undefined
  readonly httpHosts: readonly string[]
  readonly socketGroup: string | undefined
  readonly peers: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  /** What jobs may ask of this node besides what it finds out. */
  readonly facts: Facts
  /** Share of work in sixteenths. */
  readonly weight: number
  /** Executions at once. */
  readonly maxRunning: number
  readonly profile: ProfileName
  /** Where joiners connect. */
  readonly enrol: string
  /** How to become a member, when this node is none yet. */
  readonly joining: {
    readonly token: string | undefined
    /** Absolute path. */
    readonly file: string | undefined
    readonly isReplacing: boolean
  }
  /** Absolute path; undefined: `network.key` in the data directory, made when it is not there. */
  readonly networkKeyFile: string | undefined
  /** Absolute path; undefined: `cluster.key` in the data directory, which only its founder has. */
  readonly clusterKeyFile: string | undefined
  readonly log: LogFormat
  readonly logLevel: LogLevel
  readonly drainMs: number
  /** Timezone of jobs that name none. */
  readonly timezone: string
  /** Absolute path; undefined: that of the system or of the data directory. */
  readonly policyFile: string | undefined
  readonly plugins: {
    /** Absolute path. */
    readonly dir: string
    readonly table: Readonly<Record<string, string>>
  }
  readonly outputFullBytes: number
  readonly history: { readonly runsPerJobMax: number; readonly ageMsMax: number }
  readonly mdns: boolean
}

/** What a daemon is made from: the options, and what lies in the data directory. */
export interface Config extends Settings {
  /** What callers of the HTTP API send as bearer. */
  readonly token: string
  /** Channels to people, and the owner's rules. */
  readonly notify: NotifyConfig
}

/** The flags of `meshcron start` as they were typed; a repeatable one may be a list, a switch `true`. */
export type StartOptions = {
  readonly [N in OptionName]?: string | readonly string[] | boolean | undefined
}

/** What a configuration is made from. */
export interface ConfigInput {
  readonly flags: StartOptions
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly hostname: string
}

/** One line of `meshcron config explain`. */
export interface ConfigRow {
  readonly name: OptionName
  readonly value: string
  /** `default`, a file and line, the name of a variable, or a flag. */
  readonly origin: string
  readonly meaning: string
}

interface Settled<T> {
  /** Undefined: neither set nor defaulted. */
  readonly value: T | undefined
  readonly texts: readonly string[]
  readonly origin: string
}

type Table = { readonly [N in OptionName]: Settled<readonly OptionValues[N][]> }

interface Source {
  readonly texts: readonly string[]
  readonly origin: string
  /** Directory that relative paths start from. */
  readonly base: string
}

/** Name of the file in the data directory. */
export const configFileName = 'meshcron.yaml'
/** What is taken there, unless another path is given. */
const fileNames: { readonly [N in OptionName]?: string } = {
  networkKey: 'network.key',
  clusterKey: 'cluster.key',
  pluginsDir: 'plugins',
}

/** The configuration, or what is wrong with it, why, and what to do (MC_BAD_CONFIG). */
export function resolveConfig(input: ConfigInput): Result<Settings> {
  const settled = settle(input)
  if (!settled.ok) return settled
  const refused = checkApi(settled.value)
  return refused ?? ok(freeze(settingsOf(settled.value)))
}

/** Each option with its value and where that came from. */
export function explainConfig(input: ConfigInput): Result<readonly ConfigRow[]> {
  const settled = settle(input)
  if (!settled.ok) return settled
  const [dataDir] = settled.value.dataDir.value ?? []
  const rows = optionNames.map((name): ConfigRow => {
    const { value = [], texts, origin } = settled.value[name]
    const isSecret = name === 'join' && texts.length > 0
    const shown = options[name].isPath === true ? value.map(String) : isSecret ? ['mc1:…'] : texts
    const fileName = fileNames[name]
    const byDefault = fileName === undefined ? '' : join(dataDir!, fileName)
    return { name, value: shown.join(' ') || byDefault, origin, meaning: options[name].about }
  })
  return ok(rows)
}

function settingsOf(table: Table): Settings {
  const one = <N extends OptionName>(name: N): OptionValues[N] => table[name].value![0]!
  return {
    dataDir: one('dataDir'),
    name: one('name'),
    listen: table.listen.value ?? [],
    announce: table.announce.value ?? [],
    http: one('http'),
    httpTls:
      table.httpCert.value === undefined
        ? undefined
        : { certFile: one('httpCert'), keyFile: one('httpKey') },
    httpProxy:
      table.httpProxy.value === undefined
        ? undefined
        : { ranges: table.httpProxy.value, secretFile: one('httpProxySecret') },
    httpHosts: table.httpHost.value ?? [],
    socketGroup: table.socketGroup.value?.[0],
    peers: table.peer.value ?? [],
    tags: Object.fromEntries(table.tag.value ?? []),
    facts: Object.fromEntries(table.fact.value ?? []),
    weight: one('weight'),
    maxRunning: one('maxRunning'),
    profile: one('profile'),
    enrol: one('enrol'),
    joining: {
      token: table.join.value?.[0],
      file: table.joinFile.value?.[0],
      isReplacing: one('replaceCluster'),
    },
    networkKeyFile: table.networkKey.value?.[0],
    clusterKeyFile: table.clusterKey.value?.[0],
    log: one('log'),
    logLevel: one('logLevel'),
    drainMs: one('drain'),
    timezone: one('timezone'),
    policyFile: table.policy.value?.[0],
    plugins: {
      dir: table.pluginsDir.value?.[0] ?? join(one('dataDir'), fileNames.pluginsDir!),
      table: Object.fromEntries(table.plugin.value ?? []),
    },
    outputFullBytes: one('outputFull'),
    history: { runsPerJobMax: one('historyRuns'), ageMsMax: one('historyAge') },
    mdns: one('mdns'),
  }
}

/** Tokens over a network that anybody can listen to would be no tokens. */
function checkApi(table: Table): Result<never> | undefined {
  const pairs = [
    ['httpCert', 'httpKey'],
    ['httpProxy', 'httpProxySecret'],
  ] as const
  for (const [one, other] of [...pairs, ...pairs.map(([a, b]) => [b, a] as const)]) {
    if (table[one].value === undefined || table[other].value !== undefined) continue
    const { flag } = options[other]
    return refuseValue(table[one].origin, `${options[one].flag} needs ${flag}`, `give ${flag}, too`)
  }
  const { host } = table.http.value![0]!
  const isSafe = table.httpCert.value !== undefined || table.httpProxy.value !== undefined
  if (isSafe || isLoopback(host)) return undefined
  return refuseValue(
    table.http.origin,
    `${host} can be reached from other machines, and without TLS anybody between could read tokens`,
    'give --http-cert and --http-key, or --http-proxy and --http-proxy-secret; or listen on 127.0.0.1 and use ssh -L',
  )
}

function settle(input: ConfigInput): Result<Table> {
  const settings: Partial<Record<OptionName, Settled<readonly unknown[]>>> = {}
  let file: ReadonlyMap<string, Source> = new Map()
  for (const name of optionNames) {
    const source =
      fromFlags(name, input) ?? fromEnv(name, input) ?? file.get(name) ?? fromDefault(name, input)
    const read = readOption(name, source)
    if (!read.ok) return read
    settings[name] = { value: read.value, texts: source?.texts ?? [], origin: originOf(source) }
    if (name !== 'dataDir') continue
    // the first of the table, because the file lies there
    const found = fromFile(String(read.value?.[0]))
    if (!found.ok) return found
    file = found.value
  }
  return ok(settings as Table)
}

const originOf = (source: Source | undefined): string => source?.origin ?? 'default'

function fromFlags(name: OptionName, { flags, cwd }: ConfigInput): Source | undefined {
  const value = flags[name]
  if (value === undefined) return undefined
  const texts = typeof value === 'object' ? value : [String(value)]
  if (texts.length === 0) return undefined
  return { texts, origin: options[name].flag, base: cwd }
}

/** A list is written with commas or spaces; an empty variable counts as none. */
function fromEnv(name: OptionName, { env, cwd }: ConfigInput): Source | undefined {
  const { env: variable, isMany } = options[name]
  for (const origin of isMany ? [variable, `${variable}S`] : [variable]) {
    const text = env[origin]
    if (text === undefined || text.trim() === '') continue
    const texts = isMany ? text.split(/[\s,]+/).filter((part) => part !== '') : [text]
    return { texts, origin, base: cwd }
  }
  return undefined
}

function fromDefault(name: OptionName, { hostname, cwd }: ConfigInput): Source | undefined {
  const { fallback } = options[name]
  if (fallback === undefined) return undefined
  const host = hostname.replaceAll(/\p{Cc}/gu, '').slice(0, 63) || 'node'
  const text = fallback === '{hostname}' ? host : fallback
  return { texts: [text], origin: 'default', base: cwd }
}

function fromFile(dataDir: string): Result<ReadonlyMap<string, Source>> {
  const path = join(dataDir, configFileName)
  const text = readConfigFile(path)
  if (!text.ok) return text
  if (text.value === undefined) return ok(new Map())
  const values = parseConfigFile(text.value, path, fileKeys)
  if (!values.ok) return values
  const sources = [...values.value].map(([key, { raw, line }]): [string, Source] => {
    const texts = typeof raw === 'string' ? [raw] : raw
    const name = optionNames.find((one) => options[one].key === key)!
    return [name, { texts, origin: `${path}:${line}`, base: dirname(path) }]
  })
  return ok(new Map(sources))
}

const fileKeys: ReadonlyMap<string, FileKey> = new Map(
  optionNames.flatMap((name): readonly [string, FileKey][] => {
    const { key, flag, isMany } = options[name]
    if (key === null) return []
    const value = { option: key, isMany }
    // the option's own key last: it must be the one that stays
    return [
      [flag.slice(2), value],
      [name, value],
      [key, value],
    ]
  }),
)

function readOption(
  name: OptionName,
  source: Source | undefined,
): Result<readonly unknown[] | undefined> {
  if (source === undefined) return ok(undefined)
  const option: Option = options[name]
  const { texts, origin, base } = source
  if (texts.length > 1 && !option.isMany) {
    return refuseValue(origin, `${option.flag.slice(2)} is given twice`, 'give it once')
  }
  const isKeyed = name === 'tag' || name === 'fact' || name === 'plugin'
  const most = isKeyed ? limits.tagsMax : valuesMax
  if (texts.length > most) {
    return refuseValue(origin, `${texts.length} values are too many`, `give at most ${most}`)
  }
  const values: unknown[] = []
  for (const text of texts) {
    if (text.trim() === '') return refuseValue(origin, 'the value is empty', expected(option))
    const parsed = option.parse(text)
    if (!parsed.ok) return refuseValue(origin, parsed.why, parsed.hint)
    values.push(option.isPath === true ? resolve(base, String(parsed.value)) : parsed.value)
  }
  if (isKeyed) {
    const keys = values.map((pair) => (pair as OptionValues['tag' | 'fact' | 'plugin'])[0])
    const twice = keys.find((key, i) => keys.indexOf(key) !== i)
    if (twice !== undefined) {
      return refuseValue(origin, `${twice} has two values`, 'give each key once')
    }
  }
  return ok(values)
}

const expected = (option: Option): string =>
  `give ${option.flag} ${option.placeholder}: ${option.about}`

const refuseValue = (origin: string, why: string, hint: string): Result<never> =>
  refuse('MC_BAD_CONFIG', `${origin}: ${why}`, hint)

function freeze(settings: Settings): Settings {
  for (const value of Object.values(settings)) Object.freeze(value)
  return Object.freeze(settings)
}
