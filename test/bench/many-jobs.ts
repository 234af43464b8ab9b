// A store with many jobs, and a node over it without network and executor.

import { credentialsOf } from '../core/fleet/credentials.ts'
import { openPolicy } from '../../src/core/trust/policy.ts'
import { createCrypto, memberOf } from '../../src/adapters/crypto/crypto.ts'
import { openStore } from '../../src/adapters/sqlite/open-store.ts'
import type { Write } from '../../src/core/effect.ts'
import type { Event } from '../../src/core/event.ts'
import { jobName } from '../../src/core/ids.ts'
import type { Definition } from '../../src/core/jobs/definition.ts'
import { parseDocument } from '../../src/core/jobs/document.ts'
import { encodeSync, type SyncRequest } from '../../src/core/jobs/sync-message.ts'
import { Node } from '../../src/core/node.ts'

const privateKey = new Uint8Array(32).fill(7)
/** Writes in one transaction while the store is filled. */
const groupSize = 3_000

type Bare<E> = E extends Event ? Omit<E, 'monoMs' | 'wallMs'> : never

/** A node whose effects are stored and otherwise dropped. */
export interface OpenNode {
  readonly node: Node
  load(): void
  wake(): void
  /** Writes a job; it is stored with `flush`. */
  put(name: string): void
  /** Asks as another member would. */
  ask(request: SyncRequest): void
  flush(): void
  close(): void
}

export interface NodeFacts {
  readonly privateKey: Uint8Array
  readonly storeEpoch: string
  readonly seed: bigint
}

/** A node alone, with real signatures. */
export function makeNode({ privateKey: key, storeEpoch, seed }: NodeFacts): Node {
  const crypto = createCrypto(key)
  const clusterId = '0'.repeat(32)
  const issuing = { clusterId, clusterKey: memberOf(key), crypto }
  return new Node(
    { crypto },
    {
      identity: {
        member: memberOf(key),
        clusterId,
        storeEpoch,
        startId: 'a'.repeat(16),
      },
      credentials: credentialsOf(memberOf(key), {}, undefined, issuing),
      self: {
        name: 'one',
        version: '0.0.0',
        weight: 16,
        executors: ['exec', 'shell', 'http', 'mqtt'],
        engine: 'meshcron-1',
        timezoneData: 'none',
      },
      policy: openPolicy,
      profile: 'lan',
      hasPeers: false,
      buildMs: 0,
      defaultTimezone: 'UTC',
      seed,
    },
  )
}

/** Opens the store of a directory with a node over it. */
export function openNode(dir: string): OpenNode {
  const store = openStore(dir)
  const node = makeNode({ privateKey, storeEpoch: store.epoch, seed: 1n })
  let writes: Write[] = []
  let id = 0
  const step = (bare: Bare<Event>): void => {
    const event = { ...bare, monoMs: performance.now(), wallMs: Date.now() } as Event
    for (const effect of node.step(event)) {
      if (effect.kind === 'persist') writes.push(...effect.writes)
      if (effect.kind === 'reply' && !effect.reply.ok) throw new Error(effect.reply.refusal.message)
    }
  }
  const flush = (): void => {
    store.commit(writes, 'full')
    writes = []
  }
  return {
    node,
    load: () => step({ kind: 'loaded', loaded: store.load(), addresses: [] }),
    wake: () => {
      step({ kind: 'wake', lagMs: 0 })
      writes = []
    },
    put: (name) => {
      const definition = definitionOf(name)
      step({
        kind: 'command',
        id: (id += 1),
        command: { kind: 'putJob', name: jobName(name), definition },
      })
      if (writes.length >= groupSize) flush()
    },
    ask: (request) => {
      const bytes = encodeSync(request)
      step({ kind: 'request', id: (id += 1), from: node.membership.self, protocol: 'sync', bytes })
    },
    flush,
    close: () => store.close(),
  }
}

/** A job that is due once a year, or when `schedule` says. */
export function definitionOf(name: string, schedule?: string): Definition {
  const minute = Number(/\d+$/.exec(name)?.[0] ?? 0) % 60
  const document = {
    name,
    schedule: schedule ?? `${minute} 3 1 1 *`,
    timezone: 'UTC',
    run: { exec: ['/usr/bin/true', '--of', name] },
  }
  const parsed = parseDocument(document, { nowMs: Date.now(), defaultTimezone: 'UTC' })
  if (!parsed.ok) throw new Error(parsed.refusal.message)
  return parsed.value.definition
}

/** What filling a store has cost. */
export interface Filled {
  readonly eachUs: number
}

/** Makes a store with this many jobs. */
export function fill(dir: string, jobs: number): Filled {
  const { load, put, flush, close } = openNode(dir)
  load()
  const startMs = performance.now()
  for (let i = 0; i < jobs; i += 1) put(`job-${i}`)
  flush()
  const eachUs = ((performance.now() - startMs) / jobs) * 1_000
  close()
  return { eachUs }
}
