import type { Channel, Target, Topic } from '../../core/effect.ts'
import type { MemberId } from '../../core/ids.ts'
import { invariant } from '../../core/invariant.ts'
import { limits } from '../../core/limits.ts'
import type {
  Network,
  NetworkCounters,
  NetworkHandlers,
  ServedProtocol,
} from '../../ports/network.ts'
import type { HubMessage, HubPort, HubQuestion, MemoryHub } from './network-hub.ts'

export { MemoryHub } from './network-hub.ts'
export type { HubComponents, HubInit } from './network-hub.ts'

/** What an in-memory network needs. */
export interface MemoryNetworkComponents {
  readonly hub: MemoryHub
  readonly clock: { monoMs(): number }
}

/** Settings of an in-memory network. */
export interface MemoryNetworkInit {
  readonly self: MemberId
  /** Peers of the configuration, as the `start` of the others gave them; default none. */
  readonly peers?: readonly string[]
  /** How long a disconnected peer is refused; default 30 s. */
  readonly refuseMs?: number
}

/** One peer while the link is up. */
interface PeerState {
  isAdmitted: boolean
  /** What came before the admission. */
  readonly early: (() => void)[]
  /** The heartbeat that a cut holds. */
  heldHeartbeat: Uint8Array | undefined
  /** Frames of `exec` that a cut holds; a new list when they are thrown away. */
  heldExec: { frames: number; bytes: number }
  readonly asked: Map<number, PromiseWithResolvers<Uint8Array>>
}

const bounds: Readonly<Record<Channel | ServedProtocol, number>> = {
  heartbeat: limits.heartbeatBytesMax,
  exec: limits.execFrameBytesMax,
  hello: limits.helloBytesMax,
  sync: limits.frameBytesMax,
  register: limits.registerFrameBytesMax,
  out: limits.frameBytesMax,
}
/** What comes before the admission waits this long for it, as in the real network. */
const admissionWaitMs = 3_000
const earlyMax = 64
const seenMax = 10_000

/** The twin of the libp2p network: the same contract, no sockets, no clock and no chance of its own. */
export class MemoryNetwork implements Network {
  readonly self: MemberId
  readonly #hub: MemoryHub
  readonly #clock: { monoMs(): number }
  readonly #port: HubPort
  readonly #peers: ReadonlySet<MemberId>
  readonly #refuseMs: number
  readonly #links = new Map<MemberId, PeerState>()
  readonly #refusedUntilMs = new Map<MemberId, number>()
  readonly #seen = new Set<string>()
  #targets: ReadonlySet<MemberId> = new Set()
  #handlers: NetworkHandlers | undefined
  #questions = 0
  #sent = 0
  #received = 0
  #heard = 0
  #published = 0
  #refused = 0

  constructor(components: MemoryNetworkComponents, init: MemoryNetworkInit) {
    this.self = init.self
    this.#hub = components.hub
    this.#clock = components.clock
    this.#peers = new Set((init.peers ?? []).map((peer) => peer.split('/').at(-1) as MemberId))
    this.#refuseMs = init.refuseMs ?? 30_000
    this.#port = {
      self: this.self,
      wants: (peer) => this.#targets.has(peer) || this.#peers.has(peer),
      refuses: (peer) => this.#clock.monoMs() < (this.#refusedUntilMs.get(peer) ?? -Infinity),
      linked: (peer, up) => this.#linked(peer, up),
      message: (from, channel, bytes) => this.#message(from, channel, bytes),
      gossip: (from, message) => this.#gossip(from, message),
      request: (from, question) => this.#question(from, question),
      answer: (from, id, bytes) => this.#answer(from, id, bytes),
    }
  }

  start(handlers: NetworkHandlers): Promise<readonly string[]> {
    invariant(this.#handlers === undefined, 'a network is started once')
    this.#handlers = handlers
    this.#hub.join(this.#port)
    return Promise.resolve([`/memory/${this.self}/p2p/${this.self}`])
  }

  stop(): Promise<void> {
    this.#handlers = undefined
    this.#hub.leave(this.self)
    for (const peer of this.#links.keys()) this.#forget(peer)
    return Promise.resolve()
  }

  setTargets(targets: readonly Target[]): void {
    this.#targets = new Set(targets.map((target) => target.member))
    for (const peer of [...this.#targets].sort()) this.#hub.dial(this.self, peer)
  }

  admit(peer: MemberId): void {
    const state = this.#links.get(peer)
    if (state === undefined || state.isAdmitted) return
    state.isAdmitted = true
    // later, so that nothing is delivered from inside a call of our owner
    this.#hub.schedule(() => {
      for (const deliver of state.early.splice(0)) if (this.#links.get(peer) === state) deliver()
    }, 0)
  }

  disconnect(peer: MemberId, _reason: string): void {
    this.#refusedUntilMs.set(peer, this.#clock.monoMs() + this.#refuseMs)
    this.#hub.reset(this.self, peer)
  }

  send(to: MemberId, channel: Channel, bytes: Uint8Array): void {
    assertBound(bytes, channel)
    const state = this.#links.get(to)
    if (state?.isAdmitted !== true) return
    const frame = bytes.slice()
    this.#sent += frame.byteLength
    if (!this.#hub.isCut(this.self, to)) {
      this.#hub.carry(this.self, to, (port) => port.message(this.self, channel, frame))
    } else if (channel === 'heartbeat') this.#holdHeartbeat(to, state, frame)
    else this.#holdExec(to, state, frame)
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    if (bytes.byteLength > limits.gossipBytesMax) throw new RangeError(`topic ${topic}: too large`)
    if (this.#handlers === undefined) return
    this.#published += 1
    const id = `${this.self} ${this.#clock.monoMs()} ${this.#published}`
    this.#remember(id)
    this.#forward({ id, author: this.self, topic, bytes: bytes.slice() }, undefined)
  }

  async request(
    to: MemberId,
    protocol: ServedProtocol,
    bytes: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    assertBound(bytes, protocol)
    const state = this.#links.get(to)
    if (state === undefined) throw new Error(`no link to ${to}`)
    if (protocol !== 'hello' && !state.isAdmitted) throw new Error(`${to} is not admitted`)
    const id = ++this.#questions
    const asked = Promise.withResolvers<Uint8Array>()
    state.asked.set(id, asked)
    const question = { id, protocol, bytes: bytes.slice() }
    this.#sent += bytes.byteLength
    this.#hub.carry(this.self, to, (port) => port.request(this.self, question))
    this.#hub.schedule(() => {
      if (state.asked.delete(id)) asked.reject(new Error('not answered in time'))
    }, timeoutMs)
    return await asked.promise
  }

  counters(): NetworkCounters {
    return {
      connections: this.#links.size,
      bytesSent: this.#sent,
      bytesReceived: this.#received,
      gossipReceived: this.#heard,
      gossipPublished: this.#published,
      dialsFailed: 0,
      refused: this.#refused,
    }
  }

  #linked(peer: MemberId, up: boolean): void {
    if (up) {
      this.#links.set(peer, {
        isAdmitted: false,
        early: [],
        heldHeartbeat: undefined,
        heldExec: { frames: 0, bytes: 0 },
        asked: new Map(),
      })
    } else this.#forget(peer)
    this.#handlers?.link(peer, up)
  }

  #forget(peer: MemberId): void {
    const state = this.#links.get(peer)
    this.#links.delete(peer)
    for (const asked of state?.asked.values() ?? []) asked.reject(new Error('link down'))
  }

  #holdHeartbeat(to: MemberId, state: PeerState, frame: Uint8Array): void {
    const isFirst = state.heldHeartbeat === undefined
    state.heldHeartbeat = frame
    if (!isFirst) return
    this.#hub.carry(this.self, to, (port) => {
      const newest = state.heldHeartbeat
      state.heldHeartbeat = undefined
      if (newest !== undefined) port.message(this.self, 'heartbeat', newest)
    })
  }

  #holdExec(to: MemberId, state: PeerState, frame: Uint8Array): void {
    const held = state.heldExec
    held.frames += 1
    held.bytes += frame.byteLength
    if (held.frames > limits.peerQueueMessagesMax || held.bytes > limits.peerQueueBytesMax) {
      state.heldExec = { frames: 0, bytes: 0 }
      this.#refuse(to, 'exec', 'outgoing queue full, stream closed')
      return
    }
    this.#hub.carry(this.self, to, (port) => {
      if (state.heldExec !== held) return
      held.frames -= 1
      held.bytes -= frame.byteLength
      port.message(this.self, 'exec', frame)
    })
  }

  #message(from: MemberId, channel: Channel, bytes: Uint8Array): void {
    this.#received += bytes.byteLength
    this.#whenAdmitted(from, channel, () => this.#handlers?.message(from, channel, bytes))
  }

  #gossip(from: MemberId, message: HubMessage): void {
    this.#received += message.bytes.byteLength
    this.#whenAdmitted(from, 'gossip', () => void this.#judge(from, message))
  }

  async #judge(from: MemberId, message: HubMessage): Promise<void> {
    if (this.#seen.has(message.id)) return
    this.#remember(message.id)
    this.#heard += 1
    const verdict = await this.#handlers
      ?.gossip(from, message.topic, message.bytes)
      .catch(() => 'ignore' as const)
    if (verdict === 'accept' && this.#handlers !== undefined) this.#forward(message, from)
  }

  #forward(message: HubMessage, from: MemberId | undefined): void {
    for (const [peer, { isAdmitted }] of this.#links) {
      if (!isAdmitted || peer === from || peer === message.author) continue
      this.#hub.carry(this.self, peer, (port) => port.gossip(this.self, message))
    }
  }

  #remember(id: string): void {
    this.#seen.add(id)
    if (this.#seen.size <= seenMax) return
    const [oldest] = this.#seen
    if (oldest !== undefined) this.#seen.delete(oldest)
  }

  #question(from: MemberId, { id, protocol, bytes }: HubQuestion): void {
    this.#received += bytes.byteLength
    const serve = (): void => {
      const handlers = this.#handlers
      if (handlers === undefined) return
      const respond = (answer: Uint8Array | undefined): void => {
        if (this.#handlers === undefined) return
        this.#hub.carry(this.self, from, (port) => port.answer(this.self, id, answer))
      }
      handlers.request(from, protocol, bytes).then(
        (answer) => respond(answer.byteLength > bounds[protocol] ? undefined : answer.slice()),
        () => respond(undefined),
      )
    }
    if (protocol === 'hello') serve()
    else this.#whenAdmitted(from, protocol, serve)
  }

  #answer(from: MemberId, id: number, bytes: Uint8Array | undefined): void {
    const asked = this.#links.get(from)?.asked
    const one = asked?.get(id)
    asked?.delete(id)
    this.#received += bytes?.byteLength ?? 0
    if (bytes === undefined) one?.reject(new Error('closed without an answer'))
    else one?.resolve(bytes)
  }

  #whenAdmitted(from: MemberId, what: string, deliver: () => void): void {
    const state = this.#links.get(from)
    if (state === undefined) return
    if (state.isAdmitted && state.early.length === 0) {
      deliver()
      return
    }
    if (state.early.length >= earlyMax) {
      this.#refuse(from, what, 'not admitted')
      return
    }
    state.early.push(deliver)
    this.#hub.schedule(() => {
      const at = state.early.indexOf(deliver)
      if (at === -1 || state.isAdmitted) return
      state.early.splice(at, 1)
      this.#refuse(from, what, 'not admitted')
    }, admissionWaitMs)
  }

  #refuse(from: MemberId, what: string, reason: string): void {
    this.#refused += 1
    this.#handlers?.refused(from, what, reason)
  }
}

function assertBound(bytes: Uint8Array, what: Channel | ServedProtocol): void {
  if (bytes.byteLength <= bounds[what]) return
  throw new RangeError(`${bytes.byteLength} bytes for ${what}, at most ${bounds[what]} may be sent`)
}
