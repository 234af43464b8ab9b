import type { Counts } from '../../../core/event.ts'
import { executionItemSchema } from './execution.ts'
import type { ExecutionItem } from './execution.ts'
import { memberSchema } from './member.ts'
import type { Member } from './member.ts'
import { closed, flag, instant, listOf, mapOf, nullable, real, text, whole } from './typed.ts'
import type { Instant, SchemaOf } from './typed.ts'

/** The node that answers. */
export interface Self {
  readonly id: string
  readonly name: string
  readonly incarnation: number
  readonly version: string
  /** Timers in use: `lan`, `wan`, `iot`. */
  readonly profile: string
  readonly startedAt: Instant
  readonly addresses: readonly string[]
  readonly tags: Readonly<Record<string, string>>
}

/** The clock of the node that answers. */
export interface ClockStatus {
  /** `synced`, `drifting`, `skewed`, `unsynced`, `disputed` or `alone`. */
  readonly state: string
  /** Cluster time minus this machine's clock. */
  readonly offsetMs: number
  /** Half the width of the agreed interval. */
  readonly errorMs: number
  readonly clusterMs: number
}

/** A coming tick and who is predicted to run it. */
export interface NextTick {
  readonly job: string
  readonly scheduledAt: Instant
  /** Null when no member is eligible. */
  readonly node: string | null
  readonly nodeName: string | null
  /** Ids of the candidates, best first. */
  readonly rank: readonly string[]
}

/** The whole cluster from one node's own state. */
export interface Status {
  readonly self: Self
  readonly clock: ClockStatus
  /** This node may own ticks. */
  readonly ready: boolean
  /** This node is cut off from most of its links. */
  readonly isolated: boolean
  readonly members: readonly Member[]
  /** How many of our neighbours see the same members as we do. */
  readonly view: { readonly agreeing: number; readonly neighbours: number }
  readonly jobs: {
    readonly count: number
    readonly digest: string
    /** Ids of alive members whose jobs differ from ours. */
    readonly laggingMembers: readonly string[]
  }
  /** Names of jobs with concurrent writes. */
  readonly conflicts: readonly string[]
  /** Earliest first, at most 20. */
  readonly next: readonly NextTick[]
  /** Newest first, at most 20. */
  readonly recent: readonly ExecutionItem[]
  readonly counters: Counts
  /** Counters of the network adapter and of refused input, by name. */
  readonly network: Readonly<Record<string, number>>
  /** Age of the oldest information that this answer uses. */
  readonly asOf: { readonly oldestMs: number }
}

const self: SchemaOf<Self> = closed(
  {
    id: text,
    name: text,
    incarnation: whole,
    version: text,
    profile: text,
    startedAt: instant,
    addresses: listOf(text),
    tags: mapOf(text),
  },
  'Self',
)

const clock: SchemaOf<ClockStatus> = closed(
  {
    state: text,
    offsetMs: real,
    errorMs: real,
    clusterMs: real,
  },
  'ClockStatus',
)

const counters: SchemaOf<Counts> = closed(
  {
    started: whole,
    succeeded: whole,
    failed: whole,
    takeovers: whole,
    duplicates: whole,
    missed: whole,
    skipped: whole,
  },
  'Counts',
)

const nextTick: SchemaOf<NextTick> = closed(
  {
    job: text,
    scheduledAt: instant,
    node: nullable(text),
    nodeName: nullable(text),
    rank: listOf(text),
  },
  'NextTick',
)

/** Schema of {@link Status}. */
export const statusSchema: SchemaOf<Status> = closed(
  {
    self,
    clock,
    ready: flag,
    isolated: flag,
    members: listOf(memberSchema),
    view: closed({ agreeing: whole, neighbours: whole }),
    jobs: closed({ count: whole, digest: text, laggingMembers: listOf(text) }),
    conflicts: listOf(text),
    next: listOf(nextTick),
    recent: listOf(executionItemSchema),
    counters,
    network: mapOf(real),
    asOf: closed({ oldestMs: real }),
  },
  'Status',
)

/** Answer of `/readyz`. */
export interface Readiness {
  readonly ready: boolean
  /** What it still waits for; empty when ready. */
  readonly reason: string
}

/** Schema of {@link Readiness}. */
export const readinessSchema: SchemaOf<Readiness> = closed(
  { ready: flag, reason: text },
  'Readiness',
)
