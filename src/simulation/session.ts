// One call of the simulator from a command line: one seed or many, judged and told.

import { aroundText, windowOf } from './around.ts'
import { judge } from './checkers/all.ts'
import {
  add,
  costLine,
  figuresText,
  nothing,
  optionsText,
  verdictLine,
  type Total,
} from './figures.ts'
import { replayCommand, seedOf, wholeNumber, wishesOf, type SessionFlags } from './flags.ts'
import type { Violation } from './history.ts'
import { drawOptions, type Options } from './options.ts'
import { simulate, type Run } from './run.ts'
import { breaksIn, shrink, type Broken } from './shrink.ts'

/** What a session needs from its surroundings. */
export interface SessionParts {
  readonly write: (line: string) => void
  /** The command that this session would be replayed with, without flags. */
  readonly command: string
  /** Used when no seed is given. */
  readonly freshSeed: () => bigint
  /** Processor time of this process, in ms. */
  readonly cpuMs: () => number
}

const shownMax = 5

/** Runs, judges and tells; answers what all runs amount to. Throws a message for a wrong flag. */
export function runSession(parts: SessionParts, flags: SessionFlags): Total {
  const wishes = wishesOf(flags)
  const first = flags.seed === undefined ? parts.freshSeed() : seedOf(flags.seed)
  const count = flags.seeds === undefined ? 1 : wholeNumber('--seeds', flags.seeds, 1, 1_000_000)
  let total = nothing
  for (let i = 0; i < count; i++) {
    const options = drawOptions(first + BigInt(i), wishes)
    parts.write(optionsText(options))
    const beganMs = parts.cpuMs()
    const run = simulate(options)
    const ranMs = parts.cpuMs() - beganMs
    const { violations, stats } = judge(run.history)
    total = add(total, run, violations.length, stats)
    parts.write(`  ${verdictLine(run, violations)}`)
    parts.write(`  ${costLine(run, ranMs)}`)
    const [violation] = violations
    if (violation === undefined) continue
    tell(parts, run, violations, flags.trace === true)
    parts.write(`  replay: ${replayCommand(parts.command, options, wishes)}`)
    if (flags.shrink !== true) continue
    const cpuMs = parts.cpuMs() - beganMs
    shrinkAndTell(parts, options, {
      ...{ wishes, violation, cpuMs },
      startMs: run.history.startMs,
    })
  }
  parts.write(figuresText(total))
  parts.write(
    `${total.seeds} seeds, ${total.hours.toFixed(1)} cluster-hours, ${total.violations} violations`,
  )
  return total
}

function tell(
  parts: SessionParts,
  { history, options }: Run,
  violations: readonly Violation[],
  isTraced: boolean,
): void {
  const byProperty = Map.groupBy(violations, ({ property }) => property)
  for (const [property, list] of byProperty) {
    parts.write(`  ${property}: ${list.length}`)
    for (const violation of list.slice(0, shownMax)) {
      const sinceS = (violation.atMs - history.startMs) / 1_000
      parts.write(`    at ${sinceS.toFixed(3)} s: ${violation.message}`)
    }
  }
  const [first] = violations
  parts.write(`  around the first, ${first!.property}:`)
  // the same run again: only now is it known which part of it is wanted
  const { steps } = isTraced ? simulate(options, { kept: windowOf(first!) }) : { steps: [] }
  parts.write(aroundText(history, first!, steps))
}

function shrinkAndTell(parts: SessionParts, options: Options, broken: Broken): void {
  const seed = BigInt(`0x${options.seed}`)
  parts.write('  looking for a smaller run:')
  const breaks = breaksIn(seed, broken.violation.property, parts.cpuMs)
  const { wishes, violation } = shrink(seed, broken, { ...parts, breaks })
  if (wishes === broken.wishes) parts.write('    none found')
  parts.write(`  smallest with ${violation.property}: ${violation.message}`)
  parts.write(`  replay: ${replayCommand(parts.command, options, wishes)}`)
}
