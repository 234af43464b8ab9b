// The faults that libp2p does not recover from by itself (docs/design/0006-libp2p-settings.md), seeded. Afterwards there is
// exactly one connection between each two nodes and a message of everyone reaches everyone.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { gossipInternals, isHealthy } from '../../../src/adapters/libp2p/internals.ts'
import { createRandom, type Random } from '../../../src/core/random.ts'
import { encode } from '../../contract/network-recorder.ts'
import { until } from '../../contract/network-until.ts'
import { connections, Fleet, type FleetNode } from './fleet.ts'

const nodeCount = 4
const faultsForMs = 8_000
const seed = BigInt(process.env['SEED'] ?? '1')

type Fault = (fleet: Fleet, a: FleetNode, b: FleetNode) => Promise<void> | void

const gossipStreams = (node: FleetNode): ReturnType<typeof gossipInternals> =>
  gossipInternals(node.host.services.pubsub)

const faults: Readonly<Record<string, Fault>> = {
  'close a connection': (_fleet, a, b) => {
    for (const one of connections(a, b.network.self)) one.close().catch(() => {})
  },
  'abort a connection': (_fleet, a, b) => {
    for (const one of connections(a, b.network.self)) one.abort(new Error('chaos'))
  },
  'abort an outbound gossip stream': (_fleet, a, b) => {
    gossipStreams(a).streamsOutbound.get(b.network.self)?.rawStream.abort(new Error('chaos'))
  },
  'abort an inbound gossip stream': (_fleet, a, b) => {
    gossipStreams(a).streamsInbound.get(b.network.self)?.rawStream.abort(new Error('chaos'))
  },
  'close a gossip stream cleanly': (_fleet, a, b) => {
    gossipStreams(a)
      .streamsOutbound.get(b.network.self)
      ?.rawStream.close()
      .catch(() => {})
  },
  'push a frame over the bound into gossip': (_fleet, a, b) => {
    const stream = gossipStreams(a).streamsOutbound.get(b.network.self)?.rawStream
    // 300,000 as a varint, then as many bytes
    if (stream?.writeStatus === 'writable') {
      stream.send(Buffer.concat([Buffer.from([0xe0, 0xa7, 0x12]), Buffer.alloc(300_000)]))
    }
  },
  'dial a second connection': (_fleet, a, b) => {
    a.host.dial(multiaddr(b.addresses[0]), { force: true }).catch(() => {})
  },
  'dial crosswise': (_fleet, a, b) => {
    a.host.dial(multiaddr(b.addresses[0]), { force: true }).catch(() => {})
    b.host.dial(multiaddr(a.addresses[0]), { force: true }).catch(() => {})
  },
  'abort every stream': (_fleet, a, b) => {
    for (const one of connections(a, b.network.self)) {
      for (const stream of one.streams.slice()) stream.abort(new Error('chaos'))
    }
  },
  restart: async (fleet, a) => await fleet.restart(fleet.nodes.indexOf(a)),
}

async function reachable(fleet: Fleet, round: string): Promise<void> {
  await until(`${round}: one connection per pair`, () => fleet.isMeshed(), 30_000)
  await until(
    `${round}: gossip is healthy`,
    () => fleet.pairs().every(([a, b]) => isHealthy(gossipStreams(a), b.network.self)),
    20_000,
  )
  for (const { network } of fleet.nodes) network.publish('jobs', encode(`${round} ${network.self}`))
  const isHeard = ([a, b]: readonly [FleetNode, FleetNode]): boolean =>
    b.heard.heard(`${round} ${a.network.self}`)
  await until(`${round}: everyone reaches everyone`, () => fleet.pairs().every(isHeard), 10_000)
}

async function breakThings(fleet: Fleet, random: Random): Promise<ReadonlyMap<string, number>> {
  const names = Object.keys(faults)
  const done = new Map<string, number>()
  const endMs = performance.now() + faultsForMs
  let nextMs = 0
  let isBusy = false
  await until(
    'the faults are done',
    () => {
      if (isBusy || performance.now() < nextMs) return false
      if (performance.now() > endMs) return true
      // restarts are rarer: each one takes its node out of play for a while
      const name = random.below(12) === 0 ? 'restart' : names[random.below(names.length - 1)]!
      const a = fleet.nodes[random.below(fleet.nodes.length)]!
      const b = fleet.nodes[random.below(fleet.nodes.length)]!
      done.set(name, (done.get(name) ?? 0) + 1)
      isBusy = true
      nextMs = performance.now() + random.between(20, 200)
      Promise.resolve(faults[name]!(fleet, a, b)).then(
        () => void (isBusy = false),
        () => void (isBusy = false),
      )
      return false
    },
    faultsForMs + 15_000,
  )
  return done
}

test('the keeper brings a full mesh back from anything', async (t) => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  const fleet = new Fleet()
  try {
    await fleet.start(nodeCount)
    await reachable(fleet, 'before')
    const done = await breakThings(fleet, createRandom(seed))
    const startedMs = performance.now()
    await reachable(fleet, 'after')
    const tookMs = Math.round(performance.now() - startedMs)
    const total = [...done.values()].reduce((sum, count) => sum + count, 0)
    t.diagnostic(`seed ${seed}: ${total} faults, whole again after ${tookMs} ms`)
    assert.ok(total > 30, `${total} faults`)
  } finally {
    await fleet.stop()
    process.off('unhandledRejection', note)
  }
  assert.deepEqual(unhandled, [])
})
