// This node's copy of the catalog: writes of its own, writes that arrive, and the repair of what
// gossip lost. Anti-entropy is the truth, gossip only makes it fast.

import type { Author } from '../author.ts'
import { isAfter, readSeenVector, SeenVector, type Cursor } from '../clock/version-vector.ts'
import type { Write } from '../effect.ts'
import { calendarKey, labelOf, type JobName, type MemberId } from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import type { Link } from '../membership/link.ts'
import { decodeFacts } from '../membership/member-message.ts'
import type { Membership } from '../membership/membership.ts'
import { refuse, ok, type Result } from '../result.ts'
import { isSignedBy } from '../trust/envelope.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Turn } from '../turn.ts'
import { encode, decode } from '../wire/cbor.ts'
import { bytes as bytesOf, list, read } from '../wire/read.ts'
import { Catalog } from './catalog.ts'
import { storedGroups, type GroupName, type Groups } from './definition.ts'
import { openIntent, sealIntent, type GroupWrites, type Intent } from './intent.ts'
import {
  decodeSyncResponse,
  encodeSync,
  type SyncRequest,
  type SyncResponse,
  type Watermark,
} from './sync-message.ts'

/** What the rest of the node does with what arrives. */
export interface ReplicaWorld {
  jobChanged(name: JobName): void
  /** A record of another member; true when it was authentic. */
  receiveRecord(bytes: Uint8Array, from: MemberId): boolean
  receiveWatermarks(watermarks: readonly Watermark[]): void
  /** Signed facts about members came. */
  factsChanged(): void
}

/** A pull under way from one member. */
interface Pull {
  readonly from: MemberId
  /** The other's version vector when the pull began; undefined before the first page. */
  seen: SeenVector | undefined
  cursor: Cursor | null
  /** The same among the records. */
  records: Cursor | null
  /** Sent as ours: empty when equal vectors hide different content. */
  readonly ours: SeenVector
}

const verifiedMax = 200_000
/** View exchanges within the pause that one member is left alone. */
const viewsPerPause = 4
/** Far more than one turn of the loop can hold, and a turn is stored or fails as a whole. */
const writtenMax = 256

export class Replica {
  readonly catalog: Catalog = new Catalog()
  readonly seen: SeenVector
  readonly #turn: Turn
  readonly #author: Author
  readonly #crypto: Crypto
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #world: ReplicaWorld
  /** Ids of writes whose signature has been checked in this process. */
  readonly #verified = new Set<string>()
  /** Own writes, newest last, each with what it replaced: it may turn out that it was not stored. */
  readonly #written: { readonly intent: Intent; readonly before: readonly Intent[] }[] = []
  readonly #pulls = new Map<number, Pull>()
  readonly #pulledAtMs = new Map<MemberId, number>()
  readonly #views = new Map<number, MemberId>()
  readonly #viewedAtMs = new Map<MemberId, number>()
  #newestViewMs = -Infinity
  #randomPullAtMs = -Infinity
  #nextRequest: () => number
  #isSeenDirty = false

  constructor(
    components: {
      turn: Turn
      author: Author
      crypto: Crypto
      timers: Timers
      membership: Membership
      world: ReplicaWorld
      nextRequest: () => number
    },
    seen: SeenVector,
  ) {
    this.#turn = components.turn
    this.#author = components.author
    this.#crypto = components.crypto
    this.#timers = components.timers
    this.#membership = components.membership
    this.#world = components.world
    this.#nextRequest = components.nextRequest
    this.seen = seen
  }

  get digests(): { readonly catalog: bigint; readonly seen: bigint } {
    return { catalog: this.catalog.digest, seen: this.seen.digest() }
  }

  /** Takes up the stored version vector; a damaged one covers nothing, so all is pulled again. */
  restoreSeen(bytes: Uint8Array): void {
    const stored = decode(bytes, { bytesMax: limits.frameBytesMax })
    const vector = stored.ok ? read(readSeenVector, stored.value) : stored
    if (vector.ok) this.seen.join(vector.value)
  }

  /** Takes up stored writes, whose hashes the store has checked; damaged ones are counted. */
  restore(intents: Iterable<Uint8Array>): number {
    let damaged = 0
    for (const bytes of intents) {
      const opened = openIntent(this.#crypto, this.#author.identity.clusterId, bytes)
      if (!opened.ok) {
        damaged += 1
        continue
      }
      this.seen.add(opened.value.intent)
      this.catalog.apply(opened.value.intent)
    }
    return damaged
  }

  /** The version vector has to be stored with this step. */
  noteSeen(): void {
    this.#isSeenDirty = true
  }

  /** Stores the version vector with whatever this step has added to it. */
  finishStep(): void {
    if (!this.#isSeenDirty) return
    this.#isSeenDirty = false
    const bytes = encode(this.seen.toCbor())
    this.#turn.emit({ kind: 'persist', durability: 'normal', writes: [{ kind: 'seen', bytes }] })
  }

  // ── writes of this node ────────────────────────────────────────────────────────────────────────

  /** Writes those groups whose value would change what acts; durable before anything else happens. */
  write(name: JobName, generation: number, values: Partial<Groups>): Result<boolean> {
    const known = this.catalog.get(name)
    const isNew = known === undefined || known.generation !== generation
    const groups: Record<
      string,
      { value: Groups[GroupName]; context: ReadonlyMap<string, number> }
    > = {}
    for (const group of storedGroups) {
      const value = values[group]
      if (value === undefined) continue
      const context = this.catalog.clockOf(name, group)
      const isLife = isNew && group === 'life'
      if (!isLife && !this.catalog.isNews(name, group, value)) continue
      if (context.size >= limits.contextActorsMax) {
        return refuse(
          'MC_CLOCK_FULL',
          `${labelOf(name)} was written by too many processes`,
          'delete it and create it under another name',
        )
      }
      groups[group] = { value, context }
    }
    if (Object.keys(groups).length === 0) return ok(false)
    if (known === undefined && this.catalog.size >= limits.jobsMax) {
      return refuse(
        'MC_CATALOG_FULL',
        `the fleet holds ${limits.jobsMax} jobs`,
        'delete jobs that nobody needs',
      )
    }
    const draft = { job: name, generation, groups: groups as GroupWrites }
    const stamp = this.#author.stamp(this.#turn.clusterMs)
    const intent = sealIntent(this.#author, this.#crypto, draft, stamp)
    if (intent.bytes.length > limits.intentBytesMax) {
      return refuse(
        'MC_BAD_INPUT',
        `${labelOf(name)} is larger than ${limits.intentBytesMax} bytes`,
        'move what is large into a file that the command reads',
      )
    }
    this.#noteVerified(intent)
    this.#written.push({ intent, before: this.catalog.intentsOf(name) })
    if (this.#written.length > writtenMax) this.#written.shift()
    this.#apply(intent, 'full')
    if (intent.bytes.length <= limits.gossipBytesMax - 64) {
      this.#turn.emit({ kind: 'publish', topic: 'jobs', bytes: encode([intent.bytes]) })
    }
    return ok(true)
  }

  /**
   * Takes back those writes of this node that could not be stored: who wrote them was refused, nobody
   * else has heard of them. Answers with what is still to be stored.
   */
  retract(writes: readonly Write[]): readonly Write[] {
    const unstored = new Set(writes.flatMap((one) => (one.kind === 'intent' ? [one.id] : [])))
    const gone = this.#written.filter(({ intent }) => unstored.has(intent.id))
    const isGone = (id: string): boolean => gone.some(({ intent }) => intent.id === id)
    for (const job of new Set(gone.map(({ intent }) => intent.job))) {
      const before = gone.filter(({ intent }) => intent.job === job).flatMap((one) => one.before)
      const kept = [...before, ...this.catalog.intentsOf(job)].filter(({ id }) => !isGone(id))
      this.catalog.replace(job, kept)
      this.#world.jobChanged(job)
    }
    return writes.filter((one) => {
      if (one.kind === 'intent') return !isGone(one.id)
      return one.kind !== 'forgetIntent' || !this.catalog.has(one.id)
    })
  }

  #noteVerified(intent: Intent): void {
    if (this.#verified.size >= verifiedMax) this.#verified.clear()
    this.#verified.add(intent.id)
  }

  /** Merges a verified write and stores it. */
  #apply(intent: Intent, durability: 'full' | 'normal'): boolean {
    this.seen.add(intent)
    this.noteSeen()
    const applied = this.catalog.apply(intent)
    if (applied.kind === 'known') return false
    const { id, job, bytes } = intent
    this.#turn.emit({
      kind: 'persist',
      durability,
      writes: [
        { kind: 'intent', id, job, bytes },
        ...applied.forgotten.map((old) => ({ kind: 'forgetIntent', id: old.id }) as const),
      ],
    })
    this.#world.jobChanged(job)
    return true
  }

  // ── writes of others ───────────────────────────────────────────────────────────────────────────

  /** Merges a write that came from a peer, after its form and its signature have been checked. */
  receive(bytes: Uint8Array, from: MemberId): 'news' | 'stale' | 'rejected' {
    const opened = openIntent(this.#crypto, this.#author.identity.clusterId, bytes)
    if (!opened.ok) {
      this.#turn.report({ kind: 'refused', from, what: 'definition', reason: opened.reason })
      return 'rejected'
    }
    const { intent, sealed } = opened.value
    if (this.catalog.has(intent.id)) return 'stale'
    if (!isSignedBy(this.#crypto, intent.author, sealed)) {
      this.#turn.report({ kind: 'refused', from, what: 'definition', reason: 'bad signature' })
      return 'rejected'
    }
    if (this.catalog.size >= limits.jobsMax && this.catalog.get(intent.job) === undefined) {
      this.#turn.report({ kind: 'limitReached', limit: 'jobsMax' })
      return 'stale'
    }
    this.#author.hlc.receive(intent.hlc, this.#turn.clusterMs)
    this.#noteVerified(intent)
    // FULL: the peer may be the only other holder, and may be gone tomorrow
    return this.#apply(intent, 'full') ? 'news' : 'stale'
  }

  /** A gossiped batch of writes. */
  receiveGossip(from: MemberId, frame: Uint8Array): 'accept' | 'ignore' | 'reject' {
    const decoded = decode(frame, { bytesMax: limits.gossipBytesMax })
    const batch = decoded.ok
      ? read(list(bytesOf({ max: limits.gossipBytesMax }), { max: 64 }), decoded.value)
      : decoded
    if (!batch.ok) return 'reject'
    const found = batch.value.map((bytes) => this.receive(bytes, from))
    if (found.includes('rejected')) return 'reject'
    return found.includes('news') ? 'accept' : 'ignore'
  }

  /**
   * Whether all writes that make up the job and the calendars that it obeys were signed by their
   * authors; checked before it runs.
   */
  isAuthentic(name: JobName): boolean {
    const job = this.catalog.live(name)
    const uses = job === undefined ? [] : this.catalog.usesOf(job)
    const keys = [name, ...uses.map((use) => calendarKey(use.name))]
    const intents = keys.flatMap((key) => this.catalog.intentsOf(key))
    return intents.every((intent) => {
      if (this.#verified.has(intent.id)) return true
      const opened = openIntent(this.#crypto, this.#author.identity.clusterId, intent.bytes)
      if (!opened.ok || !isSignedBy(this.#crypto, intent.author, opened.value.sealed)) return false
      this.#noteVerified(intent)
      return true
    })
  }

  // ── repair ─────────────────────────────────────────────────────────────────────────────────────

  /** Starts what repair is due: after new links, lasting differences, and now and then at random. */
  wake(randomBelow: (n: number) => number): void {
    const now = this.#turn.monoMs
    // a silent link answers nothing, and would keep the others waiting
    const links = [...this.#membership.links()].filter(({ isReported }) => !isReported)
    const complete = links.filter(({ hasPulled, hasView }) => hasPulled && hasView).length
    // beyond a few first exchanges the digests tell which link has news
    const isMoreWanted = complete < limits.exchangesWanted
    const askedMs = ({ member }: Link): number => this.#pulledAtMs.get(member) ?? 0
    const toPull = links.filter(
      (link) => (isMoreWanted && !link.hasPulled) || link.storeMismatches >= 2,
    )
    for (const link of toPull.sort((a, b) => askedMs(a) - askedMs(b))) this.#pull(link)
    const viewedMs = ({ member }: Link): number => this.#viewedAtMs.get(member) ?? 0
    const toView = links.filter(
      (link) => (isMoreWanted && !link.hasView) || link.viewMismatches >= 2,
    )
    for (const link of toView.sort((a, b) => viewedMs(a) - viewedMs(b))) this.#exchangeView(link)
    if (links.length > 0 && now - this.#randomPullAtMs > this.#timers.syncMs) {
      this.#randomPullAtMs = now
      this.#pull(links[randomBelow(links.length)]!)
    }
  }

  #pull(link: Link): void {
    const { member } = link
    const now = this.#turn.monoMs
    const isRecent = now - (this.#pulledAtMs.get(member) ?? -Infinity) < limits.pullPauseMs
    const isUnderWay = [...this.#pulls.values()].some(({ from }) => from === member)
    if (isRecent || isUnderWay || this.#pulls.size >= limits.pullsMax) return
    this.#pulledAtMs.set(member, now)
    // equal vectors and different content: rows were lost, so everything is asked for again
    const isHidden = link.lastBeat?.seenDigest === this.seen.digest() && link.storeMismatches >= 4
    const ours = isHidden ? new SeenVector() : this.seen.copy()
    this.#ask({ from: member, seen: undefined, cursor: null, records: null, ours })
  }

  #ask(pull: Pull): void {
    this.#continue(pull, { kind: 'intents', seen: pull.ours, cursor: pull.cursor })
  }

  #continue(pull: Pull, message: SyncRequest): void {
    const id = this.#nextRequest()
    this.#pulls.set(id, pull)
    this.#request(id, pull.from, message)
  }

  #request(id: number, to: MemberId, message: SyncRequest): void {
    this.#turn.emit({
      kind: 'request',
      id,
      to,
      protocol: 'sync',
      bytes: encodeSync(message),
      timeoutMs: 10_000,
    })
  }

  #exchangeView(link: Link): void {
    const now = this.#turn.monoMs
    const { member } = link
    const isUnderWay = [...this.#views.values()].includes(member)
    const isRecent =
      now - (this.#viewedAtMs.get(member) ?? -Infinity) < limits.viewExchangePauseMs ||
      now - this.#newestViewMs < limits.viewExchangePauseMs / viewsPerPause
    if (isUnderWay || (link.hasView && isRecent)) return
    this.#viewedAtMs.set(member, now)
    this.#newestViewMs = now
    const id = this.#nextRequest()
    this.#views.set(id, link.member)
    this.#request(id, link.member, { kind: 'view', facts: this.#membership.facts() })
  }

  /** The answer to one of our questions; false when it was not one of ours. */
  onResponse(id: number, bytes: Uint8Array | undefined): boolean {
    const view = this.#views.get(id)
    const pull = this.#pulls.get(id)
    if (view === undefined && pull === undefined) return false
    this.#views.delete(id)
    this.#pulls.delete(id)
    if (bytes === undefined) return true
    const from = view ?? pull!.from
    const decoded = decodeSyncResponse(bytes)
    if (!decoded.ok) {
      this.#turn.report({ kind: 'refused', from, what: 'sync', reason: decoded.reason })
      return true
    }
    const response = decoded.value
    if (response.kind === 'view' && view !== undefined) this.#onView(view, response)
    if (pull === undefined) return true
    if (response.kind === 'intents') this.#onIntents(pull, response)
    if (response.kind === 'records') this.#onRecords(pull, response)
    if (response.kind === 'watermarks') this.#onWatermarks(pull, response)
    return true
  }

  #onView(from: MemberId, response: Extract<SyncResponse, { kind: 'view' }>): void {
    this.mergeFacts(response.facts)
    const link = this.#membership.link(from)
    if (link === undefined) return
    link.hasView = true
    link.viewMismatches = 0
  }

  /** Gossiped facts about members. */
  receiveFacts(bytes: Uint8Array): 'accept' | 'ignore' | 'reject' {
    const facts = decodeFacts(bytes)
    return facts.ok ? this.mergeFacts(facts.value) : 'reject'
  }

  /** Merges signed facts about members; says how they were. */
  mergeFacts(facts: {
    nodes: readonly Uint8Array[]
    reports: readonly Uint8Array[]
  }): 'accept' | 'ignore' | 'reject' {
    const found = [
      ...facts.nodes.map((bytes) => this.#membership.receiveNode(bytes)),
      ...facts.reports.map((bytes) => this.#membership.receiveReport(bytes)),
    ]
    if (found.includes('news')) this.#world.factsChanged()
    if (found.includes('rejected')) return 'reject'
    return found.includes('news') ? 'accept' : 'ignore'
  }

  #onIntents(pull: Pull, page: Extract<SyncResponse, { kind: 'intents' }>): void {
    pull.seen ??= page.seen
    for (const bytes of page.intents) this.receive(bytes, pull.from)
    this.#world.receiveWatermarks(page.watermarks)
    const last = page.intents.at(-1)
    if (page.more && last !== undefined) {
      const opened = openIntent(this.#crypto, this.#author.identity.clusterId, last)
      if (!opened.ok) return
      pull.cursor = [opened.value.intent.actor, opened.value.intent.seq]
      this.#ask(pull)
      return
    }
    this.#continue(pull, { kind: 'records', seen: pull.ours, cursor: null })
  }

  #onRecords(pull: Pull, page: Extract<SyncResponse, { kind: 'records' }>): void {
    for (const bytes of page.records) this.#world.receiveRecord(bytes, pull.from)
    const { next } = page
    if (next !== null) {
      // the place alone says where to go on: of a long history only the ends are kept, and the holes
      // that their dots leave are more than a vector remembers
      const isFurther =
        pull.records === null || isAfter({ actor: next[0], seq: next[1] }, pull.records)
      pull.records = next
      if (isFurther) this.#continue(pull, { kind: 'records', seen: pull.ours, cursor: next })
      return
    }
    if (pull.seen === undefined) return
    if (this.seen.join(pull.seen)) this.noteSeen()
    const link = this.#membership.link(pull.from)
    if (link === undefined) return
    link.storeMismatches = 0
    // records beyond what is kept in memory are forgotten again: what they decided is told apart
    if (!link.hasPulled) this.#continue(pull, { kind: 'watermarks', after: null })
  }

  #onWatermarks(pull: Pull, page: Extract<SyncResponse, { kind: 'watermarks' }>): void {
    this.#world.receiveWatermarks(page.watermarks)
    if (page.next !== null) {
      this.#continue(pull, { kind: 'watermarks', after: page.next })
      return
    }
    const link = this.#membership.link(pull.from)
    if (link !== undefined) link.hasPulled = true
  }
}
