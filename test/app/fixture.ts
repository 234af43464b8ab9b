// A node with everything around it that answers at once: a clock set by hand, the store's twin, an
// executor and a network of a few lines. Effects are carried out in their order, without a loop.

import { openPolicy } from '../../src/core/trust/policy.ts'
import { createHash } from 'node:crypto'
import { MemoryNotifier } from '../../src/adapters/memory/notifier.ts'
import { createMemoryStore, type MemoryStore } from '../../src/adapters/memory/store.ts'
import type { Happening } from '../../src/adapters/http/schema.ts'
import { Happenings } from '../../src/app/happenings.ts'
import { UseCases } from '../../src/app/use-cases.ts'
import type { Identity } from '../../src/core/author.ts'
import type { Effect, Launch, Reply } from '../../src/core/effect.ts'
import type { Command, Event } from '../../src/core/event.ts'
import { memberId, type AttemptId, type MemberId } from '../../src/core/ids.ts'
import { Node } from '../../src/core/node.ts'
import type { Role } from '../../src/core/trust/certificate.ts'
import type { Credentials } from '../../src/core/trust/credentials.ts'
import type { Crypto } from '../../src/core/trust/crypto.ts'
import type { Executor, OutputPage } from '../../src/ports/executor.ts'
import type { Network } from '../../src/ports/network.ts'
import { enrolment } from '../adapters/http/fake-api.ts'
import { credentialsOf } from '../core/fleet/credentials.ts'

export const barn: MemberId = memberId(`12D3KooW${'Barn'.repeat(11)}`)
export const field: MemberId = memberId(`12D3KooW${'Fend'.repeat(11)}`)
/** 2027-03-01T12:00:00Z. */
export const startMs = 1_803_902_400_000

const storeEpoch = '1'.repeat(16)

/** A process of a member of the cluster of these tests. */
export const identityOf = (member: MemberId, startId: string): Identity => ({
  member,
  clusterId: '0'.repeat(32),
  storeEpoch,
  startId,
})

/** Signatures that everybody accepts: trust is not what is tested here. */
export const fakeCrypto: Crypto = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  sign: () => new Uint8Array(64),
  verify: () => true,
}

/** What a member of the cluster of these tests shows. */
export const credentials = (
  member: MemberId,
  tags: Readonly<Record<string, string>>,
  roles?: readonly Role[],
): Credentials =>
  credentialsOf(member, tags, roles, {
    clusterId: '0'.repeat(32),
    clusterKey: barn,
    crypto: fakeCrypto,
  })

type Bare<E> = E extends Event ? Omit<E, 'monoMs' | 'wallMs'> : never

/** An event before it is stamped. */
export type Arrival = Bare<Event>

export interface FleetInit {
  readonly tags?: Readonly<Record<string, string>>
  readonly store?: MemoryStore
  readonly defaultTimezone?: string
}

/** One node alone; `field` is a member that exists only in what the test says about it. */
export class Fleet {
  readonly node: Node
  readonly store: MemoryStore
  readonly happenings: Happenings = new Happenings()
  readonly api: UseCases
  readonly launched: Launch[] = []
  readonly stopped: AttemptId[] = []
  readonly heard: Happening[] = []
  readonly notifier: MemoryNotifier = new MemoryNotifier({}, { channels: ['ops'] })
  readonly outputs: Map<string, string> = new Map()
  /** Answers questions to other members; rejects unless a test sets it. */
  ask: Network['request'] = () => Promise.reject(new Error('no link'))
  hasLeft = false
  #elapsedMs = 0
  readonly #replies = new Map<number, Reply>()
  #commands = 0

  constructor(init: FleetInit = {}) {
    this.store = init.store ?? createMemoryStore({ epoch: storeEpoch })
    this.node = new Node(
      { crypto: fakeCrypto },
      {
        identity: identityOf(barn, '2'.repeat(16)),
        credentials: credentials(barn, init.tags ?? { site: 'barn' }),
        self: {
          name: 'barn',
          version: '0.1.0',
          weight: 16,
          executors: ['exec', 'shell', 'http', 'mqtt'],
          engine: 'meshcron-1',
          timezoneData: '2026c',
        },
        policy: openPolicy,
        profile: 'lan',
        hasPeers: false,
        buildMs: startMs - 1,
        defaultTimezone: 'UTC',
        seed: 1n,
      },
    )
    this.api = new UseCases(
      {
        node: this.node,
        store: this.store,
        executor: this.#executor(),
        network: this.#network(),
        notifier: this.notifier,
        happenings: this.happenings,
        policy: () => ({ policy: openPolicy, path: 'policy.yaml', lineOf: () => 1 }),
        enrolment,
        command: async (command) => this.command(command),
        leave: async () => void (this.hasLeft = true),
      },
      {
        defaultTimezone: init.defaultTimezone ?? 'UTC',
        now: () => startMs + this.#elapsedMs,
        monoMs: () => this.#elapsedMs,
      },
    )
    this.api.events((happening) => this.heard.push(happening))
  }

  get nowMs(): number {
    return startMs + this.#elapsedMs
  }

  /** Loads the store and becomes ready. */
  start(): this {
    const loaded = this.store.load()
    this.step({ kind: 'loaded', loaded, addresses: ['/ip4/127.0.0.1/tcp/7171'] })
    this.step({ kind: 'wake', lagMs: 0 })
    return this
  }

  /** Lets time pass, with a wake every 100 ms as a driver would give. */
  pass(ms: number): void {
    const untilMs = this.#elapsedMs + ms
    while (this.#elapsedMs < untilMs) {
      this.#elapsedMs = Math.min(untilMs, this.#elapsedMs + 100)
      this.step({ kind: 'wake', lagMs: 0 })
    }
  }

  step(arrival: Arrival): void {
    const event = {
      ...arrival,
      monoMs: this.#elapsedMs,
      wallMs: startMs + this.#elapsedMs,
    } as Event
    for (const effect of this.node.step(event)) this.#carryOut(effect)
  }

  command(command: Command): Reply {
    const id = (this.#commands += 1)
    this.step({ kind: 'command', id, command })
    return this.#replies.get(id)!
  }

  /** Runs what was launched last to an end. */
  finish(exit: number, output = ''): void {
    const attempt = this.launched.at(-1)!.attempt
    this.outputs.set(attempt, output)
    this.step({ kind: 'execution', report: { kind: 'started', attempt, pid: 1 } })
    this.step({
      kind: 'execution',
      report: {
        kind: 'ended',
        attempt,
        reason: 'exit',
        exit,
        detail: exit === 0 ? '' : String(exit),
        outputBytes: output.length,
        outputDropped: 0,
      },
    })
  }

  #carryOut(effect: Effect): void {
    if (effect.kind === 'persist') this.store.commit(effect.writes, effect.durability)
    else if (effect.kind === 'start') this.launched.push(effect.launch)
    else if (effect.kind === 'stop') this.stopped.push(effect.attempt)
    else if (effect.kind === 'reply') this.#replies.set(effect.id, effect.reply)
    else if (effect.kind === 'report') this.happenings.publish(effect.report, this.node.nowMs)
  }

  #executor(): Executor {
    return {
      start: async () => [],
      launch: () => undefined,
      stop: () => undefined,
      readOutput: async (attempt, offset, bytesMax) => this.#page(attempt, offset, bytesMax),
      close: async () => undefined,
    }
  }

  #page(attempt: AttemptId, offset: number, bytesMax: number): OutputPage | undefined {
    const text = this.outputs.get(attempt)
    if (text === undefined) return undefined
    const bytes = new TextEncoder().encode(text)
    return {
      offset,
      bytes: bytes.subarray(offset, offset + bytesMax),
      total: bytes.length,
      dropped: 0,
      ended: true,
    }
  }

  #network(): Network {
    return {
      self: barn,
      start: async () => [],
      stop: async () => undefined,
      setTargets: () => undefined,
      admit: () => undefined,
      disconnect: () => undefined,
      send: () => undefined,
      publish: () => undefined,
      request: (...question) => this.ask(...question),
      counters: () => ({
        connections: 0,
        bytesSent: 0,
        bytesReceived: 0,
        gossipReceived: 0,
        gossipPublished: 0,
        dialsFailed: 0,
        refused: 0,
      }),
    }
  }
}

/** A document of a job that echoes. */
export const hello = (more: object = {}): object => ({
  name: 'hello',
  schedule: '@every 10s',
  timezone: 'UTC',
  run: { exec: ['echo', 'hi'] },
  ...more,
})

/** How a document is written when nothing is expected of what is there. */
export const plainly = { mustBeNew: false, dryRun: false } as const

/** The value of a result that has to be one. */
export function valueOf<T>(result: { ok: true; value: T } | { ok: false; refusal: object }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal))
  return result.value
}
