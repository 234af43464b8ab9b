// One simulated machine: clocks, disk, executor, and the loop that steps its node and carries out the
// effects in the documented order.

import { openPolicy } from '../../../src/core/trust/policy.ts'
import { type MemoryStore, createMemoryStore } from '../../../src/adapters/memory/store.ts'
import type { Command, Counts, Event } from '../../../src/core/event.ts'
import type { Effect, Launch, Reply, Write } from '../../../src/core/effect.ts'
import { hash64, hex64 } from '../../../src/core/hash.ts'
import type { AttemptId, MemberId } from '../../../src/core/ids.ts'
import { limits } from '../../../src/core/limits.ts'
import { encodeSync } from '../../../src/core/jobs/sync-message.ts'
import { Node } from '../../../src/core/node.ts'
import type { Report } from '../../../src/core/report.ts'
import type { Credentials } from '../../../src/core/trust/credentials.ts'
import { clusterId, credentialsOf } from './credentials.ts'
import { fakeCrypto, mix, peerId } from './crypto.ts'
import { epochMs, type MachineInit, type Shared, type Start } from './machine-init.ts'
import type { End, Gossip, Question } from './wires.ts'

export { epochMs } from './machine-init.ts'
export type { Script, Sent, Start } from './machine-init.ts'

type Unstamped<E> = E extends { readonly monoMs: number } ? Omit<E, 'monoMs' | 'wallMs'> : never
/** An event without its clocks. */
type Happening = Unstamped<Event>

const utf8 = new TextEncoder()

type Persist = Extract<Effect, { kind: 'persist' }>

export class Machine implements End {
  readonly id: MemberId
  readonly index: number
  /** Wall clock minus true time. */
  wallOffsetMs = 0
  store: MemoryStore
  /** What the next start shows. */
  credentials: Credentials
  /** Questions asked of peers so far, hellos aside. */
  pulls = 0
  /** Facts told, newest last. */
  readonly reports: { readonly atMs: number; readonly report: Report }[] = []
  readonly #shared: Shared
  readonly #init: MachineInit
  #node: Node | undefined
  #boots = 0
  #bootAtMs = 0
  #wakeAskedMs = Infinity
  #wakes = 0
  #stalledUntilMs = 0
  #held: Happening[] = []
  readonly #linked = new Map<number, MemberId>()
  readonly #admitted = new Set<MemberId>()
  readonly #gossipSeen = new Set<string>()
  readonly #gossip = new Map<number, { readonly from: number; readonly message: Gossip }>()
  readonly #questions = new Map<number, Question>()
  readonly #running = new Map<AttemptId, Start>()
  readonly #replies = new Map<number, Reply>()
  #ids = 0
  #isFailing = false

  constructor(shared: Shared, init: MachineInit) {
    this.#shared = shared
    this.#init = init
    this.index = init.index
    this.id = peerId(init.index)
    this.credentials = credentialsOf(this.id, init.tags)
    this.store = createMemoryStore({ epoch: hex64(hash64(`store ${init.index}`)) })
  }

  /** The running node. */
  get node(): Node {
    if (this.#node === undefined) throw new Error(`node ${this.index} does not run`)
    return this.#node
  }

  isUp(): boolean {
    return this.#node !== undefined
  }

  get monoMs(): number {
    return 1_000 + this.#shared.timeline.nowMs - this.#bootAtMs
  }

  get trueMs(): number {
    return epochMs + this.#shared.timeline.nowMs
  }

  get wallMs(): number {
    return epochMs + this.#shared.timeline.nowMs + this.wallOffsetMs
  }

  counts(): Counts {
    return this.node.executions.ledger.counts
  }

  // ── life ───────────────────────────────────────────────────────────────────────────────────────

  start(): void {
    this.#boots += 1
    this.#bootAtMs = this.#shared.timeline.nowMs
    this.#node = new Node(
      { crypto: fakeCrypto(this.id) },
      {
        identity: {
          member: this.id,
          clusterId,
          storeEpoch: this.store.epoch,
          startId: hex64(hash64(`start ${this.index} ${this.#boots}`)),
        },
        credentials: this.credentials,
        self: {
          name: `node-${this.index}`,
          version: '0.1.0',
          weight: 16,
          executors: ['exec', 'shell', 'http', 'mqtt'],
          engine: 'croner 11',
          timezoneData: '2026a',
          channels: this.#init.notify?.channels ?? [],
        },
        policy: openPolicy,
        ...(this.#init.maxRunning === undefined ? {} : { maxRunning: this.#init.maxRunning }),
        profile: this.#init.profile,
        hasPeers: this.#init.hasPeers,
        buildMs: Date.UTC(2025, 0, 1),
        ...(this.#init.notify === undefined ? {} : { notify: this.#init.notify }),
        defaultTimezone: 'UTC',
        seed: this.#init.seed + BigInt(this.#boots),
      },
    )
    this.step({ kind: 'loaded', loaded: this.store.load(), addresses: [`/sim/${this.index}`] })
  }

  /** The process ends; `unsynced`: power went, and with it what was not yet on the disk. */
  die(lose: 'unsynced' | 'none'): void {
    this.#node = undefined
    this.store = this.store.crash({ lose })
    this.#wakes += 1
    this.#held = []
    this.#stalledUntilMs = 0
    this.#isFailing = false
    for (const map of [this.#linked, this.#gossip, this.#questions, this.#running]) map.clear()
    this.#admitted.clear()
    this.#gossipSeen.clear()
  }

  /** Nothing is read and no timer runs; afterwards timers come first, as in Node.js. */
  stall(durationMs: number): void {
    this.#stalledUntilMs = this.#shared.timeline.nowMs + durationMs
    const boots = this.#boots
    this.#shared.timeline.after(durationMs, () => {
      if (this.#boots !== boots || !this.isUp()) return
      if (this.#wakeAskedMs <= this.monoMs) this.#ring()
      for (const happening of this.#held.splice(0)) this.step(happening)
    })
  }

  // ── what arrives ───────────────────────────────────────────────────────────────────────────────

  link(peer: number, isUp: boolean): void {
    const member = peerId(peer)
    if (this.#linked.has(peer) === isUp) return
    if (isUp) this.#linked.set(peer, member)
    else {
      this.#linked.delete(peer)
      this.#admitted.delete(member)
    }
    this.#take({ kind: 'link', peer: member, up: isUp })
  }

  message(from: number, channel: 'heartbeat' | 'exec', bytes: Uint8Array): void {
    if (!this.#admitted.has(peerId(from))) return
    this.#take({ kind: 'message', from: peerId(from), channel, bytes })
  }

  gossip(from: number, message: Gossip): void {
    if (!this.#admitted.has(peerId(from)) || this.#gossipSeen.has(message.id)) return
    this.#gossipSeen.add(message.id)
    const id = this.#nextId()
    this.#gossip.set(id, { from, message })
    const { topic, bytes } = message
    this.#take({ kind: 'gossip', id, from: peerId(from), topic, bytes })
  }

  request(from: number, question: Question): void {
    if (!this.isUp()) return
    if (question.protocol !== 'hello' && !this.#admitted.has(peerId(from))) return
    const id = this.#nextId()
    this.#questions.set(id, question)
    const { protocol, bytes } = question
    this.#take({ kind: 'request', id, from: peerId(from), protocol, bytes })
  }

  response(id: number, bytes: Uint8Array | undefined): void {
    this.#take({ kind: 'response', id, bytes })
  }

  command(command: Command): Reply {
    const id = this.#nextId()
    this.step({ kind: 'command', id, command })
    const reply = this.#replies.get(id)
    this.#replies.delete(id)
    return (
      reply ?? { ok: false, refusal: { code: 'MC_STORE_FAILED', message: 'not stored', hint: '' } }
    )
  }

  #take(happening: Happening): void {
    if (!this.isUp()) return
    if (this.#shared.timeline.nowMs < this.#stalledUntilMs) this.#held.push(happening)
    else this.step(happening)
  }

  #nextId(): number {
    this.#ids += 1
    return this.#ids
  }

  // ── the loop ───────────────────────────────────────────────────────────────────────────────────

  /** Steps the node at once and carries out what it asks for. */
  step(happening: Happening): void {
    const event = { ...happening, monoMs: this.monoMs, wallMs: this.wallMs } as Event
    const effects = this.node.step(event)
    const persists = effects.filter((effect) => effect.kind === 'persist')
    for (const effect of effects) this.#shared.trace(this.#describe(effect))
    const writes = persists.flatMap((persist) => persist.writes)
    if (writes.length > 0 && !this.#commit(persists, writes)) {
      this.#drop(effects, writes)
      return
    }
    const others = effects.filter((effect) => effect.kind !== 'persist')
    for (const effect of others.toSorted((a, b) => stage(a) - stage(b))) this.#carryOut(effect)
  }

  /** One transaction; the first that works again is told. */
  #commit(persists: readonly Persist[], writes: readonly Write[]): boolean {
    const isFull = persists.some(({ durability }) => durability === 'full')
    try {
      this.store.commit(writes, isFull ? 'full' : 'normal')
    } catch {
      return false
    }
    if (!this.#isFailing) return true
    this.#isFailing = false
    this.#tell(0, { kind: 'storeRecovered' })
    return true
  }

  /** Nothing after a failed commit happens. */
  #drop(effects: readonly Effect[], writes: readonly Write[]): void {
    this.#isFailing = true
    for (const effect of effects) {
      if (effect.kind === 'wakeAt' || effect.kind === 'report') this.#carryOut(effect)
    }
    const unstarted = effects.flatMap((effect) =>
      effect.kind === 'start' ? [effect.launch.attempt] : [],
    )
    const boots = this.#boots
    this.#shared.timeline.after(0, () => {
      if (this.#boots === boots && this.isUp())
        this.step({ kind: 'storeFailed', reason: 'no space', writes, unstarted })
    })
  }

  #describe(effect: Effect): string {
    const { bytes, to, attempt, monoMs } = effect as unknown as {
      readonly bytes?: Uint8Array
      readonly to?: string
      readonly attempt?: string
      readonly monoMs?: number
    }
    const hash = bytes === undefined ? '' : mix(bytes, 0).join()
    const what = `${effect.kind} ${to ?? attempt ?? monoMs ?? ''} ${hash}`
    return `${this.#shared.timeline.nowMs} ${this.index} ${what}`
  }

  #carryOut(effect: Effect): void {
    const { wires } = this.#shared
    switch (effect.kind) {
      case 'persist':
        return
      case 'send':
        if (this.#admitted.has(effect.to))
          wires.send(this.index, this.#indexOf(effect.to), effect.channel, effect.bytes)
        return
      case 'publish':
        this.#publish({
          id: `${this.index}.${this.#boots}.${this.#nextId()}`,
          topic: effect.topic,
          bytes: effect.bytes,
        })
        return
      case 'request':
        if (effect.protocol === 'sync') this.pulls += 1
        wires.request(this.index, this.#indexOf(effect.to), effect)
        return
      case 'respond':
        this.#answer(effect.id, effect.bytes)
        return
      case 'respondRecords': {
        const page = this.store.recordsAfter(effect, limits.pageBytesMax)
        this.#answer(effect.id, encodeSync({ kind: 'records', ...page }))
        return
      }
      case 'verdict': {
        const known = this.#gossip.get(effect.id)
        this.#gossip.delete(effect.id)
        if (known !== undefined && effect.verdict === 'accept')
          wires.flood(this.index, known.message, known.from)
        return
      }
      case 'admit':
        this.#admitted.add(effect.peer)
        return
      case 'connect':
        return
      case 'disconnect':
        wires.close(this.index, this.#indexOf(effect.peer))
        return
      case 'start':
        this.#launch(effect.launch)
        return
      case 'notify': {
        const { id, channel, notices } = effect
        const failure = this.#shared.deliver(this.index, channel)
        const [node, isDelivered] = [this.index, failure === undefined]
        this.#shared.sent.push({ node, channel, atMs: this.trueMs, notices, isDelivered })
        this.#tell(20, { kind: 'notified', id, failure })
        return
      }
      case 'stop':
        this.#stop(effect.attempt, effect.killAfterMs)
        return
      case 'reply':
        this.#replies.set(effect.id, effect.reply)
        return
      case 'wakeAt':
        this.#askWake(effect.monoMs)
        return
      case 'report':
        this.reports.push({ atMs: this.#shared.timeline.nowMs, report: effect.report })
        return
    }
  }

  #indexOf(member: MemberId): number {
    for (const [index, id] of this.#linked) if (id === member) return index
    return this.index
  }

  #publish(message: Gossip): void {
    this.#gossipSeen.add(message.id)
    this.#shared.wires.flood(this.index, message)
  }

  #answer(id: number, bytes: Uint8Array): void {
    this.#questions.get(id)?.answer(bytes)
    this.#questions.delete(id)
  }

  #askWake(monoMs: number): void {
    this.#wakeAskedMs = monoMs
    this.#wakes += 1
    const wake = this.#wakes
    // a microsecond later: an alarm never rings before its time, not by a rounding either
    const atMs = monoMs - 1_000 + this.#bootAtMs + 0.001
    if (!Number.isFinite(atMs)) return
    this.#shared.timeline.at(atMs, () => {
      const isStalled = this.#shared.timeline.nowMs < this.#stalledUntilMs
      if (this.#wakes === wake && this.isUp() && !isStalled) this.#ring()
    })
  }

  #ring(): void {
    const lagMs = Math.max(0, this.monoMs - this.#wakeAskedMs)
    this.#wakeAskedMs = Infinity
    this.step({ kind: 'wake', lagMs })
  }

  // ── what runs ──────────────────────────────────────────────────────────────────────────────────

  #launch(launch: Launch): void {
    const { timeline, starts, script } = this.#shared
    const start: Start = {
      attempt: launch.attempt,
      execution: launch.execution,
      job: launch.job,
      slot: launch.slot,
      node: this.index,
      atMs: epochMs + timeline.nowMs,
      plannedMs: launch.plannedMs,
      endMs: undefined,
    }
    starts.push(start)
    this.#running.set(launch.attempt, start)
    this.#tell(1, {
      kind: 'execution',
      report: { kind: 'started', attempt: launch.attempt, pid: 100 + starts.length },
    })
    start.env = launch.env
    start.input = launch.input
    const { durationMs, exit, result, termMs } = script(launch, this.index)
    start.result = result
    start.termMs = termMs
    if (durationMs !== Infinity) this.#endAfter(1 + durationMs, launch.attempt, 'exit', exit)
  }

  #stop(attempt: AttemptId, killAfterMs: number): void {
    const delayMs = Math.min(killAfterMs, this.#running.get(attempt)?.termMs ?? 5)
    this.#endAfter(delayMs, attempt, 'signal', null)
  }

  #endAfter(
    delayMs: number,
    attempt: AttemptId,
    reason: 'exit' | 'signal',
    exit: number | null,
  ): void {
    const start = this.#running.get(attempt)
    if (start === undefined) return
    const boots = this.#boots
    this.#shared.timeline.after(delayMs, () => {
      if (this.#boots !== boots || this.#running.get(attempt) !== start) return
      this.#running.delete(attempt)
      start.endMs = epochMs + this.#shared.timeline.nowMs
      const end = { attempt, reason, exit, detail: '', outputBytes: 0, outputDropped: 0 }
      const said = start.result === undefined ? {} : { result: utf8.encode(start.result) }
      this.#tell(0, { kind: 'execution', report: { kind: 'ended', ...end, ...said } })
    })
  }

  #tell(delayMs: number, happening: Happening): void {
    const boots = this.#boots
    this.#shared.timeline.after(delayMs, () => {
      if (this.#boots === boots) this.#take(happening)
    })
  }
}

/** The order in which the effects of a step are carried out. */
function stage(effect: Effect): number {
  switch (effect.kind) {
    case 'persist':
      return 0
    case 'start':
    case 'stop':
    case 'notify':
      return 2
    case 'reply':
    case 'wakeAt':
    case 'report':
      return 3
    default:
      return 1
  }
}
