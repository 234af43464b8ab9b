import type { AttemptId, ExecutionId, JobName, MemberId } from './ids.ts'
import type { ExecutionRecord } from './execution/record.ts'

/** Facts that the core tells about itself; `app/report.ts` maps each to a log level, fields and a metric. */
export type Report =
  | { readonly kind: 'ready'; readonly eligibleFromMs: number }
  | {
      readonly kind: 'memberChanged'
      readonly member: MemberId
      readonly name: string
      readonly state: string
    }
  | { readonly kind: 'refuted'; readonly incarnation: number }
  | { readonly kind: 'isolated'; readonly isolated: boolean }
  | { readonly kind: 'duplicateIdentity'; readonly member: MemberId }
  | { readonly kind: 'clockChanged'; readonly state: string; readonly offsetMs: number }
  | { readonly kind: 'resumed'; readonly gapMs: number }
  | { readonly kind: 'jobChanged'; readonly job: JobName; readonly change: 'put' | 'deleted' }
  | {
      readonly kind: 'calendarChanged'
      readonly calendar: string
      readonly change: 'put' | 'deleted' | 'conflict'
    }
  | {
      readonly kind: 'conflict'
      readonly job: JobName
      readonly group: string
      readonly siblings: number
    }
  /** These jobs are after each other: none of their edges counts until an edit breaks the cycle. */
  | { readonly kind: 'graphConflict'; readonly job: JobName; readonly jobs: readonly JobName[] }
  | { readonly kind: 'execution'; readonly record: ExecutionRecord; readonly duplicate: boolean }
  | { readonly kind: 'probed'; readonly attempt: AttemptId; readonly targets: number }
  | { readonly kind: 'declined'; readonly attempt: AttemptId; readonly reason: string }
  | { readonly kind: 'standbyDropped'; readonly execution: ExecutionId }
  /** Input that was refused; counted per peer and reason, logged at a bounded rate. */
  | {
      readonly kind: 'refused'
      readonly from: MemberId | null
      readonly what: string
      readonly reason: string
    }
  | { readonly kind: 'damaged'; readonly what: string; readonly count: number }
  | { readonly kind: 'storeFailed'; readonly reason: string }
  | { readonly kind: 'storeRecovered' }
  /** People were told; more than one notice is a digest. */
  | { readonly kind: 'notified'; readonly channel: string; readonly notices: number }
  | {
      readonly kind: 'notifyFailed'
      readonly channel: string
      readonly id: string
      readonly reason: string
      /** It is not tried again. */
      readonly isOver: boolean
    }
  | { readonly kind: 'limitReached'; readonly limit: string }
