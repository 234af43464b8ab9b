// Gossipsub knows no admission. It gets a registrar of ours: streams of peers
// that are not admitted wait a moment and are aborted, and a peer that speaks gossip is announced
// to it on admission, not on connection. libp2p's own middleware is no way to do this: it grows with
// every stream.

import type { Connection, PeerId, StreamHandler, Topology } from '@libp2p/interface'
import type { GossipSubComponents } from '@libp2p/gossipsub'
import { type MemberId, memberId } from '../../core/ids.ts'

type Registrar = GossipSubComponents['registrar']

/** What the guard asks. */
export interface GuardComponents {
  readonly isAdmitted: (peer: MemberId) => boolean
  readonly whenAdmitted: (peer: MemberId) => Promise<boolean>
  readonly refused: (peer: MemberId, protocol: string) => void
}

type Introduction = () => void

const introductionsMax = 8

/** Stands between gossipsub and libp2p. */
export class Guard {
  readonly #components: GuardComponents
  readonly #waiting = new Map<MemberId, Introduction[]>()

  constructor(components: GuardComponents) {
    this.#components = components
  }

  /** Tells gossipsub of a peer that was held back. */
  admitted(peer: MemberId): void {
    const introductions = this.#waiting.get(peer) ?? []
    this.#waiting.delete(peer)
    for (const introduce of introductions) introduce()
  }

  /** Forgets what was held back. */
  gone(peer: MemberId): void {
    this.#waiting.delete(peer)
  }

  /** The registrar that gossipsub sees. */
  registrar(registrar: Registrar): Registrar {
    return {
      getProtocols: () => registrar.getProtocols(),
      handle: (protocol, handler, options) =>
        registrar.handle(protocol, this.#guarded(protocol, handler), options),
      unhandle: (protocol, options) => registrar.unhandle(protocol, options),
      getHandler: (protocol) => registrar.getHandler(protocol),
      use: (protocol, middleware) => registrar.use(protocol, middleware),
      unuse: (protocol) => registrar.unuse(protocol),
      getMiddleware: (protocol) => registrar.getMiddleware(protocol),
      register: (protocol, topology, options) =>
        registrar.register(protocol, this.#introducing(topology), options),
      unregister: (id) => registrar.unregister(id),
      getTopologies: (protocol) => registrar.getTopologies(protocol),
    }
  }

  #guarded(protocol: string, handler: StreamHandler): StreamHandler {
    return async (stream, connection) => {
      const peer = memberId(connection.remotePeer.toString())
      if (this.#components.isAdmitted(peer) || (await this.#components.whenAdmitted(peer))) {
        await handler(stream, connection)
        return
      }
      stream.abort(new Error('not admitted'))
      this.#components.refused(peer, protocol)
    }
  }

  #introducing(topology: Topology): Topology {
    return {
      ...topology,
      onConnect: (id: PeerId, connection: Connection) => {
        const peer = memberId(id.toString())
        const introduce = (): void => void topology.onConnect?.(id, connection)
        if (this.#components.isAdmitted(peer)) {
          introduce()
          return
        }
        const waiting = this.#waiting.get(peer) ?? []
        if (waiting.length < introductionsMax) waiting.push(introduce)
        this.#waiting.set(peer, waiting)
      },
    }
  }
}
