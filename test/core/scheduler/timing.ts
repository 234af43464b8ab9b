import type { Timing } from '../../../src/core/jobs/definition.ts'
import { defaultGroups } from '../../../src/core/jobs/document.ts'
import { nextTick } from '../../../src/core/scheduler/tick.ts'

/** A timing with the defaults of a stored job. */
export function timingOf(schedule: string | readonly string[], over: Partial<Timing> = {}): Timing {
  return {
    ...defaultGroups.timing,
    schedule: typeof schedule === 'string' ? [schedule] : schedule,
    ...over,
  }
}

export const ms = (text: string): number => Date.parse(text)
export const iso = (atMs: number): string => new Date(atMs).toISOString().replace('.000Z', 'Z')

/** Every tick with fromMs ≤ T < toMs, counted forward. */
export function ticksIn(timing: Timing, fromMs: number, toMs: number, name = 'backup'): number[] {
  const ticks: number[] = []
  for (let at = nextTick(name, timing, fromMs - 1); at !== undefined && at < toMs;) {
    ticks.push(at)
    at = nextTick(name, timing, at)
  }
  return ticks
}
