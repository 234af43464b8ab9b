import Type from 'typebox'
import type { Edge, Join } from '../../../core/jobs/definition.ts'
import type { Outcome } from '../../../core/execution/record.ts'
import { notRunOutcomes, ranOutcomes } from '../../../core/execution/record.ts'
import { candidateSchema, excludedSchema, type Candidate, type Excluded } from './plan.ts'
import {
  anything,
  closed,
  flag,
  instant,
  listOf,
  mapOf,
  nullable,
  oneOf,
  text,
  whole,
} from './typed.ts'
import type { Instant, SchemaOf } from './typed.ts'

/** A user's job document, as in YAML files; its own schema is `jobSchema` of the core. */
export type JobDocument = Readonly<Record<string, unknown>>

/** A coming tick with its predicted executor. */
export interface JobTick {
  readonly scheduledAt: Instant
  /** With jitter. */
  readonly plannedAt: Instant
  /** Null when no member is eligible. */
  readonly node: string | null
  readonly nodeName: string | null
  /** The calendar that denies it: nobody will run it. */
  readonly deniedBy: string | null
}

/** Concurrent writes of one field group: the value that counts, and those that lost. */
export interface JobConflict {
  readonly group: string
  readonly winner: unknown
  readonly losers: readonly {
    readonly value: unknown
    readonly author: string
    readonly at: Instant
    /** The job's document if this value counted: PUT of it settles the conflict so. */
    readonly document: JobDocument
    /** From the document that counts to that one. */
    readonly differences: readonly JobDifference[]
  }[]
}

export type JobState =
  | 'idle'
  | 'running'
  | 'queued'
  | 'retrying'
  | 'paused'
  | 'disabled'
  | 'exhausted'
  | 'no-eligible-node'
  | 'graph-conflict'

const jobStates: readonly JobState[] = [
  'idle',
  'running',
  'queued',
  'retrying',
  'paused',
  'disabled',
  'exhausted',
  'no-eligible-node',
  'graph-conflict',
]

/** What a job is after, and what is after it. */
export interface JobDependencies {
  readonly after: readonly { readonly job: string; readonly on: Edge['on'] }[]
  readonly join: Join
  readonly delayMs: number
  /** Jobs that are after this one. */
  readonly before: readonly string[]
  /** Jobs that are after each other, this one among them: their edges are suspended. */
  readonly cycle: readonly string[] | null
}

/** A job with what the asked node knows about it. */
export interface Job {
  readonly name: string
  readonly generation: number
  /** Hash of the job's vector clock, for `If-Match`. */
  readonly etag: string
  readonly state: JobState
  /** The normalised document; PUT of it changes nothing. */
  readonly document: JobDocument
  readonly pause: { readonly note: string; readonly until: Instant | null } | null
  readonly conflicts: readonly JobConflict[]
  readonly dependencies: JobDependencies
  /** Up to five; one in lists. */
  readonly next: readonly JobTick[]
  /** The last execution that ran to an end. */
  readonly last: {
    readonly execution: string
    readonly scheduledAt: Instant
    readonly node: string | null
    readonly nodeName: string | null
    readonly outcome: Outcome
    readonly reason: string
  } | null
  /** How often in a row the last outcome came. */
  readonly streak: { readonly outcome: Outcome; readonly count: number } | null
}

/** Answer of `GET /jobs`, by name. */
export interface JobPage {
  readonly items: readonly Job[]
  readonly cursor: string | null
}

/** One difference between two documents; null stands for absent. */
export interface JobDifference {
  /** Path in the document: `retry.max`. */
  readonly path: string
  readonly before: unknown
  readonly after: unknown
}

/** Answer of a write: the job as it is then, and what that changed. */
export interface JobWrite extends Job {
  readonly change: 'created' | 'replaced' | 'unchanged'
  readonly differences: readonly JobDifference[]
  /** Who may run the next tick, best first. */
  readonly rank: readonly Candidate[]
  readonly excluded: readonly Excluded[]
  /** Things that are allowed and probably not meant. */
  readonly warnings: readonly string[]
  /** Nothing was written. */
  readonly dryRun: boolean
}

const outcome = oneOf(...ranOutcomes, ...notRunOutcomes)

/** Schema of {@link JobTick}. */
export const jobTickSchema: SchemaOf<JobTick> = closed(
  {
    scheduledAt: instant,
    plannedAt: instant,
    node: nullable(text),
    nodeName: nullable(text),
    deniedBy: nullable(text),
  },
  'JobTick',
)

const difference: SchemaOf<JobDifference> = closed({
  path: text,
  before: anything,
  after: anything,
})

const conflict: SchemaOf<JobConflict> = closed(
  {
    group: text,
    winner: anything,
    losers: listOf(
      closed({
        value: anything,
        author: text,
        at: instant,
        document: mapOf(anything),
        differences: listOf(difference),
      }),
    ),
  },
  'JobConflict',
)

const dependencies: SchemaOf<JobDependencies> = closed(
  {
    after: listOf(closed({ job: text, on: oneOf('success', 'failure', 'complete', 'missed') })),
    join: Type.Union([oneOf('all', 'any'), whole]),
    delayMs: whole,
    before: listOf(text),
    cycle: nullable(listOf(text)),
  },
  'JobDependencies',
)

const job = {
  name: text,
  generation: whole,
  etag: text,
  state: oneOf(...jobStates),
  document: mapOf(anything),
  pause: nullable(closed({ note: text, until: nullable(instant) })),
  conflicts: listOf(conflict),
  dependencies,
  next: listOf(jobTickSchema),
  last: nullable(
    closed({
      execution: text,
      scheduledAt: instant,
      node: nullable(text),
      nodeName: nullable(text),
      outcome,
      reason: text,
    }),
  ),
  streak: nullable(closed({ outcome, count: whole })),
}

/** Schema of {@link Job}. */
export const jobAnswerSchema: SchemaOf<Job> = closed(job, 'Job')

/** Schema of {@link JobPage}. */
export const jobPageSchema: SchemaOf<JobPage> = closed(
  {
    items: listOf(jobAnswerSchema),
    cursor: nullable(text),
  },
  'JobPage',
)

/** Schema of {@link JobWrite}. */
export const jobWriteSchema: SchemaOf<JobWrite> = closed(
  {
    ...job,
    change: oneOf('created', 'replaced', 'unchanged'),
    differences: listOf(difference),
    rank: listOf(candidateSchema),
    excluded: listOf(excludedSchema),
    warnings: listOf(text),
    dryRun: flag,
  },
  'JobWrite',
)
