import type { Timing } from '../../../src/core/jobs/definition.ts'

/** A timing of one entry, in UTC, with no bounds unless told. */
export function timingOf(schedule: string, over: Partial<Timing> = {}): Timing {
  return {
    schedule: [schedule],
    timezone: 'UTC',
    dst: 'cron',
    startAtMs: null,
    endAtMs: null,
    jitterMs: 0,
    jitterPer: 'job',
    limit: null,
    calendars: [],
    ignoreFreeze: false,
    after: [],
    join: 'all',
    delayMs: 0,
    anchorMs: 0,
    ...over,
  }
}

export const iso = (atMs: number): string => new Date(atMs).toISOString().replace('.000Z', 'Z')
