// All machines of one run and the wires between them.

import { profiles } from '../core/limits.ts'
import { createRandom, type Random } from '../core/random.ts'
import { hits, pick, within } from './chance.ts'
import { peerId } from './crypto.ts'
import { Disk, type Intents } from './disk.ts'
import type { NodeIndex, Scenery } from './history.ts'
import { MachineClock } from './machine-clock.ts'
import { Machine } from './machine.ts'
import { Network } from './network.ts'
import type { Options } from './options.ts'
import { Recorder, type Window } from './recorder.ts'
import { SimExecutor } from './sim-executor.ts'
import { Sometimes } from './sometimes.ts'
import { Timeline } from './timeline.ts'
import { Wires } from './wires.ts'

export class Fleet {
  readonly options: Options
  readonly timeline: Timeline = new Timeline()
  readonly recorder: Recorder
  readonly wires: Wires
  readonly machines: readonly Machine[]
  readonly sometimes: Sometimes = new Sometimes()
  /** Which client's write a stored intent belongs to. */
  readonly intents: Intents = new Map()
  readonly #random: Random
  readonly #indexes = new Map<string, NodeIndex>()

  constructor(options: Options, init: { readonly kept: Window | undefined }) {
    this.options = options
    this.#random = createRandom(BigInt(`0x${options.seed}`))
    const size = options.nodes + options.joiners
    const tags = drawTags(this.#random.fork('tags'), size)
    this.recorder = new Recorder(
      { timeline: this.timeline },
      {
        scenery: sceneryOf(options, size, tags),
        startMs: options.startMs,
        kept: init.kept,
      },
    )
    const { silenceMs, probeMs } = profiles[options.profile]
    this.wires = new Wires(
      { timeline: this.timeline, recorder: this.recorder, random: this.#random.fork('net') },
      { net: options.net, deadLinkMs: Math.max(4_000, 3 * silenceMs), slowMs: probeMs / 3 },
    )
    for (let index = 0; index < size; index++) this.#indexes.set(peerId(index), index)
    this.machines = tags.map((own, index) => this.#machine(index, own, size))
  }

  #machine(index: NodeIndex, tags: Readonly<Record<string, string>>, size: number): Machine {
    const { timeline, recorder, wires, options, sometimes, intents } = this
    const random = this.#random.fork(`machine ${index}`)
    const indexOf = (member: string): NodeIndex | null => this.#indexes.get(member) ?? null
    const { skewMs, driftPpm, syncMs } = options
    const clocks = random.fork('clock')
    const clock = new MachineClock(
      { recorder },
      {
        node: index,
        offsetMs: drawOffset(clocks, skewMs, index === 0),
        driftPpm: within(clocks, [-driftPpm, driftPpm]),
      },
    )
    const disk = new Disk(
      { recorder, random: random.fork('disk'), intents, indexOf },
      { node: index, syncMs },
    )
    const executor = new SimExecutor(
      { timeline, recorder, random: random.fork('executor'), wallMs: () => clock.wallMs },
      { node: index },
    )
    // everybody is configured with the first two nodes, and these with each other
    const configured = [0, 1].filter((peer) => peer !== index && peer < size)
    const network = new Network({ timeline, wires, indexOf }, { self: index, configured })
    const parts = { timeline, recorder, random, sometimes, clock, disk, executor, network, intents }
    return new Machine(parts, {
      index,
      profile: options.profile,
      seed: BigInt(`0x${options.seed}`),
      tags,
      hasPeers: size > 1,
      harshStalls: options.harshStalls,
    })
  }

  machine(index: NodeIndex): Machine {
    return this.machines[index]!
  }

  get up(): readonly Machine[] {
    return this.machines.filter((machine) => machine.isUp())
  }

  indexOf(member: string): NodeIndex | null {
    return this.#indexes.get(member) ?? null
  }

  run(durationMs: number): void {
    this.timeline.runTo(this.timeline.nowMs + durationMs)
  }
}

/** Most clocks are set by a time service, and some are not; at most one is far off. */
function drawOffset(random: Random, skewMs: number, mayBeFar: boolean): number {
  const nearMs = hits(random, 0.6) ? 150 : 5_000
  const mostMs = mayBeFar ? skewMs : Math.min(skewMs, nearMs)
  return Math.round(within(random, [-mostMs, mostMs]))
}

function drawTags(random: Random, size: number): readonly Readonly<Record<string, string>>[] {
  return Array.from({ length: size }, () => ({ site: pick(random, ['a', 'b']) }))
}

function sceneryOf({ seed, profile }: Options, size: number, tags: Scenery['tags']): Scenery {
  const {
    settleMs,
    leadMs,
    graceMs,
    probeMs,
    silenceMs,
    singleReportMs,
    downAfterMs,
    takeoverWindowMs,
    aloneMs,
    syncMs,
  } = profiles[profile]
  return {
    seed,
    profile,
    timers: {
      settleMs,
      leadMs,
      graceMs,
      probeMs,
      silenceMs,
      singleReportMs,
      downAfterMs,
      takeoverWindowMs,
      aloneMs,
      syncMs,
    },
    members: Array.from({ length: size }, (_, index) => peerId(index)),
    tags,
  }
}
