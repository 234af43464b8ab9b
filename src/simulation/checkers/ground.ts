// The ground truth of a run: nodes, links, paths, and what disturbed the fleet when.

import type { History, NodeIndex } from '../history.ts'
import { clockOffset, clockToleranceMs, nodesOf, type NodeTruth } from './nodes.ts'
import { Spans, Switch, type Span } from './spans.ts'

/** Kinds of faults by which figures are told apart, the gravest first. */
export const faultClasses = [
  'partition',
  'one-way',
  'crash',
  'stall',
  'skew',
  'disk',
  'loss',
  'membership',
  'quiet',
] as const

/** One of the kinds of faults. */
export type FaultClass = (typeof faultClasses)[number]

/** Dialling again after a connection was closed. */
const redialMs = 2_000
/** Longest pause between two attempts to dial. */
const redialMaxMs = 47_000
/** A node between two others that stalls longer than this carries no answers in time. */
const relayStallMs = 300

interface Lead extends Span {
  readonly nodes: readonly NodeTruth[]
}

/** What was true in one run. */
export class Ground {
  readonly history: History
  readonly nodes: readonly NodeTruth[]
  /** Broken spans of each direction, by `from * size + to`. */
  readonly #broken: readonly Spans[]
  /** When frames were on their way for longer than a question may take. */
  readonly #slow: readonly Spans[]
  /** Cut spans of each direction. */
  readonly #cut: readonly Spans[]
  #knownLeads: readonly Lead[] | undefined
  readonly #classes: ReadonlyMap<FaultClass, Spans>

  constructor(history: History) {
    this.history = history
    this.nodes = nodesOf(history)
    const links = linksOf(history, this.nodes)
    this.#broken = links.map(({ broken }) => broken)
    this.#slow = links.map(({ slow }) => slow)
    this.#cut = links.map(({ cut }) => cut)
    this.#classes = this.#disturbances(this.#cut)
  }

  get size(): number {
    return this.nodes.length
  }

  /**
   * Whether messages went both ways between two nodes at every instant, and those of the last part,
   * from `talkMs` on, as fast as questions and answers must.
   */
  isLinked(
    a: NodeIndex,
    b: NodeIndex,
    fromMs: number,
    toMs: number,
    talkMs: number = fromMs,
  ): boolean {
    return [a * this.size + b, b * this.size + a].every(
      (way) => !this.#broken[way]!.meets(fromMs, toMs) && !this.#slow[way]!.meets(talkMs, toMs),
    )
  }

  /**
   * Whether two nodes were up and had one path, direct or through one other node, that lasted at
   * every instant of the span. Their own stalls do not break it: whoever wakes up has to ask.
   */
  hasPath(
    a: NodeIndex,
    b: NodeIndex,
    fromMs: number,
    toMs: number,
    talkMs: number = fromMs,
  ): boolean {
    if (!this.nodes[a]!.up.covers(fromMs, toMs) || !this.nodes[b]!.up.covers(fromMs, toMs)) {
      return false
    }
    if (a === b || this.isLinked(a, b, fromMs, toMs, talkMs)) return true
    return this.nodes.some(
      (between, c) =>
        c !== a &&
        c !== b &&
        between.up.covers(fromMs, toMs) &&
        !between.starting.meets(fromMs, toMs) &&
        !between.stalled.longerThan(relayStallMs).meets(fromMs, toMs) &&
        this.isLinked(a, c, fromMs, toMs, talkMs) &&
        this.isLinked(c, b, fromMs, toMs, talkMs),
    )
  }

  /** Nodes that may have heard of something said within a span, by however many others. */
  heardBy(speakers: readonly NodeIndex[], fromMs: number, toMs: number): ReadonlySet<NodeIndex> {
    const heard = new Set(speakers)
    // a set grows while it is gone through
    for (const from of heard) {
      for (let to = 0; to < this.size; to++) {
        if (!this.#cut[from * this.size + to]!.covers(fromMs, toMs)) heard.add(to)
      }
    }
    return heard
  }

  /** The gravest kind of fault that was there within a span. */
  classOf(fromMs: number, toMs: number): FaultClass {
    return faultClasses.find((name) => this.#classes.get(name)?.meets(fromMs, toMs)) ?? 'quiet'
  }

  /** Nodes whose clocks were right, against all that were up. */
  hasGoodClocks(atMs: number): boolean {
    const up = this.nodes.filter((node) => node.up.has(atMs))
    const good = up.filter((node) => !node.skewed.has(atMs))
    return 2 * good.length > up.length
  }

  /**
   * Whether the fleet's own time may have passed an instant before it came: most clocks were wrong,
   * and some were that far ahead.
   */
  ranAhead(dueMs: number): boolean {
    return this.#leads().some(
      ({ fromMs, toMs, nodes }) =>
        fromMs < dueMs &&
        nodes.some((node) => {
          const endMs = Math.min(toMs, dueMs)
          return endMs + clockOffset(node, endMs) > dueMs + clockToleranceMs
        }),
    )
  }

  /** Spans of unchanged clocks in which the right ones were no majority. */
  #leads(): readonly Lead[] {
    if (this.#knownLeads !== undefined) return this.#knownLeads
    const changes = this.history.entries.filter(({ kind }) =>
      /^(clock|node[.](up|down))$/.test(kind),
    )
    const leads = changes.flatMap(({ atMs }, index): readonly Lead[] => {
      const toMs = (changes[index + 1]?.atMs ?? Infinity) - 1
      if (toMs <= atMs || this.hasGoodClocks(atMs)) return []
      return [{ fromMs: atMs, toMs, nodes: this.nodes.filter(({ up }) => up.has(atMs)) }]
    })
    this.#knownLeads = leads
    return leads
  }

  /** How far apart the clocks of the nodes that were up are. */
  clockSpread(atMs: number): number {
    const offsets = this.offsetsAt(atMs)
    return offsets.length === 0 ? 0 : Math.max(...offsets) - Math.min(...offsets)
  }

  /** Offsets of all clocks that a node could have followed. */
  offsetsAt(atMs: number): readonly number[] {
    const up = this.nodes.filter((node) => node.up.has(atMs))
    return up.map((node) => clockOffset(node, atMs))
  }

  #disturbances(cuts: readonly Spans[]): ReadonlyMap<FaultClass, Spans> {
    const { history, nodes, size } = this
    const all = (of: (node: NodeTruth) => Spans): Spans =>
      nodes.reduce((sum, node) => sum.union(of(node)), Spans.none)
    const symmetric: Spans[] = []
    const oneWay: Spans[] = []
    for (let a = 0; a < size; a++) {
      for (let b = a + 1; b < size; b++) {
        const [there, back] = [cuts[a * size + b]!, cuts[b * size + a]!]
        const both = there.intersect(back)
        symmetric.push(both)
        oneWay.push(there.minus(both), back.minus(both))
      }
    }
    const unite = (spans: readonly Spans[]): Spans => new Spans(spans.flatMap(({ list }) => list))
    const settledMs = history.startMs + 1
    return new Map<FaultClass, Spans>([
      ['partition', unite(symmetric)],
      ['one-way', unite(oneWay)],
      [
        'crash',
        all(({ up }) => up.gaps(settledMs)).union(all(({ starting }) => starting.after(settledMs))),
      ],
      ['stall', all(({ stalled }) => stalled.longerThan(100))],
      ['skew', all(({ skewed }) => skewed)],
      [
        'disk',
        all(({ failing, losses }) =>
          failing.union(
            instants(
              losses.map(({ atMs }) => atMs),
              60_000,
            ),
          ),
        ),
      ],
      [
        'loss',
        unite([...this.#broken, ...this.#slow, faultSpans(history, /^(loss|delay|replay)/)]),
      ],
      ['membership', all(({ leaving }) => leaving)],
    ])
  }
}

const instants = (list: readonly number[], lastMs: number): Spans =>
  new Spans(list.map((atMs) => ({ fromMs: atMs, toMs: atMs + lastMs })))

/** Spans of the faults that are only known by name. */
function faultSpans(history: History, name: RegExp): Spans {
  const open = new Map<string, Switch>()
  for (const entry of history.entries) {
    if (entry.kind !== 'fault.on' && entry.kind !== 'fault.off') continue
    if (!name.test(entry.fault)) continue
    const key = `${entry.fault} ${entry.detail}`
    let one = open.get(key)
    if (one === undefined) open.set(key, (one = new Switch()))
    if (entry.kind === 'fault.on') one.on(entry.atMs)
    else one.off(entry.atMs)
  }
  return new Spans([...open.values()].flatMap((one) => one.close().list))
}

interface LinkTruth {
  readonly cut: Spans
  readonly broken: Spans
  readonly slow: Spans
}

/** Every direction between two nodes, by `from * size + to`. */
function linksOf(history: History, nodes: readonly NodeTruth[]): readonly LinkTruth[] {
  const size = nodes.length
  const switches = Array.from({ length: size * size }, () => ({
    cut: new Switch(),
    clog: new Switch(),
    resets: [] as number[],
    slow: [] as Span[],
  }))
  for (const entry of history.entries) {
    if (!('from' in entry)) continue
    const { cut, clog, resets, slow } = switches[entry.from * size + entry.to]!
    const { kind, atMs } = entry
    if (kind === 'link.cut') cut.on(atMs)
    else if (kind === 'link.healed') cut.off(atMs)
    else if (kind === 'link.clogged') clog.on(atMs)
    else if (kind === 'link.unclogged') clog.off(atMs)
    else if (kind === 'link.slow') slow.push({ fromMs: atMs, toMs: entry.arrivesMs })
    else resets.push(atMs)
  }
  const { silenceMs } = history.scenery.timers
  // a node that was deaf for so long finds its connections closed
  const deaf = nodes.map(({ stalled }) => stalled.later(3 * silenceMs))
  return switches.map(({ cut, clog, resets, slow }, index) => {
    const cutSpans = cut.close()
    const [from, to] = [Math.floor(index / size), index % size]
    const broken = new Spans(
      [cutSpans, clog.close(), deaf[from]!, deaf[to]!, instants(resets, 1)].flatMap((s) => s.list),
    )
    return { cut: cutSpans, broken: broken.extended(redialing), slow: new Spans(slow) }
  })
}

/** After a break of so long: the pauses between attempts to dial grow with it. */
const redialing = (brokenMs: number): number => Math.min(redialMaxMs, redialMs + 1.5 * brokenMs)

const known = new WeakMap<History, Ground>()

/** The ground truth of a history, computed once. */
export function groundOf(history: History): Ground {
  let ground = known.get(history)
  if (ground === undefined) known.set(history, (ground = new Ground(history)))
  return ground
}
