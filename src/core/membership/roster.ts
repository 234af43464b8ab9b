// Every member that is known: its newest record, what others report about it, and how it is judged.

import type { Author } from '../author.ts'
import { compareHlc, type Hlc } from '../clock/hybrid.ts'
import { hash64 } from '../hash.ts'
import type { MemberId } from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import { compareText } from '../order.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Trust } from '../trust/trust.ts'
import type { Turn } from '../turn.ts'
import { isSignedByReporter, openReport, type SealedReport } from './link-report.ts'
import type { Facts } from './member-message.ts'
import {
  certificateIn,
  isNewerRecord,
  isSignedByMember,
  openNode,
  type NodeRecord,
  type OpenedNode,
  type SealedNode,
} from './node-record.ts'
import { missingSince, stateOf, turningPoints, type MemberState } from './view.ts'

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
  /** Its certificate counts. */
  isTrusted: boolean
}

/** How a fact was: new, known or older, forged or malformed. */
export type Found = 'news' | 'stale' | 'rejected'

/** A report from a clock ahead of ours counts from now, not from its future. */
const aheadMaxMs = 2_000

export class Roster {
  readonly #turn: Turn
  readonly #author: Author
  readonly #crypto: Crypto
  readonly #trust: Trust
  readonly #timers: Timers
  readonly #entries = new Map<MemberId, Entry>()
  #digest = 0n
  /** `members()` and `alive()` until the next change. */
  #sorted: readonly Member[] | undefined
  #alive: readonly MemberId[] | undefined
  /** Cluster time for which the last judgement holds; empty when facts came since. */
  #judged = { fromMs: Infinity, untilMs: -Infinity }

  constructor(components: {
    turn: Turn
    author: Author
    crypto: Crypto
    trust: Trust
    timers: Timers
  }) {
    this.#turn = components.turn
    this.#author = components.author
    this.#crypto = components.crypto
    this.#trust = components.trust
    this.#timers = components.timers
  }

  /** Equal on members that hold the same records and judge them alike. */
  get digest(): bigint {
    return this.#digest
  }

  /** All of them, by id. */
  members(): readonly Member[] {
    this.#sorted ??= [...this.#entries.values()]
      .map(({ node, state, missingSinceMs }) => ({ record: node.record, state, missingSinceMs }))
      .sort((a, b) => compareText(a.record.member, b.record.member))
    return this.#sorted
  }

  alive(): readonly MemberId[] {
    this.#alive ??= this.members()
      .filter(({ state }) => state === 'alive')
      .map(({ record }) => record.member)
    return this.#alive
  }

  #noteChanged(): void {
    this.#sorted = undefined
    this.#alive = undefined
  }

  #noteFact(): void {
    this.#judged = { fromMs: Infinity, untilMs: -Infinity }
  }

  get(member: MemberId): Member | undefined {
    const entry = this.#entries.get(member)
    if (entry === undefined) return undefined
    return { record: entry.node.record, state: entry.state, missingSinceMs: entry.missingSinceMs }
  }

  recordOf(member: MemberId): NodeRecord | undefined {
    return this.#entries.get(member)?.node.record
  }

  bytesOf(member: MemberId): Uint8Array {
    return this.#entries.get(member)!.node.bytes
  }

  /** Our own latest report about a member. */
  reportBy(reporter: MemberId, about: MemberId): SealedReport | undefined {
    return this.#entries.get(about)?.reports.get(reporter)
  }

  noteReport(sealed: SealedReport): void {
    const { about, reporter } = sealed.report
    this.#entries.get(about)?.reports.set(reporter, sealed)
    this.#noteFact()
  }

  /** Takes a record that is genuine and newer; reports about older incarnations are void. */
  take(node: SealedNode, state: MemberState = 'unreachable'): void {
    const { member, incarnation } = node.record
    this.#noteChanged()
    this.#noteFact()
    const known = this.#entries.get(member)
    if (known === undefined) {
      const entry = { node, state, missingSinceMs: Infinity, isTrusted: true }
      this.#entries.set(member, { ...entry, reports: new Map() })
      return
    }
    known.node = node
    known.isTrusted = true
    for (const [reporter, { report }] of known.reports) {
      if (report.incarnation < incarnation) known.reports.delete(reporter)
    }
  }

  /** Takes up records of the store, which are our own word. */
  restore(members: Iterable<Uint8Array>): void {
    const { clusterId, member } = this.#author.identity
    for (const bytes of members) {
      const opened = openNode(clusterId, bytes)
      if (opened.ok && opened.value.record.member !== member) this.take(opened.value)
    }
  }

  /** Merges the record of another member. */
  receiveNode(opened: OpenedNode): Found {
    const { record, bytes } = opened
    const known = this.#entries.get(record.member)
    if (known !== undefined && !isNewerRecord(record, known.node.record)) return 'stale'
    if (known === undefined && this.#entries.size >= limits.membersMax) return 'stale'
    if (known !== undefined && this.#isSuperseded(record, known.node.record)) return 'stale'
    const chains = [record.chain, record.formerChain].filter((chain) => chain.length > 0)
    if (!chains.every((chain) => this.#trust.verify(chain).ok)) return 'rejected'
    if (!isSignedByMember(this.#crypto, opened)) return 'rejected'
    this.#author.hlc.receive(record.hlc, this.#turn.clusterMs)
    this.take(opened)
    const writes = [{ kind: 'member', member: record.member, bytes } as const]
    this.#turn.emit({ kind: 'persist', durability: 'normal', writes })
    return 'news'
  }

  /** Records of those whose certificates count. */
  trusted(): readonly NodeRecord[] {
    return [...this.#entries.values()]
      .filter(({ isTrusted }) => isTrusted)
      .map(({ node }) => node.record)
      .sort((a, b) => compareText(a.member, b.member))
  }

  /** Looks again whose certificates count; answers with members that have just lost theirs. */
  recheck(): readonly MemberId[] {
    const lost: MemberId[] = []
    for (const [member, entry] of this.#entries) {
      if (member === this.#author.identity.member) continue
      const { ok } = this.#trust.verify(entry.node.record.chain)
      if (ok === entry.isTrusted) continue
      entry.isTrusted = ok
      this.#noteFact()
      if (!ok) lost.push(member)
    }
    return lost
  }

  /** A member may not go back to a certificate that was replaced. */
  #isSuperseded(record: NodeRecord, known: NodeRecord): boolean {
    const { clusterId } = this.#author.identity
    const serialOf = (of: NodeRecord): Hlc => certificateIn(clusterId, of).serial
    return compareHlc(serialOf(record), serialOf(known)) < 0
  }

  /** Merges a report about a link. */
  receiveReport(bytes: Uint8Array): Found {
    const opened = openReport(this.#author.identity.clusterId, bytes)
    if (!opened.ok) return 'rejected'
    const { report } = opened.value
    const entry = this.#entries.get(report.about)
    if (entry === undefined || !this.#entries.has(report.reporter)) return 'stale'
    if (report.incarnation < entry.node.record.incarnation) return 'stale'
    const known = entry.reports.get(report.reporter)
    if (known !== undefined && known.report.number >= report.number) return 'stale'
    if (entry.reports.size >= limits.reportsMax && known === undefined) return 'stale'
    if (!isSignedByReporter(this.#crypto, opened.value)) return 'rejected'
    const atMs = Math.min(report.atMs, this.#turn.clusterMs + aheadMaxMs)
    entry.reports.set(report.reporter, { report: { ...report, atMs }, bytes })
    this.#noteFact()
    return 'news'
  }

  /** Whom this node hears has changed. */
  noteHearing(): void {
    this.#noteFact()
  }

  /** Judges every member anew; true when some state has changed. `isHeard`: a link to it works. */
  evaluate(isHeard: (member: MemberId) => boolean): boolean {
    const now = this.#turn.clusterMs
    if (this.#judged.fromMs <= now && now < this.#judged.untilMs) return false
    const judged = { fromMs: -Infinity, untilMs: Infinity }
    let isChanged = false
    let digest = 0n
    for (const [member, entry] of this.#entries) {
      const { record } = entry.node
      const reports = [...entry.reports.values()].map(({ report }) => report)
      const isKnown = (other: MemberId): boolean => this.#entries.has(other)
      const { singleReportMs } = this.#timers
      const heard = isHeard(member)
      const missingSinceMs = missingSince({ record, reports }, isKnown, singleReportMs, heard)
      if (missingSinceMs !== entry.missingSinceMs) this.#noteChanged()
      entry.missingSinceMs = missingSinceMs
      for (const atMs of turningPoints(record, missingSinceMs)) {
        if (atMs <= now) judged.fromMs = Math.max(judged.fromMs, atMs)
        else judged.untilMs = Math.min(judged.untilMs, atMs)
      }
      const state = entry.isTrusted ? stateOf(record, missingSinceMs, now, heard) : 'left'
      if (state !== entry.state) {
        entry.state = state
        isChanged = true
        this.#noteChanged()
        this.#turn.report({ kind: 'memberChanged', member, name: record.name, state })
      }
      const { ms, counter } = record.hlc
      digest += hash64(`view|${member}|${record.incarnation}|${ms}.${counter}|${state}`)
    }
    this.#digest = BigInt.asUintN(64, digest)
    this.#judged = judged
    return isChanged
  }

  /** Every fact that fits a frame, records first: for a member that knows little. */
  facts(): Facts {
    const { member: self } = this.#author.identity
    const nodes: Uint8Array[] = []
    const reports: Uint8Array[] = []
    let room = limits.frameBytesMax - limits.nodeRecordBytesMax
    const add = (list: Uint8Array[], bytes: Uint8Array): void => {
      room -= bytes.length + 8
      if (room > 0) list.push(bytes)
    }
    add(nodes, this.bytesOf(self))
    for (const { node } of this.#entries.values()) {
      if (node.record.member !== self) add(nodes, node.bytes)
    }
    for (const entry of this.#entries.values()) {
      for (const report of entry.reports.values()) add(reports, report.bytes)
    }
    return { nodes, reports }
  }
}
