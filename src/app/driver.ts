// The loop: takes events one at a time to the node and carries out what it answers, in this order:
// everything that is to be stored, in one transaction for all events of a turn; then what is sent;
// then what is started and stopped; then answers and reports. What could not be stored is neither
// sent nor started.

import type { Effect, Protocol, Reply, Write } from '../core/effect.ts'
import type { Command, Event, ExecutionReport } from '../core/event.ts'
import type { AttemptId, MemberId } from '../core/ids.ts'
import { encodeSync } from '../core/jobs/sync-message.ts'
import { limits } from '../core/limits.ts'
import type { Node } from '../core/node.ts'
import type { Report } from '../core/report.ts'
import type { Clock } from '../ports/clock.ts'
import type { Executor } from '../ports/executor.ts'
import type { Network } from '../ports/network.ts'
import type { Notifier } from '../ports/notifier.ts'
import type { Store, StoreError } from '../ports/store.ts'
import { carryOut, launchInTime, type Hands } from './carry-out.ts'

type Stamped<E> = E extends { readonly monoMs: number } ? Omit<E, 'monoMs' | 'wallMs'> : never
/** An event before it is stamped with the clocks, which happens when it is stepped. */
export type Arrival = Stamped<Event>

type Verdict = 'accept' | 'ignore' | 'reject'

const sliceMs = 10
/** Which arrivals are refused first when the queue is full; everything else always gets in. */
const refusable: Readonly<Partial<Record<Arrival['kind'], number>>> = {
  gossip: 0.5,
  request: 0.75,
  message: 1,
}

export interface DriverComponents {
  readonly node: Node
  readonly store: Store
  readonly network: Network
  readonly executor: Executor
  readonly notifier: Notifier
  readonly clock: Clock
  readonly onReport: (report: Report) => void
  /** The node cannot go on: a programming error, or a store that can never be written again. */
  readonly onFatal: (error: unknown) => void
}

export class Driver {
  readonly #node: Node
  readonly #store: Store
  readonly #network: Network
  readonly #executor: Executor
  readonly #notifier: Notifier
  readonly #clock: Clock
  readonly #onReport: (report: Report) => void
  readonly #onFatal: (error: unknown) => void
  #queue: Arrival[] = []
  /** Effects of steps that were taken while those of a turn were carried out. */
  #owed: (readonly Effect[])[] = []
  readonly #replies = new Map<number, (reply: Reply) => void>()
  readonly #responses = new Map<number, (bytes: Uint8Array) => void>()
  readonly #verdicts = new Map<number, (verdict: Verdict) => void>()
  readonly #hands: Hands
  #ids = 0
  #isScheduled = false
  #isStopped = false
  #isStoreFailed = false

  constructor(components: DriverComponents) {
    this.#node = components.node
    this.#store = components.store
    this.#network = components.network
    this.#executor = components.executor
    this.#notifier = components.notifier
    this.#clock = components.clock
    this.#onReport = components.onReport
    this.#onFatal = components.onFatal
    this.#hands = {
      commit: (writes, durability) => this.#store.commit(writes, durability),
      stored: () => this.#stored(),
      failed: (failure, writes, unstarted) => this.#failed(failure, writes, unstarted),
      send: (effect) => this.#send(effect),
      start: (effect) => this.#start(effect),
      tell: (effect, isSafe) => this.#tell(effect, isSafe),
    }
  }

  /** Queues an event; false when the queue is too full for its kind. */
  push(arrival: Arrival): boolean {
    const share = refusable[arrival.kind] ?? Infinity
    if (this.#isStopped || this.#queue.length >= share * limits.eventQueueMax) return false
    this.#queue.push(arrival)
    this.#schedule()
    return true
  }

  /** Brings a command to the node; resolves when its effects are durable. */
  command(command: Command): Promise<Reply> {
    const id = (this.#ids += 1)
    return new Promise((resolve) => {
      this.#replies.set(id, resolve)
      if (!this.push({ kind: 'command', id, command })) this.#reply(id, stopped)
    })
  }

  /** Brings a question of a peer to the node. */
  answer(from: MemberId, protocol: Protocol, bytes: Uint8Array): Promise<Uint8Array> {
    const id = (this.#ids += 1)
    return new Promise((resolve, reject) => {
      this.#responses.set(id, resolve)
      if (this.push({ kind: 'request', id, from, protocol, bytes })) return
      this.#responses.delete(id)
      reject(new Error('busy'))
    })
  }

  /** Brings a gossiped message to the node. */
  judge(from: MemberId, topic: 'member' | 'jobs', bytes: Uint8Array): Promise<Verdict> {
    const id = (this.#ids += 1)
    return new Promise((resolve) => {
      this.#verdicts.set(id, resolve)
      if (!this.push({ kind: 'gossip', id, from, topic, bytes })) this.#judged(id, 'ignore')
    })
  }

  /** Ends the loop; what waits for an answer gets a refusal. */
  stop(): void {
    this.#isStopped = true
    this.#clock.clearAlarm()
    for (const id of this.#replies.keys()) this.#reply(id, stopped)
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isStopped) return
    this.#isScheduled = true
    // after the sockets of this turn have been read, so that their events share one transaction
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#isScheduled = false
    const untilMs = this.#clock.monoMs() + sliceMs
    const steps = this.#owed
    this.#owed = []
    let taken = 0
    try {
      while (taken < this.#queue.length && this.#clock.monoMs() < untilMs) {
        const arrival = this.#queue[taken]!
        taken += 1
        const monoMs = this.#clock.monoMs()
        const wallMs = this.#clock.wallMs()
        steps.push(this.#node.step({ ...arrival, monoMs, wallMs }))
      }
    } catch (error) {
      // a step that was left half-way may have broken what all later steps rely on
      this.stop()
      this.#onFatal(error)
      return
    }
    this.#queue = this.#queue.slice(taken)
    carryOut(steps, this.#hands)
    if (this.#queue.length > 0) this.#schedule()
  }

  #failed(failure: StoreError, writes: readonly Write[], unstarted: readonly AttemptId[]): void {
    this.#isStoreFailed = true
    // at once: nobody may be told of a refusal and then see what was refused
    const event: Arrival = { kind: 'storeFailed', reason: failure.message, writes, unstarted }
    const [monoMs, wallMs] = [this.#clock.monoMs(), this.#clock.wallMs()]
    this.#owed.push(this.#node.step({ ...event, monoMs, wallMs }))
    this.#schedule()
    if (failure.failure === 'io') this.#onFatal(failure)
  }

  #stored(): void {
    if (!this.#isStoreFailed) return
    this.#isStoreFailed = false
    this.push({ kind: 'storeRecovered' })
  }

  #send(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#network.send(effect.to, effect.channel, effect.bytes)
        return
      case 'publish':
        this.#network.publish(effect.topic, effect.bytes)
        return
      case 'request':
        this.#request(effect)
        return
      case 'respond':
        this.#respond(effect.id, effect.bytes)
        return
      case 'respondRecords': {
        const page = this.#store.recordsAfter(effect, limits.pageBytesMax)
        this.#respond(effect.id, encodeSync({ kind: 'records', ...page }))
        return
      }
      case 'verdict':
        this.#judged(effect.id, effect.verdict)
        return
      case 'admit':
        this.#network.admit(effect.peer)
        return
      case 'connect':
        this.#network.setTargets(effect.targets)
        return
      case 'disconnect':
        this.#network.disconnect(effect.peer, effect.reason)
        return
      default:
        return
    }
  }

  #request(effect: Extract<Effect, { kind: 'request' }>): void {
    const { id, to, protocol, bytes, timeoutMs } = effect
    this.#network.request(to, protocol, bytes, timeoutMs).then(
      (answer) => this.push({ kind: 'response', id, bytes: answer }),
      () => this.push({ kind: 'response', id, bytes: undefined }),
    )
  }

  #start(effect: Effect): void {
    if (effect.kind === 'start') {
      const report = (said: ExecutionReport): unknown =>
        this.push({ kind: 'execution', report: said })
      launchInTime(effect, this.#clock.monoMs(), this.#executor, report)
    }
    if (effect.kind === 'stop') this.#executor.stop(effect.attempt, effect.killAfterMs)
    if (effect.kind === 'notify') void this.#notify(effect)
  }

  async #notify({ id, channel, notices }: Extract<Effect, { kind: 'notify' }>): Promise<void> {
    const failure = await this.#notifier.deliver(channel, notices)
    this.push({ kind: 'notified', id, failure })
  }

  #tell(effect: Effect, isSafe: boolean): void {
    switch (effect.kind) {
      case 'reply':
        this.#reply(effect.id, isSafe ? effect.reply : unstored)
        return
      case 'verdict':
        if (!isSafe) this.#judged(effect.id, 'ignore')
        return
      case 'request':
        // it was not sent, so nobody answers: who waits for an answer hears that there is none
        if (!isSafe) this.push({ kind: 'response', id: effect.id, bytes: undefined })
        return
      case 'respond':
      case 'respondRecords':
        if (!isSafe) this.#respond(effect.id, encodeSync({ kind: 'busy' }))
        return
      case 'wakeAt':
        this.#wakeAt(effect.monoMs)
        return
      case 'report':
        this.#onReport(effect.report)
        return
      default:
        return
    }
  }

  /**
   * Timers run before the sockets are read, so after a stall a wake would judge peers by what they
   * sent long ago and nobody has read yet: it is queued two turns of the loop later.
   */
  #wakeAt(monoMs: number): void {
    this.#clock.setAlarm(monoMs, () => {
      const lagMs = Math.max(0, Math.round(this.#clock.monoMs() - monoMs))
      setImmediate(() => setImmediate(() => this.push({ kind: 'wake', lagMs })))
    })
  }

  #reply(id: number, reply: Reply): void {
    this.#replies.get(id)?.(reply)
    this.#replies.delete(id)
  }

  #respond(id: number, bytes: Uint8Array): void {
    this.#responses.get(id)?.(bytes)
    this.#responses.delete(id)
  }

  #judged(id: number, verdict: Verdict): void {
    this.#verdicts.get(id)?.(verdict)
    this.#verdicts.delete(id)
  }
}

const stopped: Reply = {
  ok: false,
  refusal: { code: 'MC_BUSY', message: 'the node is stopping', hint: 'ask another member' },
}

const unstored: Reply = {
  ok: false,
  refusal: {
    code: 'MC_STORE_FAILED',
    message: 'the change could not be stored on this node',
    hint: 'free or repair its disk; the change may still appear once the store works again',
  },
}
