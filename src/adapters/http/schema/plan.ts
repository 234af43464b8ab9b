import Type from 'typebox'
import { executionItemSchema } from './execution.ts'
import type { ExecutionItem } from './execution.ts'
import { closed, instant, listOf, nullable, real, text } from './typed.ts'
import type { Instant, SchemaOf } from './typed.ts'

/** A member by id and name. */
export interface Candidate {
  readonly id: string
  readonly name: string
}

/** A member that cannot run the tick, and why. */
export interface Excluded extends Candidate {
  readonly reason: string
}

/** A coming tick, with everybody who may run it in the order of the ranking. */
export interface PlannedTick {
  readonly job: string
  readonly scheduledAt: Instant
  /** With jitter. */
  readonly plannedAt: Instant
  /** Null when no member is eligible. */
  readonly node: string | null
  readonly nodeName: string | null
  /** The calendar that denies it: nobody will run it. */
  readonly deniedBy: string | null
  readonly rank: readonly Candidate[]
  readonly excluded: readonly Excluded[]
}

/** Answer of `GET /plan`, earliest first. */
export interface Plan {
  readonly ticks: readonly PlannedTick[]
}

/** A candidate with what decided its place. */
export interface RankedCandidate extends Candidate {
  readonly score?: number
  readonly state: string
}

/** Why a tick went as it went, or would go now. */
export interface Explain {
  readonly job: string
  readonly scheduledAt: Instant
  /** Absent when nothing is recorded of it. */
  readonly execution?: ExecutionItem
  /** The members that counted. */
  readonly view: readonly RankedCandidate[]
  /** Best first. */
  readonly rank: readonly RankedCandidate[]
  readonly excluded: readonly Excluded[]
  /** Sentences in the order of judgement. */
  readonly facts: readonly string[]
  readonly outcome: string | null
  readonly reason: string
}

const candidate = { id: text, name: text }
/** Schema of {@link Candidate}. */
export const candidateSchema: SchemaOf<Candidate> = closed(candidate)
/** Schema of {@link Excluded}. */
export const excludedSchema: SchemaOf<Excluded> = closed({ ...candidate, reason: text }, 'Excluded')
const ranked: SchemaOf<RankedCandidate> = closed(
  {
    ...candidate,
    score: Type.Optional(real),
    state: text,
  },
  'RankedCandidate',
)

const plannedTick: SchemaOf<PlannedTick> = closed(
  {
    job: text,
    scheduledAt: instant,
    plannedAt: instant,
    node: nullable(text),
    nodeName: nullable(text),
    deniedBy: nullable(text),
    rank: listOf(candidateSchema),
    excluded: listOf(excludedSchema),
  },
  'PlannedTick',
)

/** Schema of {@link Plan}. */
export const planSchema: SchemaOf<Plan> = closed({ ticks: listOf(plannedTick) }, 'Plan')

/** Schema of {@link Explain}. */
export const explainSchema: SchemaOf<Explain> = closed(
  {
    job: text,
    scheduledAt: instant,
    execution: Type.Optional(executionItemSchema),
    view: listOf(ranked),
    rank: listOf(ranked),
    excluded: listOf(excludedSchema),
    facts: listOf(text),
    outcome: nullable(text),
    reason: text,
  },
  'Explain',
)
