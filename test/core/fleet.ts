// A fleet of nodes in one process and in virtual time: the same core, a queue of events, links with
// delays and cuts, disks that survive a crash, executors that follow a script and record the truth.

import assert from 'node:assert/strict'
import type { Launch, Reply } from '../../src/core/effect.ts'
import type { Command } from '../../src/core/event.ts'
import { jobName, tickExecutionId, type AttemptId, type ExecutionId } from '../../src/core/ids.ts'
import { parseDocument } from '../../src/core/jobs/document.ts'
import type { ProfileName } from '../../src/core/limits.ts'
import type { MemberState } from '../../src/core/membership/view.ts'
import type { NotifyInit } from '../../src/core/notify/notify.ts'
import { createRandom } from '../../src/core/random.ts'
import type { ExecutionRow } from '../../src/ports/store.ts'
import { peerId } from './fleet/crypto.ts'
import { epochMs, Machine, type Script, type Sent, type Start } from './fleet/machine.ts'
import { Timeline } from './fleet/timeline.ts'
import { Wires } from './fleet/wires.ts'

export type { Start } from './fleet/machine.ts'

export interface FleetInit {
  readonly size: number
  readonly profile?: ProfileName
  readonly seed?: bigint
  /** One-way delay of messages. */
  readonly delayMs?: readonly [number, number]
  readonly tags?: (node: number) => Readonly<Record<string, string>>
  readonly script?: (launch: Launch, node: number) => Script
  /** Executions that each node runs at once. */
  readonly maxRunning?: number
  /** The channels of each node. */
  readonly notify?: (node: number) => NotifyInit
}

export class Fleet {
  readonly machines: readonly Machine[]
  readonly wires: Wires
  /** Messages to people, delivered or not, oldest first. */
  readonly sent: Sent[] = []
  /** Why a channel does not take a message from a node; undefined: it does. */
  deliver: (node: number, channel: string) => string | undefined = () => undefined
  readonly #timeline = new Timeline()
  readonly #starts: Start[] = []
  #script: (launch: Launch, node: number) => Script
  /** Two lanes of 32 bits over everything that the nodes asked for. */
  readonly #trace = new Uint32Array([0x811c9dc5, 0x9e3779b9])

  constructor(init: FleetInit) {
    const random = createRandom(init.seed ?? 1n)
    this.#script = init.script ?? (() => ({ durationMs: 10, exit: 0 }))
    this.wires = new Wires(
      { timeline: this.#timeline, random: random.fork('net') },
      { delayMs: init.delayMs ?? [1, 5], dialMs: [5, 40] },
    )
    const shared = {
      timeline: this.#timeline,
      wires: this.wires,
      starts: this.#starts,
      sent: this.sent,
      deliver: (node: number, channel: string) => this.deliver(node, channel),
      script: (launch: Launch, node: number) => this.#script(launch, node),
      trace: (text: string) => this.#note(text),
    }
    this.machines = Array.from({ length: init.size }, (_, index) => {
      const machine = new Machine(shared, {
        index,
        profile: init.profile ?? 'lan',
        seed: (init.seed ?? 1n) * 1_000n + BigInt(index) * 100n,
        tags: init.tags?.(index) ?? {},
        hasPeers: init.size > 1,
        ...(init.maxRunning === undefined ? {} : { maxRunning: init.maxRunning }),
        ...(init.notify === undefined ? {} : { notify: init.notify(index) }),
      })
      this.wires.join(machine)
      return machine
    })
  }

  /** A fleet whose nodes all run and know each other, ready for work. */
  static running(init: FleetInit): Fleet {
    const fleet = new Fleet(init)
    fleet.start()
    fleet.run(2_000)
    return fleet
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────

  /** True UTC milliseconds. */
  get nowMs(): number {
    return epochMs + this.#timeline.nowMs
  }

  run(durationMs: number): void {
    this.#timeline.runTo(this.#timeline.nowMs + durationMs)
  }

  runTo(utcMs: number): void {
    assert.ok(utcMs >= this.nowMs, 'time does not run back')
    this.#timeline.runTo(utcMs - epochMs)
  }

  /** Runs until something holds; answers how long it took, and fails when it took too long. */
  until(what: string, withinMs: number, isDone: () => boolean): number {
    const from = this.#timeline.nowMs
    const isReached = this.#timeline.runTo(from + withinMs, isDone)
    assert.ok(isReached, `${what}: not within ${withinMs} ms`)
    return this.#timeline.nowMs - from
  }

  /** First multiple of a period after now, at least `aheadMs` away. */
  nextTick(periodMs: number, aheadMs = 0): number {
    return Math.ceil((this.nowMs + aheadMs + 1) / periodMs) * periodMs
  }

  /** Same seed, same calls: the same number. */
  get trace(): string {
    return this.#trace.join()
  }

  #note(text: string): void {
    let [a, b] = this.#trace as unknown as [number, number]
    for (let i = 0; i < text.length; i++) {
      a = Math.imul(a ^ text.charCodeAt(i), 0x01000193)
      b = Math.imul(b + a, 0x85ebca6b) ^ (b >>> 15)
    }
    this.#trace[0] = a
    this.#trace[1] = b
  }

  // ── nodes and links ────────────────────────────────────────────────────────────────────────────

  machine(node: number): Machine {
    return this.machines[node]!
  }

  get up(): readonly number[] {
    return this.machines.filter((machine) => machine.isUp()).map(({ index }) => index)
  }

  /** Starts these nodes, or all. */
  start(nodes: readonly number[] = this.machines.map(({ index }) => index)): void {
    for (const node of nodes) {
      // a machine whose power went left its peers with dead links
      this.wires.closeAll(node)
      this.machine(node).start()
    }
    this.wires.dialAll()
  }

  /** The process is killed: its links close. */
  kill(...nodes: readonly number[]): void {
    for (const node of nodes) {
      this.machine(node).die('none')
      this.wires.closeAll(node)
    }
  }

  /** Power goes: nobody is told, and what was not synced is lost. */
  powerOff(...nodes: readonly number[]): void {
    for (const node of nodes) this.machine(node).die('unsynced')
  }

  restart(...nodes: readonly number[]): void {
    this.kill(...nodes.filter((node) => this.machine(node).isUp()))
    this.start(nodes)
  }

  cut(a: number, b: number): void {
    this.cutOneWay(a, b)
    this.cutOneWay(b, a)
  }

  cutOneWay(from: number, to: number): void {
    this.wires.cut(from, to)
  }

  /** Cuts everything between groups of nodes; connections notice after a while. */
  islands(...groups: readonly (readonly number[])[]): void {
    const groupOf = (node: number): number => groups.findIndex((group) => group.includes(node))
    for (const a of this.machines) {
      for (const b of this.machines) {
        if (a.index >= b.index || groupOf(a.index) === groupOf(b.index)) continue
        this.cut(a.index, b.index)
        this.#timeline.after(8_000, () => {
          if (this.wires.isCut(a.index, b.index)) this.wires.close(a.index, b.index)
        })
      }
    }
  }

  heal(): void {
    this.wires.heal()
  }

  stall(node: number, durationMs: number): void {
    this.machine(node).stall(durationMs)
  }

  stepClock(node: number, byMs: number): void {
    this.machine(node).wallOffsetMs += byMs
  }

  // ── jobs ───────────────────────────────────────────────────────────────────────────────────────

  script(script: (launch: Launch, node: number) => Script): void {
    this.#script = script
  }

  command(node: number, command: Command): Reply {
    return this.machine(node).command(command)
  }

  /** Writes a job; the document is what a user would write. */
  put(node: number, name: string, fields: Readonly<Record<string, unknown>>): Reply {
    const document = { name, run: { exec: ['true'] }, timezone: 'UTC', ...fields }
    const nowMs = this.machine(node).node.nowMs
    const parsed = parseDocument(document, { nowMs, defaultTimezone: 'UTC' })
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.refusal.message)
    const { definition } = parsed.value
    return this.command(node, { kind: 'putJob', name: jobName(name), definition })
  }

  remove(node: number, name: string): Reply {
    return this.command(node, { kind: 'removeJob', name: jobName(name) })
  }

  pause(node: number, name: string, note = 'holiday', untilMs: number | null = null): Reply {
    return this.command(node, { kind: 'pauseJob', name: jobName(name), note, untilMs })
  }

  resume(node: number, name: string): Reply {
    return this.command(node, { kind: 'resumeJob', name: jobName(name) })
  }

  dispatch(node: number, name: string, key: string): Reply {
    return this.command(node, { kind: 'dispatch', name: jobName(name), key })
  }

  stop(node: number, execution: string, attempt?: AttemptId): Reply {
    return this.command(node, {
      kind: 'stopExecution',
      execution: execution as ExecutionId,
      ...(attempt === undefined ? {} : { attempt }),
    })
  }

  // ── what is true ───────────────────────────────────────────────────────────────────────────────

  starts(job: string): readonly Start[] {
    return this.#starts.filter((start) => start.job === job)
  }

  startsOf(execution: string): readonly Start[] {
    return this.#starts.filter((start) => start.execution === execution)
  }

  /** Starts of a tick. */
  tick(job: string, dueMs: number): readonly Start[] {
    return this.startsOf(tickExecutionId(job, 1, dueMs))
  }

  /** How one node sees another. */
  stateOf(observer: number, about: number): MemberState | undefined {
    return this.machine(observer).node.membership.get(peerId(about))?.state
  }

  isAliveEverywhere(...nodes: readonly number[]): boolean {
    return this.up.every((a) => nodes.every((b) => this.stateOf(a, b) === 'alive'))
  }

  /** Nodes in the order in which they would start a tick, as a node sees it now. */
  rank(observer: number, job: string, dueMs: number): readonly number[] {
    const { node } = this.machine(observer)
    const live = node.replica.catalog.live(jobName(job))!
    const execution = tickExecutionId(job, live.generation, dueMs)
    return node.executions.rankAt(live, execution, dueMs).rank.map((id) => this.indexOf(id))
  }

  indexOf(member: string): number {
    return this.machines.findIndex(({ id }) => id === member)
  }

  /** First tick after now, at least `aheadMs` away, that a node of `ranks` ranks in this order. */
  tickRanked(job: string, periodMs: number, ranks: readonly number[], aheadMs = 500): number {
    const observer = this.up[0]!
    const firstMs = this.nextTick(periodMs, aheadMs)
    for (let dueMs = firstMs; dueMs < firstMs + 1_000 * periodMs; dueMs += periodMs) {
      const rank = this.rank(observer, job, dueMs)
      if (ranks.every((node, i) => rank[i] === node)) return dueMs
    }
    return assert.fail(`no tick of ${job} is ranked ${ranks.join()}`)
  }

  /** Attempts of an execution as a node has stored them. */
  stored(node: number, execution: string): readonly ExecutionRow[] {
    return this.machine(node).store.attempts(execution)
  }

  storedTick(node: number, job: string, dueMs: number): readonly ExecutionRow[] {
    return this.stored(node, tickExecutionId(job, 1, dueMs))
  }

  hasEqualDigests(nodes: readonly number[] = this.up): boolean {
    const digests = nodes.map((index) => {
      const { replica, membership } = this.machine(index).node
      return `${replica.digests.catalog} ${replica.digests.seen} ${membership.viewDigest}`
    })
    return new Set(digests).size === 1
  }

  counts(node: number): ReturnType<Machine['counts']> {
    return this.machine(node).counts()
  }
}
