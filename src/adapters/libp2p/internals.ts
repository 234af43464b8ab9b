// What libp2p does not export and we cannot do without. Each of these is looked for when the host
// is created, so that an upgrade that moves one is noticed by the first test.

import type { Connection, Stream } from '@libp2p/interface'
import type { GossipSub } from '@libp2p/gossipsub'
import { invariant } from '../../core/invariant.ts'

type RawStreams = ReadonlyMap<string, { readonly rawStream: Stream }>

/** Gossipsub's streams by peer. */
export interface GossipInternals {
  readonly streamsInbound: RawStreams
  readonly streamsOutbound: RawStreams
}

/** The streams inside gossipsub. */
export function gossipInternals(gossip: GossipSub): GossipInternals {
  const internals = gossip as unknown as GossipInternals
  invariant(internals.streamsInbound instanceof Map, 'gossipsub has streamsInbound')
  invariant(internals.streamsOutbound instanceof Map, 'gossipsub has streamsOutbound')
  return internals
}

/**
 * Whether gossip flows in both directions. An entry alone proves nothing: a stream that the other
 * side closed cleanly stays in the map.
 */
export function isHealthy(gossip: GossipInternals, id: string): boolean {
  return (
    gossip.streamsOutbound.get(id)?.rawStream.writeStatus === 'writable' &&
    gossip.streamsInbound.get(id)?.rawStream.remoteWriteStatus === 'writable'
  )
}

/** Bytes on the wire of one connection, handshake and all. */
export interface WireBytes {
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** The socket's own counters; zeros if libp2p hides them one day. */
export function wireBytes(connection: Connection): WireBytes {
  const socket = (connection as unknown as { maConn?: { socket?: Partial<WireBytes> } }).maConn
    ?.socket
  return { bytesRead: socket?.bytesRead ?? 0, bytesWritten: socket?.bytesWritten ?? 0 }
}
