// The options of a simulation as they are typed: what each is called, means and may be, and the
// command line that runs the same again.

import type { ProfileName } from '../core/limits.ts'
import { faultNames, nodesMax, type FaultName, type Options, type Wishes } from './options.ts'

/** Flags as they were typed. */
export interface SessionFlags {
  readonly seed?: string | undefined
  readonly seeds?: string | undefined
  readonly nodes?: string | undefined
  readonly hours?: string | undefined
  readonly minutes?: string | undefined
  readonly calm?: string | undefined
  readonly until?: string | undefined
  readonly jobs?: string | undefined
  readonly profile?: string | undefined
  readonly faults?: string | undefined
  readonly trace?: boolean | undefined
  readonly shrink?: boolean | undefined
}

/** Every flag: its name, the name of its value if it has one, and what it does. */
export const flagTexts: readonly (readonly [keyof SessionFlags, string | undefined, string])[] = [
  ['seed', 'seed', 'decimal, or hexadecimal after 0x; absent: a fresh one'],
  ['seeds', 'n', 'so many seeds, one after the other (1)'],
  ['nodes', 'n', 'number of nodes; absent: drawn from the seed, as all that follow'],
  ['hours', 'h', 'virtual time with faults, in hours; added to --minutes'],
  ['minutes', 'm', 'virtual time with faults, in minutes'],
  ['calm', 'm', 'minutes of each phase after it: some faults for ever, then none'],
  ['until', 'm', 'end the faults after so many minutes, and change nothing before'],
  ['jobs', 'n', 'number of jobs'],
  ['profile', 'name', 'timers: lan, wan or iot'],
  ['faults', 'list', `only these, with commas, or none: ${faultNames.join(', ')}`],
  ['trace', undefined, 'show what every node did around a violation'],
  ['shrink', undefined, 'look for a smaller run that breaks the same promise'],
]

/** What the flags fix; the seed draws the rest. Throws a message for a wrong flag. */
export function wishesOf(flags: SessionFlags): Wishes {
  const { nodes, hours, minutes, calm, until, jobs, profile, faults } = flags
  return {
    profile: given(profile, profileOf),
    nodes: given(nodes, (text) => wholeNumber('--nodes', text, 1, nodesMax)),
    minutes: minutesOf(hours, minutes),
    calmMinutes: given(calm, (text) => positive('--calm', text, 100_000)),
    untilMinutes: given(until, (text) => positive('--until', text, 600_000)),
    jobs: given(jobs, (text) => wholeNumber('--jobs', text, 0, 10_000)),
    faults: given(faults, faultsOf),
  }
}

const given = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
  text === undefined ? undefined : read(text)

function minutesOf(hours: string | undefined, minutes: string | undefined): number | undefined {
  if (hours === undefined && minutes === undefined) return undefined
  const fromHours = given(hours, (text) => 60 * positive('--hours', text, 10_000)) ?? 0
  return fromHours + (given(minutes, (text) => positive('--minutes', text, 600_000)) ?? 0)
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
      throw new Error(`--faults: ${name} is neither none nor one of ${faultNames.join(', ')}`)
    return known
  })
}

/** Reads a whole number within bounds. */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new Error(`${flag}: ${text} is not a whole number from ${least} to ${most}`)
}

/** Reads a number above 0, with decimals or without. */
export function positive(flag: string, text: string, most: number): number {
  const value = Number(text)
  if (/^\d+([.]\d+)?$/.test(text) && value > 0 && value <= most) return value
  throw new Error(`${flag}: ${text} is not a number above 0 and up to ${most}`)
}

/** A seed as it is written: decimal, or hexadecimal after `0x`. */
export function seedOf(text: string): bigint {
  if (/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text) && BigInt(text) < 1n << 64n) return BigInt(text)
  throw new Error(`--seed: ${text} is neither a decimal number nor 0x and up to 16 hex digits`)
}

/** The command line that runs the same again. */
export function replayCommand(command: string, { seed }: Options, wishes: Wishes): string {
  const { profile, nodes, minutes, calmMinutes, untilMinutes, jobs, faults } = wishes
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ['profile', profile],
    ['nodes', nodes],
    ['minutes', minutes],
    ['calm', calmMinutes],
    ['until', untilMinutes],
    ['jobs', jobs],
    ['faults', faults === undefined ? undefined : faults.join(',') || 'none'],
  ]
  const typed = flags.flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${value}`],
  )
  return [command, `--seed 0x${seed}`, ...typed].join(' ')
}
