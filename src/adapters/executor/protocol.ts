// What the daemon's thread and the executor's worker say to each other. One port, so everything
// arrives in the order in which it was said.

import type { Launch } from '../../core/effect.ts'
import type { ExecutionReport } from '../../core/event.ts'
import type { AttemptId } from '../../core/ids.ts'
import type { OutputPage } from '../../ports/executor.ts'

/** Tells a worker that it is the executor's, also when a bundle's entry file is what it runs. */
export const executorRole = 'meshcron-executor'

/** The worker's `workerData`. */
export interface WorkerInit {
  readonly role: typeof executorRole
  readonly dir: string
  /** What every command gets, before the launch's own variables. */
  readonly env: Readonly<Record<string, string>>
  readonly outputsMax: number
  readonly outputsBytesMax: number
  readonly httpAllow: readonly string[]
  readonly httpDeny: readonly string[]
}

export type Request =
  /** Stops what an earlier process left, then serves; anything said meanwhile waits. */
  | { readonly kind: 'start' }
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
