// What this node says about itself: the numbers it keeps over a restart and the record it publishes.

import type { Author } from '../author.ts'
import type { DurableSelf } from '../effect.ts'
import type { MemberId } from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import type { Facts } from '../placement/where.ts'
import type { Trust } from '../trust/trust.ts'
import type { Turn } from '../turn.ts'
import { protocols } from './member-message.ts'
import { sealNode, type Attrs, type NodeRecord, type SealedNode } from './node-record.ts'
import { areNews, OwnAttrs } from './own-attrs.ts'

/** What never changes while the process runs. */
export interface SelfInit {
  readonly name: string
  readonly version: string
  /** Share of work in sixteenths. */
  readonly weight: number
  /** Those that its owner's policy allows, as with the profiles. */
  readonly executors: readonly string[]
  readonly profiles: readonly string[]
  readonly engine: string
  readonly timezoneData: string
  /** Names of its channels to people. */
  readonly channels?: readonly string[]
}

/** Changes that nobody waits for are published together. */
const coalesceMs = 1_000

export class OwnNode {
  readonly #turn: Turn
  readonly #author: Author
  readonly #trust: Trust
  readonly #timers: Timers
  readonly #init: SelfInit
  #durable: DurableSelf = { incarnation: 1, eligibleFromMs: 0, aliveAtMs: 0 }
  readonly #attrs: OwnAttrs
  #facts: Facts = {}
  #addresses: readonly string[] = []
  #leaveAtMs: number | null = null
  #readyFromMs = 0
  #clock: NodeRecord['clock'] = { state: 'alone', offsetMs: 0, errorMs: 0 }
  #isDirty = false
  #sealedAtMs = -Infinity
  #startedAtMs = 0

  constructor(
    components: { turn: Turn; author: Author; trust: Trust; timers: Timers },
    init: SelfInit,
  ) {
    this.#turn = components.turn
    this.#author = components.author
    this.#trust = components.trust
    this.#timers = components.timers
    this.#init = init
    const { weight, executors, profiles } = init
    const { tags, roles } = components.trust.certificate
    const none = { accepts: true, cordoned: false, facts: {} }
    this.#attrs = new OwnAttrs({ ...none, weight, executors, profiles, tags, roles })
  }

  get durable(): DurableSelf {
    return this.#durable
  }

  /** Cluster instant at which this process started. */
  get startedAtMs(): number {
    return this.#startedAtMs
  }

  /** Takes up what the store holds: a start raises the incarnation. */
  restore(stored: DurableSelf | undefined, addresses: readonly string[]): void {
    const nowMs = this.#turn.clusterMs
    this.#startedAtMs = nowMs
    this.#addresses = addresses.slice(0, limits.addressesMax)
    if (stored !== undefined) {
      // after a short absence others still count on us: the announced instant stays
      const isShort = nowMs - stored.aliveAtMs < this.#timers.downAfterMs
      this.#durable = {
        incarnation: stored.incarnation + 1,
        eligibleFromMs: isShort ? stored.eligibleFromMs : 0,
        aliveAtMs: nowMs,
        isCordoned: stored.isCordoned ?? false,
      }
      // others have heard of it before
      if (this.isCordoned) this.#attrs.change({ cordoned: true }, nowMs, nowMs)
    }
    this.persist()
  }

  persist(durability: 'full' | 'normal' = 'full'): void {
    this.#durable = { ...this.#durable, aliveAtMs: this.#turn.clusterMs }
    // who leaves is a candidate until then, and none when it starts again
    const self = this.#leaveAtMs === null ? this.#durable : { ...this.#durable, eligibleFromMs: 0 }
    this.#turn.emit({ kind: 'persist', durability, writes: [{ kind: 'self', self }] })
  }

  /** Notes now and then that this node is alive. */
  persistIfOld(): void {
    const ageMs = this.#turn.clusterMs - this.#durable.aliveAtMs
    if (ageMs > this.#timers.downAfterMs / 3) this.persist()
  }

  setIncarnation(incarnation: number): void {
    this.#durable = { ...this.#durable, incarnation }
    this.persist()
  }

  setEligible(fromMs: number): void {
    this.#durable = { ...this.#durable, eligibleFromMs: fromMs }
    this.persist()
  }

  setReady(): void {
    this.#readyFromMs = this.#turn.clusterMs
  }

  /** True when it changes something. */
  setAccepts(accepts: boolean): boolean {
    return this.#attrs.setAccepts(accepts)
  }

  /** What holds here now; told to others when it differs noticeably. */
  get facts(): Facts {
    return this.#facts
  }

  setFacts(facts: Facts): void {
    this.#facts = facts
    if (areNews(this.#attrs.newest.facts, facts)) this.#announce({ facts })
  }

  /** What the owner's policy leaves to the fleet, from `leadMs` on. */
  setOffer(offer: Pick<Attrs, 'executors' | 'profiles'>): void {
    const { executors, profiles } = this.#attrs.newest
    if (areSame(executors, offer.executors) && areSame(profiles, offer.profiles)) return
    this.#announce({ executors: offer.executors, profiles: offer.profiles })
  }

  get isCordoned(): boolean {
    return this.#durable.isCordoned ?? false
  }

  /** Whether it takes nothing new, from `leadMs` on and over restarts. */
  setCordoned(isCordoned: boolean): void {
    if (isCordoned === this.isCordoned) return
    this.#durable = { ...this.#durable, isCordoned }
    this.persist()
    this.#announce({ cordoned: isCordoned })
  }

  #announce(change: Partial<Attrs>): void {
    const nowMs = this.#turn.clusterMs
    this.#attrs.change(change, nowMs, nowMs + this.#timers.leadMs)
    this.#isDirty = true
  }

  setLeave(atMs: number): void {
    this.#leaveAtMs = atMs
    // a full disk keeps nobody here: it is said at once, and what a restart looks at stored when it can be
    this.persist('normal')
  }

  /** True when its state is another one. */
  setClock(clock: NodeRecord['clock']): boolean {
    const isSame = clock.state === this.#clock.state
    const drift = Math.abs(clock.offsetMs - this.#clock.offsetMs)
    if (isSame && drift <= 100) return false
    if (!isSame) {
      this.#turn.report({ kind: 'clockChanged', state: clock.state, offsetMs: clock.offsetMs })
    }
    this.#clock = clock
    this.#isDirty = true
    return !isSame
  }

  /** Something in the record has changed; it is published soon. */
  touch(): void {
    this.#isDirty = true
  }

  /** Whether the record is to be published again. */
  isDue(): boolean {
    const ageMs = this.#turn.monoMs - this.#sealedAtMs
    return (this.#isDirty && ageMs >= coalesceMs) || ageMs > this.#timers.refreshMs
  }

  /** The record as of now, newer than all before it. */
  seal(neighbours: readonly MemberId[]): SealedNode {
    this.#isDirty = false
    this.#sealedAtMs = this.#turn.monoMs
    const { member, storeEpoch, startId } = this.#author.identity
    const { name, version, engine, timezoneData, channels = [] } = this.#init
    const { silenceMs, downAfterMs, heartbeatMs, refreshMs } = this.#timers
    return sealNode(this.#author, {
      member,
      name,
      version,
      incarnation: this.#durable.incarnation,
      storeEpoch,
      startId,
      addresses: this.#addresses,
      protoMin: protocols.min,
      protoMax: protocols.max,
      heartbeatMs,
      silenceMs,
      downAfterMs,
      refreshMs,
      eligibleFromMs: this.#durable.eligibleFromMs,
      leaveAtMs: this.#leaveAtMs,
      readyFromMs: this.#readyFromMs,
      ...this.#attrs.announced,
      engine,
      timezoneData,
      clock: this.#clock,
      neighbours,
      ...(channels.length === 0 ? {} : { channels }),
      hlc: this.#author.hlc.tick(this.#turn.clusterMs),
      chain: this.#trust.chain,
      formerChain: [],
    })
  }
}

const areSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, i) => one === b[i])
