// Makes a failing seed smaller: less time, fewer troubles, nodes and jobs, as long as the same
// property still breaks. Draws of one kind do not shift the others, so most seeds survive this.

import { judge } from './checkers/all.ts'
import type { Violation } from './history.ts'
import { drawOptions, type FaultName, type Options, type Wishes } from './options.ts'
import { simulate } from './run.ts'

/** Processor time after which no further run begins. */
const cpuMsMax = 60_000

export interface ShrinkParts {
  readonly write: (line: string) => void
  /** Processor time of this process, in ms. */
  readonly cpuMs: () => number
}

/** A run that breaks the promise. */
export interface Broken {
  readonly wishes: Wishes
  readonly violation: Violation
  /** Instant at which the run began. */
  readonly startMs: number
  /** What it cost to run and to judge. */
  readonly cpuMs: number
}

/** Runs the seed with other wishes; undefined when the property holds then. */
export type Breaks = (wishes: Wishes) => Broken | undefined

/** The smallest wishes found under which the seed still breaks the property. */
export function shrink(
  seed: bigint,
  first: Broken,
  { write, cpuMs, breaks }: ShrinkParts & { readonly breaks: Breaks },
): Broken {
  const endMs = cpuMs() + cpuMsMax
  const tried = new Set<string>()
  let best = first
  const tries = (wishes: Wishes): boolean => {
    const key = JSON.stringify(wishes)
    // a run that is smaller costs no more than the one that it came from
    if (tried.has(key) || cpuMs() + best.cpuMs > endMs) return false
    tried.add(key)
    const found = breaks(wishes)
    if (found === undefined) return false
    best = found
    write(`    still ${found.violation.property}: ${sizeText(drawOptions(seed, wishes))}`)
    return true
  }
  for (let before: Broken | undefined; before !== best;) {
    before = best
    for (const smaller of [shorter, fewerFaults, fewerNodes, fewerJobs]) {
      while ([...smaller(drawOptions(seed, best.wishes), best)].some(tries));
    }
  }
  return best
}

/** Tells by a run whether a seed breaks a property under some wishes. */
export function breaksIn(seed: bigint, property: string, cpuMs: () => number): Breaks {
  return (wishes) => {
    const beganMs = cpuMs()
    const { history } = simulate(drawOptions(seed, wishes))
    const { violations } = judge(history)
    const violation = violations.find((each) => each.property === property)
    if (violation === undefined) return undefined
    return { wishes, violation, startMs: history.startMs, cpuMs: cpuMs() - beganMs }
  }
}

function sizeText({ nodes, joiners, frozenAfterMs, livenessMs, jobs, faults }: Options): string {
  const [frozen, calm] = [frozenAfterMs, livenessMs].map((ms) => (ms / 60_000).toFixed(1))
  const names = Object.keys(faults).join(',') || 'none'
  return `${nodes + joiners} nodes, ${jobs} jobs, ${frozen} and ${calm} min, faults ${names}`
}

// ── candidates, the boldest first ────────────────────────────────────────────────────────────────

/** The faults end soon after the violation; what comes after them is cut down too. */
function* shorter(options: Options, { wishes, violation, startMs }: Broken): Generator<Wishes> {
  const now = options.frozenAfterMs / 60_000
  const calm = options.livenessMs / 60_000
  const needed = Math.max(1, Math.ceil((violation.atMs - startMs) / 60_000))
  for (const untilMinutes of [needed, needed + 1, Math.ceil(now / 2)]) {
    if (untilMinutes >= now) continue
    yield { ...wishes, untilMinutes, calmMinutes: 1 }
    yield { ...wishes, untilMinutes }
  }
  if (calm > 1) yield { ...wishes, calmMinutes: Math.max(1, Math.floor(calm / 3)) }
}

function* fewerFaults({ faults }: Options, { wishes }: Broken): Generator<Wishes> {
  const names = Object.keys(faults) as FaultName[]
  for (let size = Math.ceil(names.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < names.length; at += size) {
      yield { ...wishes, faults: names.filter((_, i) => i < at || i >= at + size) }
    }
  }
}

function* fewerNodes({ nodes }: Options, { wishes }: Broken): Generator<Wishes> {
  if (nodes > 3) yield { ...wishes, nodes: Math.ceil(nodes / 2) }
  if (nodes > 1) yield { ...wishes, nodes: nodes - 1 }
}

function* fewerJobs({ jobs }: Options, { wishes }: Broken): Generator<Wishes> {
  for (const part of [8, 2]) if (jobs > 2) yield { ...wishes, jobs: Math.ceil(jobs / part) }
  if (jobs > 1) yield { ...wishes, jobs: jobs - 1 }
}
