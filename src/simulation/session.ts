// One call of the simulator from a command line: one seed or many, judged and told.

import { limits, type ProfileName } from '../core/limits.ts'
import { judge } from './checkers/all.ts'
import {
  add,
  aroundText,
  figuresText,
  nothing,
  optionsText,
  verdictLine,
  type Total,
} from './figures.ts'
import type { Violation } from './history.ts'
import { drawOptions, faultNames, type FaultName, type Options, type Wishes } from './options.ts'
import { simulate, type Run } from './run.ts'
import { shrink } from './shrink.ts'

/** Flags as they were typed. */
export interface SessionFlags {
  readonly seed?: string | undefined
  readonly seeds?: string | undefined
  readonly nodes?: string | undefined
  readonly minutes?: string | undefined
  readonly jobs?: string | undefined
  readonly profile?: string | undefined
  readonly faults?: string | undefined
  readonly trace?: boolean | undefined
  readonly shrink?: boolean | undefined
}

/** What a session needs from its surroundings. */
export interface SessionParts {
  readonly write: (line: string) => void
  /** The command that this session would be replayed with, without flags. */
  readonly command: string
  /** Used when no seed is given. */
  readonly freshSeed: () => bigint
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
    const run = simulate(options, { keepsTrace: flags.trace ?? false })
    const { violations, stats } = judge(run.history)
    total = add(total, run, violations.length, stats)
    parts.write(`  ${verdictLine(run, violations)}`)
    if (violations.length === 0) continue
    tell(parts, run, violations)
    parts.write(`  replay: ${replayCommand(parts.command, options, wishes)}`)
    if (flags.shrink === true) shrinkAndTell(parts, options, wishes, violations[0]!)
  }
  parts.write(figuresText(total))
  parts.write(
    `${total.seeds} seeds, ${total.hours.toFixed(1)} cluster-hours, ${total.violations} violations`,
  )
  return total
}

function tell(parts: SessionParts, run: Run, violations: readonly Violation[]): void {
  const byProperty = Map.groupBy(violations, ({ property }) => property)
  for (const [property, list] of byProperty) {
    parts.write(`  ${property}: ${list.length}`)
    for (const violation of list.slice(0, shownMax)) {
      const sinceS = (violation.atMs - run.history.startMs) / 1_000
      parts.write(`    at ${sinceS.toFixed(3)} s: ${violation.message}`)
    }
  }
  parts.write('  around the first:')
  parts.write(aroundText(run.history, run, violations[0]!))
}

function shrinkAndTell(
  parts: SessionParts,
  options: Options,
  wishes: Wishes,
  violation: Violation,
): void {
  const seed = BigInt(`0x${options.seed}`)
  const smaller = shrink(seed, wishes, violation.property, parts.write)
  parts.write(`  smaller: ${replayCommand(parts.command, drawOptions(seed, smaller), smaller)}`)
}

/** The command line that runs the same again. */
export function replayCommand(command: string, options: Options, wishes: Wishes): string {
  const { profile, nodes, minutes, jobs, faults } = wishes
  const flags = [
    `--seed 0x${options.seed}`,
    profile === undefined ? '' : `--profile ${profile}`,
    nodes === undefined ? '' : `--nodes ${nodes}`,
    minutes === undefined ? '' : `--minutes ${minutes}`,
    jobs === undefined ? '' : `--jobs ${jobs}`,
    faults === undefined ? '' : `--faults ${faults.join(',') || 'none'}`,
  ]
  return [command, ...flags.filter((flag) => flag !== '')].join(' ')
}

// ── flags ────────────────────────────────────────────────────────────────────────────────────────

/** What the flags fix; the seed draws the rest. */
export function wishesOf(flags: SessionFlags): Wishes {
  const { nodes, minutes, jobs, profile, faults } = flags
  return {
    profile: profile === undefined ? undefined : profileOf(profile),
    nodes: nodes && wholeNumber('--nodes', nodes, 1, limits.membersMax),
    minutes: minutes && wholeNumber('--minutes', minutes, 1, 100_000),
    jobs: jobs && wholeNumber('--jobs', jobs, 0, 10_000),
    faults: faults === undefined ? undefined : faultsOf(faults),
  } as Wishes
}

function profileOf(text: string): ProfileName {
  if (text === 'lan' || text === 'wan' || text === 'iot') return text
  throw new Error(`--profile: ${text} is not lan, wan or iot`)
}

function faultsOf(text: string): readonly FaultName[] {
  if (text === 'none' || text === '') return []
  return text.split(',').map((name) => {
    const known = faultNames.find((fault) => fault === name)
    if (known === undefined)
      throw new Error(`--faults: ${name} is none of ${faultNames.join(', ')}`)
    return known
  })
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`${flag}: ${text} is not a whole number from ${least} to ${most}`)
}

/** A seed as it is written: decimal, or hexadecimal after `0x`. */
export function seedOf(text: string): bigint {
  if (/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) return BigInt(text)
  throw new Error(`--seed: ${text} is neither a decimal number nor 0x and up to 16 hex digits`)
}
