// What the daemon and its executor's helper say to each other. One channel, so everything arrives in
// the order in which it was said.

import type { Launch } from '../../core/effect.ts'
import type { ExecutionReport } from '../../core/event.ts'
import type { AttemptId } from '../../core/ids.ts'
import type { Policy } from '../../core/trust/policy.ts'
import type { OutputPage } from '../../ports/executor.ts'
import type { PluginPlaces } from './plugins.ts'

/** First argument of a helper, by which also a bundle's entry file knows what it is. */
export const executorRole = 'meshcron-executor'

/** The owner's policy, and what commands of each of its profiles get of the daemon's environment. */
export interface Rules {
  readonly policy: Policy
  readonly env: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface LauncherInit {
  readonly dir: string
  /** What every command gets, before the launch's own variables. */
  readonly env: Readonly<Record<string, string>>
  readonly outputsMax: number
  readonly outputsBytesMax: number
  readonly outputFullBytes: number
  readonly plugins: PluginPlaces
  readonly rules: Rules
  readonly httpDeny: readonly string[]
}

export type Request =
  /** Stops what an earlier process left, then serves; anything said meanwhile waits. */
  | ({ readonly kind: 'start' } & LauncherInit)
  | { readonly kind: 'rules'; readonly rules: Rules }
  | { readonly kind: 'launch'; readonly launch: Launch }
  | { readonly kind: 'stop'; readonly attempt: AttemptId; readonly killAfterMs: number }
  | {
      readonly kind: 'read'
      readonly id: number
      readonly attempt: AttemptId
      readonly offset: number
      readonly bytesMax: number
      readonly waitMs: number
    }
  | { readonly kind: 'close' }

export type Answer =
  | { readonly kind: 'started'; readonly attempts: readonly AttemptId[] }
  | { readonly kind: 'report'; readonly report: ExecutionReport }
  | { readonly kind: 'page'; readonly id: number; readonly page: OutputPage | undefined }
  | { readonly kind: 'closed' }
