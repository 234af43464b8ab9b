import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import type { Channel, Target, Topic } from '../../core/effect.ts'
import { type MemberId, memberId } from '../../core/ids.ts'
import { invariant } from '../../core/invariant.ts'
import { limits } from '../../core/limits.ts'
import type {
  Network,
  NetworkCounters,
  NetworkHandlers,
  ServedProtocol,
} from '../../ports/network.ts'
import { announced, parseAddress, type PeerAddress } from './address.ts'
import { channelBytesMax, requestBytesMax, strangersMax } from './constants.ts'
import { Gossip } from './gossip.ts'
import { topicNames } from './gossip-options.ts'
import { Guard } from './guard.ts'
import { createHost, type Host, type HostComponents, type HostInit } from './host.ts'
import { gossipInternals } from './internals.ts'
import { Keeper } from './keeper.ts'
import { nodeKey } from './key.ts'
import { type Link, Links } from './links.ts'
import { listenError } from './listen-error.ts'
import { offender, Refusals, unwanted } from './refusals.ts'
import { Requests } from './requests.ts'
import { Streams } from './streams.ts'

/** What the network needs from the machine. */
export interface Libp2pComponents {
  readonly clock: { monoMs(): number }
  /** From 0 up to, not including, 1; spreads reconnects. */
  readonly random: () => number
  /** Makes the libp2p node; default `createHost`. */
  readonly createHost?: typeof createHost
}

/** Settings of the network. */
export interface Libp2pInit {
  /** The node's private key in libp2p's protobuf form, as `loadOrCreateKey` gives it. */
  readonly privateKey: Uint8Array
  /** Hex digits that name the cluster; part of the gossip topics. */
  readonly clusterId: string
  /** Where to listen: multiaddrs or `host:port`; port 0 takes a free one; none = dial only. */
  readonly listen: readonly string[]
  /** Tell others these addresses instead of those we listen on; default none. */
  readonly announce?: readonly string[]
  /** Peers to dial for ever: multiaddrs with or without `/p2p/…`, or `host:port`; default none. */
  readonly peers?: readonly string[]
  /** 32 bytes that all nodes share; nodes with another one cannot connect. Default: no shield. */
  readonly networkKey?: Uint8Array | undefined
  /** Members known at the last stop; default 1. Wrong values cost traffic, not delivery. */
  readonly fleetSize?: number
  /** Handshakes slower than this fail: 3 s by default, 8 s for satellite links and slow boards. */
  readonly upgradeTimeoutMs?: number
  /**
   * Cuts a link whose heartbeats stopped for this long, so that it is dialled anew; 0 = never.
   * Default 4 s; should be 3 × the profile's `silenceMs`, at least 4 s.
   */
  readonly deadLinkMs?: number
  /**
   * Closes a link that is not admitted within this, so that strangers cannot hold it; default 15 s.
   * Shorter than a hello over a slow link, nobody gets in.
   */
  readonly admissionTimeoutMs?: number
  /** Connections beyond which the least useful are closed; default: each member twice, and strangers. */
  readonly connectionsMax?: number
  /** Connections taken from one address in a second; default 50. */
  readonly inboundPerSecondMax?: number
  /** Look for members on the local network; default no. */
  readonly isMdns?: boolean
}

/** Members connected by libp2p: TCP, Noise, yamux, gossipsub. */
export class Libp2pNetwork implements Network {
  readonly self: MemberId
  readonly #components: Libp2pComponents
  readonly #init: Libp2pInit
  readonly #peers: readonly PeerAddress[]
  readonly #refusals: Refusals
  readonly #links: Links
  readonly #guard: Guard
  readonly #streams: Streams
  readonly #requests: Requests
  readonly #gossip: Gossip
  readonly #pending = new WeakSet<MultiaddrConnection>()
  #handlers: NetworkHandlers | undefined
  #host: Host | undefined
  #keeper: Keeper | undefined
  #starting: Promise<readonly string[]> | undefined
  #stopping: Promise<void> | undefined
  #targets: readonly Target[] = []
  #dialsFailed = 0

  constructor(components: Libp2pComponents, init: Libp2pInit) {
    this.#components = components
    this.#init = init
    this.#peers = (init.peers ?? []).map(parseAddress)
    this.self = nodeKey(init.privateKey, 'the private key').member
    const { clock } = components
    this.#refusals = new Refusals({
      clock,
      report: (from, what, reason) => this.#heard?.refused(from, what, reason),
    })
    this.#links = new Links({ clock }, { changed: (peer, up) => this.#linkChanged(peer, up) })
    const refused = (from: MemberId, what: string, reason: string): void =>
      this.#refusals.refuse(from, what, reason)
    const offended = (from: MemberId, what: string, reason: string): void => {
      if (this.#refusals.strike(from, what, reason)) this.#expel(from)
    }
    this.#guard = new Guard({
      isAdmitted: (peer) => this.#links.isAdmitted(peer),
      whenAdmitted: (peer) => this.#links.whenAdmitted(peer),
      refused: (peer) => refused(peer, 'gossip', 'not admitted'),
    })
    this.#streams = new Streams(
      { links: this.#links, clock },
      {
        message: (from, channel, bytes) => this.#heard?.message(from, channel, bytes),
        refused,
        offended,
      },
    )
    this.#requests = new Requests(
      { links: this.#links },
      {
        answer: (from, protocol, bytes) => this.#answer(from, protocol, bytes),
        refused,
        offended,
      },
    )
    this.#gossip = new Gossip(
      { clock, isAdmitted: (peer) => this.#links.isAdmitted(peer) },
      {
        topics: topicNames(init.clusterId),
        heard: async (from, topic, bytes) =>
          (await this.#heard?.gossip(from, topic, bytes)) ?? 'ignore',
        refused,
      },
    )
  }

  start(handlers: NetworkHandlers): Promise<readonly string[]> {
    invariant(this.#stopping === undefined, 'a stopped network is not started again')
    this.#starting ??= this.#start(handlers)
    return this.#starting
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  setTargets(targets: readonly Target[]): void {
    this.#targets = targets
    this.#keeper?.setTargets(targets)
  }

  admit(peer: MemberId): void {
    if (!this.#links.admit(peer)) return
    this.#streams.admitted(peer)
    this.#guard.admitted(peer)
  }

  disconnect(peer: MemberId, reason: string): void {
    this.#refusals.keepAway(peer, unwanted)
    this.#links.abort(peer, reason)
  }

  send(to: MemberId, channel: Channel, bytes: Uint8Array): void {
    assertBound(bytes, channelBytesMax[channel], channel)
    this.#streams.send(to, channel, bytes)
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    assertBound(bytes, limits.gossipBytesMax, `topic ${topic}`)
    if (this.#heard !== undefined) this.#gossip.publish(topic, bytes)
  }

  async request(
    to: MemberId,
    protocol: ServedProtocol,
    bytes: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    assertBound(bytes, requestBytesMax[protocol], protocol)
    if (protocol !== 'hello' && !this.#links.isAdmitted(to)) {
      throw new Error(`${to} is not admitted`)
    }
    return await this.#requests.request(to, protocol, bytes, timeoutMs)
  }

  counters(): NetworkCounters {
    const { read, written } = this.#links.bytes()
    const { received, published } = this.#gossip.counters()
    return {
      connections: this.#links.all().reduce((sum, link) => sum + link.connections.length, 0),
      bytesSent: written,
      bytesReceived: read,
      gossipReceived: received,
      gossipPublished: published,
      dialsFailed: this.#dialsFailed,
      refused: this.#refusals.count,
    }
  }

  /** Who listens to us: nobody once the network stops. */
  get #heard(): NetworkHandlers | undefined {
    return this.#stopping === undefined ? this.#handlers : undefined
  }

  async #start(handlers: NetworkHandlers): Promise<readonly string[]> {
    this.#handlers = handlers
    const init = this.#hostInit()
    const host = await this.#createHost(init)
    this.#host = host
    host.addEventListener('connection:open', ({ detail }) => this.#links.opened(detail))
    host.addEventListener('connection:close', ({ detail }) => this.#connectionClosed(detail))
    await this.#streams.serve(host)
    await this.#requests.serve(host)
    try {
      await host.start()
    } catch (cause) {
      throw listenError(cause, init.listen)
    }
    this.#gossip.start(host.services.pubsub)
    this.#startKeeper(host)
    return announced(host.getMultiaddrs())
  }

  #createHost(init: HostInit): Promise<Host> {
    const create = this.#components.createHost ?? createHost
    const discovered: HostComponents['discovered'] = ({ id, multiaddrs }) =>
      this.#keeper?.discovered(
        memberId(id.toString()),
        multiaddrs.map((one) => one.toString()),
      )
    return create(
      {
        guard: this.#guard,
        isDenied: (peer, direction) => this.#isDenied(peer, direction),
        accepted: (socket) => this.#accepted(socket),
        upgraded: (socket) => void this.#pending.delete(socket),
        discovered,
      },
      init,
    )
  }

  #hostInit(): HostInit {
    const init = this.#init
    const toAddress = (text: string): string => parseAddress(text).address
    return {
      privateKey: privateKeyFromProtobuf(init.privateKey),
      listen: init.listen.map(toAddress),
      announce: (init.announce ?? []).map(toAddress),
      topics: Object.values(topicNames(init.clusterId)),
      fleetSize: init.fleetSize ?? 1,
      connectionsMax: init.connectionsMax ?? 2 * limits.membersMax + strangersMax,
      inboundPerSecondMax: init.inboundPerSecondMax ?? 50,
      upgradeTimeoutMs: init.upgradeTimeoutMs ?? 3_000,
      networkKey: init.networkKey,
      mdnsTag: init.isMdns === true ? `_mc-${init.clusterId.slice(0, 16)}._udp.local` : undefined,
    }
  }

  #startKeeper(host: Host): void {
    const { clock, random } = this.#components
    this.#keeper = new Keeper(
      {
        host,
        gossip: gossipInternals(host.services.pubsub),
        links: this.#links,
        clock,
        random,
        heardMs: (peer) => this.#streams.heardMs(peer),
        isKeptAway: (peer) => this.#refusals.isKeptAway(peer),
        dialFailed: (peer, reason) => {
          this.#dialsFailed += 1
          this.#refusals.note(peer ?? null, 'dial', reason)
        },
      },
      {
        self: this.self,
        peers: this.#peers,
        deadLinkMs: this.#init.deadLinkMs ?? 4_000,
        admissionTimeoutMs: this.#init.admissionTimeoutMs ?? 15_000,
      },
    )
    this.#keeper.setTargets(this.#targets)
    this.#keeper.start()
  }

  async #stop(): Promise<void> {
    this.#keeper?.stop()
    this.#requests.stop()
    for (const { peer } of this.#links.all()) this.#streams.gone(peer)
    await this.#starting?.catch(() => {})
    this.#keeper?.stop()
    await this.#host?.stop()
  }

  #isDenied(id: PeerId, direction: 'inbound' | 'outbound'): boolean {
    const peer = memberId(id.toString())
    if (this.#refusals.isKeptAway(peer)) return true
    if (direction === 'outbound' || this.#links.has(peer)) return false
    if (this.#links.strangers() < strangersMax || this.#keeper?.isWanted(peer) === true) {
      return false
    }
    this.#refusals.refuse(peer, 'connection', 'too many strangers at once')
    return true
  }

  #accepted(socket: MultiaddrConnection): void {
    this.#pending.add(socket)
    socket.addEventListener('close', () => {
      if (!this.#pending.has(socket) || this.#heard === undefined) return
      this.#refusals.refuse(null, 'handshake', 'an accepted socket spoke another protocol or key')
    })
  }

  #connectionClosed(connection: Parameters<Links['closed']>[0]): void {
    const peer = memberId(connection.remotePeer.toString())
    const link = this.#links.get(peer)
    this.#links.closed(connection)
    if (link === undefined) return
    if (this.#links.has(peer)) this.#keeper?.shrunk(peer)
    else this.#lost(link, connection.direction === 'outbound')
  }

  #lost({ peer, openedMs, admittedMs }: Link, wasOurs: boolean): void {
    const livedMs = this.#components.clock.monoMs() - openedMs
    this.#keeper?.lost(peer, { livedMs, wasAdmitted: admittedMs !== undefined, wasOurs })
  }

  #linkChanged(peer: MemberId, up: boolean): void {
    if (!up) {
      this.#streams.gone(peer)
      this.#guard.gone(peer)
    }
    // never from inside a call of our owner
    queueMicrotask(() => this.#heard?.link(peer, up))
  }

  #expel(peer: MemberId): void {
    this.#refusals.keepAway(peer, offender)
    this.#links.abort(peer, 'refused too often')
  }

  async #answer(from: MemberId, protocol: ServedProtocol, bytes: Uint8Array): Promise<Uint8Array> {
    const handlers = this.#heard
    if (handlers === undefined) throw new Error('stopped')
    return await handlers.request(from, protocol, bytes)
  }
}

function assertBound(bytes: Uint8Array, max: number, what: string): void {
  if (bytes.byteLength > max) {
    throw new RangeError(`${bytes.byteLength} bytes for ${what}, at most ${max} may be sent`)
  }
}
