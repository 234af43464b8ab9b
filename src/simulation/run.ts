// One run: a fleet is started, gets work and troubles, is frozen with some of them, healed, and what
// happened is handed to whoever judges it.

import { createRandom } from '../core/random.ts'
import type { ProfileName } from '../core/limits.ts'
import { Faults } from './faults.ts'
import { Fleet } from './fleet.ts'
import type { Counters, History, PhaseName } from './history.ts'
import type { Options } from './options.ts'
import type { Line, Window } from './recorder.ts'
import { reachedIn } from './reached.ts'
import { sampleAll } from './sample.ts'
import type { Sent } from './wires.ts'
import { Workload } from './workload.ts'

/** What a run leaves. */
export interface Run {
  readonly options: Options
  readonly history: History
  /** Over one line per event: the same for the same seed and code. */
  readonly traceHash: string
  readonly events: number
  /** Virtual time. */
  readonly hours: number
  /** What all nodes sent, each frame with what TCP and encryption add to it. */
  readonly sent: Sent
  /** How long after the last fault ended all members told the same; undefined: they never did. */
  readonly convergedMs: number | undefined
  /** What was reached, by name. */
  readonly sometimes: Counters
  /** Steps of nodes, in words; only of the part that was to be kept. */
  readonly steps: readonly Line[]
}

const warmUpMs: Readonly<Record<ProfileName, number>> = { lan: 30_000, wan: 45_000, iot: 90_000 }
const sampleMs: Readonly<Record<ProfileName, number>> = { lan: 10_000, wan: 20_000, iot: 60_000 }

export interface SimulateInit {
  /** Keep the steps of nodes within this. */
  readonly kept?: Window | undefined
  /** Called before anything happens: to look at something later, or to do something at an instant. */
  readonly prepare?: (fleet: Fleet) => void
}

/** Runs what the options say. */
export function simulate(options: Options, init: SimulateInit = {}): Run {
  const fleet = new Fleet(options, { kept: init.kept })
  init.prepare?.(fleet)
  const random = createRandom(BigInt(`0x${options.seed}`))
  const workload = new Workload({ fleet, random: random.fork('workload') })
  const faults = new Faults({ fleet, random: random.fork('faults') })
  const starts = random.fork('starts')
  for (const machine of fleet.machines.slice(0, options.nodes)) {
    fleet.timeline.after(starts.below(2_000), () => machine.start())
  }
  fleet.timeline.after(4_000, () => workload.begin())
  phase(fleet, 'warm-up', warmUpMs[options.profile])
  faults.begin()
  phase(fleet, 'safety', options.frozenAfterMs)
  workload.end()
  faults.freeze()
  phase(fleet, 'liveness', options.livenessMs)
  sampleAll(fleet, true)
  faults.healAll()
  phase(fleet, 'healed', options.healedMs)
  sampleAll(fleet, true)
  fleet.recorder.note({ kind: 'phase', phase: 'end' })
  const history = fleet.recorder.history()
  return {
    options,
    history,
    traceHash: fleet.recorder.finish(),
    events: fleet.recorder.events,
    hours: fleet.timeline.nowMs / 3_600_000,
    sent: fleet.wires.sent.reduce((all, one) => ({
      frames: all.frames + one.frames,
      bytes: all.bytes + one.bytes,
    })),
    convergedMs: convergedMs(history),
    sometimes: { ...fleet.sometimes.counters, ...reachedIn(history) },
    steps: fleet.recorder.steps,
  }
}

function phase(fleet: Fleet, name: PhaseName, durationMs: number): void {
  fleet.recorder.note({ kind: 'phase', phase: name })
  const endMs = fleet.timeline.nowMs + durationMs
  while (fleet.timeline.nowMs < endMs) {
    fleet.run(Math.min(sampleMs[fleet.options.profile], endMs - fleet.timeline.nowMs))
    if (name !== 'warm-up') sampleAll(fleet, false)
  }
}

/** By samples, which are some seconds apart. */
function convergedMs({ entries }: History): number | undefined {
  const healed = entries.find((entry) => entry.kind === 'phase' && entry.phase === 'healed')
  if (healed === undefined) return undefined
  const byInstant = Map.groupBy(
    entries.filter((entry) => entry.kind === 'sample' && entry.atMs > healed.atMs),
    ({ atMs }) => atMs,
  )
  for (const [atMs, samples] of byInstant) {
    const told = new Set(
      samples.map((one) =>
        one.kind === 'sample' ? `${one.viewDigest} ${one.catalogDigest}` : one.kind,
      ),
    )
    if (told.size === 1) return atMs - healed.atMs
  }
  return undefined
}
