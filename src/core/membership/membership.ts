// What this node knows of the members and tells them about itself: records, reports, links.
//
// Liveness is watched by neighbours on their links; only changes are gossiped, as signed reports. A
// member that finds itself accused raises its incarnation, which voids every report about the old one.
// An observer that stalled itself, or that lost nearly all its links at once, accuses nobody.

import type { Author } from '../author.ts'
import type { ClusterClock } from '../clock/cluster-clock.ts'
import type { DurableSelf } from '../effect.ts'
import { hash64 } from '../hash.ts'
import type { MemberId } from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import { compareText } from '../order.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Turn } from '../turn.ts'
import { decodeHeartbeat, encodeHeartbeat } from './heartbeat.ts'
import { Link } from './link.ts'
import {
  isSignedByReporter,
  openReport,
  sealReport,
  type LinkReport,
  type SealedReport,
} from './link-report.ts'
import {
  isNewerRecord,
  isSignedByMember,
  openNode,
  sealNode,
  type Attrs,
  type NodeRecord,
  type SealedNode,
} from './node-record.ts'
import { encodeFacts, type Facts } from './member-message.ts'
import { missingSince, stateOf, type MemberState } from './view.ts'

/** One member as this node sees it now. */
export interface Member {
  readonly record: NodeRecord
  readonly state: MemberState
  /** Cluster instant from which it is missing; Infinity while nothing speaks against it. */
  readonly missingSinceMs: number
}

interface Entry {
  node: SealedNode
  readonly reports: Map<MemberId, SealedReport>
  state: MemberState
  missingSinceMs: number
}

/** What never changes while the process runs. */
export interface SelfInit {
  readonly name: string
  readonly version: string
  readonly tags: Readonly<Record<string, string>>
  readonly executors: readonly string[]
  readonly engine: string
  readonly timezoneData: string
}

export interface Digests {
  readonly catalog: bigint
  readonly seen: bigint
}

const protocolVersion = 1
const coalesceMs = 1_000
const beatPauseMs = 20

export class Membership {
  readonly #turn: Turn
  readonly #author: Author
  readonly #crypto: Crypto
  readonly #timers: Timers
  readonly #clock: ClusterClock
  readonly #init: SelfInit
  readonly #members = new Map<MemberId, Entry>()
  readonly #links = new Map<MemberId, Link>()
  /** Links that closed and are reported once the debounce has passed. */
  readonly #lost = new Map<MemberId, { readonly atMs: number; readonly incarnation: number }>()
  #durable: DurableSelf = { incarnation: 1, eligibleFromMs: 0, aliveAtMs: 0 }
  #addresses: readonly string[] = []
  #leaveAtMs: number | null = null
  #readyFromMs = 0
  #accepts = true
  #clockState: NodeRecord['clock'] = { state: 'alone', offsetMs: 0, errorMs: 0 }
  #ownDirty = false
  #ownPublishedMs = -Infinity
  #refutedAtMs = -Infinity
  #startedAtMs = 0
  #health = 0
  #calmSinceMs = 0
  #digests: Digests = { catalog: 0n, seen: 0n }
  #viewDigest = 0n
  #isIsolated = false
  #lostAtMs: number[] = []
  #reportNumber = 0
  load = 0

  constructor(
    components: {
      turn: Turn
      author: Author
      crypto: Crypto
      timers: Timers
      clock: ClusterClock
    },
    init: SelfInit,
  ) {
    this.#turn = components.turn
    this.#author = components.author
    this.#crypto = components.crypto
    this.#timers = components.timers
    this.#clock = components.clock
    this.#init = init
  }

  get self(): MemberId {
    return this.#author.identity.member
  }

  get durable(): DurableSelf {
    return this.#durable
  }

  get viewDigest(): bigint {
    return this.#viewDigest
  }

  get isIsolated(): boolean {
    return this.#isIsolated
  }

  /** Takes up what the store holds: a start raises the incarnation. */
  restore(
    stored: DurableSelf | undefined,
    members: Iterable<Uint8Array>,
    addresses: readonly string[],
  ): void {
    this.#startedAtMs = this.#turn.clusterMs
    this.#calmSinceMs = this.#turn.monoMs
    this.#addresses = addresses.slice(0, limits.addressesMax)
    if (stored !== undefined) {
      // after a short absence others still count on us: the announced instant stays
      const isShort = this.#turn.clusterMs - stored.aliveAtMs < this.#timers.downAfterMs
      this.#durable = {
        incarnation: stored.incarnation + 1,
        eligibleFromMs: isShort ? stored.eligibleFromMs : 0,
        aliveAtMs: this.#turn.clusterMs,
      }
    }
    for (const bytes of members) {
      const opened = openNode(this.#author.identity.clusterId, bytes)
      if (opened.ok && opened.value.record.member !== this.self) this.#take(opened.value)
    }
    this.#persistSelf()
    this.#publishOwn()
    this.#announceTargets()
  }

  // ── who ────────────────────────────────────────────────────────────────────────────────────────

  members(): readonly Member[] {
    return [...this.#members.values()]
      .map(({ node, state, missingSinceMs }) => ({ record: node.record, state, missingSinceMs }))
      .sort((a, b) => compareText(a.record.member, b.record.member))
  }

  get(member: MemberId): Member | undefined {
    const entry = this.#members.get(member)
    if (entry === undefined) return undefined
    return { record: entry.node.record, state: entry.state, missingSinceMs: entry.missingSinceMs }
  }

  own(): NodeRecord {
    return this.#members.get(this.self)!.node.record
  }

  isAlive(member: MemberId): boolean {
    return this.#members.get(member)?.state === 'alive'
  }

  alive(): readonly MemberId[] {
    return this.members()
      .filter(({ state }) => state === 'alive')
      .map(({ record }) => record.member)
  }

  link(member: MemberId): Link | undefined {
    return this.#links.get(member)
  }

  links(): Iterable<Link> {
    return this.#links.values()
  }

  /** Alive members that we can reach and that list `target` as a neighbour. */
  observersOf(target: MemberId): readonly MemberId[] {
    return this.members()
      .filter(
        ({ record, state }) =>
          state === 'alive' &&
          record.member !== target &&
          this.#links.has(record.member) &&
          (record.neighbours.includes(target) ||
            this.#members.get(target)?.node.record.neighbours.includes(record.member)),
      )
      .map(({ record }) => record.member)
  }

  // ── own record ─────────────────────────────────────────────────────────────────────────────────

  setDigests(digests: Digests): void {
    const { catalog, seen } = this.#digests
    if (digests.catalog === catalog && digests.seen === seen) return
    const isCatalog = digests.catalog !== catalog
    this.#digests = digests
    // neighbours learn at once that a definition has arrived, not a period later
    if (isCatalog) for (const link of this.#links.values()) this.#beat(link, beatPauseMs)
  }

  /** This node looks after ticks from now on: what it watches, others need not judge. */
  announceReady(): void {
    this.#readyFromMs = this.#turn.clusterMs
    this.#publishOwn()
  }

  /** Since when some other member that is alive has been looking after ticks; Infinity: none is. */
  coveredFromMs(): number {
    let fromMs = Infinity
    for (const [member, { node, state }] of this.#members) {
      const { readyFromMs } = node.record
      if (member === this.self || state !== 'alive' || readyFromMs === 0) continue
      fromMs = Math.min(fromMs, readyFromMs)
    }
    return fromMs
  }

  announceEligible(fromMs: number): void {
    this.#durable = { ...this.#durable, eligibleFromMs: fromMs }
    this.#persistSelf()
    this.#publishOwn()
  }

  setAccepts(accepts: boolean): void {
    if (this.#accepts === accepts) return
    this.#accepts = accepts
    this.#publishOwn()
  }

  leave(atMs: number): void {
    this.#leaveAtMs = atMs
    this.#persistSelf()
    this.#publishOwn()
  }

  setClock(clock: NodeRecord['clock']): void {
    const isSame = clock.state === this.#clockState.state
    const drift = Math.abs(clock.offsetMs - this.#clockState.offsetMs)
    if (isSame && drift <= 100) return
    if (!isSame) {
      this.#turn.report({ kind: 'clockChanged', state: clock.state, offsetMs: clock.offsetMs })
    }
    this.#clockState = clock
    this.#ownDirty = true
  }

  #attrs(): Attrs {
    const { tags, executors } = this.#init
    return { weight: 16, accepts: this.#accepts, executors, tags }
  }

  #ownRecord(): NodeRecord {
    const { identity } = this.#author
    const { silenceMs, downAfterMs, heartbeatMs, refreshMs } = this.#timers
    return {
      member: identity.member,
      name: this.#init.name,
      version: this.#init.version,
      incarnation: this.#durable.incarnation,
      storeEpoch: identity.storeEpoch,
      startId: identity.startId,
      addresses: this.#addresses,
      protoMin: protocolVersion,
      protoMax: protocolVersion,
      heartbeatMs,
      silenceMs,
      downAfterMs,
      refreshMs,
      eligibleFromMs: this.#durable.eligibleFromMs,
      leaveAtMs: this.#leaveAtMs,
      readyFromMs: this.#readyFromMs,
      attrs: this.#attrs(),
      attrsFromMs: 0,
      prevAttrs: null,
      engine: this.#init.engine,
      timezoneData: this.#init.timezoneData,
      clock: this.#clockState,
      neighbours: this.#neighbours(),
      hlc: this.#author.hlc.tick(this.#turn.clusterMs),
    }
  }

  /** Members to which a link works in both directions. */
  #neighbours(): readonly MemberId[] {
    const working = [...this.#links.values()].filter(({ isReported }) => !isReported)
    return working
      .map(({ member }) => member)
      .sort(compareText)
      .slice(0, limits.neighboursMax)
  }

  #publishOwn(): void {
    const node = sealNode(this.#author, this.#ownRecord())
    const known = this.#members.get(this.self)
    if (known === undefined) {
      this.#members.set(this.self, {
        node,
        reports: new Map(),
        state: 'alive',
        missingSinceMs: Infinity,
      })
    } else known.node = node
    this.#ownDirty = false
    this.#ownPublishedMs = this.#turn.monoMs
    this.#publishFacts([node.bytes], [])
  }

  #publishFacts(nodes: readonly Uint8Array[], reports: readonly Uint8Array[]): void {
    this.#turn.emit({ kind: 'publish', topic: 'member', bytes: encodeFacts({ nodes, reports }) })
  }

  #persistSelf(): void {
    this.#durable = { ...this.#durable, aliveAtMs: this.#turn.clusterMs }
    // who leaves is a candidate until then, and none when it starts again
    const self = this.#leaveAtMs === null ? this.#durable : { ...this.#durable, eligibleFromMs: 0 }
    this.#turn.emit({ kind: 'persist', durability: 'full', writes: [{ kind: 'self', self }] })
  }

  #raiseIncarnation(above: number): void {
    this.#durable = { ...this.#durable, incarnation: above + 1 }
    this.#refutedAtMs = this.#turn.monoMs
    this.#persistSelf()
    this.#publishOwn()
    this.#turn.report({ kind: 'refuted', incarnation: above + 1 })
    this.#worsen()
    // who hears us must know the new incarnation before it can miss us again
    for (const link of this.#links.values()) this.#beat(link, 0)
  }

  /** The process or the machine slept: others may have given us up. */
  resumed(): void {
    this.#raiseIncarnation(this.#durable.incarnation)
    for (const link of this.#links.values()) link.excuse(this.#turn.monoMs)
  }

  #worsen(): void {
    this.#health = Math.min(8, this.#health + 1)
    this.#calmSinceMs = this.#turn.monoMs
  }

  // ── facts from others ──────────────────────────────────────────────────────────────────────────

  /** Merges a node record; says whether it was news. Malformed or forged input is `rejected`. */
  receiveNode(bytes: Uint8Array): 'news' | 'stale' | 'rejected' {
    const opened = openNode(this.#author.identity.clusterId, bytes)
    if (!opened.ok) return 'rejected'
    const { record } = opened.value
    if (record.member === this.self) return this.#receiveOwn(record, opened.value)
    const known = this.#members.get(record.member)
    if (known !== undefined && !isNewerRecord(record, known.node.record)) return 'stale'
    if (known === undefined && this.#members.size >= limits.membersMax) return 'stale'
    if (!isSignedByMember(this.#crypto, opened.value)) return 'rejected'
    this.#author.hlc.receive(record.hlc, this.#turn.clusterMs)
    this.#take(opened.value)
    this.#turn.emit({
      kind: 'persist',
      durability: 'normal',
      writes: [{ kind: 'member', member: record.member, bytes }],
    })
    const isMoved = known?.node.record.addresses.join() !== record.addresses.join()
    if (isMoved || known.node.record.leaveAtMs !== record.leaveAtMs) this.#announceTargets()
    return 'news'
  }

  #receiveOwn(
    record: NodeRecord,
    opened: Parameters<typeof isSignedByMember>[1],
  ): 'stale' | 'rejected' {
    const isOther = record.startId !== this.#author.identity.startId
    if (!isOther || record.incarnation < this.#durable.incarnation) return 'stale'
    if (!isSignedByMember(this.#crypto, opened)) return 'rejected'
    if (record.hlc.ms > this.#startedAtMs + this.#timers.settleMs) {
      this.#turn.report({ kind: 'duplicateIdentity', member: this.self })
      this.setAccepts(false)
    }
    this.#raiseIncarnation(record.incarnation)
    return 'stale'
  }

  #take(node: SealedNode): void {
    const { member, incarnation } = node.record
    const known = this.#members.get(member)
    if (known === undefined) {
      this.#members.set(member, {
        node,
        reports: new Map(),
        state: 'unreachable',
        missingSinceMs: Infinity,
      })
      return
    }
    const isRestart = known.node.record.incarnation !== incarnation
    known.node = node
    if (!isRestart) return
    for (const [reporter, { report }] of known.reports) {
      if (report.incarnation < incarnation) known.reports.delete(reporter)
    }
  }

  /** Merges a report about a link; says whether it was news. */
  receiveReport(bytes: Uint8Array): 'news' | 'stale' | 'rejected' {
    const opened = openReport(this.#author.identity.clusterId, bytes)
    if (!opened.ok) return 'rejected'
    const { report } = opened.value
    const entry = this.#members.get(report.about)
    if (entry === undefined || !this.#members.has(report.reporter)) return 'stale'
    if (report.incarnation < entry.node.record.incarnation) return 'stale'
    const known = entry.reports.get(report.reporter)
    if (known !== undefined && known.report.number >= report.number) return 'stale'
    if (entry.reports.size >= limits.reportsMax && known === undefined) return 'stale'
    if (!isSignedByReporter(this.#crypto, opened.value)) return 'rejected'
    const atMs = Math.min(report.atMs, this.#turn.clusterMs + 2_000)
    entry.reports.set(report.reporter, { report: { ...report, atMs }, bytes })
    return 'news'
  }

  /** A peer believes that we have this incarnation: ours must be above what it heard. */
  heardOwnIncarnation(incarnation: number): void {
    if (incarnation > this.#durable.incarnation) this.#raiseIncarnation(incarnation)
  }

  /** Every fact that fits a frame, records first: for a member that knows little. */
  facts(): Facts {
    const nodes: Uint8Array[] = []
    const reports: Uint8Array[] = []
    let room = limits.frameBytesMax - limits.nodeRecordBytesMax
    const add = (list: Uint8Array[], bytes: Uint8Array): void => {
      room -= bytes.length + 8
      if (room > 0) list.push(bytes)
    }
    add(nodes, this.ownBytes())
    for (const { node } of this.#members.values()) {
      if (node.record.member !== this.self) add(nodes, node.bytes)
    }
    for (const entry of this.#members.values()) {
      for (const report of entry.reports.values()) add(reports, report.bytes)
    }
    return { nodes, reports }
  }

  /** Tells all members of a record that came by a hello. */
  spread(node: Uint8Array): void {
    this.#publishFacts([node], [])
  }

  ownBytes(): Uint8Array {
    return this.#members.get(this.self)!.node.bytes
  }

  // ── links ──────────────────────────────────────────────────────────────────────────────────────

  /** An admitted peer can be reached. */
  linkUp(member: MemberId): void {
    if (this.#links.has(member)) return
    this.#links.set(member, new Link(member, this.#turn.monoMs))
    this.#lost.delete(member)
    this.#ownDirty = true
    this.#setReport(member, 'ok')
    this.#beat(this.#links.get(member)!, 0)
  }

  linkDown(member: MemberId): void {
    const link = this.#links.get(member)
    if (link === undefined) return
    this.#links.delete(member)
    this.#clock.forget(member)
    this.#ownDirty = true
    const atMs = this.#turn.monoMs
    this.#lostAtMs = [...this.#lostAtMs.filter((at) => at > atMs - 2_000), atMs]
    const before = this.#links.size + this.#lostAtMs.length
    if (before >= 3 && this.#lostAtMs.length >= 0.8 * before) this.#setIsolated(true)
    // a link that worked until now was one to the newest incarnation, heard of or not
    const known = this.get(member)?.record.incarnation ?? 0
    const incarnation = link.isReported ? link.heardIncarnation : known
    this.#lost.set(member, { atMs, incarnation })
    if (this.#timers.lossDebounceMs === 0) this.#reportLost()
  }

  #setIsolated(isIsolated: boolean): void {
    if (this.#isIsolated === isIsolated) return
    this.#isIsolated = isIsolated
    this.#turn.report({ kind: 'isolated', isolated: isIsolated })
  }

  #reportLost(): void {
    for (const [member, { atMs, incarnation }] of this.#lost) {
      if (this.#turn.monoMs - atMs < this.#timers.lossDebounceMs) continue
      this.#lost.delete(member)
      if (incarnation === this.get(member)?.record.incarnation) this.#setReport(member, 'lost')
    }
  }

  /** Writes and publishes our finding about a member, unless it is what we said last. */
  #setReport(about: MemberId, finding: LinkReport['finding']): void {
    const entry = this.#members.get(about)
    if (entry === undefined) return
    const { incarnation } = entry.node.record
    const last = entry.reports.get(this.self)?.report
    // missing is missing since the first report, whether silent or closed
    const isSame =
      last?.incarnation === incarnation && (last.finding === 'ok') === (finding === 'ok')
    if (isSame || (finding === 'ok' && last?.incarnation !== incarnation)) return
    this.#reportNumber = Math.max(this.#reportNumber + 1, this.#turn.clusterMs)
    const sealed = sealReport(this.#author, {
      about,
      incarnation,
      finding,
      atMs: this.#turn.clusterMs,
      reporter: this.self,
      number: this.#reportNumber,
    })
    entry.reports.set(this.self, sealed)
    if (!this.#isIsolated) this.#publishFacts([], [sealed.bytes])
  }

  /** A heartbeat frame; false when it was malformed. */
  heard(from: MemberId, frame: Uint8Array): boolean {
    const link = this.#links.get(from)
    const decoded = decodeHeartbeat(frame)
    if (!decoded.ok) return false
    if (link === undefined) return true
    const beat = decoded.value
    const now = this.#turn.monoMs
    link.heard(beat, now)
    if (link.isReported && link.unheardMs() === 0) {
      link.isReported = false
      this.#ownDirty = true
      this.#setReport(from, 'ok')
    }
    if (beat.echoSeq > 0) {
      const rttMs = Math.max(0, now - beat.echoMonoMs - beat.echoAgeMs)
      this.#clock.sample(
        from,
        { offsetMs: beat.wallMs + rttMs / 2 - this.#turn.wallMs, rttMs },
        this.#turn,
      )
    }
    const isStoreEqual =
      beat.catalogDigest === this.#digests.catalog && beat.seenDigest === this.#digests.seen
    link.storeMismatches = isStoreEqual ? 0 : link.storeMismatches + 1
    link.viewMismatches = beat.viewDigest === this.#viewDigest ? 0 : link.viewMismatches + 1
    if (this.#isIsolated && now - link.upAtMs > 2 * this.#timers.heartbeatMs)
      this.#setIsolated(false)
    return true
  }

  #beat(link: Link, pauseMs: number): void {
    const now = this.#turn.monoMs
    if (now - link.lastSentMs < pauseMs) return
    link.lastSentMs = now
    link.sentSeq += 1
    const echo = link.lastBeat
    const bytes = encodeHeartbeat({
      incarnation: this.#durable.incarnation,
      seq: link.sentSeq,
      echoSeq: echo?.seq ?? 0,
      monoMs: Math.floor(now),
      wallMs: Math.floor(this.#turn.wallMs),
      echoMonoMs: echo?.monoMs ?? 0,
      echoAgeMs: echo === undefined ? 0 : Math.floor(now - link.lastHeardMs),
      catalogDigest: this.#digests.catalog,
      seenDigest: this.#digests.seen,
      viewDigest: this.#viewDigest,
      lagMs: 0,
      load: this.load,
    })
    this.#turn.emit({ kind: 'send', to: link.member, channel: 'heartbeat', bytes })
  }

  // ── time passes ────────────────────────────────────────────────────────────────────────────────

  /** Beats, judges silence, refreshes. `lagMs`: how late this wake came. */
  wake(lagMs: number): void {
    const now = this.#turn.monoMs
    for (const link of this.#links.values()) this.#beat(link, this.#timers.heartbeatMs - 1)
    if (lagMs > limits.stallMs) {
      this.#excuseStall()
      return
    }
    if (this.#health > 0 && now - this.#calmSinceMs > 10_000) {
      this.#health -= 1
      this.#calmSinceMs = now
    }
    this.#reportLost()
    this.#judgeSilence()
    const isDue = now - this.#ownPublishedMs >= coalesceMs
    if ((this.#ownDirty && isDue) || now - this.#ownPublishedMs > this.#timers.refreshMs) {
      this.#publishOwn()
    }
    if (this.#turn.clusterMs - this.#durable.aliveAtMs > this.#timers.downAfterMs / 3) {
      this.#persistSelf()
    }
  }

  /** Timers ran before queued input was read: nobody is judged by what was not heard meanwhile. */
  #excuseStall(): void {
    this.#worsen()
    const now = this.#turn.monoMs
    for (const link of this.#links.values()) {
      link.excuse(now - link.silenceLimitMs(this.#timers.silenceMs, this.#health) / 2)
    }
  }

  #judgeSilence(): void {
    for (const link of this.#links.values()) {
      const known = this.get(link.member)?.record
      if (known === undefined) continue
      const limit = link.silenceLimitMs(known.silenceMs, this.#health)
      const silent = this.#turn.monoMs - link.lastHeardMs > limit || link.unheardMs() > limit
      if (!silent || link.isReported) continue
      link.isReported = true
      this.#ownDirty = true
      this.#setReport(link.member, 'silent')
    }
  }

  /** Judges every member anew; true when some state has changed. */
  evaluate(): boolean {
    const now = this.#turn.clusterMs
    let isChanged = false
    let digest = 0n
    for (const [member, entry] of this.#members) {
      const { record } = entry.node
      const reports = [...entry.reports.values()].map(({ report }) => report)
      entry.missingSinceMs = missingSince(
        { record, reports },
        (other) => this.#members.has(other),
        this.#timers.singleReportMs,
      )
      const state = stateOf(record, entry.missingSinceMs, now)
      if (state !== entry.state) {
        entry.state = state
        isChanged = true
        this.#turn.report({ kind: 'memberChanged', member, name: record.name, state })
      }
      const { ms, counter } = record.hlc
      digest += hash64(`view|${member}|${record.incarnation}|${ms}.${counter}|${state}`)
    }
    this.#viewDigest = BigInt.asUintN(64, digest)
    this.#refuteIfAccused()
    return isChanged
  }

  #refuteIfAccused(): void {
    const own = this.#members.get(this.self)
    if (own === undefined || own.state === 'alive' || own.state === 'left') return
    if (this.#turn.monoMs - this.#refutedAtMs < limits.refutePauseMs) return
    this.#raiseIncarnation(this.#durable.incarnation)
  }

  /** Tells the network whom to stay connected to. */
  #announceTargets(): void {
    const targets = [...this.#members.values()]
      .map(({ node }) => node.record)
      .filter(({ member, leaveAtMs }) => member !== this.self && leaveAtMs === null)
      .sort((a, b) => compareText(a.member, b.member))
      .map(({ member, addresses }) => ({ member, addresses }))
    this.#turn.emit({ kind: 'connect', targets })
  }
}
