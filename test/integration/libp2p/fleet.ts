import { createHost, type Host } from '../../../src/adapters/libp2p/host.ts'
import { createKey, type NodeKey } from '../../../src/adapters/libp2p/key.ts'
import { type Libp2pInit, Libp2pNetwork } from '../../../src/adapters/libp2p/network.ts'
import type { MemberId } from '../../../src/core/ids.ts'
import { Recorder } from '../../contract/network-recorder.ts'

const clock = { monoMs: () => performance.now() }

/** One node: its network, what it told, and the libp2p inside, for those who break things. */
export interface FleetNode {
  readonly key: NodeKey
  readonly network: Libp2pNetwork
  readonly heard: Recorder
  readonly host: Host
  readonly addresses: readonly string[]
}

/** Starts a node on a free port of the loopback, or on the one it had. */
export async function startNode(
  key: NodeKey,
  init: Partial<Libp2pInit> = {},
  isOpen = true,
): Promise<FleetNode> {
  let host: Host | undefined
  const network = new Libp2pNetwork(
    {
      clock,
      random: Math.random,
      createHost: async (...parts) => (host = await createHost(...parts)),
    },
    {
      privateKey: key.bytes,
      clusterId: 'f1ee7',
      listen: ['127.0.0.1:0'],
      inboundPerSecondMax: 1_000,
      ...init,
    },
  )
  const heard = new Recorder(network, isOpen)
  const addresses = await network.start(heard)
  return { key, network, heard, host: host!, addresses }
}

/** A full mesh of nodes that know each other's addresses. */
export class Fleet {
  readonly nodes: FleetNode[] = []

  /** Starts `count` nodes. */
  async start(count: number, init: Partial<Libp2pInit> = {}): Promise<void> {
    for (let i = 0; i < count; i++) this.nodes.push(await startNode(await createKey(), init))
    this.introduce()
  }

  /** Gives everybody the address of everybody. */
  introduce(): void {
    const targets = this.nodes.map(({ network, addresses }) => ({
      member: network.self,
      addresses,
    }))
    for (const { network } of this.nodes) {
      network.setTargets(targets.filter((one) => one.member !== network.self))
    }
  }

  /** Stops a node and starts it anew with the same key at the same address. */
  async restart(index: number): Promise<void> {
    const before = this.nodes[index]!
    await before.network.stop()
    const listen = before.addresses.map((one) => one.split('/p2p/')[0]!)
    this.nodes[index] = await startNode(before.key, { listen })
    this.introduce()
  }

  /** Every pair of different nodes. */
  pairs(): readonly (readonly [FleetNode, FleetNode])[] {
    return this.nodes.flatMap((a) => this.nodes.flatMap((b) => (a === b ? [] : [[a, b] as const])))
  }

  /** Whether every pair has exactly one connection. */
  isMeshed(): boolean {
    return this.pairs().every(([a, b]) => connections(a, b.network.self).length === 1)
  }

  /** Stops everybody. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.network.stop()))
  }
}

/** Open connections of a node to a peer. */
export function connections(node: FleetNode, peer: MemberId): ReturnType<Host['getConnections']> {
  return node.host.getConnections().filter((one) => one.remotePeer.toString() === peer)
}
