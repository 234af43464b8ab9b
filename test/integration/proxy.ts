// A TCP proxy inside the test process that breaks what passes through it. A link leads from one node
// to one other, so a cut lies between two nodes: `ProxyMesh` has a port for each ordered pair. Give
// each node the ports towards the others as its configured peers, with `/p2p/<id>`, and let it
// announce an address where nothing listens (`nowhere`), because an address that the others learnt
// from its record would lead around the proxy.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'

/** Where connections are forwarded to. */
export interface ProxyTarget {
  readonly host: string
  readonly port: number
}

/** A port of the loopback that is free now; for nodes that must listen where a proxy leads. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Which way: from the dialler to the target, back, or both. */
export type Direction = 'there' | 'back' | 'both'

type Way = 'there' | 'back'

/** What goes from one socket to the other: bytes, their end, or a reset. */
interface Piece {
  readonly what: Buffer | 'end' | 'reset'
  readonly dueMs: number
}

/** An address to announce that leads nowhere. */
export const nowhere = '127.0.0.1:1'

/** One listening port that leads to one target. */
export class ProxyLink {
  readonly #target: () => ProxyTarget
  readonly #server: Server
  #port = 0
  readonly #pairs = new Set<ProxyPair>()
  readonly #held: Record<Way, boolean> = { there: false, back: false }
  readonly #latencyMs: Record<Way, number> = { there: 0, back: 0 }
  #isClosed = false

  private constructor(target: () => ProxyTarget) {
    this.#target = target
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket),
    )
  }

  /** Listens on a free port of the loopback; the target may start later. */
  static async open(target: () => ProxyTarget): Promise<ProxyLink> {
    const link = new ProxyLink(target)
    link.#server.listen(0, '127.0.0.1')
    await once(link.#server, 'listening')
    link.#port = (link.#server.address() as AddressInfo).port
    return link
  }

  /** The port to dial. */
  get port(): number {
    return this.#port
  }

  /** The address to dial, as `host:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Connections that pass through now. */
  get connections(): number {
    return this.#pairs.size
  }

  /** Holds everything silently, new connections too: nobody is told, as with a pulled cable. */
  cut(direction: Direction = 'both'): void {
    for (const way of ways(direction)) this.#held[way] = true
  }

  /** Lets through again, what was held first. */
  heal(): void {
    for (const way of ways('both')) this.#held[way] = false
    for (const pair of this.#pairs) pair.flow()
  }

  /** Delays each piece by this much from now on. */
  delay(latencyMs: number, direction: Direction = 'both'): void {
    for (const way of ways(direction)) this.#latencyMs[way] = latencyMs
  }

  /** Resets every connection; new ones are taken. */
  reset(): void {
    for (const pair of this.#pairs) pair.reset()
  }

  /** Refuses new connections and resets those there are. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#server.close()
    this.reset()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    const pair = new ProxyPair(client, {
      target: this.#target,
      isHeld: (way) => this.#held[way],
      latencyMs: (way) => this.#latencyMs[way],
      closed: () => void this.#pairs.delete(pair),
    })
    this.#pairs.add(pair)
  }
}

interface PairInit {
  readonly target: () => ProxyTarget
  readonly isHeld: (way: Way) => boolean
  readonly latencyMs: (way: Way) => number
  readonly closed: () => void
}

/** Bytes held in one direction before the sender is slowed down. */
const heldBytesMax = 8_388_608

/** Two sockets, and what is on its way between them. */
class ProxyPair {
  readonly #init: PairInit
  readonly #client: Socket
  readonly #server = new Socket({ allowHalfOpen: true })
  readonly #queues: Readonly<Record<Way, Piece[]>> = { there: [], back: [] }
  readonly #heldBytes: Record<Way, number> = { there: 0, back: 0 }
  readonly #timers = new Set<NodeJS.Timeout>()
  #isConnecting = false

  constructor(client: Socket, init: PairInit) {
    this.#init = init
    this.#client = client
    for (const way of ways('both')) {
      const { from } = this.#ends(way)
      let isEnded = false
      from.on('data', (bytes) => this.#take(way, bytes))
      from.on('end', () => {
        isEnded = true
        this.#take(way, 'end')
      })
      from.on('error', () => {})
      from.on('close', (hadError) => {
        if (hadError || !isEnded) this.#take(way, 'reset')
        if (this.#client.destroyed && this.#server.destroyed) this.#init.closed()
      })
    }
  }

  /** Sends what may go. */
  flow(): void {
    for (const way of ways('both')) this.#flow(way)
  }

  /** Ends both sides with a reset. */
  reset(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const way of ways('both')) this.#queues[way].length = 0
    end(this.#client)
    end(this.#server)
    this.#init.closed()
  }

  #ends(way: Way): { readonly from: Socket; readonly to: Socket } {
    return way === 'there'
      ? { from: this.#client, to: this.#server }
      : { from: this.#server, to: this.#client }
  }

  #take(way: Way, what: Piece['what']): void {
    this.#queues[way].push({ what, dueMs: performance.now() + this.#init.latencyMs(way) })
    if (typeof what !== 'string') this.#heldBytes[way] += what.length
    if (this.#heldBytes[way] > heldBytesMax) this.#ends(way).from.pause()
    this.#flow(way)
  }

  #flow(way: Way): void {
    const queue = this.#queues[way]
    while (queue.length > 0 && !this.#init.isHeld(way)) {
      const waitMs = queue[0]!.dueMs - performance.now()
      if (waitMs > 0) {
        this.#later(way, waitMs)
        return
      }
      this.#pass(way, queue.shift()!.what)
    }
  }

  #pass(way: Way, what: Piece['what']): void {
    const { from, to } = this.#ends(way)
    // only now, so that a target behind a cut does not even see the connection
    if (way === 'there' && !this.#isConnecting && what !== 'reset') {
      this.#isConnecting = true
      this.#server.setNoDelay(true)
      this.#server.connect(this.#init.target())
    }
    if (typeof what !== 'string') {
      this.#heldBytes[way] -= what.length
      if (from.isPaused() && this.#heldBytes[way] === 0) from.resume()
      if (!to.destroyed) to.write(what)
    } else if (what === 'end') to.end()
    else end(to)
  }

  #later(way: Way, waitMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#flow(way)
    }, waitMs)
    this.#timers.add(timer)
  }
}

function end(socket: Socket): void {
  if (!socket.destroyed && !socket.connecting) socket.resetAndDestroy()
  else socket.destroy()
}

function ways(direction: Direction): readonly Way[] {
  return direction === 'both' ? ['there', 'back'] : [direction]
}

/** Proxies between every two of a set of nodes, so that islands can be cut apart. */
export class ProxyMesh {
  readonly #count: number
  readonly #links = new Map<string, ProxyLink>()

  private constructor(count: number) {
    this.#count = count
  }

  /** Opens a link from each node to each other; `target` tells where a node listens, when asked. */
  static async open(count: number, target: (node: number) => ProxyTarget): Promise<ProxyMesh> {
    const mesh = new ProxyMesh(count)
    for (const [from, to] of mesh.#pairs()) {
      mesh.#links.set(`${from}>${to}`, await ProxyLink.open(() => target(to)))
    }
    return mesh
  }

  /** What node `from` dials to reach node `to`. */
  link(from: number, to: number): ProxyLink {
    const link = this.#links.get(`${from}>${to}`)
    if (link === undefined) throw new Error(`no link from ${from} to ${to}`)
    return link
  }

  /** Cuts nodes apart that are not on one island; nodes that are named nowhere stand alone. */
  split(...islands: readonly (readonly number[])[]): void {
    const islandOf = (node: number): number => islands.findIndex((island) => island.includes(node))
    for (const [from, to] of this.#pairs()) {
      const isTogether = islandOf(from) !== -1 && islandOf(from) === islandOf(to)
      if (isTogether) this.link(from, to).heal()
      else this.link(from, to).cut()
    }
  }

  /** Ends every cut. */
  heal(): void {
    for (const link of this.#links.values()) link.heal()
  }

  /** Closes all links. */
  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()))
  }

  #pairs(): readonly (readonly [from: number, to: number])[] {
    const nodes = Array.from({ length: this.#count }, (_, node) => node)
    return nodes.flatMap((from) =>
      nodes.flatMap((to) => (from === to ? [] : [[from, to] as const])),
    )
  }
}
