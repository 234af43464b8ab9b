import type { Timing } from '../../../src/core/jobs/definition.ts'
import { defaultGroups } from '../../../src/core/jobs/document.ts'

/** A timing of one entry, in UTC, with no bounds unless told. */
export function timingOf(schedule: string, over: Partial<Timing> = {}): Timing {
  return {
    ...defaultGroups.timing,
    schedule: [schedule],
    ...over,
  }
}

export const iso = (atMs: number): string => new Date(atMs).toISOString().replace('.000Z', 'Z')
