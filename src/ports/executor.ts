import type { Launch } from '../core/effect.ts'
import type { ExecutionReport } from '../core/event.ts'
import type { AttemptId } from '../core/ids.ts'

export interface OutputPage {
  /** Position in the whole output of the first byte of `bytes`; larger than asked where output was dropped. */
  readonly offset: number
  readonly bytes: Uint8Array
  /** Bytes that the attempt has written so far. */
  readonly total: number
  /** Bytes between head and tail that were not kept. */
  readonly dropped: number
  /** No more will come. */
  readonly ended: boolean
}

/**
 * Starts what a job says, off the daemon's loop. Each launch ends in exactly one `ended` report;
 * `started` comes before it unless nothing ran. Output is kept as a bounded head and tail.
 */
export interface Executor {
  /**
   * Reports what an earlier process of this node left running: those children are stopped first,
   * and their attempts are the resolved value.
   */
  start(report: (report: ExecutionReport) => void): Promise<readonly AttemptId[]>
  launch(launch: Launch): void
  /** TERM to the whole group, KILL after `killAfterMs`; unknown attempts are ignored. */
  stop(attempt: AttemptId, killAfterMs: number): void
  /**
   * Output from `offset`, at most `bytesMax`; waits up to `waitMs` for new bytes. Undefined when
   * this node has no output of that attempt.
   */
  readOutput(
    attempt: AttemptId,
    offset: number,
    bytesMax: number,
    waitMs: number,
  ): Promise<OutputPage | undefined>
  /** Kills what still runs; resolves when nothing is left. */
  close(): Promise<void>
}
