import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Libp2pNetwork } from '../../src/adapters/libp2p/network.ts'
import { createKey, type NodeKey } from '../../src/adapters/libp2p/key.ts'
import type { NetworkHandlers } from '../../src/ports/network.ts'
import { networkContract, type World } from './network.contract.ts'

const clock = { monoMs: () => performance.now() }
const networkKey = new Uint8Array(32).fill(7)

interface Node {
  readonly key: NodeKey
  listen: string
}

networkContract('libp2p', (): World => {
  const nodes = new Map<string, Node>()
  const networks: Libp2pNetwork[] = []
  const dead: { readonly server: Server; readonly sockets: Set<Socket> }[] = []
  return {
    create: async (name, peers = []) => {
      const node = nodes.get(name) ?? { key: await createKey(), listen: '127.0.0.1:0' }
      nodes.set(name, node)
      const network = new Libp2pNetwork(
        { clock, random: Math.random },
        {
          privateKey: node.key.bytes,
          clusterId: 'c0ffee',
          listen: [node.listen],
          peers,
          networkKey,
          inboundPerSecondMax: 1_000,
        },
      )
      networks.push(network)
      const start = network.start.bind(network)
      network.start = async (handlers: NetworkHandlers) => {
        const addresses = await start(handlers)
        node.listen = addresses[0]!.split('/p2p/')[0]!
        return addresses
      }
      return network
    },
    deadAddress: async () => {
      const sockets = new Set<Socket>()
      const server = createServer((socket) => void sockets.add(socket.on('error', () => {})))
      dead.push({ server, sockets })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return `127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    close: async () => {
      for (const network of networks) await network.stop()
      for (const { server, sockets } of dead) {
        for (const socket of sockets) socket.destroy()
        server.close()
      }
    },
  }
})
