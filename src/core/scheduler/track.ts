// What the planner remembers of one job.

import type { Job } from '../jobs/catalog.ts'

export interface Track {
  /** The job as its next tick was last worked out. */
  armed: Job | undefined
  /** Write that made the schedule as it was last looked at. */
  anchorMs: number | undefined
  /** Next tick that has not been looked at. */
  nextDueMs: number | undefined
  /** Newest tick that was looked at, or the instant from which on ticks exist. */
  lookedMs: number
  watermarkMs: number
  /** Ticks that were looked at and are not decided. */
  readonly undecided: Set<number>
}

/** Of a job that nobody has looked at. */
export function newTrack(): Track {
  return {
    armed: undefined,
    anchorMs: undefined,
    nextDueMs: undefined,
    lookedMs: -1,
    watermarkMs: -1,
    undecided: new Set(),
  }
}
