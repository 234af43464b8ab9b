import type { ExecutionReport } from '../../core/event.ts'

type Ended = Extract<ExecutionReport, { kind: 'ended' }>

/** How an attempt ended. */
export type Ending = Pick<Ended, 'reason' | 'exit' | 'detail'>

/** The ending of an attempt of which nothing ran. */
export const notStarted = (detail: string): Ending => ({ reason: 'spawn', exit: null, detail })

/** An attempt that runs, whatever it is made of. */
export interface Running {
  readonly ended: Promise<Ending>
  stop(killAfterMs: number): void
  kill(): void
}
