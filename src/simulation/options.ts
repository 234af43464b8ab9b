// What one seed draws: the fleet, its work and its troubles. Everything else of a run follows from
// these options, which are printed before it starts.

import { createRandom, type Random } from '../core/random.ts'
import { limits, type ProfileName } from '../core/limits.ts'
import { hits, pick, weighted, within, withinLog } from './chance.ts'

/** Troubles that come and go, by name. */
export const faultNames = [
  'partition',
  'link',
  'one-way',
  'clog',
  'swizzle',
  'reset',
  'kill',
  'power',
  'commit-crash',
  'wipe',
  'rollback',
  'stall',
  'pause',
  'clock-step',
  'full',
  'io',
  'leave',
  'rolling',
  'upgrade',
  'flip',
  'boot-1970',
  // conditions that hold for the whole run
  'delay',
  'loss',
  'replay',
  'skew',
  'drift',
  'slow-disk',
  'join',
  'join-storm',
  'capacity',
] as const

export type FaultName = (typeof faultNames)[number]

/** Most nodes of a simulated fleet. */
export const nodesMax: number = limits.membersMax

/** How often a trouble comes, and how long it stays. */
export interface Rhythm {
  /** Mean time between two of a kind: per node where a node is hit, else in the fleet. */
  readonly everyMs: number
  readonly forMs: readonly [least: number, most: number]
}

export interface NetOptions {
  /** One way, besides the tail. */
  readonly delayMs: readonly [least: number, most: number]
  /** Mean of the exponential part. */
  readonly tailMs: number
  /** Share of frames that are sent again after a timeout, as TCP does; of gossip and answers that get lost. */
  readonly loss: number
  readonly duplicate: number
  /** Share of gossiped messages that come again minutes later. */
  readonly replay: number
  /** Bytes per second of a link, each way. */
  readonly capacity: number
}

export interface Options {
  /** 16 hex digits. */
  readonly seed: string
  readonly profile: ProfileName
  /** Nodes from the beginning. */
  readonly nodes: number
  /** Nodes that come during the safety phase. */
  readonly joiners: number
  /** True UTC at the beginning. */
  readonly startMs: number
  /** Zone of the jobs. */
  readonly timezone: string
  /** Time with faults, as drawn. */
  readonly safetyMs: number
  /** After which part of it the freeze comes. */
  readonly frozenAfterMs: number
  readonly livenessMs: number
  readonly healedMs: number
  readonly jobs: number
  /** Shortest period of a job; the longest is 120 times as long. */
  readonly shortestS: number
  readonly writesPerMinute: number
  /** How many of four jobs may start at most once, with nodes 0 to 2 as their roster. */
  readonly atMostOnce: number
  readonly net: NetOptions
  /** Clocks at the beginning, ±. */
  readonly skewMs: number
  readonly driftPpm: number
  /** Mean time of a transaction that reaches the disk. */
  readonly syncMs: number
  /** Whether timers run before what was received during a stall, in spite of the driver. */
  readonly harshStalls: boolean
  readonly faults: Readonly<Partial<Record<FaultName, Rhythm>>>
}

/** What the caller may fix instead of leaving it to the seed. */
export interface Wishes {
  readonly profile?: ProfileName | undefined
  readonly nodes?: number | undefined
  /** With faults. */
  readonly minutes?: number | undefined
  /** Of each phase after the freeze. */
  readonly calmMinutes?: number | undefined
  /** Ends the time with faults early, without changing what was drawn for the whole of it. */
  readonly untilMinutes?: number | undefined
  readonly jobs?: number | undefined
  /** How many of four jobs may start at most once; none by themselves. */
  readonly atMostOnce?: number | undefined
  /** Only these troubles; an empty list is a quiet run. */
  readonly faults?: readonly FaultName[] | undefined
}

interface Range {
  /** Share of the seeds that have it. */
  readonly share: number
  readonly everyS: readonly [number, number]
  readonly forS: readonly [number, number]
}

const ranges: Readonly<Record<FaultName, Range>> = {
  partition: { share: 0.4, everyS: [60, 1_200], forS: [1, 600] },
  link: { share: 0.4, everyS: [30, 600], forS: [1, 300] },
  'one-way': { share: 0.35, everyS: [60, 900], forS: [1, 300] },
  clog: { share: 0.4, everyS: [10, 300], forS: [0.2, 5] },
  swizzle: { share: 0.2, everyS: [120, 900], forS: [2, 60] },
  reset: { share: 0.3, everyS: [20, 300], forS: [0, 0] },
  kill: { share: 0.45, everyS: [180, 3_600], forS: [0.5, 300] },
  power: { share: 0.35, everyS: [300, 3_600], forS: [2, 300] },
  'commit-crash': { share: 0.3, everyS: [300, 3_600], forS: [0.5, 30] },
  wipe: { share: 0.15, everyS: [600, 3_600], forS: [2, 60] },
  rollback: { share: 0.1, everyS: [600, 3_600], forS: [2, 60] },
  stall: { share: 0.5, everyS: [15, 60], forS: [0.05, 4] },
  pause: { share: 0.25, everyS: [600, 3_600], forS: [1, 600] },
  'clock-step': { share: 0.25, everyS: [600, 3_600], forS: [0, 0] },
  full: { share: 0.25, everyS: [600, 3_600], forS: [5, 300] },
  io: { share: 0.1, everyS: [1_200, 7_200], forS: [1, 60] },
  leave: { share: 0.25, everyS: [300, 1_800], forS: [20, 300] },
  rolling: { share: 0.15, everyS: [600, 1_800], forS: [1, 10] },
  upgrade: { share: 0.06, everyS: [600, 1_800], forS: [1, 10] },
  flip: { share: 0.06, everyS: [300, 3_600], forS: [1, 30] },
  'boot-1970': { share: 0.06, everyS: [600, 3_600], forS: [5, 300] },
  delay: { share: 0.75, everyS: [1, 1], forS: [0, 0] },
  loss: { share: 0.5, everyS: [1, 1], forS: [0, 0] },
  replay: { share: 0.4, everyS: [1, 1], forS: [0, 0] },
  skew: { share: 0.4, everyS: [1, 1], forS: [0, 0] },
  drift: { share: 0.5, everyS: [1, 1], forS: [0, 0] },
  'slow-disk': { share: 0.3, everyS: [1, 1], forS: [0, 0] },
  join: { share: 0.25, everyS: [1, 1], forS: [0, 0] },
  'join-storm': { share: 0.03, everyS: [1, 1], forS: [0, 0] },
  capacity: { share: 0.1, everyS: [1, 1], forS: [0, 0] },
}

interface Pace {
  readonly stretch: number
  /** Beyond these the profile is the wrong one: a question would time out before its answer comes. */
  readonly delayMsMax: number
  readonly tailMsMax: number
  readonly lossMax: number
  readonly shortestS: number
  readonly safetyMin: readonly [number, number]
}

/** Slower profiles live longer, so that a run of each sees as many of their own periods. */
const pace: Readonly<Record<ProfileName, Pace>> = {
  lan: {
    stretch: 0.4,
    delayMsMax: 15,
    tailMsMax: 50,
    lossMax: 0.05,
    shortestS: 5,
    safetyMin: [3, 12],
  },
  wan: {
    stretch: 0.8,
    delayMsMax: 50,
    tailMsMax: 200,
    lossMax: 0.15,
    shortestS: 10,
    safetyMin: [12, 45],
  },
  iot: {
    stretch: 3,
    delayMsMax: 50,
    tailMsMax: 250,
    lossMax: 0.3,
    shortestS: 30,
    safetyMin: [190, 460],
  },
}

/** Nodes up to which a run has its whole time: what happens in an hour grows with their square. */
const fullTimeNodes = 5

const livenessMin: Readonly<Record<ProfileName, number>> = { lan: 3, wan: 5, iot: 20 }
const healedMin: Readonly<Record<ProfileName, number>> = { lan: 2, wan: 3, iot: 15 }

/** Instants around which a zone changes its clocks, and the zone. */
const clockChanges: readonly (readonly [string, number])[] = [
  ['Europe/Berlin', Date.UTC(2026, 2, 29, 1)],
  ['Europe/Berlin', Date.UTC(2026, 9, 25, 1)],
  ['America/New_York', Date.UTC(2026, 2, 8, 7)],
  ['America/New_York', Date.UTC(2026, 10, 1, 6)],
  ['Australia/Lord_Howe', Date.UTC(2026, 9, 3, 15, 30)],
  ['America/Santiago', Date.UTC(2026, 8, 6, 4)],
]

/** Draws the options of a seed; what is wished for does not shift the other draws. */
export function drawOptions(seed: bigint, wishes: Wishes = {}): Options {
  const random = createRandom(seed).fork('options')
  const fleet = random.fork('fleet')
  const profile =
    wishes.profile ??
    weighted<ProfileName>(fleet, [
      ['lan', 4],
      ['wan', 3],
      ['iot', 3],
    ])
  const drawnNodes = hits(fleet, 0.6) ? fleet.between(3, 5) : fleet.between(1, 9)
  const { safetyMin } = pace[profile]
  const faults = drawFaults(random.fork('faults'), profile, wishes.faults)
  const work = random.fork('work')
  const joiners = fleet.between(1, 4)
  const stormers = fleet.between(6, 8)
  const joining = faults['join-storm'] ? stormers : faults.join ? joiners : 0
  const nodes = faults['join-storm'] ? Math.min(drawnNodes, fullTimeNodes) : drawnNodes
  const shorter = Math.min(1, (fullTimeNodes / (nodes + joining)) ** 2)
  const drawnMinutes = within(random.fork('time'), safetyMin) * shorter
  const safetyMs = Math.round((wishes.minutes ?? drawnMinutes) * 60_000)
  return {
    seed: BigInt.asUintN(64, seed).toString(16).padStart(16, '0'),
    profile,
    nodes: wishes.nodes ?? nodes,
    joiners: joining,
    ...drawStart(random.fork('start'), safetyMs),
    safetyMs,
    frozenAfterMs: Math.min(safetyMs, Math.round((wishes.untilMinutes ?? Infinity) * 60_000)),
    livenessMs: (wishes.calmMinutes ?? livenessMin[profile]) * 60_000,
    healedMs: (wishes.calmMinutes ?? healedMin[profile]) * 60_000,
    atMostOnce: wishes.atMostOnce ?? 0,
    jobs: wishes.jobs ?? Math.round(withinLog(work, [1, 16])),
    shortestS: pace[profile].shortestS,
    writesPerMinute: hits(work, 0.2) ? 0 : withinLog(work, [0.1, 6]) / pace[profile].stretch,
    net: drawNet(random.fork('net'), profile, faults),
    ...drawMachines(random.fork('machines'), faults),
    faults,
  }
}

function drawFaults(
  random: Random,
  profile: ProfileName,
  wished: readonly FaultName[] | undefined,
): Options['faults'] {
  const { stretch } = pace[profile]
  const isQuiet = hits(random, 0.08)
  const faults: Partial<Record<FaultName, Rhythm>> = {}
  for (const name of faultNames) {
    const { share, everyS, forS } = ranges[name]
    const own = random.fork(name)
    const isDrawn = hits(own, share) && !isQuiet
    if (wished === undefined ? !isDrawn : !wished.includes(name)) continue
    const everyMs = Math.round(withinLog(own, everyS) * 1_000 * stretch)
    faults[name] = { everyMs, forMs: [forS[0] * 1_000, forS[1] * 1_000 * Math.min(1, stretch)] }
  }
  return faults
}

function drawStart(
  random: Random,
  safetyMs: number,
): { readonly startMs: number; readonly timezone: string } {
  if (hits(random, 0.3)) {
    const [timezone, changeMs] = pick(random, clockChanges)
    // the change lies inside the safety phase
    return { startMs: changeMs - 40_000 - random.below(Math.max(1, safetyMs)), timezone }
  }
  const zones = ['UTC', 'UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York']
  const day = Date.UTC(2026, 0, 1) + random.below(365) * 86_400_000
  return { startMs: day + random.below(86_400) * 1_000, timezone: pick(random, zones) }
}

function drawNet(random: Random, profile: ProfileName, faults: Options['faults']): NetOptions {
  const { delayMsMax, tailMsMax, lossMax } = pace[profile]
  const least = withinLog(random, [0.25, delayMsMax])
  const tailMs = withinLog(random, [0.5, tailMsMax])
  const loss = withinLog(random, [0.002, lossMax])
  const duplicate = within(random, [0, 0.1])
  const replay = within(random, [0, 0.2])
  const capacity = Math.round(withinLog(random, [8_000, 1_000_000]))
  const isSlow = faults.delay !== undefined
  return {
    delayMs: isSlow ? [least, least * 1.5] : [0.25, 1],
    tailMs: isSlow ? tailMs : 0.25,
    loss: faults.loss === undefined ? 0 : loss,
    duplicate: faults.replay === undefined ? 0 : duplicate,
    replay: faults.replay === undefined ? 0 : replay,
    capacity: faults.capacity === undefined ? Infinity : capacity,
  }
}

function drawMachines(
  random: Random,
  faults: Options['faults'],
): Pick<Options, 'skewMs' | 'driftPpm' | 'syncMs' | 'harshStalls'> {
  const skewMs = hits(random, 0.05) ? 3_600_000 : within(random, [10, 5_000])
  const driftPpm = hits(random, 0.05) ? 10_000 : within(random, [1, 500])
  const syncMs = withinLog(random, [0.5, 200])
  return {
    skewMs: faults.skew === undefined ? 0 : skewMs,
    driftPpm: faults.drift === undefined ? 0 : driftPpm,
    syncMs: faults['slow-disk'] === undefined ? 0 : syncMs,
    harshStalls: hits(random, 0.5),
  }
}
