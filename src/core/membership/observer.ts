// This node as an observer of its neighbours: links, heartbeats, and what silence on them means. An
// observer that stalled itself, or that lost nearly all its links at once, accuses nobody.

import type { ClusterClock } from '../clock/cluster-clock.ts'
import type { MemberId } from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import { compareText } from '../order.ts'
import type { Turn } from '../turn.ts'
import { decodeHeartbeat, encodeHeartbeat, type Heartbeat } from './heartbeat.ts'
import { Link } from './link.ts'
import type { LinkReport } from './link-report.ts'
import type { NodeRecord } from './node-record.ts'

/** What every heartbeat says about this node. */
export type BeatContent = Pick<
  Heartbeat,
  'incarnation' | 'catalogDigest' | 'seenDigest' | 'viewDigest' | 'load'
>

export interface ObserverWorld {
  record(member: MemberId): NodeRecord | undefined
  beat(): BeatContent
  /** A finding about a member whose link it was. */
  found(member: MemberId, finding: LinkReport['finding']): void
  /** The set of working links has changed. */
  neighboursChanged(): void
}

/** Links that close within this count as lost at once. */
const togetherMs = 2_000
const healthWorst = 8
const calmMs = 10_000

export class Observer {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #clock: ClusterClock
  readonly #world: ObserverWorld
  readonly #links = new Map<MemberId, Link>()
  /** Links that closed and are reported once the debounce has passed. */
  readonly #lost = new Map<MemberId, { readonly atMs: number; readonly incarnation: number }>()
  #lostAtMs: number[] = []
  #isIsolated = false
  /** 0 good … 8 bad: how far this node trusts its own ears. */
  #health = 0
  #calmSinceMs = 0

  constructor(components: {
    turn: Turn
    timers: Timers
    clock: ClusterClock
    world: ObserverWorld
  }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#clock = components.clock
    this.#world = components.world
  }

  get isIsolated(): boolean {
    return this.#isIsolated
  }

  link(member: MemberId): Link | undefined {
    return this.#links.get(member)
  }

  links(): Iterable<Link> {
    return this.#links.values()
  }

  /** Whether a link to a member works in both directions. */
  hears(member: MemberId): boolean {
    return this.#links.get(member)?.isReported === false
  }

  /** Members to which a link works in both directions. */
  neighbours(): readonly MemberId[] {
    const working = [...this.#links.values()].filter(({ isReported }) => !isReported)
    return working
      .map(({ member }) => member)
      .sort(compareText)
      .slice(0, limits.neighboursMax)
  }

  linkUp(member: MemberId): void {
    if (this.#links.has(member)) return
    const link = new Link(member, this.#turn.monoMs)
    this.#links.set(member, link)
    this.#lost.delete(member)
    this.#world.neighboursChanged()
    this.#world.found(member, 'ok')
    this.#beat(link)
  }

  linkDown(member: MemberId): void {
    const link = this.#links.get(member)
    if (link === undefined) return
    this.#links.delete(member)
    this.#clock.forget(member)
    this.#world.neighboursChanged()
    const atMs = this.#turn.monoMs
    this.#lostAtMs = [...this.#lostAtMs.filter((at) => at > atMs - togetherMs), atMs]
    const before = this.#links.size + this.#lostAtMs.length
    if (before >= 3 && this.#lostAtMs.length >= 0.8 * before) this.#setIsolated(true)
    // a link that worked until now was one to the newest incarnation, heard of or not
    const known = this.#world.record(member)?.incarnation ?? 0
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
      const isCurrent = incarnation === this.#world.record(member)?.incarnation
      if (isCurrent) this.#world.found(member, 'lost')
    }
  }

  // ── heartbeats ─────────────────────────────────────────────────────────────────────────────────

  /** A heartbeat frame; false when it was malformed. */
  heard(from: MemberId, frame: Uint8Array): boolean {
    const decoded = decodeHeartbeat(frame)
    if (!decoded.ok) return false
    const link = this.#links.get(from)
    if (link === undefined) return true
    const beat = decoded.value
    const now = this.#turn.monoMs
    const before = link.lastBeat
    link.heard(beat, now)
    if (link.isReported && link.unheardMs() === 0) {
      link.isReported = false
      this.#world.neighboursChanged()
      this.#world.found(from, 'ok')
    }
    this.#measure(from, beat)
    this.#compare(link, beat, before)
    const isBack = now - link.upAtMs > 2 * this.#timers.heartbeatMs
    if (this.#isIsolated && isBack) this.#setIsolated(false)
    return true
  }

  /** Counts how long our copy and the peer's have differed. */
  #compare(link: Link, beat: Heartbeat, before: Heartbeat | undefined): void {
    const own = this.#world.beat()
    const isCatalogEqual = beat.catalogDigest === own.catalogDigest
    const isSeenEqual = beat.seenDigest === own.seenDigest
    // records under way make the two differ at any instant; what neither side moves is a gap
    const isAtRest = before?.seenDigest === beat.seenDigest && link.ownSeenDigest === own.seenDigest
    link.ownSeenDigest = own.seenDigest
    if (isCatalogEqual && isSeenEqual) link.storeMismatches = 0
    else if (!isCatalogEqual || isAtRest) link.storeMismatches += 1
    link.viewMismatches = beat.viewDigest === own.viewDigest ? 0 : link.viewMismatches + 1
  }

  /** The peer's clock, uncertain by half the round trip. */
  #measure(from: MemberId, beat: Heartbeat): void {
    if (beat.echoSeq === 0) return
    const { monoMs, wallMs } = this.#turn
    const rttMs = Math.max(0, monoMs - beat.echoMonoMs - beat.echoAgeMs)
    this.#clock.sample(from, { offsetMs: beat.wallMs + rttMs / 2 - wallMs, rttMs }, this.#turn)
  }

  /** Speaks on every link on which nothing was said for `pauseMs`. */
  beatAll(pauseMs: number): void {
    const now = this.#turn.monoMs
    for (const link of this.#links.values()) {
      if (now - link.lastSentMs >= pauseMs) this.#beat(link)
    }
  }

  #beat(link: Link): void {
    const now = this.#turn.monoMs
    link.lastSentMs = now
    link.sentSeq += 1
    const echo = link.lastBeat
    const bytes = encodeHeartbeat({
      ...this.#world.beat(),
      seq: link.sentSeq,
      echoSeq: echo?.seq ?? 0,
      monoMs: Math.floor(now),
      wallMs: Math.floor(this.#turn.wallMs),
      echoMonoMs: echo?.monoMs ?? 0,
      echoAgeMs: echo === undefined ? 0 : Math.floor(now - link.lastHeardMs),
      lagMs: 0,
    })
    this.#turn.emit({ kind: 'send', to: link.member, channel: 'heartbeat', bytes })
  }

  // ── silence ────────────────────────────────────────────────────────────────────────────────────

  /** Beats and judges. `lagMs`: how late this wake came; after a stall nobody is judged. */
  wake(lagMs: number): void {
    this.beatAll(this.#timers.heartbeatMs - 1)
    if (lagMs > limits.stallMs) {
      this.#excuseStall()
      return
    }
    const now = this.#turn.monoMs
    if (this.#health > 0 && now - this.#calmSinceMs > calmMs) {
      this.#health -= 1
      this.#calmSinceMs = now
    }
    this.#reportLost()
    this.#judgeSilence()
  }

  /** This node stalled or was wrongly accused: it listens longer before it accuses. */
  worsen(): void {
    this.#health = Math.min(healthWorst, this.#health + 1)
    this.#calmSinceMs = this.#turn.monoMs
  }

  /** Nobody could be heard until now. */
  excuseAll(): void {
    for (const link of this.#links.values()) link.excuse(this.#turn.monoMs)
  }

  /** Timers ran before queued input was read: nobody is judged by what was not heard meanwhile. */
  #excuseStall(): void {
    this.worsen()
    const now = this.#turn.monoMs
    for (const link of this.#links.values()) {
      link.excuse(now - link.silenceLimitMs(this.#timers.silenceMs, this.#health) / 2)
    }
  }

  #judgeSilence(): void {
    const now = this.#turn.monoMs
    for (const link of this.#links.values()) {
      if (link.isReported) continue
      const known = this.#world.record(link.member)
      if (known === undefined) continue
      const silenceMs = Math.max(now - link.lastHeardMs, link.unheardMs())
      // the usual case: no limit is below the member's own
      if (silenceMs <= known.silenceMs) continue
      if (silenceMs <= link.silenceLimitMs(known.silenceMs, this.#health)) continue
      link.isReported = true
      this.#world.neighboursChanged()
      this.#world.found(link.member, 'silent')
    }
  }
}
