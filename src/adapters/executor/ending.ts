import type { ExecutionReport } from '../../core/event.ts'

type Ended = Extract<ExecutionReport, { kind: 'ended' }>

/** How an attempt ended. */
export type Ending = Pick<Ended, 'reason' | 'exit' | 'detail' | 'warning' | 'result'>

/** The ending of an attempt of which nothing ran. */
export const notStarted = (detail: string): Ending => notRun('spawn', detail)

/** The same, for another reason. */
export const notRun = (
  reason: 'spawn' | 'executor-missing' | 'policy',
  detail: string,
): Ending => ({
  reason,
  exit: null,
  detail,
})

/** An attempt that runs, whatever it is made of. */
export interface Running {
  readonly ended: Promise<Ending>
  stop(killAfterMs: number): void
  kill(): void
}
