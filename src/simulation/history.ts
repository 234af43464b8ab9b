// What really happened in one simulated run: the only thing that checkers read. Nothing in here is
// said by a node about itself; the executors, disks, clocks, links and clients of the simulation
// write it, and samples copy what a node would answer if it were asked.
//
// All instants are true UTC milliseconds unless a name says otherwise; nodes are numbers from 0.

import type { AttemptId, ExecutionId, JobName, MemberId, Slot } from '../core/ids.ts'
import type { Definition } from '../core/jobs/definition.ts'

/** A node by its number. */
export type NodeIndex = number

/** Number of a client's write of a job, unique in a run; commands carry it in their environment. */
export type Version = number

/** `warm-up`: no faults; `safety`: all of them; `freeze`: those that stay for ever; `healed`: none again. */
export type PhaseName = 'warm-up' | 'safety' | 'liveness' | 'healed' | 'end'

/** The timers that promises are stated in, copied from the profile of the run. */
export interface PromisedTimers {
  readonly settleMs: number
  readonly leadMs: number
  readonly graceMs: number
  readonly probeMs: number
  readonly silenceMs: number
  readonly singleReportMs: number
  readonly downAfterMs: number
  readonly takeoverWindowMs: number
  readonly aloneMs: number
  readonly syncMs: number
}

/** What is true of the whole run. */
export interface Scenery {
  readonly seed: string
  readonly profile: 'lan' | 'wan' | 'iot'
  readonly timers: PromisedTimers
  /** Ids by node number. */
  readonly members: readonly MemberId[]
  readonly tags: readonly Readonly<Record<string, string>>[]
}

/** An attempt began, as its executor saw it. */
export interface ExecStart {
  readonly kind: 'exec.start'
  readonly node: NodeIndex
  readonly job: JobName
  readonly execution: ExecutionId
  readonly attempt: AttemptId
  readonly generation: number
  /** Nominal instant of the tick; null for a dispatch. */
  readonly dueMs: number | null
  readonly slot: Slot
  /** From 1. */
  readonly number: number
  /** The write whose command runs. */
  readonly version: Version
  /** The node's system clock at the start. */
  readonly wallMs: number
}

/** An attempt ended; a start without an end ran until the end of the history. */
export interface ExecEnd {
  readonly kind: 'exec.end'
  readonly node: NodeIndex
  readonly attempt: AttemptId
  readonly how: 'exit' | 'signal' | 'power'
  readonly exit: number | null
}

/** What every answer to a client has; the entry's own instant is that of the answer. */
interface Answered {
  readonly node: NodeIndex
  readonly job: JobName
  /** When the client asked. */
  readonly sentMs: number
  /** False when the client was told, or has to assume, that the write may or may not survive. */
  readonly durable: boolean
}

/** A client got its answer. */
export type ClientFact =
  /** A write of a job. `definition` is what the node answers when the job is read right after. */
  | (Answered & {
      readonly kind: 'def.ack'
      readonly generation: number
      readonly version: Version
      readonly definition: Definition
    })
  | (Answered & { readonly kind: 'def.delete.ack' | 'resume.ack'; readonly version: Version })
  | (Answered & {
      readonly kind: 'pause.ack'
      readonly version: Version
      readonly untilMs: number | null
    })
  | (Answered & {
      readonly kind: 'dispatch.ack'
      readonly key: string
      readonly execution: ExecutionId
    })
  | {
      readonly kind: 'refused'
      readonly node: NodeIndex
      readonly job: JobName
      readonly code: string
    }

/** What is on a node's disk; the disk of the simulation says so. */
export type DiskFact =
  /** A client's write is stored on a node for the first time; its author's own node included. */
  | {
      readonly kind: 'def.stored'
      readonly node: NodeIndex
      readonly job: JobName
      readonly version: Version
    }
  /** A record of an attempt is stored on a node, each phase once. */
  | {
      readonly kind: 'record.stored'
      readonly node: NodeIndex
      readonly attempt: AttemptId
      readonly executor: NodeIndex | null
      readonly phase: 'queued' | 'claimed' | 'running' | 'ended'
      readonly outcome: string | null
      /** Survives power loss from now on. */
      readonly synced: boolean
    }
  | {
      readonly kind: 'store.failing'
      readonly node: NodeIndex
      readonly failure: 'full' | 'readonly' | 'io'
    }
  | { readonly kind: 'store.works'; readonly node: NodeIndex }
  /** Everything stored is gone; the node comes back with a new store. */
  | { readonly kind: 'store.wiped'; readonly node: NodeIndex }
  /** Some of what is stored was read wrong, and dropped; so was the knowledge of what had been seen. */
  | { readonly kind: 'store.damaged'; readonly node: NodeIndex; readonly rows: number }
  /** The disk is again as it was at an earlier instant. */
  | { readonly kind: 'store.rolledBack'; readonly node: NodeIndex; readonly toMs: number }
  /** Power went; the newest `lost` transactions had not reached the disk. */
  | { readonly kind: 'store.torn'; readonly node: NodeIndex; readonly lost: number }

/** Life of a process. */
export type NodeFact =
  | { readonly kind: 'node.up'; readonly node: NodeIndex; readonly startId: string }
  /** `kill`: its connections close; `power`: they stay silent; `stop`: after a graceful leave. */
  | {
      readonly kind: 'node.down'
      readonly node: NodeIndex
      readonly how: 'kill' | 'power' | 'stop'
    }
  /** It may own ticks by its own judgement; only the last `node.ready` after a `node.up` counts. */
  | { readonly kind: 'node.ready'; readonly node: NodeIndex }
  /** It was told to leave: it owns ticks until then. */
  | { readonly kind: 'node.leaving'; readonly node: NodeIndex; readonly leaveAtMs: number }
  /** Nothing is read and no timer runs from here until `node.runs`. */
  | { readonly kind: 'node.stalled'; readonly node: NodeIndex }
  | { readonly kind: 'node.runs'; readonly node: NodeIndex }
  /** Wall clock minus true time from here on, and how much it gains per true second. */
  | {
      readonly kind: 'clock'
      readonly node: NodeIndex
      readonly offsetMs: number
      readonly driftPpm: number
    }

/** What lies between the nodes; every direction for itself. */
export type LinkFact =
  | { readonly kind: 'link.cut'; readonly from: NodeIndex; readonly to: NodeIndex }
  | { readonly kind: 'link.healed'; readonly from: NodeIndex; readonly to: NodeIndex }
  /** Everything is held back until `link.unclogged`; nothing is lost. */
  | { readonly kind: 'link.clogged'; readonly from: NodeIndex; readonly to: NodeIndex }
  | { readonly kind: 'link.unclogged'; readonly from: NodeIndex; readonly to: NodeIndex }
  /** A connection was closed as seen by both; they dial again at once. */
  | { readonly kind: 'link.reset'; readonly from: NodeIndex; readonly to: NodeIndex }
  /** A frame about an attempt takes longer than a third of what a question may take, probeMs. */
  | {
      readonly kind: 'link.slow'
      readonly from: NodeIndex
      readonly to: NodeIndex
      readonly arrivesMs: number
    }

/** What one node would show of a tick, a dispatch or a range of ticks that did not run. */
export interface Row {
  readonly job: JobName
  readonly execution: ExecutionId
  readonly dueMs: number
  /** Last tick of a range; equal to `dueMs` otherwise. */
  readonly throughMs: number
  readonly count: number
  readonly slot: Slot
  readonly attempt: number
  readonly phase: 'queued' | 'claimed' | 'running' | 'ended'
  readonly outcome: string | null
  readonly reason: string
  readonly executor: NodeIndex | null
  readonly duplicate: boolean
}

/** What one node would answer now. */
export interface Sample {
  readonly kind: 'sample'
  readonly node: NodeIndex
  /** Over definitions; equal digests, equal catalogs. */
  readonly catalogDigest: string
  /** Over everything heard. */
  readonly seenDigest: string
  readonly viewDigest: string
  readonly view: readonly {
    readonly node: NodeIndex
    readonly state: 'alive' | 'unreachable' | 'down' | 'left' | 'retired'
  }[]
  /** Live jobs with the version of their command, and deleted ones. */
  readonly jobs: readonly {
    readonly job: JobName
    readonly generation: number
    readonly live: boolean
    readonly version: Version | null
    readonly enabled: boolean
    readonly conflicts: number
  }[]
  /** Newest attempt of each slot; only in samples `withRows`. */
  readonly rows: readonly Row[]
  readonly withRows: boolean
}

/** Phases, and faults that are not visible in facts of their own. */
export type StageFact =
  | { readonly kind: 'phase'; readonly phase: PhaseName }
  | { readonly kind: 'fault.on' | 'fault.off'; readonly fault: string; readonly detail: string }
  /** The nodes that liveness is promised to from the freeze on. */
  | { readonly kind: 'core'; readonly nodes: readonly NodeIndex[] }
  /** The largest value of something that has a bound, since the node started. */
  | {
      readonly kind: 'gauge'
      readonly node: NodeIndex
      readonly what: string
      readonly value: number
      readonly limit: number
    }
  /** A node broke an invariant or threw; the process ended. */
  | { readonly kind: 'node.broke'; readonly node: NodeIndex; readonly message: string }

export type Fact =
  | ExecStart
  | ExecEnd
  | ClientFact
  | DiskFact
  | NodeFact
  | LinkFact
  | Sample
  | StageFact

/** One fact with its instant; entries are in the order in which they happened. */
export type Entry = Fact & {
  readonly seq: number
  /** True UTC milliseconds. */
  readonly atMs: number
}

/** Entries of one kind. */
export type EntryOf<K extends Fact['kind']> = Extract<Entry, { readonly kind: K }>

/** A whole run. */
export interface History {
  readonly scenery: Scenery
  readonly startMs: number
  readonly endMs: number
  readonly entries: readonly Entry[]
}

/** A broken promise. */
export interface Violation {
  /** `C1`, `C2` … or an invariant's id. */
  readonly property: string
  readonly message: string
  readonly atMs: number
  readonly job?: JobName
  readonly execution?: ExecutionId
}

/** Counts and measured values of one run, by name; those of several runs are added up. */
export type Counters = Readonly<Record<string, number>>

/** Judges a whole run. */
export interface Checker {
  readonly name: string
  check(history: History): readonly Violation[]
  /** Of the history checked last: ticks, excuses by reason, duplicates, lateness … */
  readonly stats: Counters
}
