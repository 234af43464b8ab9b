// A cluster of built daemons on the loopback for one benchmark.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../integration/proxy.ts'
import { until } from '../until.ts'
import type { Bench, BundledNode } from './bundled.ts'

export interface ClusterInit {
  readonly size: number
  readonly name?: string
  readonly flags?: readonly string[]
  /** The port that leads to a node's own; default: its own. */
  readonly way?: (port: number) => Promise<number>
}

export interface Cluster {
  readonly nodes: readonly BundledNode[]
  /** Waits until these nodes see each other and each may own ticks. */
  untilComplete(nodes?: readonly BundledNode[]): Promise<void>
  stop(): Promise<void>
}

/** Starts the nodes and waits until they are one cluster. */
export async function startCluster(bench: Bench, init: ClusterInit): Promise<Cluster> {
  const name = init.name ?? 'n'
  const networkKey = join(bench.dir, `${name}.key`)
  const clusterKey = join(bench.dir, `${name}.cluster.key`)
  for (const path of [networkKey, clusterKey]) {
    writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  }
  const ports = await Promise.all(Array.from({ length: init.size }, freePort))
  const ways = await Promise.all(ports.map((port) => init.way?.(port) ?? Promise.resolve(port)))
  const nodes = ports.map((port, i) => {
    const peers = ways.filter((_, other) => other !== i)
    const flags = [
      ...['--listen', `/ip4/127.0.0.1/tcp/${port}`, '--network-key', networkKey],
      ...['--cluster-key', clusterKey],
      ...peers.flatMap((way) => ['--peer', `127.0.0.1:${way}`]),
      ...(init.flags ?? []),
    ]
    return bench.node({ name: `${name}${i}`, flags })
  })
  await Promise.all(nodes.map((node) => node.start()))
  const cluster: Cluster = {
    nodes,
    untilComplete: async (some: readonly BundledNode[] = nodes) => void (await untilComplete(some)),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
  await cluster.untilComplete()
  return cluster
}

function untilComplete(nodes: readonly BundledNode[]): Promise<true> {
  const names = nodes.map(({ name }) => name)
  return until(
    'the nodes are one cluster',
    async () => {
      const seen = await Promise.all(nodes.map(({ api }) => api.status()))
      return seen.every(({ ready, members, jobs }) => {
        const candidates = members
          .filter(({ state, eligibleFromMs }) => state === 'alive' && eligibleFromMs !== 0)
          .map((member) => member.name)
        const isEqual = jobs.digest === seen[0]!.jobs.digest
        return ready && isEqual && names.every((name) => candidates.includes(name))
      })
    },
    20_000,
  )
}
