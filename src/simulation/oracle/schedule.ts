// The oracle: which ticks a job has, found by looking at the clock minute by minute. Slow and
// obvious on purpose, and independent: it shares no code with the scheduler that it judges.

import type { Timing } from '../../core/jobs/definition.ts'
import { localMinute, minuteMs, wallMinute } from './local-clock.ts'
import { readPattern, type Pattern } from './pattern.ts'

const secondMs = 1_000
const dayMs = 86_400_000
/** A change of the clock by more than this is a correction: wall times are taken literally. */
const shiftMaxMinutes = 180

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
  '@minutely': '* * * * *',
}

/** Every tick of the job with fromMs ≤ T < toMs, in order; two entries with one instant give one. */
export function oracleTicks(timing: Timing, fromMs: number, toMs: number): readonly number[] {
  const firstMs = Math.max(fromMs, timing.startAtMs ?? -Infinity, timing.anchorMs + 1)
  const endMs = Math.min(toMs, timing.endAtMs ?? Infinity)
  const found = new Set(
    timing.schedule.flatMap((entry) => entryTicks(entry, timing, firstMs, endMs)),
  )
  return [...found].sort((a, b) => a - b)
}

/** First tick after `afterMs` and before `untilMs`. */
export function oracleNext(timing: Timing, afterMs: number, untilMs: number): number | undefined {
  for (let fromMs = afterMs + 1; fromMs < untilMs; fromMs += 10 * minuteMs) {
    const [first] = oracleTicks(timing, fromMs, Math.min(untilMs, fromMs + 10 * minuteMs))
    if (first !== undefined) return first
  }
  return undefined
}

/** From the tick to the next one, a day when none comes within a day. */
export function oracleInterval(timing: Timing, dueMs: number, horizonMs: number = dayMs): number {
  return (oracleNext(timing, dueMs, dueMs + horizonMs) ?? dueMs + dayMs) - dueMs
}

function entryTicks(
  entry: string,
  timing: Timing,
  fromMs: number,
  toMs: number,
): readonly number[] {
  const text = entry.trim()
  const [word = '', argument = ''] = text.split(/[\s<]+/)
  const form = word.toLowerCase()
  if (form === '@manually') return []
  if (form === '@every') return everyTicks(intervalOf(argument), timing, fromMs, toMs)
  if (form === '@at' || form === '@after')
    return [instantOf(argument)].filter((at) => at >= fromMs && at < toMs)
  if (!form.startsWith('@')) return cronTicks(patternOf(text), timing, fromMs, toMs)
  const pattern = descriptors[form]
  if (pattern === undefined) throw new Error(`the oracle does not know ${word}`)
  return cronTicks(patternOf(pattern), timing, fromMs, toMs)
}

const patterns = new Map<string, Pattern>()
const patternsMax = 1_000

/** A pattern, read once. */
function patternOf(text: string): Pattern {
  const known = patterns.get(text)
  if (known !== undefined) return known
  const pattern = readPattern(text)
  if (patterns.size >= patternsMax) patterns.clear()
  patterns.set(text, pattern)
  return pattern
}

function everyTicks(everyMs: number, timing: Timing, fromMs: number, toMs: number): number[] {
  const anchorMs = Math.floor((timing.startAtMs ?? timing.anchorMs) / secondMs) * secondMs
  const ticks: number[] = []
  const first = Math.max(1, Math.ceil((fromMs - anchorMs) / everyMs))
  for (let at = anchorMs + first * everyMs; at < toMs; at += everyMs) ticks.push(at)
  return ticks
}

function cronTicks(pattern: Pattern, timing: Timing, fromMs: number, toMs: number): number[] {
  const ticks: number[] = []
  for (let at = Math.floor(fromMs / minuteMs) * minuteMs; at < toMs; at += minuteMs) {
    for (const second of secondsOf(pattern, timing, at)) {
      const tickMs = at + second * secondMs
      if (tickMs >= fromMs && tickMs < toMs) ticks.push(tickMs)
    }
  }
  return ticks
}

/** Seconds of this minute that are ticks. */
function secondsOf(pattern: Pattern, { timezone, dst }: Timing, atMs: number): number[] {
  const matching: number[] = []
  const isLiteral = dst === 'strict' || !pattern.isFixedTime
  const isWanted = pattern.isMinute(localMinute(timezone, atMs))
  if (isWanted && (isLiteral || !hasBeenBefore(timezone, atMs))) {
    for (let second = 0; second < 60; second++) if (pattern.isSecond(second)) matching.push(second)
  }
  const isAfterGap = !isLiteral && dst === 'cron' && gapHoldsMatch(pattern, timezone, atMs)
  if (isAfterGap && matching[0] !== 0) matching.unshift(0)
  return matching
}

/** Whether the wall showed this very minute up to three hours ago: the clock went back. */
function hasBeenBefore(zone: string, atMs: number): boolean {
  const wall = wallMinute(zone, atMs)
  for (let back = 1; back <= shiftMaxMinutes; back++) {
    if (wallMinute(zone, atMs - back * minuteMs) === wall) return true
  }
  return false
}

/** Whether the clock has just jumped forward over a minute that the pattern wants. */
function gapHoldsMatch(pattern: Pattern, zone: string, atMs: number): boolean {
  const before = wallMinute(zone, atMs - minuteMs)
  const now = wallMinute(zone, atMs)
  const missing = now - before - 1
  if (missing <= 0 || missing > shiftMaxMinutes) return false
  for (let wall = before + 1; wall < now; wall++) {
    if (pattern.isMinute(localMinute('UTC', wall * minuteMs))) return true
  }
  return false
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: secondMs,
  m: minuteMs,
  h: 60 * minuteMs,
  d: dayMs,
  w: 7 * dayMs,
}

/** Length of an interval such as `90s` or `1h30m`. */
function intervalOf(text: string): number {
  if (!/^(\d+(ms|[smhdw]))+$/.test(text)) throw new Error(`not an interval: ${text}`)
  let totalMs = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    totalMs += Number(count) * unitMs[unit!]!
  }
  return totalMs
}

function instantOf(text: string): number {
  const atMs = Date.parse(text)
  if (Number.isNaN(atMs) || !/(Z|[+-]\d\d:\d\d)$/i.test(text)) {
    throw new Error(`not an instant: ${text}`)
  }
  return atMs
}
