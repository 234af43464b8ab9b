// Messages on their way. Every member that has the channel and judges the same facts holds the same
// message; one of them sends it. By rendezvous of the message's id the first alive one sends at once,
// each next one when those before it had their time and nobody has said that it is sent. So a sender
// that dies is stood in for, and nobody is elected.
//
// Who is not the punctual first (it stands in for another, it tries again, it learned of the event
// late) asks the others first: in a healed partition the other side may have sent it. What cannot be
// delivered is tried again with growing waits for a day, over restarts. Nothing here touches jobs.

import type { JobName, MemberId } from '../ids.ts'
import { limits, type Timers } from '../limits.ts'
import type { Membership } from '../membership/membership.ts'
import { rankKey, rankMembers } from '../placement/rendezvous.ts'
import type { Post } from '../execution/post.ts'
import type { Turn } from '../turn.ts'
import type { Notice } from './notice.ts'
import type { ToldNotices } from './told.ts'

/** A message that waits; as it is stored. */
interface Pending {
  readonly notice: Notice
  readonly channel: string
  /** Key of the order in which members send it. */
  readonly order: string
  readonly sinceMs: number
  /** It happened a while before we judged it. */
  readonly isLate: boolean
  readonly tries: number
  /** Not before, cluster time. */
  readonly fromMs: number
  /** The channel has had its share of this minute: it goes with others. */
  readonly isHeld: boolean
}

/** A batch that the adapter has, or that waits for what others know. */
interface Sending {
  readonly ids: readonly string[]
  readonly channel: string
  /** Monotonic. */
  readonly untilMs: number
  readonly isAsked: boolean
}

const lateMs = 2_000
const backoffMinMs = 5_000
const backoffMaxMs = 900_000
const minuteMs = 60_000

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() }
const keyOf = (id: string): string => `out/${id}`

export class Outbox {
  readonly #turn: Turn
  readonly #timers: Timers
  readonly #membership: Membership
  readonly #post: Post
  readonly #told: ToldNotices
  readonly #pending = new Map<string, Pending>()
  readonly #sending = new Map<number, Sending>()
  #sends = 0
  /** Ranks as long as nobody comes or goes. */
  #ranks: { readonly alive: readonly MemberId[]; readonly byId: Map<string, number> } | undefined

  constructor(components: {
    turn: Turn
    timers: Timers
    membership: Membership
    post: Post
    told: ToldNotices
  }) {
    this.#turn = components.turn
    this.#timers = components.timers
    this.#membership = components.membership
    this.#post = components.post
    this.#told = components.told
  }

  get size(): number {
    return this.#pending.size
  }

  waitingFor(channel: string): number {
    return [...this.#pending.values()].filter((pending) => pending.channel === channel).length
  }

  /** A message is due; `watched` names the job whose watchers send it, in their order. */
  add(notice: Notice, channel: string, watched?: JobName): void {
    const { id } = notice
    // what is older, nobody remembers whether it was sent
    const isOver = this.#turn.clusterMs - notice.atMs > limits.noticeMemoryMs
    if (isOver || this.#pending.has(id) || this.#told.has(id)) return
    if (this.#pending.size >= limits.noticesMax) {
      this.#turn.report({ kind: 'limitReached', limit: 'noticesMax' })
      return
    }
    const now = this.#turn.clusterMs
    this.#put({
      notice,
      channel,
      order: watched === undefined ? rankKey('notify', id) : rankKey('watch', watched),
      sinceMs: now,
      isLate: now - notice.atMs > lateMs,
      tries: 0,
      fromMs: now,
      isHeld: false,
    })
  }

  #put(pending: Pending): void {
    const { id } = pending.notice
    this.#pending.set(id, pending)
    this.#persist(id, utf8.encoder.encode(JSON.stringify(pending)))
  }

  #persist(id: string, bytes: Uint8Array | null): void {
    const writes = [{ kind: 'notice', key: keyOf(id), bytes } as const]
    this.#turn.emit({ kind: 'persist', durability: 'normal', writes })
  }

  #drop(id: string): void {
    if (this.#pending.delete(id)) this.#persist(id, null)
  }

  /** Takes up a row of the store; false when it is of another kind. */
  restore(key: string, bytes: Uint8Array, channels: readonly string[]): boolean {
    if (!key.startsWith('out/')) return false
    const pending = JSON.parse(utf8.decoder.decode(bytes)) as Pending
    if (!channels.includes(pending.channel)) {
      this.#persist(pending.notice.id, null)
      return true
    }
    // what became of it while we were off, others may know
    this.#pending.set(pending.notice.id, { ...pending, isLate: true })
    return true
  }

  // ── who sends ──────────────────────────────────────────────────────────────────────────────────

  /** Alive members that have the channel, in the order in which they send. */
  order(channel: string, key: string): readonly string[] {
    const able = this.#membership
      .members()
      .filter(({ record, state }) => state === 'alive' && record.channels?.includes(channel))
      .map(({ record }) => ({ id: record.member, weight: 16 }))
    return rankMembers(key, able)
  }

  #rankOf({ notice, channel, order }: Pending): number {
    const alive = this.#membership.alive()
    if (this.#ranks?.alive !== alive) this.#ranks = { alive, byId: new Map() }
    const { byId } = this.#ranks
    let rank = byId.get(notice.id)
    if (rank === undefined) {
      // who is not among them, its own record not told yet, stands behind them
      const members = this.order(channel, order)
      const place = members.indexOf(this.#membership.self)
      rank = place < 0 ? members.length : place
      byId.set(notice.id, rank)
    }
    return rank
  }

  /** From when this node sends it: those before it take a send and a grace each. */
  #dueMs(pending: Pending): number {
    const stepMs = limits.noticeTimeoutMs + this.#timers.graceMs
    return pending.fromMs + this.#rankOf(pending) * stepMs
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────────

  wake(): void {
    for (const [id, sending] of this.#sending) {
      if (this.#turn.monoMs < sending.untilMs) continue
      this.#sending.delete(id)
      if (sending.isAsked) this.#send(sending.ids, sending.channel)
      else for (const one of sending.ids) this.#failed(one, 'no answer')
    }
    if (this.#pending.size === 0) return
    const due = this.#due()
    for (const channel of new Set(due.map((pending) => pending.channel))) {
      this.#start(
        due.filter((pending) => pending.channel === channel),
        channel,
      )
    }
  }

  #due(): readonly Pending[] {
    const now = this.#turn.clusterMs
    return this.#waiting().filter((pending) => this.#dueMs(pending) <= now)
  }

  /** What is not under way, the oldest of each job: nobody is to hear of a recovery before the failure. */
  #waiting(): readonly Pending[] {
    const busy = new Set([...this.#sending.values()].flatMap(({ ids }) => ids))
    const fronts = new Set<string>()
    return [...this.#pending.values()].filter((pending) => {
      const { channel, notice, sinceMs } = pending
      const line = `${channel} ${notice.job ?? notice.member}`
      const isFront = !fronts.has(line)
      // what is refused for good must not keep back what comes after it
      if (this.#turn.clusterMs - sinceMs < backoffMaxMs) fronts.add(line)
      return isFront && !busy.has(notice.id)
    })
  }

  /** What the channel has room for goes one by one; the rest waits a minute and goes together. */
  #start(due: readonly Pending[], channel: string): void {
    const now = this.#turn.clusterMs
    const held = due.filter(({ isHeld }) => isHeld)
    if (held.length > 0) {
      this.#ask(due.slice(0, limits.digestNoticesMax), channel)
      return
    }
    const under = [...this.#sending.values()].filter((one) => one.channel === channel)
    const room =
      limits.noticesPerMinuteMax - this.#told.countSince(channel, now - minuteMs) - under.length
    for (const [i, pending] of due.entries()) {
      if (i < room) this.#ask([pending], channel)
      else this.#put({ ...pending, isHeld: true, fromMs: now + minuteMs })
    }
  }

  /** Asks the others whether they know of it, unless it is ours and fresh. */
  #ask(batch: readonly Pending[], channel: string): void {
    const ids = batch.map(({ notice }) => notice.id)
    const unsure = batch.filter(
      (pending) => pending.isLate || pending.tries > 0 || this.#rankOf(pending) > 0,
    )
    const others = this.#membership.linked()
    if (unsure.length === 0 || others.length === 0) {
      this.#send(ids, channel)
      return
    }
    const asked = unsure.map(({ notice }) => notice.id)
    for (const member of others) this.#post.send(member, { kind: 'askTold', ids: asked })
    const untilMs = this.#turn.monoMs + this.#timers.probeMs
    this.#sending.set(this.#nextSend(), { ids, channel, untilMs, isAsked: true })
  }

  #nextSend(): number {
    this.#sends += 1
    return this.#sends
  }

  #send(ids: readonly string[], channel: string): void {
    const batch = ids.flatMap((id) => this.#pending.get(id) ?? [])
    if (batch.length === 0) return
    const id = this.#nextSend()
    const untilMs = this.#turn.monoMs + limits.noticeAnswerMs
    const sent = batch.map(({ notice }) => notice.id)
    this.#sending.set(id, { ids: sent, channel, untilMs, isAsked: false })
    this.#turn.emit({ kind: 'notify', id, channel, notices: batch.map(({ notice }) => notice) })
  }

  /** The adapter has delivered a batch, or could not. */
  delivered(id: number, failure: string | undefined): void {
    const sending = this.#sending.get(id)
    if (sending === undefined) return
    this.#sending.delete(id)
    const { ids, channel } = sending
    if (failure !== undefined) {
      for (const one of ids) this.#failed(one, failure)
      return
    }
    const facts = ids.map((one, i) => this.#told.tell(one, channel, i > 0))
    for (const one of ids) this.#drop(one)
    for (const member of this.#membership.linked()) {
      this.#post.send(member, { kind: 'told', facts })
    }
    this.#turn.report({ kind: 'notified', channel, notices: ids.length })
  }

  #failed(id: string, reason: string): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    const now = this.#turn.clusterMs
    const { channel, sinceMs } = pending
    const tries = pending.tries + 1
    const waitMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(tries - 1, 10))
    const isOver = now + waitMs - sinceMs > limits.noticeMemoryMs
    this.#turn.report({ kind: 'notifyFailed', channel, id, reason, isOver })
    if (isOver) this.#drop(id)
    else this.#put({ ...pending, tries, fromMs: now + waitMs })
  }

  // ── what others say ────────────────────────────────────────────────────────────────────────────

  hear(facts: readonly Uint8Array[], from: MemberId): void {
    for (const bytes of facts) {
      const id = this.#told.hear(bytes, from)
      if (id !== undefined) this.#drop(id)
    }
  }

  answer(ids: readonly string[], from: MemberId): void {
    const facts = this.#told.bytesOf(ids)
    if (facts.length > 0) this.#post.send(from, { kind: 'told', facts })
  }

  /** Monotonic instant of the next thing to do. */
  nextMs(): number {
    const { monoMs, clusterMs } = this.#turn
    const waits = [...this.#sending.values()].map(({ untilMs }) => untilMs)
    for (const pending of this.#waiting()) {
      waits.push(monoMs + this.#dueMs(pending) - clusterMs)
    }
    return Math.min(Infinity, ...waits)
  }
}
