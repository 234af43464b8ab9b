// A way from one node to another that can be cut, as a cable can: nothing arrives, nothing is
// refused, and what was on its way arrives after the repair if the ends still wait for it.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

const host = '127.0.0.1'
/** A target that does not listen yet gets this long, so that nodes may start in any order. */
const patienceMs = 1_000
const retryMs = 50
/** Connections of one way at once; the oldest gives way. */
const tunnelsMax = 64

/** Forwards TCP connections from a port of its own to a target on this machine. */
export class SplitProxy {
  readonly #server: Server
  readonly #tunnels = new Set<Tunnel>()
  readonly #targetPort: () => number
  #isCut = false

  /** `targetPort` is asked for each connection: a node that starts again may have another. */
  constructor(init: { readonly targetPort: () => number }) {
    this.#targetPort = init.targetPort
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    this.#server.on('connection', (socket) => this.#accept(socket))
  }

  /** Begins to forward; resolves with the port to connect to. */
  async listen(): Promise<number> {
    this.#server.listen(0, host)
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  /** Lets nothing through, in either direction, until `heal`. */
  cut(): void {
    this.#isCut = true
    for (const tunnel of this.#tunnels) tunnel.freeze()
  }

  /** Lets everything through again. */
  heal(): void {
    this.#isCut = false
    for (const tunnel of this.#tunnels) tunnel.thaw(this.#targetPort())
  }

  /** Drops all connections and gives the port free. */
  async close(): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.destroy()
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #accept(socket: Socket): void {
    const [oldest] = this.#tunnels
    if (this.#tunnels.size >= tunnelsMax) oldest?.destroy()
    const tunnel = new Tunnel(socket, () => this.#tunnels.delete(tunnel))
    this.#tunnels.add(tunnel)
    if (!this.#isCut) tunnel.thaw(this.#targetPort())
  }
}

/** One connection and its continuation, which is made as soon as it may be. */
class Tunnel {
  readonly #near: Socket
  readonly #ended: () => void
  #far: Socket | undefined
  #retry: NodeJS.Timeout | undefined
  #isFrozen = true
  #isDestroyed = false

  constructor(near: Socket, ended: () => void) {
    this.#near = near
    this.#ended = ended
    near.on('error', () => this.destroy()).on('close', () => this.destroy())
  }

  freeze(): void {
    this.#isFrozen = true
    clearTimeout(this.#retry)
    for (const socket of [this.#near, this.#far]) socket?.unpipe().pause()
  }

  thaw(targetPort: number): void {
    // joined twice, everything would pass twice
    if (!this.#isFrozen) return
    this.#isFrozen = false
    if (this.#far === undefined) this.#dial(targetPort, performance.now() + patienceMs)
    else this.#join(this.#far)
  }

  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    clearTimeout(this.#retry)
    this.#near.destroy()
    this.#far?.destroy()
    this.#ended()
  }

  #dial(port: number, untilMs: number): void {
    const far = connect({ host, port, allowHalfOpen: true, noDelay: true })
    const failed = (): void => {
      far.destroy()
      if (this.#isDestroyed || this.#isFrozen) return
      if (performance.now() >= untilMs) return this.destroy()
      this.#retry = setTimeout(() => this.#dial(port, untilMs), retryMs)
    }
    far.once('error', failed).once('connect', () => {
      if (this.#isDestroyed || this.#far !== undefined) return void far.destroy()
      far.off('error', failed)
      far.on('error', () => this.destroy()).on('close', () => this.destroy())
      this.#far = far
      if (!this.#isFrozen) this.#join(far)
    })
  }

  #join(far: Socket): void {
    this.#near.pipe(far)
    far.pipe(this.#near)
  }
}
