import type { Outcome, Phase, Why } from '../../../core/execution/record.ts'
import { notRunOutcomes, phases, ranOutcomes } from '../../../core/execution/record.ts'
import { closed, flag, instant, listOf, nullable, oneOf, text, whole } from './typed.ts'
import type { Instant, SchemaOf } from './typed.ts'

/** One slot of an execution with its newest attempt, or a range of ticks that did not run. */
export interface ExecutionItem {
  readonly id: string
  readonly job: string
  /** Nominal instant of the tick or the dispatch. */
  readonly scheduledAt: Instant
  readonly slot: string
  /** From 1; 0 when nothing ran. */
  readonly attempt: number
  /** The executor; null while queued and when nothing ran. */
  readonly node: string | null
  readonly nodeName: string | null
  readonly state: Phase
  readonly startedAt: Instant | null
  readonly finishedAt: Instant | null
  readonly exitCode: number | null
  readonly outcome: Outcome | null
  readonly reason: string
  /** Two members started the same attempt. */
  readonly duplicate: boolean
  readonly trigger: 'schedule' | 'dispatch' | 'graph'
  readonly why: Why
  /** Place of the executor in the ranking; 0 acts first. */
  readonly rank: number
  readonly nextAttemptAt: Instant | null
  readonly outputBytes: number
  readonly outputDropped: number
  /** Last tick that a range covers; `scheduledAt` for a single one. */
  readonly through: Instant
  /** Ticks covered, 1 for a single one. */
  readonly count: number
}

/** The slots of an execution as one. */
export interface ExecutionTogether {
  readonly outcome: string | null
  readonly slots: number
  readonly succeeded: number
}

/** An execution with all attempts of all slots, oldest first. */
export interface ExecutionDetail extends ExecutionItem {
  readonly attempts: readonly ExecutionItem[]
  /** What all slots came to; `outcome` null while one of them is open, `partial` when only some succeeded. */
  readonly together: ExecutionTogether
}

/** Answer of `GET /executions`, newest scheduled instant first. */
export interface ExecutionPage {
  readonly items: readonly ExecutionItem[]
  /** For the next page; null on the last one. */
  readonly cursor: string | null
}

/** A part of an attempt's output, as JSON. */
export interface OutputPage {
  readonly execution: string
  readonly slot: string
  readonly attempt: number
  /** Position in the whole output of the first byte; larger than asked where output was dropped. */
  readonly offset: number
  /** Bytes written so far. */
  readonly total: number
  readonly dropped: number
  /** No more will come. */
  readonly ended: boolean
  /** `base64` when the bytes are not whole UTF-8. */
  readonly encoding: 'utf8' | 'base64'
  readonly data: string
}

/** Answer of a request that an execution starts or stops. */
export interface Accepted {
  readonly job: string
  readonly execution: string
}

const item = {
  id: text,
  job: text,
  scheduledAt: instant,
  slot: text,
  attempt: whole,
  node: nullable(text),
  nodeName: nullable(text),
  state: oneOf(...phases),
  startedAt: nullable(instant),
  finishedAt: nullable(instant),
  exitCode: nullable(whole),
  outcome: nullable(oneOf(...ranOutcomes, ...notRunOutcomes)),
  reason: text,
  duplicate: flag,
  trigger: oneOf('schedule', 'dispatch', 'graph'),
  why: oneOf('on-time', 'takeover', 'catch-up', 'dispatch', 'retry', 'queue'),
  rank: whole,
  nextAttemptAt: nullable(instant),
  outputBytes: whole,
  outputDropped: whole,
  through: instant,
  count: whole,
}

/** Schema of {@link ExecutionItem}. */
export const executionItemSchema: SchemaOf<ExecutionItem> = closed(item, 'ExecutionItem')

const executionTogetherSchema: SchemaOf<ExecutionTogether> = closed({
  outcome: nullable(text),
  slots: whole,
  succeeded: whole,
})

/** Schema of {@link ExecutionDetail}. */
export const executionDetailSchema: SchemaOf<ExecutionDetail> = closed(
  {
    ...item,
    attempts: listOf(executionItemSchema),
    together: executionTogetherSchema,
  },
  'ExecutionDetail',
)

/** Schema of {@link ExecutionPage}. */
export const executionPageSchema: SchemaOf<ExecutionPage> = closed(
  {
    items: listOf(executionItemSchema),
    cursor: nullable(text),
  },
  'ExecutionPage',
)

/** Schema of {@link OutputPage}. */
export const outputPageSchema: SchemaOf<OutputPage> = closed(
  {
    execution: text,
    slot: text,
    attempt: whole,
    offset: whole,
    total: whole,
    dropped: whole,
    ended: flag,
    encoding: oneOf('utf8', 'base64'),
    data: text,
  },
  'OutputPage',
)

/** Schema of {@link Accepted}. */
export const acceptedSchema: SchemaOf<Accepted> = closed({ job: text, execution: text }, 'Accepted')
