import { gossipsub, type GossipSub, type GossipSubComponents } from '@libp2p/gossipsub'
import { type Identify, identify, identifyPush } from '@libp2p/identify'
import type { Libp2p, MultiaddrConnection, PeerId, PeerInfo, PrivateKey } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { gossipOptions } from './gossip-options.ts'
import type { Guard } from './guard.ts'

/** A libp2p node with the services that we use. */
export type Host = Libp2p<{ identify: Identify; identifyPush: unknown; pubsub: GossipSub }>

/** What a host asks while it runs. */
export interface HostComponents {
  readonly guard: Guard
  /** Whether a connection with this peer is refused. */
  readonly isDenied: (peer: PeerId, direction: 'inbound' | 'outbound') => boolean
  /** A socket was accepted. */
  readonly accepted: (socket: MultiaddrConnection) => void
  /** The handshake on an accepted socket is done. */
  readonly upgraded: (socket: MultiaddrConnection) => void
  /** Somebody was found on the local network. */
  readonly discovered: (peer: PeerInfo) => void
}

/** Settings of a host. */
export interface HostInit {
  readonly privateKey: PrivateKey
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of those we listen on. */
  readonly announce: readonly string[]
  readonly topics: readonly string[]
  /** Members known at the last stop, 1 at the first start: decides how dense gossip is. */
  readonly fleetSize: number
  readonly connectionsMax: number
  /** Connections taken from one address in a second: whole fleets sit behind one NAT. */
  readonly inboundPerSecondMax: number
  /** Handshakes that take longer free their place; satellite links need 8 s. */
  readonly upgradeTimeoutMs: number
  /** 32 bytes shared by the cluster. */
  readonly networkKey?: Uint8Array | undefined
  /** Service tag for discovery on the local network; absent = off. */
  readonly mdnsTag?: string | undefined
}

const identifyLimits = { maxMessageSize: 8_192, maxObservedAddresses: 4 }
const socketInactivityMs = 120_000

/** Creates a host that is not started yet. */
export async function createHost(components: HostComponents, init: HostInit): Promise<Host> {
  const { networkKey, mdnsTag } = init
  return await createLibp2p({
    start: false,
    privateKey: init.privateKey,
    addresses: { listen: [...init.listen], announce: [...init.announce] },
    transports: [
      tcp({
        dialOpts: { noDelay: true, keepAlive: true },
        inboundSocketInactivityTimeout: socketInactivityMs,
        outboundSocketInactivityTimeout: socketInactivityMs,
      }),
    ],
    connectionEncrypters: [noise()],
    // off: its first late ping cuts a healthy link; our heartbeats judge
    connectionMonitor: { enabled: false },
    streamMuxers: [
      yamux({
        enableKeepAlive: false,
        maxInboundStreams: 32,
        maxOutboundStreams: 64,
        streamOptions: { maxReadBufferLength: 1_048_576 },
      }),
    ],
    ...(networkKey && { connectionProtector: preSharedKey({ psk: keyFile(networkKey) }) }),
    ...(mdnsTag !== undefined && { peerDiscovery: [discovery(components, mdnsTag)] }),
    connectionGater: gater(components),
    connectionManager: connectionLimits(init),
    services: {
      identify: identify(identifyLimits),
      identifyPush: identifyPush(identifyLimits),
      pubsub: (parts: GossipSubComponents): GossipSub =>
        gossipsub(gossipOptions(init.topics, init.fleetSize))({
          privateKey: parts.privateKey,
          peerId: parts.peerId,
          peerStore: parts.peerStore,
          registrar: components.guard.registrar(parts.registrar),
          connectionManager: parts.connectionManager,
          logger: parts.logger,
        }),
    },
  })
}

type Libp2pOptions = NonNullable<Parameters<typeof createLibp2p>[0]>

function gater(components: HostComponents): NonNullable<Libp2pOptions['connectionGater']> {
  return {
    denyDialMultiaddr: () => false,
    denyInboundConnection: (socket) => {
      components.accepted(socket)
      return false
    },
    denyInboundEncryptedConnection: (peer) => components.isDenied(peer, 'inbound'),
    denyOutboundEncryptedConnection: (peer) => components.isDenied(peer, 'outbound'),
    denyInboundUpgradedConnection: (_peer, socket) => {
      components.upgraded(socket)
      return false
    },
  }
}

function connectionLimits(init: HostInit): NonNullable<Libp2pOptions['connectionManager']> {
  const timeoutMs = init.upgradeTimeoutMs
  return {
    maxConnections: init.connectionsMax,
    maxPeerAddrsToDial: 8,
    maxParallelDials: 10,
    dialTimeout: 10_000,
    addressDialTimeout: Math.max(3_000, timeoutMs),
    // the order that we give is the order of trust
    addressSorter: () => 0,
    reconnectRetries: 0,
    maxIncomingPendingConnections: 200,
    inboundConnectionThreshold: init.inboundPerSecondMax,
    inboundUpgradeTimeout: timeoutMs,
    inboundStreamProtocolNegotiationTimeout: timeoutMs,
    outboundStreamProtocolNegotiationTimeout: timeoutMs,
  }
}

/** mDNS whose findings go to our keeper: libp2p would only remember them for an hour. */
function discovery(
  components: HostComponents,
  serviceTag: string,
): NonNullable<Libp2pOptions['peerDiscovery']>[number] {
  return (parts) => {
    const service = mdns({ serviceTag })(parts)
    service.addEventListener('peer', ({ detail }) => components.discovered(detail))
    return service
  }
}

/** The form in which libp2p takes a shared key. */
export function keyFile(key: Uint8Array): Uint8Array {
  const digits = Buffer.from(key).toString('hex')
  return new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${digits}`)
}
