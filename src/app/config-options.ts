// Every option of a node, once: the flags, the environment, meshcron.yaml, `config explain` and the
// reference are made from this table.

import type { ProfileName } from '../core/limits.ts'
import type { Fact } from '../core/placement/where.ts'
import {
  oneOf,
  parseBytes,
  parseCount,
  parseHttp,
  parseFact,
  parseKeyPath,
  parseListen,
  parseName,
  parsePath,
  parsePeer,
  parsePlugin,
  parseProfile,
  parseSpan,
  parseSwitch,
  parseTag,
  parseTimezone,
  parseWeight,
  type HttpAddress,
  type LogFormat,
  type LogLevel,
  type Parsed,
} from './config-value.ts'

/** What one value of each option is, once it is read; an option of many values has a list of them. */
export interface OptionValues {
  readonly dataDir: string
  readonly name: string
  readonly listen: string
  readonly announce: string
  readonly http: HttpAddress
  readonly peer: string
  readonly tag: readonly [string, string]
  readonly fact: readonly [string, Fact]
  readonly weight: number
  readonly profile: ProfileName
  readonly networkKey: string
  readonly clusterKey: string
  readonly log: LogFormat
  readonly logLevel: LogLevel
  readonly drain: number
  readonly timezone: string
  readonly policy: string
  readonly plugin: readonly [string, string]
  readonly pluginsDir: string
  readonly outputFull: number
  readonly historyRuns: number
  readonly historyAge: number
  readonly mdns: boolean
}

export type OptionName = keyof OptionValues

/** One option: where it comes from, how it is read, and what it does. */
export interface Option<T = unknown> {
  /** The flag, without its value. */
  readonly flag: `--${string}`
  /** What stands for the value in help; empty for a switch. */
  readonly placeholder: string
  readonly env: `MESHCRON_${string}`
  /** Key in meshcron.yaml; null: not there. The flag's spelling without dashes is taken too. */
  readonly key: string | null
  readonly isMany: boolean
  /** Text from which the default is read; undefined: none. `{hostname}` is filled in. */
  readonly fallback: string | undefined
  readonly parse: (text: string) => Parsed<T>
  /** Paths are taken relative to where they were written. */
  readonly isPath?: true
  readonly unit: string
  readonly about: string
  /** What changes with another value. */
  readonly effect: string
}

/** Values that one option takes at most. */
export const valuesMax = 64

const day = 86_400_000

/** The table. */
export const options: { readonly [N in OptionName]: Option<OptionValues[N]> } = {
  dataDir: {
    flag: '--data-dir',
    placeholder: 'DIR',
    env: 'MESHCRON_DATA_DIR',
    key: null,
    isMany: false,
    fallback: 'meshcron-data',
    parse: parsePath,
    isPath: true,
    unit: 'path',
    about: 'directory of the key, the store, the token, the socket and meshcron.yaml',
    effect: 'another directory is another node; two running nodes never share one',
  },
  name: {
    flag: '--name',
    placeholder: 'LABEL',
    env: 'MESHCRON_NAME',
    key: 'name',
    isMany: false,
    fallback: '{hostname}',
    parse: parseName,
    unit: 'text, up to 63 characters',
    about: 'label of this node for people',
    effect: 'need not be unique; the id is',
  },
  listen: {
    flag: '--listen',
    placeholder: 'ADDR',
    env: 'MESHCRON_LISTEN',
    key: 'listen',
    isMany: true,
    fallback: '/ip4/0.0.0.0/tcp/7171',
    parse: parseListen,
    unit: 'multiaddr or host:port',
    about: 'where other nodes connect; repeatable',
    effect: 'only holders of the network key get past the handshake; port 0 takes a free port',
  },
  announce: {
    flag: '--announce',
    placeholder: 'ADDR',
    env: 'MESHCRON_ANNOUNCE',
    key: 'announce',
    isMany: true,
    fallback: undefined,
    parse: parseListen,
    unit: 'multiaddr or host:port',
    about: 'addresses to tell others instead of those listened on; repeatable',
    effect: 'needed behind NAT and port mappings; a wrong one leaves dialling to this node',
  },
  http: {
    flag: '--http',
    placeholder: 'HOST:PORT',
    env: 'MESHCRON_HTTP',
    key: 'http',
    isMany: false,
    fallback: '127.0.0.1:7172',
    parse: parseHttp,
    unit: 'loopback address and port',
    about: 'where the HTTP API listens',
    effect: 'addresses that other machines reach are refused; port 0 takes a free port',
  },
  peer: {
    flag: '--peer',
    placeholder: 'ADDR',
    env: 'MESHCRON_PEER',
    key: 'peers',
    isMany: true,
    fallback: undefined,
    parse: parsePeer,
    unit: 'multiaddr with or without /p2p/…, or host:port',
    about: 'nodes to dial for ever; repeatable',
    effect: 'one that is alive is enough to join: the others are learnt and remembered',
  },
  tag: {
    flag: '--tag',
    placeholder: 'KEY=VALUE',
    env: 'MESHCRON_TAG',
    key: 'tags',
    isMany: true,
    fallback: undefined,
    parse: parseTag,
    unit: 'key and value',
    about: 'what jobs select this node by; repeatable',
    effect: 'more tags make this node a candidate of more jobs; at most 32',
  },
  fact: {
    flag: '--fact',
    placeholder: 'NAME=VALUE',
    env: 'MESHCRON_FACT',
    key: 'facts',
    isMany: true,
    fallback: undefined,
    parse: parseFact,
    unit: 'name and value: a whole number, true, false or a text',
    about:
      'what placement.where of jobs may ask of this node, besides what it finds out; repeatable',
    effect: 'replaces a fact of the same name that the node finds out by itself; at most 32',
  },
  weight: {
    flag: '--weight',
    placeholder: 'NUMBER',
    env: 'MESHCRON_WEIGHT',
    key: 'weight',
    isMany: false,
    fallback: '1',
    parse: parseWeight,
    unit: 'number from 0.0625 to 64',
    about: 'share of the work that this node takes, compared with others',
    effect: 'a node of weight 2 runs twice as many ticks as one of weight 1',
  },
  profile: {
    flag: '--profile',
    placeholder: 'NAME',
    env: 'MESHCRON_PROFILE',
    key: 'profile',
    isMany: false,
    fallback: 'lan',
    parse: parseProfile,
    unit: 'lan, wan or iot',
    about: 'set of timers for heartbeats, suspicion and takeover',
    effect: 'wan and iot send less and take over later; all nodes should have the same',
  },
  networkKey: {
    flag: '--network-key',
    placeholder: 'FILE',
    env: 'MESHCRON_NETWORK_KEY',
    key: 'networkKey',
    isMany: false,
    fallback: undefined,
    parse: parseKeyPath,
    isPath: true,
    unit: 'path of a file with 64 hex digits',
    about: 'key that all nodes of the cluster share; without it DIR/network.key, made when absent',
    effect: 'nodes with another key cannot connect',
  },
  clusterKey: {
    flag: '--cluster-key',
    placeholder: 'FILE',
    env: 'MESHCRON_CLUSTER_KEY',
    key: 'clusterKey',
    isMany: false,
    fallback: undefined,
    parse: parseKeyPath,
    isPath: true,
    unit: 'path of a file with 64 hex digits',
    about: 'key that makes members: a node that can read it certifies itself with all roles',
    effect: 'without it DIR/cluster.key, made by the first start of a cluster',
  },
  log: {
    flag: '--log',
    placeholder: 'FORMAT',
    env: 'MESHCRON_LOG',
    key: 'log',
    isMany: false,
    fallback: 'text',
    parse: oneOf<LogFormat>(['text', 'json']),
    unit: 'text or json',
    about: 'form of the log lines on standard error, and of the line that says "ready"',
    effect: 'json is one object per line, for programs',
  },
  logLevel: {
    flag: '--log-level',
    placeholder: 'LEVEL',
    env: 'MESHCRON_LOG_LEVEL',
    key: 'logLevel',
    isMany: false,
    fallback: 'info',
    parse: oneOf<LogLevel>(['debug', 'info', 'warn', 'error']),
    unit: 'debug, info, warn or error',
    about: 'least important lines that are written',
    effect: 'debug writes a line per execution and probe',
  },
  drain: {
    flag: '--drain',
    placeholder: 'TIME',
    env: 'MESHCRON_DRAIN',
    key: 'drain',
    isMany: false,
    fallback: '10s',
    parse: parseSpan(0, day, '0s to 1d'),
    unit: 'duration',
    about: 'how long a clean stop lets running jobs finish',
    effect: 'longer waits for longer jobs, shorter stops them sooner; 0s stops them at once',
  },
  timezone: {
    flag: '--timezone',
    placeholder: 'ZONE',
    env: 'MESHCRON_TIMEZONE',
    key: 'timezone',
    isMany: false,
    fallback: 'UTC',
    parse: parseTimezone,
    unit: 'IANA name',
    about: 'timezone of jobs that name none when they are written through this node',
    effect: 'it is stored with the job: a later change leaves written jobs as they are',
  },
  policy: {
    flag: '--policy',
    placeholder: 'FILE',
    env: 'MESHCRON_POLICY',
    key: 'policy',
    isMany: false,
    fallback: undefined,
    parse: parsePath,
    isPath: true,
    unit: 'path',
    about:
      "what this node's owner lets the fleet run; without it /etc/meshcron/policy.yaml, else DIR/policy.yaml",
    effect: 'without a file nothing runs here; the first start writes one into the data directory',
  },
  plugin: {
    flag: '--plugin',
    placeholder: 'NAME=FILE',
    env: 'MESHCRON_PLUGIN',
    key: 'plugins',
    isMany: true,
    fallback: undefined,
    parse: parsePlugin,
    unit: 'name and absolute path of a program',
    about: 'program that jobs run as run.plugin NAME; repeatable',
    effect: 'everybody who may write jobs can run it here, with any config',
  },
  pluginsDir: {
    flag: '--plugins-dir',
    placeholder: 'DIR',
    env: 'MESHCRON_PLUGINS_DIR',
    key: 'pluginsDir',
    isMany: false,
    fallback: undefined,
    parse: parsePath,
    isPath: true,
    unit: 'path',
    about:
      'directory of plugins: programs, and packages meshcron-plugin-NAME in its node_modules; without it DIR/plugins',
    effect: 'what lies there when the node starts is offered to jobs',
  },
  outputFull: {
    flag: '--output-full',
    placeholder: 'SIZE',
    env: 'MESHCRON_OUTPUT_FULL',
    key: 'outputFull',
    isMany: false,
    fallback: '0B',
    parse: parseBytes,
    unit: 'size per attempt, up to 64GiB',
    about: 'how much of an output is kept in a file beside its first 64 KiB and last 256 KiB',
    effect: 'more takes more disk while jobs print; all kept outputs together take 1 GiB at most',
  },
  historyRuns: {
    flag: '--history-runs',
    placeholder: 'N',
    env: 'MESHCRON_HISTORY_RUNS',
    key: 'historyRuns',
    isMany: false,
    fallback: '1000',
    parse: parseCount(1, 1_000_000),
    unit: 'executions per job',
    about: 'history kept for jobs that do not say themselves',
    effect: 'more takes more disk, fewer forgets sooner; as many failed ones are kept beside',
  },
  historyAge: {
    flag: '--history-age',
    placeholder: 'TIME',
    env: 'MESHCRON_HISTORY_AGE',
    key: 'historyAge',
    isMany: false,
    fallback: '30d',
    parse: parseSpan(3_600_000, 3_660 * day, '1h to 3660d'),
    unit: 'duration',
    about: 'age of the history kept for jobs that do not say themselves',
    effect: 'older takes more disk; failures are kept for at least 90 days',
  },
  mdns: {
    flag: '--mdns',
    placeholder: '',
    env: 'MESHCRON_MDNS',
    key: 'mdns',
    isMany: false,
    fallback: 'false',
    parse: parseSwitch,
    unit: 'switch',
    about: 'look for nodes of this cluster on the local network',
    effect: 'on, it announces by multicast that a node is here',
  },
}

/** Names of the options, in the order of the table. */
export const optionNames: readonly OptionName[] = Object.keys(options) as OptionName[]
