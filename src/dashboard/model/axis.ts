// The scale of the timeline: round readings of the wall clock of the chosen zone.

import { segmentAt } from '../../core/scheduler/zone.ts'
import { wallOf } from './time.ts'

export interface AxisTick {
  readonly atMs: number
  readonly label: string
  /** A day begins. */
  readonly isDay: boolean
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const steps = [5, 10, 15, 30]
  .map((n) => n * second)
  .concat(
    [1, 2, 5, 10, 15, 30].map((n) => n * minute),
    [1, 2, 3, 6, 12].map((n) => n * hour),
    [day],
  )

/** Ticks between two instants, none nearer to the next than `gapPx`. */
export function axisTicks(
  fromMs: number,
  toMs: number,
  widthPx: number,
  zone: string,
  gapPx = 84,
): readonly AxisTick[] {
  const leastMs = ((toMs - fromMs) * gapPx) / Math.max(1, widthPx)
  const stepMs = steps.find((step) => step >= leastMs) ?? day
  const ticks: AxisTick[] = []
  let atMs = firstAfter(fromMs - 1, stepMs, zone)
  while (atMs < toMs) {
    ticks.push({ atMs, ...labelOf(atMs, stepMs, zone) })
    atMs = firstAfter(atMs, stepMs, zone)
  }
  return ticks
}

/** The first instant later than this whose local reading is a multiple of the step. */
function firstAfter(afterMs: number, stepMs: number, zone: string): number {
  const { offsetMs } = segmentAt(zone, afterMs)
  const next = (Math.floor((afterMs + offsetMs) / stepMs) + 1) * stepMs - offsetMs
  const later = segmentAt(zone, next)
  if (later.offsetMs === offsetMs) return next
  // the clock is changed in between: the first round reading after that
  return Math.ceil((later.startMs + later.offsetMs) / stepMs) * stepMs - later.offsetMs
}

function labelOf(atMs: number, stepMs: number, zone: string): Omit<AxisTick, 'atMs'> {
  const wall = wallOf(atMs, zone)
  const isDay = wall.hour === '00' && wall.minute === '00' && wall.second === '00'
  if (isDay && stepMs >= minute)
    return { label: `${wall.weekday} ${wall.day} ${wall.month}`, isDay }
  const seconds = stepMs < minute ? `:${wall.second}` : ''
  return { label: `${wall.hour}:${wall.minute}${seconds}`, isDay }
}
