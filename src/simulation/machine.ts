// One simulated machine: clocks, disk, executor, network, and the loop that takes events to its node
// and carries out what it answers, in the order of the driver.

import { carryOut, launchInTime, type Hands } from '../app/carry-out.ts'
import type { Arrival } from '../app/driver.ts'
import type { Effect, Protocol, Topic } from '../core/effect.ts'
import type { Command, ExecutionReport } from '../core/event.ts'
import { hash64, hex64 } from '../core/hash.ts'
import type { MemberId } from '../core/ids.ts'
import { encodeSync } from '../core/jobs/sync-message.ts'
import { limits } from '../core/limits.ts'
import type { Node } from '../core/node.ts'
import type { Random } from '../core/random.ts'
import { Alarm } from './alarm.ts'
import { hits } from './chance.ts'
import { peerId } from './crypto.ts'
import type { Disk, Intents } from './disk.ts'
import type { NodeIndex, Version } from './history.ts'
import type { MachineClock } from './machine-clock.ts'
import type { Network } from './network.ts'
import type { Recorder } from './recorder.ts'
import type { SimExecutor } from './sim-executor.ts'
import { misfireOf, type Sometimes } from './sometimes.ts'
import { thisRelease, type Release } from './release.ts'
import { keepStep } from './telling.ts'
import type { Timeline } from './timeline.ts'
import { createNode, type Death, type MachineInit, type MachineParts } from './machine-init.ts'
import { unstored, Waiting, type Answered } from './waiting.ts'

const turnMax = 64

export class Machine {
  readonly id: MemberId
  readonly index: NodeIndex
  readonly clock: MachineClock
  readonly disk: Disk
  readonly executor: SimExecutor
  readonly network: Network
  /** Where it stands in a turn when its process ends: used by a crash in a commit. */
  crashInCommit: 'before' | 'after' | undefined
  /** What it runs from its next start on. */
  release: Release = thisRelease
  #running: Release = thisRelease
  /** Called when the process ended by itself. */
  onExit: (() => void) | undefined
  readonly #timeline: Timeline
  readonly #recorder: Recorder
  readonly #random: Random
  readonly #sometimes: Sometimes
  readonly #intents: Intents
  readonly #init: MachineInit
  readonly #hands: Hands
  #node: Node | undefined
  #isBooting = false
  #boots = 0
  #queue: Arrival[] = []
  #isInTurn = false
  #isTurnPlanned = false
  /** Effects that wait for the disk. */
  #pending: (() => void)[] | undefined
  #stalledUntilMs = 0
  #isStallNoted = false
  #held: (() => void)[] = []
  #isStoreFailed = false
  readonly #alarm: Alarm
  readonly #waiting = new Waiting()

  constructor(parts: MachineParts, init: MachineInit) {
    this.#timeline = parts.timeline
    this.#recorder = parts.recorder
    this.#random = parts.random
    this.#sometimes = parts.sometimes
    this.clock = parts.clock
    this.disk = parts.disk
    this.executor = parts.executor
    this.network = parts.network
    this.#intents = parts.intents
    this.#init = init
    this.index = init.index
    this.id = peerId(init.index)
    this.#alarm = new Alarm(this.#timeline, () => {
      if (!this.isStalled()) this.#ring()
    })
    this.#hands = {
      commit: (writes, durability) => this.#hold(this.#commit(writes, durability)),
      stored: () => this.#stored(),
      failed: (failure, writes, unstarted) => {
        this.#isStoreFailed = true
        this.push({ kind: 'storeFailed', reason: failure.message, writes, unstarted })
        if (failure.failure === 'io') this.#exit()
      },
      send: (effect) => {
        const said = this.#running.say(effect)
        this.#afterDisk(() => this.#send(said))
      },
      start: (effect) => this.#afterDisk(() => this.#start(effect)),
      tell: (effect, isSafe) => this.#afterDisk(() => this.#tell(effect, isSafe)),
    }
    this.network.attach({
      arrive: (run) => this.#arrive(run),
      push: (arrival) => void this.push(arrival),
      answer: (from, protocol, bytes, answer) => this.#question(from, protocol, bytes, answer),
      judge: (from, topic, bytes, judged) => this.#judge(from, topic, bytes, judged),
      isUp: () => this.isUp(),
      isStalled: () => this.isStalled(),
      monoMs: () => this.clock.monoMs,
    })
  }

  /** The running node. */
  get node(): Node | undefined {
    return this.#node
  }

  isUp(): boolean {
    return this.#node !== undefined
  }

  /** Up, or on its way. */
  isOn(): boolean {
    return this.isUp() || this.#isBooting
  }

  isStalled(): boolean {
    return this.#timeline.nowMs < this.#stalledUntilMs
  }

  // ── life ───────────────────────────────────────────────────────────────────────────────────────

  start(): void {
    if (this.isOn()) return
    this.#boots += 1
    this.#isBooting = true
    this.clock.boot()
    this.#stalledUntilMs = 0
    this.executor.start(
      (report) => this.#reported(report),
      () => this.#boot(),
    )
  }

  #boot(): void {
    this.#isBooting = false
    this.#running = this.release
    const startId = hex64(hash64(`start ${this.#init.seed} ${this.index} ${this.#boots}`))
    const { epoch } = this.disk.store
    const { version } = this.#running
    this.#node = createNode(this.#init, {
      id: this.id,
      epoch,
      startId,
      version,
      boots: this.#boots,
    })
    this.#recorder.note({ kind: 'node.up', node: this.index, startId })
    const addresses = [`/ip4/10.0.0.${this.index}/tcp/4000/p2p/${this.id}`]
    this.push({ kind: 'loaded', loaded: this.disk.store.load(), addresses })
    this.network.booted()
  }

  /** The process ends. */
  die(how: Death): void {
    if (!this.isOn()) return
    const wasUp = this.isUp()
    this.#node = undefined
    this.#isBooting = false
    this.#queue = []
    this.#held = []
    this.#pending = undefined
    this.#isTurnPlanned = false
    this.#isStoreFailed = false
    this.#stalledUntilMs = 0
    this.#isStallNoted = false
    this.crashInCommit = undefined
    this.#alarm.clear()
    if (wasUp) this.#recorder.note({ kind: 'node.down', node: this.index, how })
    if (how === 'power') this.executor.powerOff()
    else this.executor.crash()
    this.disk.reopen(how === 'power' ? 'power' : 'kill', hits(this.#random, 0.5))
    this.network.died(how === 'power')
    this.#waiting.abandon()
  }

  /** The process ended by itself; whoever watches it starts it again. */
  #exit(): void {
    this.#timeline.after(0, () => {
      if (!this.isUp()) return
      this.die('kill')
      this.onExit?.()
    })
  }

  /** Nothing is read and no timer runs; it goes on by itself. */
  stall(durationMs: number): void {
    if (!this.isUp()) return
    // a wait for the disk is no stall, and may turn into one
    if (!this.#isStallNoted) this.#recorder.note({ kind: 'node.stalled', node: this.index })
    this.#isStallNoted = true
    this.#freeze(durationMs)
  }

  /** Ends a stall at once. */
  resume(): void {
    if (!this.isUp() || !this.isStalled()) return
    this.#stalledUntilMs = this.#timeline.nowMs
    this.#runs()
  }

  #runs(): void {
    if (this.#isStallNoted) this.#recorder.note({ kind: 'node.runs', node: this.index })
    this.#isStallNoted = false
    this.#thaw()
  }

  #freeze(durationMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#timeline.nowMs + durationMs)
    const boots = this.#boots
    this.#timeline.at(this.#stalledUntilMs, () => {
      if (this.#boots !== boots || !this.isUp() || this.isStalled()) return
      this.#runs()
    })
  }

  /** What waited for the disk first; then timers, which Node.js runs before it reads its sockets. */
  #thaw(): void {
    const pending = this.#pending ?? []
    this.#pending = undefined
    this.#isInTurn = true
    for (const run of pending) if (this.isUp()) run()
    this.#isInTurn = false
    if (!this.isUp() || this.isStalled()) return
    const { isDue } = this.#alarm
    this.#alarm.resume()
    if (isDue && this.#init.harshStalls) this.#ring()
    for (const run of this.#held.splice(0)) this.#arrive(run)
    if (isDue && !this.#init.harshStalls) this.#ring()
    this.#turn()
  }

  // ── what arrives ───────────────────────────────────────────────────────────────────────────────

  /** Something for the loop: it waits while nothing runs. */
  #arrive(run: () => void): void {
    if (!this.isUp()) return
    if (this.isStalled()) this.#held.push(run)
    else run()
  }

  /** Queues an event. */
  push(arrival: Arrival): boolean {
    if (!this.isUp() || this.#queue.length >= limits.eventQueueMax) return false
    this.#queue.push(arrival)
    this.#turn()
    return true
  }

  #question(
    from: MemberId,
    protocol: Protocol,
    bytes: Uint8Array,
    answer: (bytes: Uint8Array) => void,
  ): void {
    const id = this.#waiting.question(answer)
    this.push({ kind: 'request', id, from, protocol, bytes })
  }

  #judge(
    from: MemberId,
    topic: Topic,
    bytes: Uint8Array,
    judged: (isAccepted: boolean) => void,
  ): void {
    const id = this.#waiting.verdict(judged)
    this.push({ kind: 'gossip', id, from, topic, bytes })
  }

  /** Brings a client's command; the answer is undefined when the process died first. */
  command(command: Command, version: Version | undefined, answered: Answered): void {
    if (!this.isUp()) {
      answered(undefined)
      return
    }
    const id = this.#waiting.command(answered, version)
    this.#arrive(() => void this.push({ kind: 'command', id, command }))
  }

  // ── the loop ───────────────────────────────────────────────────────────────────────────────────

  #turn(): void {
    if (this.#isInTurn || this.#queue.length === 0) return
    const node = this.#node
    if (node === undefined || this.isStalled() || this.#pending !== undefined) return
    this.#isInTurn = true
    const arrivals = this.#queue.splice(0, turnMax)
    const steps: (readonly Effect[])[] = []
    try {
      for (const arrival of arrivals) steps.push(this.#step(node, arrival))
    } catch (error) {
      this.#isInTurn = false
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#recorder.note({ kind: 'node.broke', node: this.index, message })
      this.#queue = []
      this.#exit()
      return
    }
    carryOut(steps, this.#hands)
    this.#isInTurn = false
    if (this.#queue.length > 0) this.#planTurn()
  }

  #planTurn(): void {
    if (this.#isTurnPlanned) return
    this.#isTurnPlanned = true
    const boots = this.#boots
    this.#timeline.after(0, () => {
      if (this.#boots !== boots) return
      this.#isTurnPlanned = false
      this.#turn()
    })
  }

  #step(node: Node, arrival: Arrival): readonly Effect[] {
    const { monoMs, wallMs } = this.clock
    const effects = node.step({ ...arrival, monoMs, wallMs })
    if (arrival.kind === 'command') this.#learnIntents(arrival.id, effects)
    else if (arrival.kind === 'message' && arrival.channel === 'exec')
      this.#sometimes.overhear(arrival.bytes, effects)
    let sum = effects.length
    for (const effect of effects) {
      const size = 'bytes' in effect ? effect.bytes.length : effect.kind.length
      sum = (Math.imul(sum, 31) + size) | 0
    }
    const detail = 'from' in arrival ? `${arrival.from.slice(8, 12)} ${arrival.bytes.length}` : ''
    this.#recorder.trace(this.index, arrival.kind, `${detail} ${sum}`)
    if (this.#recorder.isKeeping) keepStep(this.#recorder, this.index, arrival, effects)
    return effects
  }

  /** What the step of a command wants to store is the write of its client. */
  #learnIntents(id: number, effects: readonly Effect[]): void {
    const version = this.#waiting.takeVersion(id)
    if (version === undefined) return
    for (const effect of effects) {
      if (effect.kind !== 'persist') continue
      for (const write of effect.writes) {
        if (write.kind === 'intent') this.#intents.set(write.id, { job: write.job, version })
      }
    }
  }

  // ── effects, in the order of the driver ────────────────────────────────────────────────────────

  /** Writes a transaction; a process that is meant to die in it dies before or after. */
  #commit(...[writes, durability]: Parameters<Hands['commit']>): number {
    const crash = durability === 'full' ? this.crashInCommit : undefined
    if (crash === 'before') {
      this.#exit()
      return Infinity
    }
    const heldMs = this.disk.commit(writes, durability)
    if (crash === undefined) return heldMs
    this.#exit()
    return Infinity
  }

  /** Lets everything after a commit wait until the disk has answered. */
  #afterDisk(effect: () => void): void {
    if (this.#pending === undefined) effect()
    else this.#pending.push(effect)
  }

  #hold(heldMs: number): void {
    if (heldMs <= 0) return
    this.#pending ??= []
    if (heldMs < Infinity) this.#freeze(heldMs)
  }

  #stored(): void {
    if (!this.#isStoreFailed) return
    this.#isStoreFailed = false
    this.push({ kind: 'storeRecovered' })
  }

  #send(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.network.send(effect.to, effect.channel, effect.bytes)
        return
      case 'publish':
        this.network.publish(effect.topic, effect.bytes)
        return
      case 'request':
        this.network.ask(effect)
        return
      case 'respond':
        this.#waiting.respond(effect.id, effect.bytes)
        return
      case 'respondRecords': {
        const page = this.disk.store.recordsAfter(effect, limits.pageBytesMax)
        this.#waiting.respond(effect.id, encodeSync({ kind: 'records', ...page }))
        return
      }
      case 'verdict':
        this.#waiting.judge(effect.id, effect.verdict === 'accept')
        return
      case 'admit':
        this.network.admit(effect.peer)
        return
      case 'connect':
        this.network.setTargets(effect.targets)
        return
      case 'disconnect':
        this.network.disconnect(effect.peer)
        return
      default:
        return
    }
  }

  #reported(report: ExecutionReport): void {
    this.#arrive(() => void this.push({ kind: 'execution', report }))
  }

  #start(effect: Effect): void {
    if (effect.kind === 'start') {
      launchInTime(effect, this.clock.monoMs, this.executor, (said) => this.#reported(said))
    }
    if (effect.kind === 'stop') this.executor.stop(effect.attempt, effect.killAfterMs)
  }

  #tell(effect: Effect, isSafe: boolean): void {
    switch (effect.kind) {
      case 'reply':
        this.#waiting.reply(effect.id, isSafe ? effect.reply : unstored)
        return
      case 'verdict':
        if (!isSafe) this.#waiting.judge(effect.id, false)
        return
      case 'request':
        if (!isSafe) this.push({ kind: 'response', id: effect.id, bytes: undefined })
        return
      case 'respond':
      case 'respondRecords':
        if (!isSafe) this.#waiting.respond(effect.id, encodeSync({ kind: 'busy' }))
        return
      case 'wakeAt':
        if (Number.isFinite(effect.monoMs)) this.#alarm.set(this.clock.untilMono(effect.monoMs))
        return
      case 'report':
        if (effect.report.kind === 'ready')
          this.#recorder.note({ kind: 'node.ready', node: this.index })
        this.#sometimes.hear(effect.report, (job) => misfireOf(this.#node, job))
        return
      default:
        return
    }
  }

  #ring(): void {
    this.push({ kind: 'wake', lagMs: this.#alarm.take() })
  }
}
