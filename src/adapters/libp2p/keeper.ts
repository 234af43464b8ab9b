import type { Connection } from '@libp2p/interface'
import type { Target } from '../../core/effect.ts'
import type { MemberId } from '../../core/ids.ts'
import { memberId } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'
import { dialable, type PeerAddress, tryParseAddress } from './address.ts'
import type { Host } from './host.ts'
import { type GossipInternals, isHealthy } from './internals.ts'
import {
  type Action,
  afterFailure,
  afterLoss,
  emptyMemory,
  type Facts,
  type LinkFact,
  type Loss,
  type Memory,
  planKeeper,
  type Track,
  type Wanted,
} from './keeper-plan.ts'
import type { Link, Links } from './links.ts'

/** What the keeper needs. */
export interface KeeperComponents {
  readonly host: Host
  readonly gossip: GossipInternals
  readonly links: Links
  readonly clock: { monoMs(): number }
  readonly random: () => number
  readonly heardMs: (peer: MemberId) => number | undefined
  readonly isKeptAway: (peer: MemberId) => boolean
  readonly dialFailed: (peer: MemberId | undefined, reason: string) => void
}

/** Settings of the keeper. */
export interface KeeperInit {
  readonly self: MemberId
  /** Peers from the configuration. */
  readonly peers: readonly PeerAddress[]
  readonly deadLinkMs: number
  readonly admissionTimeoutMs: number
}

const dialMs = 10_000
const identifyMs = 3_000
const closeMs = 1_000
/** A look this much late means that the process stood still. */
const stallMs = 1_000

/** Stays connected: the thin shell around the plan. */
export class Keeper {
  readonly #components: KeeperComponents
  readonly #init: KeeperInit
  readonly #learnt = new Map<string, MemberId>()
  readonly #ownKeys = new Set<string>()
  readonly #discovered = new Map<MemberId, readonly string[]>()
  readonly #stopped = new AbortController()
  #targets: readonly Target[] = []
  #memory: Memory = emptyMemory
  #timer: NodeJS.Timeout | undefined
  #dueMs = 0
  #judgeFromMs = 0

  constructor(components: KeeperComponents, init: KeeperInit) {
    this.#components = components
    this.#init = init
  }

  /** Begins. */
  start(): void {
    this.#look()
  }

  /** Ends; dials under way are given up. */
  stop(): void {
    this.#stopped.abort(new Error('stopped'))
    clearTimeout(this.#timer)
  }

  /** Replaces the members to stay connected to. */
  setTargets(targets: readonly Target[]): void {
    const before = new Map(this.#targets.map((one) => [one.member, one.addresses.join()]))
    this.#targets = targets
    for (const { member, addresses } of targets) {
      // a new address is worth a try at once
      const isNews = before.has(member) && before.get(member) !== addresses.join()
      const track = this.#memory.tracks.get(member)
      if (isNews && track !== undefined) {
        this.#track(member, { ...track, fails: 0, dueMs: this.#components.clock.monoMs() })
      }
    }
    this.#lookSoon()
  }

  /** Adds somebody who was found on the local network. */
  discovered(member: MemberId, addresses: readonly string[]): void {
    if (!this.#discovered.has(member) && this.#discovered.size >= limits.membersMax) return
    this.#discovered.set(member, addresses.slice(0, limits.addressesMax))
    this.#lookSoon()
  }

  /** Whether somebody configured, discovered or asked for has this id. */
  isWanted(member: MemberId): boolean {
    return this.#wanted().some((one) => one.member === member)
  }

  /** A connection closed although another one to the same peer is left. */
  shrunk(peer: MemberId): void {
    this.#reopen(peer)
  }

  /** A link went down. */
  lost(peer: MemberId, loss: Loss): void {
    const facts = { ...this.#moment(), member: peer }
    for (const [key, track] of this.#memory.tracks) {
      if (key !== peer && this.#learnt.get(key) !== peer) continue
      this.#track(key, afterLoss(track, loss, facts))
    }
    this.#lookSoon()
  }

  #moment(): Pick<Facts, 'nowMs' | 'self' | 'random'> {
    const { clock, random } = this.#components
    return { nowMs: clock.monoMs(), self: this.#init.self, random }
  }

  #lookSoon(): void {
    if (this.#stopped.signal.aborted || this.#timer === undefined) return
    this.#schedule(0)
  }

  #schedule(inMs: number): void {
    clearTimeout(this.#timer)
    this.#dueMs = this.#components.clock.monoMs() + inMs
    this.#timer = setTimeout(() => this.#look(), inMs)
  }

  #look(): void {
    if (this.#stopped.signal.aborted) return
    const { links, isKeptAway } = this.#components
    links.sweep()
    const moment = this.#moment()
    if (this.#dueMs > 0 && moment.nowMs - this.#dueMs > stallMs) this.#judgeFromMs = moment.nowMs
    const plan = planKeeper({
      ...moment,
      wanted: this.#wanted(),
      links: links.all().map((link) => this.#fact(link)),
      memory: this.#memory,
      isKeptAway,
      deadLinkMs: this.#init.deadLinkMs,
      judgeFromMs: this.#judgeFromMs,
      admissionTimeoutMs: this.#init.admissionTimeoutMs,
    })
    this.#memory = plan.memory
    this.#schedule(Math.max(10, plan.nextMs - moment.nowMs))
    for (const action of plan.actions) this.#act(action)
  }

  #fact(link: Link): LinkFact {
    const { gossip, heardMs } = this.#components
    return {
      member: link.peer,
      connections: link.connections.map(({ connection, openedMs }) => ({
        id: connection.id,
        openedMs,
      })),
      openedMs: link.openedMs,
      admittedMs: link.admittedMs,
      isGossipHealthy: isHealthy(gossip, link.peer),
      heardMs: heardMs(link.peer),
    }
  }

  #act(action: Action): void {
    const { links } = this.#components
    switch (action.kind) {
      case 'dial':
        void this.#dial(action.wanted)
        return
      case 'close': {
        const entry = links
          .get(action.member)
          ?.connections.find((one) => one.connection.id === action.connection)
        if (entry !== undefined) closeGently(entry.connection)
        return
      }
      case 'reopen':
        this.#reopen(action.member)
        return
      case 'abort':
        links.abort(action.member, action.reason)
    }
  }

  #reopen(peer: MemberId): void {
    const { host, links } = this.#components
    for (const { connection } of links.get(peer)?.connections ?? []) {
      const signal = AbortSignal.timeout(identifyMs)
      host.services.identify.identify(connection, { signal }).catch(() => {})
    }
  }

  async #dial(wanted: Wanted): Promise<void> {
    const { host, clock, random, dialFailed } = this.#components
    const pinned = wanted.isLearnt ? undefined : wanted.member
    const signal = AbortSignal.any([AbortSignal.timeout(dialMs), this.#stopped.signal])
    try {
      const addresses = wanted.addresses.map((address) => dialable(address, pinned))
      const connection = await host.dial(addresses, { signal })
      if (pinned === undefined) {
        this.#learnt.set(wanted.key, memberId(connection.remotePeer.toString()))
      }
      this.#update(wanted.key, (track) => ({ ...track, isDialing: false }))
    } catch (error) {
      if (this.#stopped.signal.aborted) return
      if (isOurselves(error)) {
        this.#ownKeys.add(wanted.key)
        return
      }
      this.#update(wanted.key, (track) => afterFailure(track, clock.monoMs(), random))
      dialFailed(wanted.member, `${wanted.addresses.join(' ')}: ${(error as Error).name}`)
    }
    this.#lookSoon()
  }

  #update(key: string, change: (track: Track) => Track): void {
    const track = this.#memory.tracks.get(key)
    if (track !== undefined) this.#track(key, change(track))
  }

  #track(key: string, track: Track): void {
    this.#memory = { ...this.#memory, tracks: new Map(this.#memory.tracks).set(key, track) }
  }

  #wanted(): readonly Wanted[] {
    const { self, peers } = this.#init
    const members = new Map<MemberId, Set<string>>()
    const add = (member: MemberId, addresses: readonly string[]): void => {
      const known = members.get(member) ?? new Set()
      for (const address of addresses) if (known.size < limits.addressesMax) known.add(address)
      members.set(member, known)
    }
    for (const { member, addresses } of this.#targets) add(member, addresses.flatMap(bare(member)))
    for (const { member, address } of peers) if (member !== undefined) add(member, [address])
    for (const [member, addresses] of this.#discovered) add(member, addresses.flatMap(bare(member)))
    members.delete(self)
    const byId = [...members].map(([member, addresses]): Wanted => ({
      key: member,
      member,
      isLearnt: false,
      isConfigured: peers.some((peer) => peer.member === member),
      addresses: [...addresses],
    }))
    const byAddress = peers.flatMap(({ member, address }): Wanted[] => {
      if (member !== undefined || this.#ownKeys.has(address)) return []
      const learnt = this.#learnt.get(address)
      return [
        {
          key: address,
          member: learnt,
          isLearnt: learnt !== undefined,
          isConfigured: true,
          addresses: [address],
        },
      ]
    })
    return [...byId, ...byAddress]
  }
}

/** An address that a node record gives, without id; one that names somebody else is left out. */
function bare(member: MemberId): (text: string) => readonly string[] {
  return (text) => {
    const parsed = tryParseAddress(text)
    if (parsed === undefined || (parsed.member ?? member) !== member) return []
    return [parsed.address]
  }
}

function isOurselves(error: unknown): boolean {
  return error instanceof Error && error.name === 'InvalidPeerIdError'
}

function closeGently(connection: Connection): void {
  connection
    .close({ signal: AbortSignal.timeout(closeMs) })
    .catch((error: unknown) => connection.abort(error as Error))
}
