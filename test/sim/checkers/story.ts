// Small histories, written by hand: facts at seconds, and short forms for what every story needs.

import {
  attemptId,
  executionId,
  jobName,
  memberId,
  tickExecutionId,
  type AttemptId,
  type ExecutionId,
  type JobName,
} from '../../../src/core/ids.ts'
import type { Definition } from '../../../src/core/jobs/definition.ts'
import { defaultGroups } from '../../../src/core/jobs/document.ts'
import type { EntryOf, Fact, History, Row } from '../../../src/simulation/history.ts'

export const startMs: number = Date.UTC(2026, 0, 5, 12)
export const job: JobName = jobName('backup')

/** True time of a second of a story. */
export const at = (second: number): number => startMs + second * 1_000

const plain: Definition = {
  timing: {
    ...defaultGroups.timing,
    schedule: ['* * * * *'],
    anchorMs: startMs - 3_600_000,
  },
  action: { ...defaultGroups.action, run: { kind: 'exec', argv: ['true'] } },
  placement: defaultGroups.placement,
  delivery: {
    promised: { mode: 'at-least-once', roster: [], minority: 'run' },
    overlap: 'allow',
    orphanGraceMs: null,
    overlapKey: null,
    maxStartsPerMinute: null,
    maxStartsPerDay: null,
    pauseOnFailure: null,
    misfire: { policy: 'latest', deadlineMs: null, max: 10 },
    retry: {
      max: 0,
      backoff: 'fixed',
      baseMs: 5_000,
      capMs: 300_000,
      jitterPermille: 0,
      on: ['failure', 'timeout', 'lost'],
      where: 'other',
    },
    graceMs: null,
  },
  enabled: { enabled: true, note: '', untilMs: null },
  notify: defaultGroups.notify,
  meta: defaultGroups.meta,
}

type Groups = { readonly [K in keyof Definition]?: Partial<Definition[K]> }

/** A job of every minute in UTC, with some of its groups otherwise. */
export function definition(over: Groups = {}): Definition {
  return {
    timing: { ...plain.timing, ...over.timing },
    action: { ...plain.action, ...over.action },
    placement: { ...plain.placement, ...over.placement },
    delivery: { ...plain.delivery, ...over.delivery },
    enabled: { ...plain.enabled, ...over.enabled },
    notify: plain.notify,
    meta: { ...plain.meta, ...over.meta },
  }
}

export const retrying = (max: number): Groups => ({
  delivery: { retry: { ...plain.delivery.retry, max } },
})

interface RunOptions {
  readonly slot?: string
  readonly number?: number
  readonly version?: number
  readonly execution?: ExecutionId
  readonly generation?: number
  readonly lastsS?: number
  readonly exit?: number
}

/** Collects facts; `history` puts them in order. */
export class Story {
  readonly nodes: number
  readonly #facts: { readonly atMs: number; readonly fact: Fact }[] = []

  /** Nodes that have been up and ready since an hour before. */
  constructor(nodes: number) {
    this.nodes = nodes
    for (let node = 0; node < nodes; node++) {
      this.fact(-3_600, { kind: 'node.up', node, startId: `start-${node}` })
      this.fact(-3_590, { kind: 'node.ready', node })
      this.fact(-3_600, { kind: 'clock', node, offsetMs: 0, driftPpm: 0 })
    }
  }

  fact(second: number, fact: Fact): this {
    this.#facts.push({ atMs: at(second), fact })
    return this
  }

  /** A client writes the job to a node, and all nodes but `without` store it at once. */
  put(
    second: number,
    version: number,
    made: Definition,
    over: {
      readonly node?: number
      readonly generation?: number
      readonly without?: readonly number[]
      readonly durable?: boolean
    } = {},
  ): this {
    const { node = 0, generation = 1, durable = true } = over
    this.stored(second, version, over.without)
    const common = { node, job, version, sentMs: at(second), durable }
    return this.fact(second, { kind: 'def.ack', ...common, generation, definition: made })
  }

  write(
    second: number,
    kind: 'def.delete.ack' | 'resume.ack' | 'pause.ack',
    version: number,
    over: { readonly node?: number; readonly without?: readonly number[] } = {},
  ): this {
    this.stored(second, version, over.without)
    const common = { node: over.node ?? 0, job, version, sentMs: at(second), durable: true }
    if (kind === 'pause.ack') return this.fact(second, { kind, ...common, untilMs: null })
    return this.fact(second, { kind, ...common })
  }

  stored(second: number, version: number, without: readonly number[] = []): this {
    for (let node = 0; node < this.nodes; node++) {
      if (!without.includes(node)) this.fact(second, { kind: 'def.stored', node, job, version })
    }
    return this
  }

  /** The tick of a minute starts on a node at a second. */
  start(second: number, node: number, dueS: number | null, over: RunOptions = {}): this {
    const { slot = '0', number = 1, version = 1, generation = 1 } = over
    const dueMs = dueS === null ? null : at(dueS)
    const execution = over.execution ?? tickExecutionId(job, generation, dueMs ?? 0)
    const attempt = attemptId(execution, slot, number)
    const times = { dueMs, wallMs: at(second) }
    const names = { job, execution, attempt, generation, slot, number, version, node }
    this.fact(second, { kind: 'exec.start', ...names, ...times })
    if (over.lastsS === undefined) return this
    const exit = over.exit ?? 0
    return this.fact(second + over.lastsS, { kind: 'exec.end', node, attempt, how: 'exit', exit })
  }

  /** A claim of `executor` reaches the disk of a node. */
  claim(second: number, node: number, executor: number, dueS: number, number = 1): this {
    const attempt = attemptOf(dueS, number)
    const phase = { phase: 'claimed', outcome: null, synced: node === executor } as const
    return this.fact(second, { kind: 'record.stored', node, attempt, executor, ...phase })
  }

  /** Both directions between two nodes. */
  cut(second: number, a: number, b: number): this {
    this.fact(second, { kind: 'link.cut', from: a, to: b })
    return this.fact(second, { kind: 'link.cut', from: b, to: a })
  }

  heal(second: number, a: number, b: number): this {
    this.fact(second, { kind: 'link.healed', from: a, to: b })
    return this.fact(second, { kind: 'link.healed', from: b, to: a })
  }

  down(second: number, node: number, how: 'kill' | 'power' = 'kill'): this {
    return this.fact(second, { kind: 'node.down', node, how })
  }

  up(second: number, node: number): this {
    return this.fact(second, { kind: 'node.up', node, startId: `again-${second}` })
  }

  /** What a node shows; the job live in some version unless told. */
  sample(second: number, node: number, over: Partial<EntryOf<'sample'>> = {}): this {
    const shown = { job, generation: 1, live: true, version: 1, enabled: true, conflicts: 0 }
    return this.fact(second, {
      kind: 'sample',
      node,
      catalogDigest: 'same',
      seenDigest: 'same',
      viewDigest: 'same',
      view: Array.from({ length: this.nodes }, (_, other) => ({ node: other, state: 'alive' })),
      jobs: [shown],
      rows: [],
      withRows: false,
      ...over,
    })
  }

  history(endS: number): History {
    const facts = this.#facts.filter(({ atMs }) => atMs <= at(endS)).sort((a, b) => a.atMs - b.atMs)
    return {
      scenery: {
        seed: '0000000000000001',
        profile: 'lan',
        timers: {
          settleMs: 5_000,
          leadMs: 10_000,
          graceMs: 2_000,
          probeMs: 1_000,
          silenceMs: 1_200,
          singleReportMs: 3_000,
          downAfterMs: 30_000,
          takeoverWindowMs: 15_000,
          aloneMs: 30_000,
          syncMs: 10_000,
        },
        members: Array.from({ length: this.nodes }, (_, node) => memberId(`member${node}`)),
        tags: Array.from({ length: this.nodes }, () => ({})),
      },
      startMs: at(-3_600),
      endMs: at(endS),
      entries: facts.map(({ atMs, fact }, seq) => ({ ...fact, seq, atMs })),
    }
  }
}

export const attemptOf = (dueS: number, number = 1): AttemptId =>
  attemptId(tickExecutionId(job, 1, at(dueS)), '0', number)

export const dispatchId: ExecutionId = executionId('backup:0123456789abcdef')

/** What a node tells of the tick of a minute. */
export function row(dueS: number, over: Partial<Row> = {}): Row {
  return {
    job,
    execution: tickExecutionId(job, 1, at(dueS)),
    dueMs: at(dueS),
    throughMs: at(dueS),
    count: 1,
    slot: '0',
    attempt: 1,
    phase: 'ended',
    outcome: 'success',
    reason: '',
    executor: 0,
    duplicate: false,
    ...over,
  }
}
