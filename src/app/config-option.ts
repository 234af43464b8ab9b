// The form of an option: what one is, and what its values are.

import type { ProfileName } from '../core/limits.ts'
import type { Fact } from '../core/placement/where.ts'
import type { HttpAddress, LogFormat, LogLevel, Parsed } from './config-value.ts'

/** The same of the options of the HTTP API. */
export interface ApiOptionValues {
  readonly http: HttpAddress
  readonly httpCert: string
  readonly httpKey: string
  readonly httpProxy: string
  readonly httpProxySecret: string
  readonly httpHost: string
  readonly socketGroup: string
}

/** What one value of each option is, once it is read; an option of many values has a list of them. */
export interface OptionValues extends ApiOptionValues {
  readonly dataDir: string
  readonly name: string
  readonly listen: string
  readonly announce: string
  readonly peer: string
  readonly tag: readonly [string, string]
  readonly fact: readonly [string, Fact]
  readonly weight: number
  readonly maxRunning: number
  readonly profile: ProfileName
  readonly enrol: string
  readonly join: string
  readonly joinFile: string
  readonly replaceCluster: boolean
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
