// The core in one process without store, network and executor: how many events it takes, and what the
// parts cost that every event or every tick needs.

import { createHash } from 'node:crypto'
import { createCrypto, memberOf } from '../../src/adapters/crypto/crypto.ts'
import { createMemoryStore } from '../../src/adapters/memory/store.ts'
import type { Effect } from '../../src/core/effect.ts'
import type { Event } from '../../src/core/event.ts'
import { jobName } from '../../src/core/ids.ts'
import type { Node } from '../../src/core/node.ts'
import { prepareMembers, rankKey, rankPrepared } from '../../src/core/placement/rendezvous.ts'
import { openSealed } from '../../src/core/trust/envelope.ts'
import { decode, encode } from '../../src/core/wire/cbor.ts'
import { definitionOf, makeNode } from './many-jobs.ts'
import { Report } from './report.ts'

const roundCount = 10
const storeEpoch = '1'.repeat(16)
/** A Monday, so that nothing special is near. */
const startMs = Date.UTC(2027, 2, 1, 12)

type Bare<E> = E extends Event ? Omit<E, 'monoMs' | 'wallMs'> : never

/** A node in virtual time that runs what it starts at once. */
class Stepped {
  readonly node: Node
  readonly intents: Uint8Array[] = []
  #atMs = 0
  events = 0

  constructor(byte: number) {
    const privateKey = new Uint8Array(32).fill(byte)
    this.node = makeNode({ privateKey, storeEpoch, seed: BigInt(byte) })
    const loaded = createMemoryStore({ epoch: storeEpoch }).load()
    this.step({ kind: 'loaded', loaded, addresses: [] })
    this.step({ kind: 'wake', lagMs: 0 })
  }

  step(bare: Bare<Event>): void {
    this.events += 1
    const event = { ...bare, monoMs: this.#atMs, wallMs: startMs + this.#atMs } as Event
    for (const effect of this.node.step(event)) this.#take(effect)
  }

  #take(effect: Effect): void {
    if (effect.kind === 'persist') {
      for (const write of effect.writes) if (write.kind === 'intent') this.intents.push(write.bytes)
    }
    if (effect.kind !== 'start') return
    const { attempt } = effect.launch
    this.step({ kind: 'execution', report: { kind: 'started', attempt, pid: 1 } })
    const ended = { reason: 'exit', exit: 0, detail: '', outputBytes: 0, outputDropped: 0 } as const
    this.step({ kind: 'execution', report: { kind: 'ended', attempt, ...ended } })
  }

  put(name: string, schedule?: string): void {
    const definition = definitionOf(name, schedule)
    const command = { kind: 'putJob', name: jobName(name), definition } as const
    this.step({ kind: 'command', id: 1, command })
  }

  pass(ms: number): void {
    this.#atMs += ms
    this.step({ kind: 'wake', lagMs: 0 })
  }
}

/** Microseconds per call, one value per round. */
function cost(calls: number, work: (i: number) => void): number[] {
  const values: number[] = []
  let done = 0
  for (let round = 0; round <= roundCount; round += 1) {
    const fromMs = performance.now()
    for (let i = 0; i < calls; i += 1) work((done += 1))
    // the first round warms up
    if (round > 0) values.push(((performance.now() - fromMs) / calls) * 1_000)
  }
  return values
}

const unit = 'µs'
const report = new Report('The core and its parts')

function node(): void {
  const idle = new Stepped(1)
  for (let i = 0; i < 1_000; i += 1) idle.put(`job-${i}`)
  report.add({
    what: 'wake, 1,000 jobs, nothing due',
    unit,
    values: cost(2_000, () => idle.pass(100)),
  })

  const busy = new Stepped(2)
  for (let i = 0; i < 100; i += 1) busy.put(`job-${i}`, '* * * * * *')
  const perSecond = cost(5, () => busy.pass(1_000))
  report.add({
    what: 'a tick: claimed, signed, started, ended',
    unit,
    values: perSecond.map((value) => value / 100),
  })
  const fromMs = performance.now()
  const before = busy.events
  for (let i = 0; i < 20; i += 1) busy.pass(1_000)
  const perMs = (busy.events - before) / (performance.now() - fromMs)
  report.add({ what: 'events of ticks', unit: 'per s', values: [perMs * 1_000] })
}

function merge(): void {
  const calls = 200
  const author = new Stepped(3)
  for (let i = 0; i < calls * (roundCount + 1); i += 1) author.put(`job-${i}`)
  const frames = author.intents.map((bytes) => encode([bytes]))
  const hearer = new Stepped(4)
  const from = memberOf(new Uint8Array(32).fill(3))
  const gossip = (i: number): void =>
    hearer.step({ kind: 'gossip', id: i, from, topic: 'jobs', bytes: frames[i - 1]! })
  const opened = openSealed('job', author.intents[0]!, 65_536)
  if (!opened.ok) throw new Error(opened.reason)
  const { bodyBytes } = opened.value
  const crypto = createCrypto(new Uint8Array(32).fill(3))
  const signature = crypto.sign(bodyBytes)
  const signed = cost(calls, () => void crypto.sign(bodyBytes))
  const verified = cost(calls, () => void crypto.verify(from, bodyBytes, signature))
  const merged = cost(calls, gossip)
  const size = `${bodyBytes.length} bytes`
  report.add({ what: `Ed25519 sign, ${size}`, unit, values: signed })
  report.add({ what: `Ed25519 verify, ${size}`, unit, values: verified })
  report.add({
    what: 'a definition from a peer: read, verified, merged',
    unit,
    values: merged,
    against: { what: 'verify', values: verified },
  })
  if (hearer.node.replica.catalog.size !== frames.length) throw new Error('definitions were lost')
  codec(bodyBytes)
}

function codec(bytes: Uint8Array): void {
  const value = decode(bytes, { bytesMax: 65_536 })
  if (!value.ok) throw new Error(value.reason)
  const decoded = cost(2_000, () => void decode(bytes, { bytesMax: 65_536 }))
  const encoded = cost(2_000, () => void encode(value.value))
  const hash = cost(2_000, () => void createHash('sha256').update(bytes).digest())
  const against = { what: 'SHA-256 of it', values: hash }
  report.add({ what: 'decode of a definition', unit, values: decoded, against })
  report.add({ what: 'encode of a definition', unit, values: encoded, against })
}

function rank(): void {
  for (const count of [3, 50]) {
    const members = prepareMembers(
      Array.from({ length: count }, (_, i) => ({ id: `12D3KooWmember${i}`, weight: 16 })),
    )
    const values = cost(20_000, (i) => void rankPrepared(rankKey('tick', `job@${i}`), members))
    report.add({ what: `ranking of ${count} members`, unit, values })
  }
}

node()
merge()
rank()
report.end()
