// What this node knows of the members and tells them about itself.
//
// Liveness is watched by neighbours on their links; only changes are gossiped, as signed reports. A
// member that finds itself accused raises its incarnation, which voids every report about the old one.
// Links and silence are the observer's, records and verdicts the roster's, our own record has a file
// of its own; here they meet.

import type { Author } from '../author.ts'
import type { ClusterClock } from '../clock/cluster-clock.ts'
import type { DurableSelf } from '../effect.ts'
import type { MemberId } from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import type { Facts as PlacementFacts } from '../placement/where.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Trust } from '../trust/trust.ts'
import type { Turn } from '../turn.ts'
import type { Link } from './link.ts'
import { sealReport, type LinkReport } from './link-report.ts'
import { encodeFacts, type Facts } from './member-message.ts'
import { isSignedByMember, openNode, type NodeRecord, type OpenedNode } from './node-record.ts'
import { Observer } from './observer.ts'
import { OwnNode, type SelfInit } from './own-node.ts'
import { Roster, type Found, type Member } from './roster.ts'

export type { SelfInit } from './own-node.ts'
export type { Member } from './roster.ts'

export interface Digests {
  readonly catalog: bigint
  readonly seen: bigint
}

/** News for neighbours is told at once, but not more often. */
const beatPauseMs = 20

export class Membership {
  readonly #turn: Turn
  readonly #author: Author
  readonly #crypto: Crypto
  readonly #timers: Timers
  readonly #own: OwnNode
  readonly #roster: Roster
  readonly #observer: Observer
  #refutedAtMs = -Infinity
  #digests: Digests = { catalog: 0n, seen: 0n }
  #reportNumber = 0
  #recheckAtMs = 0
  /** Executions running here. */
  load = 0

  constructor(
    components: {
      turn: Turn
      author: Author
      crypto: Crypto
      trust: Trust
      timers: Timers
      clock: ClusterClock
    },
    init: SelfInit,
  ) {
    this.#turn = components.turn
    this.#author = components.author
    this.#crypto = components.crypto
    this.#timers = components.timers
    this.#own = new OwnNode(components, init)
    this.#roster = new Roster(components)
    this.#observer = new Observer({
      ...components,
      world: {
        record: (member) => this.#roster.recordOf(member),
        beat: () => ({
          incarnation: this.durable.incarnation,
          catalogDigest: this.#digests.catalog,
          seenDigest: this.#digests.seen,
          viewDigest: this.viewDigest,
          load: this.load,
        }),
        found: (member, finding) => this.#report(member, finding),
        neighboursChanged: () => {
          this.#own.touch()
          this.#roster.noteHearing()
        },
      },
    })
  }

  get self(): MemberId {
    return this.#author.identity.member
  }

  get durable(): DurableSelf {
    return this.#own.durable
  }

  get viewDigest(): bigint {
    return this.#roster.digest
  }

  get isIsolated(): boolean {
    return this.#observer.isIsolated
  }

  /** Takes up what the store holds: a start raises the incarnation. */
  restore(
    stored: DurableSelf | undefined,
    members: Iterable<Uint8Array>,
    addresses: readonly string[],
  ): void {
    this.#own.restore(stored, addresses)
    this.#roster.restore(members)
    this.#publishOwn()
    this.#announceTargets()
  }

  // ── who ────────────────────────────────────────────────────────────────────────────────────────

  members(): readonly Member[] {
    return this.#roster.members()
  }

  get(member: MemberId): Member | undefined {
    return this.#roster.get(member)
  }

  own(): NodeRecord {
    return this.#roster.get(this.self)!.record
  }

  ownBytes(): Uint8Array {
    return this.#roster.bytesOf(this.self)
  }

  isAlive(member: MemberId): boolean {
    return this.#roster.get(member)?.state === 'alive'
  }

  alive(): readonly MemberId[] {
    return this.#roster.alive()
  }

  /** Every fact that fits a frame. */
  facts(): Facts {
    return this.#roster.facts()
  }

  /** Since when some other member that is alive has been looking after ticks; Infinity: none is. */
  coveredFromMs(): number {
    let fromMs = Infinity
    for (const { record, state } of this.members()) {
      if (record.member === this.self || state !== 'alive' || record.readyFromMs === 0) continue
      fromMs = Math.min(fromMs, record.readyFromMs)
    }
    return fromMs
  }

  /**
   * Alive members that we can reach: first those that watch `target` or are watched by it. One that has
   * just come is not known to watch anybody, and may have heard of it all the same.
   */
  observersOf(target: MemberId): readonly MemberId[] {
    const watched = this.get(target)?.record.neighbours ?? []
    const isObserver = ({ member, neighbours }: NodeRecord): boolean =>
      neighbours.includes(target) || watched.includes(member)
    return this.members()
      .filter(({ state }) => state === 'alive')
      .map(({ record }) => record)
      .filter(({ member }) => member !== target && this.link(member) !== undefined)
      .sort((a, b) => Number(isObserver(b)) - Number(isObserver(a)))
      .map(({ member }) => member)
  }

  // ── what this node says about itself ───────────────────────────────────────────────────────────

  setDigests(digests: Digests): void {
    const { catalog, seen } = this.#digests
    if (digests.catalog === catalog && digests.seen === seen) return
    this.#digests = digests
    // neighbours learn at once that a definition has arrived, not a period later
    if (digests.catalog !== catalog) this.#observer.beatAll(beatPauseMs)
  }

  /** This node looks after ticks from now on: what it watches, others need not judge. */
  announceReady(): void {
    this.#own.setReady()
    this.#publishOwn()
  }

  announceEligible(fromMs: number): void {
    this.#own.setEligible(fromMs)
    this.#publishOwn()
  }

  setAccepts(accepts: boolean): void {
    if (this.#own.setAccepts(accepts)) this.#publishOwn()
  }

  /** What this machine is like now. */
  get ownFacts(): PlacementFacts {
    return this.#own.facts
  }

  setFacts(facts: PlacementFacts): void {
    this.#own.setFacts(facts)
  }

  /** What the owner of this node lets the fleet use. */
  setOffer(offer: Parameters<OwnNode['setOffer']>[0]): void {
    this.#own.setOffer(offer)
  }

  /** Whether this node takes nothing new. */
  setCordoned(isCordoned: boolean): void {
    this.#own.setCordoned(isCordoned)
  }

  leave(atMs: number): void {
    this.#own.setLeave(atMs)
    this.#publishOwn()
  }

  setClock(clock: NodeRecord['clock']): void {
    // ends are read only against a synced clock
    if (this.#own.setClock(clock)) this.#recheckAtMs = this.#turn.monoMs
  }

  #publishOwn(): void {
    const node = this.#own.seal(this.#observer.neighbours())
    this.#roster.take(node, 'alive')
    this.spread(node.bytes)
  }

  /** Tells all members of a record; of another's when it came by a hello. */
  spread(node: Uint8Array): void {
    this.#publish({ nodes: [node], reports: [] })
  }

  #publish(facts: Facts): void {
    this.#turn.emit({ kind: 'publish', topic: 'member', bytes: encodeFacts(facts) })
  }

  #raiseIncarnation(above: number): void {
    this.#own.setIncarnation(above + 1)
    this.#refutedAtMs = this.#turn.monoMs
    this.#publishOwn()
    this.#turn.report({ kind: 'refuted', incarnation: above + 1 })
    this.#observer.worsen()
    // who hears us must know the new incarnation before it can miss us again
    this.#observer.beatAll(0)
  }

  /** The process or the machine slept: others may have given us up. */
  resumed(): void {
    this.#raiseIncarnation(this.durable.incarnation)
    this.#observer.excuseAll()
  }

  /** A peer believes that we have this incarnation: ours must be above what it heard. */
  heardOwnIncarnation(incarnation: number): void {
    if (incarnation > this.durable.incarnation) this.#raiseIncarnation(incarnation)
  }

  // ── facts from others ──────────────────────────────────────────────────────────────────────────

  /** Merges a node record; says whether it was news. */
  receiveNode(bytes: Uint8Array): Found {
    const opened = openNode(this.#author.identity.clusterId, bytes)
    if (!opened.ok) return 'rejected'
    const { record } = opened.value
    if (record.member === this.self) return this.#receiveOwn(opened.value)
    const known = this.get(record.member)?.record
    const found = this.#roster.receiveNode(opened.value)
    if (found !== 'news') return found
    const isMoved = known?.addresses.join() !== record.addresses.join()
    if (isMoved || known.leaveAtMs !== record.leaveAtMs) this.#announceTargets()
    return found
  }

  /** A record under our own key by another process: an earlier one of ours, or a copy that runs. */
  #receiveOwn(opened: OpenedNode): Found {
    const { record } = opened
    const isOther = record.startId !== this.#author.identity.startId
    if (!isOther || record.incarnation < this.durable.incarnation) return 'stale'
    if (!isSignedByMember(this.#crypto, opened)) return 'rejected'
    if (record.hlc.ms > this.#own.startedAtMs + this.#timers.settleMs) {
      this.#turn.report({ kind: 'duplicateIdentity', member: this.self })
      this.setAccepts(false)
    }
    this.#raiseIncarnation(record.incarnation)
    return 'stale'
  }

  /** Merges a report about a link; says whether it was news. */
  receiveReport(bytes: Uint8Array): Found {
    return this.#roster.receiveReport(bytes)
  }

  // ── links ──────────────────────────────────────────────────────────────────────────────────────

  link(member: MemberId): Link | undefined {
    return this.#observer.link(member)
  }

  links(): Iterable<Link> {
    return this.#observer.links()
  }

  /** Members to which there is a link, whatever the view says of them. */
  linked(): readonly MemberId[] {
    return [...this.links()].map(({ member }) => member)
  }

  /** An admitted peer can be reached. */
  linkUp(member: MemberId): void {
    this.#observer.linkUp(member)
  }

  linkDown(member: MemberId): void {
    this.#observer.linkDown(member)
  }

  /** A heartbeat frame; false when it was malformed. */
  heard(from: MemberId, frame: Uint8Array): boolean {
    return this.#observer.heard(from, frame)
  }

  /** Writes and publishes our finding about a member, unless it is what we said last. */
  #report(about: MemberId, finding: LinkReport['finding']): void {
    const incarnation = this.get(about)?.record.incarnation
    if (incarnation === undefined) return
    const last = this.#roster.reportBy(this.self, about)?.report
    // missing is missing since the first report, whether silent or closed
    const isSame =
      last?.incarnation === incarnation && (last.finding === 'ok') === (finding === 'ok')
    if (isSame || (finding === 'ok' && last?.incarnation !== incarnation)) return
    const atMs = this.#turn.clusterMs
    this.#reportNumber = Math.max(this.#reportNumber + 1, atMs)
    const number = this.#reportNumber
    const report = { about, incarnation, finding, atMs, reporter: this.self, number }
    const sealed = sealReport(this.#author, report)
    this.#roster.noteReport(sealed)
    if (!this.isIsolated) this.#publish({ nodes: [], reports: [sealed.bytes] })
  }

  // ── time passes ────────────────────────────────────────────────────────────────────────────────

  /** Beats, judges silence, refreshes. `lagMs`: how late this wake came. */
  wake(lagMs: number): void {
    this.#observer.wake(lagMs)
    if (this.#turn.monoMs >= this.#recheckAtMs) this.recheck()
    if (this.#own.isDue()) this.#publishOwn()
    this.#own.persistIfOld()
  }

  /** Parts with members whose certificates do not count any more. */
  recheck(): void {
    this.#recheckAtMs = this.#turn.monoMs + this.#timers.refreshMs
    const lost = this.#roster.recheck()
    if (lost.length === 0) return
    for (const peer of lost) {
      const reason = 'its certificate does not count any more'
      this.#turn.report({ kind: 'refused', from: peer, what: 'certificate', reason })
      this.#turn.emit({ kind: 'disconnect', peer, reason })
    }
    this.#announceTargets()
  }

  /** Judges every member anew; true when some state has changed. */
  evaluate(): boolean {
    const isChanged = this.#roster.evaluate((member) => this.#observer.hears(member))
    const state = this.#roster.get(this.self)?.state
    const isAccused = state === 'unreachable' || state === 'down'
    if (isAccused && this.#turn.monoMs - this.#refutedAtMs >= limits.refutePauseMs) {
      this.#raiseIncarnation(this.durable.incarnation)
    }
    return isChanged
  }

  /** Tells the network whom to stay connected to. */
  #announceTargets(): void {
    const targets = this.#roster
      .trusted()
      .filter(({ member, leaveAtMs }) => member !== this.self && leaveAtMs === null)
      .map(({ member, addresses }) => ({ member, addresses }))
    this.#turn.emit({ kind: 'connect', targets })
  }
}
