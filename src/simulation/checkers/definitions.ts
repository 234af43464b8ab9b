// What clients wrote about each job, which of it could be in force when, and which node held it.
//
// A write supersedes another one when its author's node held that one. Writes that did not know of
// each other are both possible: which of them wins is the product's business, and a checker that
// computed it would share its mistakes.

import type { JobName } from '../../core/ids.ts'
import type { Definition } from '../../core/jobs/definition.ts'
import type { EntryOf, History, NodeIndex, Version } from '../history.ts'
import { nodesOf, type NodeTruth } from './nodes.ts'

/** An acknowledged write of a job, or one that may or may not survive. */
export interface Writing {
  readonly job: JobName
  readonly version: Version
  readonly kind: 'put' | 'delete' | 'pause' | 'resume'
  readonly node: NodeIndex
  /** Position of its acknowledgement in the history. */
  readonly seq: number
  /** It was made between these instants. */
  readonly sentMs: number
  readonly ackMs: number
  readonly durable: boolean
  readonly generation: number | undefined
  readonly definition: Definition | undefined
  /** End of a pause by itself. */
  readonly untilMs: number | null
}

type Acknowledged = EntryOf<'def.ack' | 'def.delete.ack' | 'pause.ack' | 'resume.ack'>
type Part = 'life' | 'enabled' | 'rest'
/** Whether a node holds a write: surely, surely not, or one cannot know. */
type Held = 'yes' | 'no' | 'maybe'

const partsOf = ({ kind }: Writing): readonly Part[] => {
  if (kind === 'put') return ['life', 'enabled', 'rest']
  return kind === 'delete' ? ['life'] : ['enabled']
}

/** Everything that was written about one job. */
export class JobTruth {
  readonly name: JobName
  /** Every write that was answered, in order of the answers. */
  readonly answered: readonly Writing[]
  /** Those that some disk held: the others were refused, died with their node, or changed nothing. */
  readonly writes: readonly Writing[]
  readonly #stored: ReadonlyMap<Version, ReadonlyMap<NodeIndex, readonly number[]>>
  readonly #nodes: readonly NodeTruth[]
  readonly #supersedes = new Map<string, Held>()

  constructor(
    name: JobName,
    answered: readonly Writing[],
    stored: ReadonlyMap<Version, ReadonlyMap<NodeIndex, readonly number[]>>,
    nodes: readonly NodeTruth[],
  ) {
    this.name = name
    this.answered = answered
    this.writes = answered.filter(({ version }) => stored.has(version))
    this.#stored = stored
    this.#nodes = nodes
  }

  write(version: Version): Writing | undefined {
    return this.writes.find((one) => one.version === version)
  }

  /** When a write first was on the disk of a node; Infinity when it never was. */
  firstStored(write: Writing, node: NodeIndex): number {
    return this.#stored.get(write.version)?.get(node)?.[0] ?? Infinity
  }

  /** Whether a node held a write at an instant. */
  held(write: Writing, node: NodeIndex, atMs: number): Held {
    const storedMs = this.#stored
      .get(write.version)
      ?.get(node)
      ?.findLast((ms) => ms <= atMs)
    if (storedMs === undefined) {
      // what a full disk did not take may be in memory
      return this.#nodes[node]!.failing.meets(write.sentMs, atMs) ? 'maybe' : 'no'
    }
    let held: Held = 'yes'
    for (const loss of this.#nodes[node]!.losses) {
      if (loss.atMs <= storedMs || loss.atMs > atMs || storedMs <= loss.keptUntilMs) continue
      if (loss.isPartial === true) held = 'maybe'
      else if (!loss.isUnsyncedOnly) return 'no'
      // what its own clients wrote was synced before they were answered
      else if (write.node !== node) held = 'maybe'
    }
    return held
  }

  /** Whether `later` was made by somebody who knew of `write`. */
  supersedes(later: Writing, write: Writing): Held {
    if (later === write || later.sentMs < write.sentMs) return 'no'
    // of one node's clients the one that was answered later was heard later
    if (later.node === write.node && later.seq < write.seq) return 'no'
    const key = `${later.version} ${write.version}`
    let verdict = this.#supersedes.get(key)
    if (verdict === undefined) {
      verdict = this.#knew(later, write)
      this.#supersedes.set(key, verdict)
    }
    return verdict
  }

  #knew(later: Writing, write: Writing): Held {
    if (this.#createsAgain(later, write)) return 'yes'
    if (later.node === write.node) return this.held(write, later.node, later.ackMs)
    const atSent = this.held(write, later.node, later.sentMs)
    if (atSent === 'yes') return 'yes'
    return this.held(write, later.node, later.ackMs) === 'no' ? 'no' : 'maybe'
  }

  /** Whether a put raised the generation because of a deletion: its author knew the only one there was. */
  #createsAgain(later: Writing, write: Writing): boolean {
    const { generation = 1 } = later
    if (write.kind !== 'delete' || generation < 2) return false
    const first = (wanted: number): Writing | undefined =>
      this.writes.find((one) => one.generation === wanted)
    const fromMs = first(generation - 1)?.sentMs ?? Infinity
    const toMs = first(generation)?.ackMs ?? 0
    const ends = this.answered.filter(
      ({ kind, sentMs }) => kind === 'delete' && sentMs >= fromMs && sentMs <= toMs,
    )
    return ends.length === 1 && ends[0] === write
  }

  /** Writes of one part, made before an instant, that nobody surely superseded before it. */
  possible(part: Part, atMs: number): readonly Writing[] {
    const made = this.writes.filter((one) => one.sentMs <= atMs && partsOf(one).includes(part))
    return made.filter((write) => !made.some((later) => this.#isOver(write, later)))
  }

  /** Writes of one part that a node may hold, and that it does not surely hold a successor of. */
  possibleAt(part: Part, node: NodeIndex, atMs: number, slackMs = 0): readonly Writing[] {
    const of = this.writes.filter((one) => partsOf(one).includes(part))
    const held = of.filter((one) => this.held(one, node, atMs) !== 'no')
    return held.filter(
      (write) =>
        !held.some(
          (later) =>
            this.held(later, node, atMs - slackMs) === 'yes' &&
            this.held(later, node, atMs) === 'yes' &&
            this.supersedes(later, write) === 'yes',
        ),
    )
  }

  /** A write that may not have survived ends nothing for sure. */
  #isOver(write: Writing, later: Writing): boolean {
    return later.durable && this.supersedes(later, write) === 'yes'
  }

  /** Whether any write was on its way within a span. */
  isInFlux(fromMs: number, toMs: number): boolean {
    return this.writes.some((one) => one.sentMs <= toMs && one.ackMs >= fromMs)
  }

  /** Nodes on whose disks an intact copy of a write is at an instant. */
  holders(write: Writing, atMs: number): readonly NodeIndex[] {
    return this.#nodes
      .map((_, node) => node)
      .filter((node) => this.held(write, node, atMs) === 'yes')
  }
}

/** Jobs of a run by name. */
export function jobsOf(history: History): ReadonlyMap<JobName, JobTruth> {
  let jobs = known.get(history)
  if (jobs === undefined) known.set(history, (jobs = readJobs(history)))
  return jobs
}

const known = new WeakMap<History, ReadonlyMap<JobName, JobTruth>>()

function readJobs(history: History): ReadonlyMap<JobName, JobTruth> {
  const nodes = nodesOf(history)
  const writes = new Map<JobName, Writing[]>()
  const stored = new Map<Version, Map<NodeIndex, number[]>>()
  for (const entry of history.entries) {
    if (entry.kind === 'def.stored') {
      const byNode = stored.get(entry.version) ?? new Map<NodeIndex, number[]>()
      stored.set(entry.version, byNode)
      byNode.set(entry.node, [...(byNode.get(entry.node) ?? []), entry.atMs])
    } else if (isWrite(entry)) {
      const list = writes.get(entry.job) ?? []
      writes.set(entry.job, list)
      list.push(writingOf(entry))
    }
  }
  return new Map([...writes].map(([name, list]) => [name, new JobTruth(name, list, stored, nodes)]))
}

const isWrite = (entry: History['entries'][number]): entry is Acknowledged =>
  ['def.ack', 'def.delete.ack', 'pause.ack', 'resume.ack'].includes(entry.kind)

function writingOf(entry: Acknowledged): Writing {
  const { job, version, node, seq, sentMs, atMs: ackMs, durable } = entry
  const common = { job, version, node, seq, sentMs, ackMs, durable }
  const none = { generation: undefined, definition: undefined, untilMs: null }
  switch (entry.kind) {
    case 'def.ack': {
      const { generation, definition } = entry
      return { ...common, kind: 'put', generation, definition, untilMs: null }
    }
    case 'def.delete.ack':
      return { ...common, ...none, kind: 'delete' }
    case 'pause.ack':
      return { ...common, ...none, kind: 'pause', untilMs: entry.untilMs }
    case 'resume.ack':
      return { ...common, ...none, kind: 'resume' }
  }
}
