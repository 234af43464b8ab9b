// The node: one state machine, fed with events, answering with effects. It holds the parts and the
// order in which they act on a step; every decision is in a part.

import { Author, type Identity } from './author.ts'
import { ClusterClock, type ClusterTime } from './clock/cluster-clock.ts'
import { SeenVector } from './clock/version-vector.ts'
import type { Effect, Reply, Write } from './effect.ts'
import type { Command, Event, Loaded } from './event.ts'
import { Commands } from './commands.ts'
import { Dialog } from './execution/dialog.ts'
import { Executions } from './execution/executions.ts'
import { Post } from './execution/post.ts'
import type { StoredRecord } from './execution/record.ts'
import type { MemberId } from './ids.ts'
import { inabilityOf } from './inability.ts'
import { invariant } from './invariant.ts'
import { profiles, type ProfileName, type Timers } from './limits.ts'
import { Replica } from './jobs/replica.ts'
import { SyncServer } from './jobs/sync-server.ts'
import { Handshake } from './membership/handshake.ts'
import { Membership, type SelfInit } from './membership/membership.ts'
import { Notify, type NotifyInit } from './notify/notify.ts'
import { NextWake } from './next-wake.ts'
import { StoreOutage } from './store-outage.ts'
import { createRandom, type Random } from './random.ts'
import { Readiness } from './readiness.ts'
import { Ballots } from './register/ballots.ts'
import { Planner } from './scheduler/planner.ts'
import type { Credentials } from './trust/credentials.ts'
import type { Crypto } from './trust/crypto.ts'
import { Trust } from './trust/trust.ts'
import { OwnerPolicy } from './trust/owner-policy.ts'
import { offered, type Policy } from './trust/policy.ts'
import { Turn } from './turn.ts'

export interface NodeInit {
  readonly identity: Identity
  readonly credentials: Credentials
  /** `executors` are those that this node could run. */
  readonly self: Omit<SelfInit, 'profiles'>
  /** What its owner allows at first. */
  readonly policy: Policy
  /** Executions that it runs at once; absent: as many as any node may. */
  readonly maxRunning?: number
  readonly profile: ProfileName
  /** Whether other members are configured: a node without peers is a whole cluster at once. */
  readonly hasPeers: boolean
  /** When this program was built, UTC ms: no true clock shows an earlier time. */
  readonly buildMs: number
  readonly defaultTimezone: string
  /** Channels to people; absent: none. */
  readonly notify?: NotifyInit
  /** Seeds every random choice. */
  readonly seed: bigint
}

export class Node {
  readonly init: NodeInit
  readonly timers: Timers
  readonly clock: ClusterClock
  readonly trust: Trust
  readonly membership: Membership
  readonly post: Post
  readonly #turn = new Turn()
  readonly #author: Author
  readonly #crypto: Crypto
  readonly #random: Random
  readonly #handshake: Handshake
  readonly #readiness: Readiness
  readonly #ballots: Ballots
  readonly owner: OwnerPolicy
  readonly #seen: SeenVector = new SeenVector()
  readonly #replica: Replica
  readonly #syncServer: SyncServer
  #executions: Executions | undefined
  #planner: Planner | undefined
  #dialog: Dialog | undefined
  #commands: Commands | undefined
  #notify: Notify | undefined
  #clusterTime: ClusterTime | undefined
  readonly #outage: StoreOutage
  readonly #nextWake: NextWake
  #requests = 0
  readonly #nextRequest = (): number => (this.#requests += 1)

  constructor(components: { crypto: Crypto }, init: NodeInit) {
    this.init = init
    this.timers = profiles[init.profile]
    this.#crypto = components.crypto
    this.#random = createRandom(init.seed)
    this.#outage = new StoreOutage({ turn: this.#turn })
    this.#nextWake = new NextWake({ turn: this.#turn, timers: this.timers })
    this.clock = new ClusterClock({ buildMs: init.buildMs })
    this.trust = new Trust({ ...components, time: () => this.#clusterTime }, init.credentials)
    this.#author = new Author({ crypto: this.#crypto, seen: this.#seen }, init.identity)
    const shared = {
      turn: this.#turn,
      author: this.#author,
      crypto: this.#crypto,
      trust: this.trust,
      timers: this.timers,
      nextRequest: this.#nextRequest,
    }
    this.membership = new Membership({ ...shared, clock: this.clock }, offered(init))
    this.#handshake = new Handshake({ ...shared, membership: this.membership })
    this.#readiness = new Readiness({
      ...shared,
      membership: this.membership,
      hasPeers: init.hasPeers,
      hasJobs: () => this.#replica.catalog.size > 0,
    })
    this.post = new Post({ ...shared, membership: this.membership })
    this.#replica = new Replica(
      {
        ...shared,
        membership: this.membership,
        world: {
          jobChanged: (name) => {
            this.#commands?.jobChanged(name)
            this.#notify?.jobChanged(name)
          },
          receiveRecord: (bytes, from) => this.executions.receive(bytes, from),
          receiveWatermarks: (watermarks) => {
            for (const [name, dueMs] of watermarks) this.planner.raiseWatermark(name, dueMs)
          },
          factsChanged: () => this.#evaluate(true),
        },
      },
      this.#seen,
    )
    this.owner = new OwnerPolicy({ replica: this.#replica }, init)
    this.#syncServer = new SyncServer({
      ...shared,
      membership: this.membership,
      replica: this.#replica,
      isStoreFailed: () => this.#outage.reason !== undefined,
      watermarks: (names) => this.planner.watermarks(names),
    })
    this.#ballots = new Ballots(
      {
        turn: this.#turn,
        catalog: this.#replica.catalog,
        world: { storeFailure: () => this.#outage.reason },
      },
      { seat: init.identity },
    )
  }

  // ── what queries read ──────────────────────────────────────────────────────────────────────────

  get replica(): Replica {
    return this.#replica
  }

  get executions(): Executions {
    return part(this.#executions)
  }

  get planner(): Planner {
    return part(this.#planner)
  }

  get notify(): Notify {
    return part(this.#notify)
  }

  get isReady(): boolean {
    return this.#readiness.isReady
  }

  /** Cluster time of the last step. */
  get nowMs(): number {
    return this.#turn.clusterMs
  }

  get clusterTime(): ClusterTime {
    return part(this.#clusterTime)
  }

  get storeFailure(): string | undefined {
    return this.#outage.reason
  }

  // ── the machine ────────────────────────────────────────────────────────────────────────────────

  /** Takes one event and says what is to be done about it, in the order of `effect.ts`. */
  step(event: Event): readonly Effect[] {
    this.#setTime(event)
    this.#dispatch(event)
    this.#finish()
    return this.#outage.complete(this.#turn.take())
  }

  #setTime({ monoMs, wallMs }: Event): void {
    this.#turn.monoMs = monoMs
    this.#turn.wallMs = wallMs
    const aliveMembers = Math.max(1, this.membership.alive().length)
    this.#clusterTime = this.clock.advance({ monoMs, wallMs, aliveMembers })
    this.#turn.clusterMs = this.#clusterTime.clusterMs
  }

  #dispatch(event: Event): void {
    switch (event.kind) {
      case 'loaded':
        this.#load(event.loaded, event.addresses)
        return
      case 'wake':
        this.#wake(event.lagMs)
        return
      case 'link':
        if (event.up) this.#handshake.greet(event.peer)
        else {
          this.#handshake.linkDown(event.peer)
          this.membership.linkDown(event.peer)
          this.#evaluate()
        }
        return
      case 'message':
        this.#onMessage(event.from, event.channel, event.bytes)
        return
      case 'gossip':
        this.#onGossip(event)
        return
      case 'request':
        this.#onRequest(event)
        return
      case 'response':
        this.#onResponse(event.id, event.bytes)
        return
      case 'command':
        this.#turn.emit({ kind: 'reply', id: event.id, reply: this.#command(event.command) })
        return
      case 'execution':
        this.executions.onReport(event.report)
        return
      case 'storeFailed': {
        // first of all nothing is claimed any more, what is taken back now included
        this.#outage.failed(event.reason)
        const claims = this.executions.unclaim(event.unstarted)
        // a watermark that is stored too low costs a question, one too high a tick
        const isKept = (write: Write): boolean =>
          write.kind === 'record' ? !claims.has(write.stored) : write.kind !== 'watermark'
        this.#outage.keep(this.#replica.retract(event.writes).filter(isKept))
        this.membership.setAccepts(false)
        this.#turn.report({ kind: 'storeFailed', reason: event.reason })
        return
      }
      case 'storeRecovered':
        this.#outage.recovered()
        this.membership.setAccepts(true)
        this.#turn.report({ kind: 'storeRecovered' })
        return
      case 'notified':
        this.notify.outbox.delivered(event.id, event.failure)
        return
      case 'facts':
        this.membership.setFacts(event.facts)
        return
      case 'policy':
        this.owner.policy = event.policy
        this.membership.setOffer(offered({ self: this.init.self, policy: event.policy }))
        return
    }
  }

  #load(loaded: Loaded, addresses: readonly string[]): void {
    if (loaded.seen !== undefined) this.#replica.restoreSeen(loaded.seen)
    this.membership.restore(loaded.self, loaded.members, addresses)
    const damaged = this.#replica.restore(loaded.intents)
    if (damaged > 0) this.#turn.report({ kind: 'damaged', what: 'definitions', count: damaged })
    this.#ballots.restore(loaded.registers)
    this.#build(loaded)
    this.#readiness.started()
    this.#nextWake.came()
    for (const [name, dueMs] of loaded.watermarks) this.planner.restoreWatermark(name, dueMs)
    this.executions.restore(loaded.records)
    this.#evaluate()
    this.#becomeReady()
  }

  #recorded(stored: StoredRecord): void {
    this.planner.recorded(stored.record)
    this.notify.recorded(stored)
  }

  #build(loaded: Loaded): void {
    const shared = {
      turn: this.#turn,
      author: this.#author,
      crypto: this.#crypto,
      timers: this.timers,
      membership: this.membership,
      replica: this.#replica,
      post: this.post,
      ballots: this.#ballots,
      owner: this.owner,
      maxRunning: this.init.maxRunning,
    }
    const able = { ...shared, readiness: this.#readiness, outage: this.#outage }
    const inability = (): string | undefined => inabilityOf(able, this.#clusterTime?.state)
    this.#executions = new Executions(
      {
        ...shared,
        world: {
          tickDecided: (...ticks) => this.planner.tickDecided(...ticks),
          tickGone: (job, dueMs) => this.planner.tickGone(job, dueMs),
          tickUndecided: (job, dueMs) => this.planner.tickUndecided(job, dueMs),
          isFresh: (plannedMs) => this.#readiness.isFresh(plannedMs),
          isReady: () => this.#readiness.isReady,
          recorded: (stored) => this.#recorded(stored),
          isWanted: (job, wanted) => this.planner.isWanted(job, wanted),
          refusalOf: (job) => this.planner.refusalOf(job),
          inability,
          nextRequest: this.#nextRequest,
          randomBelow: (n) => this.#random.below(n),
        },
      },
      loaded,
    )
    this.#planner = new Planner({
      turn: this.#turn,
      catalog: this.#replica.catalog,
      executions: this.#executions,
      post: this.post,
      isSelf: (member) => member === this.membership.self,
      coveredFromMs: () => this.membership.coveredFromMs(),
      limitReached: (end) => this.#commands?.limitReached(end),
    })
    this.#notify = new Notify(
      {
        ...shared,
        catalog: this.#replica.catalog,
        executions: this.#executions,
        world: {
          isReady: () => this.#readiness.isReady && !this.#readiness.isListening,
          watermarkMs: (job) => this.planner.watermarks([job])[0]?.[1] ?? -1,
        },
      },
      this.init.notify ?? { channels: [], rules: [] },
      loaded.notices,
    )
    this.#dialog = new Dialog({
      ...shared,
      executions: this.#executions,
      notify: this.#notify,
      inability,
      isAhead: (job, dueMs) => this.planner.isAhead(job, dueMs),
    })
    this.#commands = new Commands({
      ...shared,
      executions: this.#executions,
      planner: this.#planner,
    })
  }

  #wake(lagMs: number): void {
    this.#nextWake.came()
    const { state, offsetMs, errorMs } = this.clusterTime
    this.membership.setClock({ state, offsetMs, errorMs })
    if (this.#readiness.noticeSleep(lagMs)) this.membership.resumed()
    this.membership.load = this.executions.runningCount
    this.membership.wake(lagMs)
    this.#evaluate()
    this.#becomeReady()
    this.#handshake.wake()
    this.#replica.wake((n) => this.#random.below(n))
    // what was due while we slept may have been done: the watermarks and records come first
    if (!this.#readiness.isListening) this.planner.wake()
    this.executions.wake()
    this.notify.wake()
    this.#dialog!.wake()
    this.#outage.wake()
  }

  #becomeReady(): void {
    if (this.#readiness.update()) this.planner.ready()
  }

  /** Judges the members anew; a change moves the order of who waits for whom. */
  #evaluate(isNews = false): void {
    const isChanged = this.membership.evaluate()
    if (isChanged || isNews) this.#executions?.takeover.viewChanged()
  }

  #onMessage(from: MemberId, channel: 'heartbeat' | 'exec', bytes: Uint8Array): void {
    if (channel === 'exec') this.#dialog!.receive(from, bytes)
    else if (!this.membership.heard(from, bytes)) {
      this.#turn.report({ kind: 'refused', from, what: 'heartbeat', reason: 'malformed' })
    }
  }

  #onGossip(event: Extract<Event, { kind: 'gossip' }>): void {
    const { id, from, topic, bytes } = event
    const verdict =
      topic === 'jobs'
        ? this.#replica.receiveGossip(from, bytes)
        : this.#replica.receiveFacts(bytes)
    if (verdict === 'reject') {
      this.#turn.report({ kind: 'refused', from, what: `gossip ${topic}`, reason: 'not genuine' })
    }
    this.#turn.emit({ kind: 'verdict', id, verdict })
  }

  #onRequest(event: Extract<Event, { kind: 'request' }>): void {
    const { id, from, protocol, bytes } = event
    if (protocol === 'hello') {
      this.#handshake.answer(id, from, bytes)
      this.#evaluate()
      return
    }
    if (protocol === 'register') this.#ballots.serve(id, from, bytes)
    else this.#syncServer.answer(id, from, bytes)
  }

  #onResponse(id: number, bytes: Uint8Array | undefined): void {
    if (this.#handshake.onResponse(id, bytes)) this.#evaluate()
    else if (!this.executions.claims.onResponse(id, bytes)) this.#replica.onResponse(id, bytes)
    this.#becomeReady()
  }

  #command(command: Command): Reply {
    const refusal = command.kind === 'leave' ? undefined : this.#outage.refusal
    return refusal === undefined ? this.#commands!.run(command) : { ok: false, refusal }
  }

  /** What every step ends with: digests, the outboxes, and the next wake. */
  #finish(): void {
    if (this.#executions === undefined) return
    this.#replica.finishStep()
    this.membership.setDigests(this.#replica.digests)
    this.post.finishStep()
    const { monoMs, clusterMs } = this.#turn
    const isListening = this.#readiness.isListening
    const tickMs = isListening ? undefined : this.planner.nextMs()
    this.#nextWake.ask(
      tickMs === undefined ? Infinity : monoMs + (tickMs - clusterMs),
      this.executions.nextMs(),
      this.notify.nextMs(),
      this.post.nextMs ?? Infinity,
      !isListening && this.planner.hasBacklog() ? monoMs : Infinity,
    )
  }
}

function part<T>(one: T | undefined): T {
  invariant(one !== undefined, 'the node is loaded before anything else')
  return one
}
