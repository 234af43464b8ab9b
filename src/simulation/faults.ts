// The troubles of a run: each kind comes by itself, at random, and goes again. At the freeze those
// that do not lie inside the chosen core stay for ever: what always heals hides what never recovers.

import type { Random } from '../core/random.ts'
import { exponential, hits, pareto, pick, shuffled, weighted, withinLog } from './chance.ts'
import { drawCuts, type Direction } from './cuts.ts'
import type { Fleet } from './fleet.ts'
import type { NodeIndex } from './history.ts'
import type { Machine } from './machine.ts'
import { faultNames, type FaultName, type Rhythm } from './options.ts'
import { nextRelease } from './release.ts'

/** Kinds that hit one machine: each machine has them at its own rhythm. */
const ofMachines: ReadonlySet<FaultName> = new Set([
  'kill',
  'power',
  'commit-crash',
  'stall',
  'pause',
  'clock-step',
  'full',
  'io',
  'boot-1970',
])

/** What holds for the whole run, or happens once. */
const conditions: ReadonlySet<FaultName> = new Set([
  'delay',
  'loss',
  'replay',
  'capacity',
  'skew',
  'drift',
  'slow-disk',
  'join',
  'join-storm',
])

const foreverMs = 86_400_000

export class Faults {
  readonly #fleet: Fleet
  readonly #random: Random
  #isFrozen = false
  #wipes = 0
  #flips = 0
  #rollbacks = 0
  /** Machines that are off until a fault ends; a fault that comes later leaves them alone. */
  readonly #off = new Set<Machine>()

  constructor(components: { readonly fleet: Fleet; readonly random: Random }) {
    this.#fleet = components.fleet
    this.#random = components.random
    for (const machine of this.#fleet.machines) {
      machine.onExit = () => this.#comesBack(machine, [1_000, 5_000])
    }
  }

  /** Troubles come from now on. */
  begin(): void {
    for (const name of faultNames) {
      const rhythm = this.#fleet.options.faults[name]
      if (rhythm === undefined) continue
      const random = this.#random.fork(name)
      if (name === 'join' || name === 'join-storm') this.#join(random, name === 'join-storm')
      else if (name === 'rollback') this.#photograph(random)
      if (conditions.has(name)) continue
      const victims = ofMachines.has(name) ? this.#fleet.machines.length : 1
      this.#later(name, { ...rhythm, everyMs: rhythm.everyMs / victims }, random)
    }
  }

  #later(name: FaultName, rhythm: Rhythm, random: Random): void {
    this.#fleet.timeline.after(exponential(random, rhythm.everyMs), () => {
      if (this.#isFrozen) return
      this.#strike(name, rhythm, random)
      this.#later(name, rhythm, random)
    })
  }

  #strike(name: FaultName, { forMs }: Rhythm, random: Random): void {
    const durationMs = forMs[1] === 0 ? 0 : withinLog(random, [Math.max(1, forMs[0]), forMs[1]])
    const machine = pick(random, this.#fleet.machines)
    this.#fleet.sometimes.add(`fault ${name}`)
    switch (name) {
      case 'partition':
      case 'link':
      case 'one-way':
        this.#cut(drawCuts(random, name, this.#fleet), durationMs)
        return
      case 'clog':
        this.#clog(random, durationMs)
        return
      case 'swizzle':
        this.#swizzle(random, durationMs)
        return
      case 'reset':
        this.#reset(random)
        return
      case 'stall':
        machine.stall(pareto(random, Math.max(50, forMs[0]), 1.4, forMs[1]))
        return
      case 'pause':
        machine.stall(durationMs)
        return
      case 'clock-step':
        // far jumps are rare: what a lone node did an hour ahead, nobody does again
        machine.clock.step(
          Math.round(withinLog(random, hits(random, 0.1) ? [60_000, 3_600_000] : [1_000, 60_000])) *
            pick(random, [-1, 1]),
        )
        return
      default:
        this.#strikeMachine(name, machine, durationMs, random)
    }
  }

  #strikeMachine(name: FaultName, machine: Machine, durationMs: number, random: Random): void {
    if (!machine.isUp()) return
    switch (name) {
      case 'kill':
      case 'power':
        this.#down(machine, name, durationMs)
        return
      case 'commit-crash':
        machine.crashInCommit = pick(random, ['before', 'after'])
        return
      case 'full':
        if (machine.disk.isFailing) return
        machine.disk.fail('full')
        this.#until(durationMs, () => machine.disk.repair())
        return
      case 'io':
        if (!machine.disk.isFailing) machine.disk.fail('io')
        return
      case 'wipe':
        this.#wipe(machine, durationMs)
        return
      case 'rollback':
        this.#rollBack(durationMs)
        return
      case 'leave':
        this.#leave(machine, durationMs)
        return
      case 'rolling':
        this.#roll(shuffled(random, this.#fleet.machines), durationMs)
        return
      case 'upgrade':
        this.#upgrade(shuffled(random, this.#fleet.machines), durationMs)
        return
      case 'flip':
        this.#flip(machine, durationMs, random)
        return
      case 'boot-1970':
        this.#bootIn1970(machine, durationMs, random)
        return
      default:
        return
    }
  }

  /** Does something later, unless the freeze makes what is now last for ever. */
  #until(durationMs: number, run: () => void): void {
    this.#fleet.timeline.after(durationMs, () => {
      if (!this.#isFrozen) run()
    })
  }

  // ── links ──────────────────────────────────────────────────────────────────────────────────────

  #cut(directions: readonly Direction[], durationMs: number): void {
    for (const [from, to] of directions) this.#fleet.wires.cut(from, to)
    this.#until(durationMs, () => {
      for (const [from, to] of directions) this.#fleet.wires.heal(from, to)
    })
  }

  #clog(random: Random, durationMs: number): void {
    const { wires, machines } = this.#fleet
    const [from, to] = shuffled(random, machines).map(({ index }) => index)
    if (from === undefined || to === undefined) return
    wires.clog(from, to)
    this.#until(durationMs, () => wires.unclog(from, to))
  }

  /** Stops the links of some nodes one after the other, and restores them in another order. */
  #swizzle(random: Random, durationMs: number): void {
    const { machines, wires } = this.#fleet
    const some = shuffled(random, machines).slice(0, random.between(1, machines.length))
    const restored = shuffled(random, some)
    some.forEach(({ index }, i) => {
      const place = restored.findIndex((machine) => machine.index === index)
      const directions = machines
        .filter((other) => other.index !== index)
        .flatMap((other): readonly Direction[] => [
          [index, other.index],
          [other.index, index],
        ])
      this.#until((durationMs * i) / some.length, () => {
        for (const [from, to] of directions) wires.cut(from, to)
        this.#until((durationMs * (1 + place)) / some.length, () => {
          for (const [from, to] of directions) wires.heal(from, to)
        })
      })
    })
  }

  #reset(random: Random): void {
    const { wires, machines, recorder } = this.#fleet
    const [from, to] = shuffled(random, machines).map(({ index }) => index)
    if (from === undefined || to === undefined) return
    recorder.note({ kind: 'link.reset', from, to })
    wires.close(from, to)
  }

  // ── machines ───────────────────────────────────────────────────────────────────────────────────

  #down(machine: Machine, how: 'kill' | 'power', durationMs: number): void {
    machine.die(how)
    this.#comesBack(machine, [durationMs, durationMs])
  }

  #comesBack(machine: Machine, [least, most]: readonly [number, number]): void {
    if (this.#off.has(machine)) return
    this.#off.add(machine)
    const waitMs = least === most ? least : withinLog(this.#random, [least, most])
    const start = (): void => {
      this.#off.delete(machine)
      machine.start()
    }
    // who exits by itself after the freeze is started again by its supervisor
    if (this.#isFrozen) this.#fleet.timeline.after(waitMs, start)
    else this.#until(waitMs, start)
  }

  /** Destroys a disk of which another running node holds everything. */
  #wipe(machine: Machine, durationMs: number): void {
    if (this.#wipes > 0 || !this.#hasCopy(machine)) return
    this.#wipes += 1
    this.#down(machine, 'power', durationMs)
    machine.disk.wipe()
  }

  /** Changes bits of stored rows of which another running node has the right ones. */
  #flip(machine: Machine, durationMs: number, random: Random): void {
    if (this.#flips > 0 || this.#wipes > 0 || !this.#hasCopy(machine)) return
    this.#flips += 1
    this.#down(machine, 'power', durationMs)
    machine.disk.damage(withinLog(random, [0.01, 0.5]))
  }

  /** A board without a clock of its own: it is 1970 until a time service has answered. */
  #bootIn1970(machine: Machine, durationMs: number, random: Random): void {
    this.#down(machine, 'power', 1_000)
    const { clock } = machine
    clock.step(random.below(60_000) - clock.wallMs)
    const rightMs = random.between(-200, 200)
    this.#until(durationMs, () => clock.set(rightMs))
  }

  #photograph(random: Random): void {
    const { timeline, options } = this.#fleet
    timeline.after(random.below(Math.max(1, Math.round(options.safetyMs / 2))), () => {
      pick(random, this.#fleet.machines).disk.photograph()
    })
  }

  #rollBack(durationMs: number): void {
    const machine = this.#fleet.machines.find(({ disk }) => disk.hasPhotograph)
    if (machine === undefined || this.#rollbacks > 0 || !machine.isUp()) return
    if (!this.#hasCopy(machine)) return
    this.#rollbacks += 1
    this.#down(machine, 'power', durationMs)
    machine.disk.rollBack()
  }

  #hasCopy({ index, node }: Machine): boolean {
    const digests = node?.replica.digests
    return this.#fleet.up.some((other) => {
      const own = other.node?.replica.digests
      const isEqual = own?.catalog === digests?.catalog && own?.seen === digests?.seen
      return other.index !== index && isEqual && !other.disk.isFailing
    })
  }

  /** Says that it goes, goes, and comes back. */
  #leave(machine: Machine, durationMs: number): void {
    const { recorder, timeline } = this.#fleet
    const leadMs = machine.node?.timers.leadMs ?? 0
    machine.command({ kind: 'leave', leadMs }, undefined, (reply) => {
      if (reply?.ok !== true) return
      const leaveAtMs = recorder.nowMs + leadMs
      recorder.note({ kind: 'node.leaving', node: machine.index, leaveAtMs })
      timeline.after(leadMs, () => this.#stop(machine, durationMs))
    })
  }

  #stop(machine: Machine, durationMs: number): void {
    if (!machine.isUp()) return
    machine.command({ kind: 'stopRunning' }, undefined, () => undefined)
    this.#fleet.timeline.after(3_000, () => {
      if (!machine.isUp()) return
      machine.die('stop')
      this.#comesBack(machine, [durationMs, durationMs])
    })
  }

  /** Restarts one node after the other. */
  #roll(
    machines: readonly Machine[],
    durationMs: number,
    change: (machine: Machine) => void = () => undefined,
  ): void {
    const [machine, ...others] = machines
    if (machine === undefined || this.#isFrozen) return
    if (machine.isUp()) {
      machine.command({ kind: 'leave', leadMs: 0 }, undefined, () => undefined)
      this.#fleet.recorder.note({
        kind: 'node.leaving',
        node: machine.index,
        leaveAtMs: this.#fleet.recorder.nowMs,
      })
      change(machine)
      this.#stop(machine, durationMs)
    }
    this.#until(durationMs + 20_000, () => this.#roll(others, durationMs, change))
  }

  /** Restarts one node after the other with the next version, which says more than this one reads. */
  #upgrade(machines: readonly Machine[], durationMs: number): void {
    this.#roll(machines, durationMs, (machine) => {
      machine.release = nextRelease
    })
  }

  #join(random: Random, isStormy: boolean): void {
    const { options, machines, timeline } = this.#fleet
    const isStorm = hits(random, 0.5) || isStormy
    const stormMs = random.below(Math.max(1, Math.round(options.safetyMs)))
    for (const machine of machines.slice(options.nodes)) {
      const ownMs = random.below(Math.max(1, Math.round(options.safetyMs)))
      timeline.after(isStorm ? stormMs : ownMs, () => machine.start())
    }
  }

  // ── freeze and heal ────────────────────────────────────────────────────────────────────────────

  /** No fault comes or goes any more, and everything inside a core is healed. */
  freeze(): void {
    this.#isFrozen = true
    const core = this.#drawCore()
    this.#fleet.recorder.note({ kind: 'core', nodes: core })
    for (const machine of this.#fleet.machines) {
      if (core.includes(machine.index)) this.#healMachine(machine)
      else if (machine.isStalled()) machine.stall(foreverMs)
    }
    this.#openLinks(core)
  }

  #drawCore(): readonly NodeIndex[] {
    const { machines } = this.#fleet
    const size = weighted(this.#random, [
      [machines.length, 3],
      [Math.ceil(machines.length / 2), 4],
      [Math.max(1, Math.ceil(machines.length / 3)), 2],
      [1, 1],
    ])
    return shuffled(this.#random, machines)
      .slice(0, size)
      .map(({ index }) => index)
      .sort((a, b) => a - b)
  }

  #healMachine(machine: Machine): void {
    machine.crashInCommit = undefined
    machine.disk.repair()
    machine.resume()
    if (Math.abs(machine.clock.offsetMs) > 1_000) machine.clock.set(this.#random.between(-200, 200))
    this.#off.delete(machine)
    machine.start()
  }

  #openLinks(nodes: readonly NodeIndex[]): void {
    for (const a of nodes) for (const b of nodes) if (a !== b) this.#fleet.wires.open(a, b)
  }

  /** Ends everything. */
  healAll(): void {
    this.#isFrozen = true
    for (const machine of this.#fleet.machines) this.#healMachine(machine)
    this.#openLinks(this.#fleet.machines.map(({ index }) => index))
    this.#fleet.wires.calm()
  }
}
