// One table: what the core reports, as a line for the log.

import type { Report } from '../core/report.ts'
import type { Logger } from '../ports/logger.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'

export interface LogLine {
  readonly level: Level
  readonly event: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

type Told = readonly [level: Level, message: string]

/** The log line of a report. Texts from peers are fields, never part of a message. */
export function logLineOf(report: Report): LogLine {
  const [level, message] = tell(report)
  const { kind, ...fields } = report
  if (kind !== 'execution') return { level, event: kind, message, fields }
  const { record, duplicate } = report
  const { execution, job, slot, attempt, phase, executor, outcome, reason, why, rank } = record
  return {
    level,
    event: kind,
    message,
    fields: {
      execution,
      job,
      slot,
      attempt,
      phase,
      executor,
      outcome,
      reason,
      why,
      rank,
      duplicate,
    },
  }
}

function tell(report: Report): Told {
  switch (report.kind) {
    case 'ready':
      return ['info', 'ready to own ticks']
    case 'memberChanged':
      return ['info', 'a member changed']
    case 'refuted':
      return ['info', 'took a higher incarnation']
    case 'isolated':
      return report.isolated ? ['warn', 'cut off from the fleet'] : ['info', 'back in the fleet']
    case 'duplicateIdentity':
      return ['error', 'another process uses the key of this node: stop one of them']
    case 'clockChanged':
      return [report.state === 'synced' ? 'info' : 'warn', 'the clock state changed']
    case 'resumed':
      return ['warn', 'the process or the machine slept']
    case 'jobChanged':
      return ['info', 'a job changed']
    case 'calendarChanged':
      return report.change === 'conflict'
        ? ['warn', 'a calendar was edited twice at once: see its conflicts']
        : ['info', 'a calendar changed']
    case 'conflict':
      return ['warn', 'a job was edited twice at once: see its conflicts']
    case 'graphConflict':
      return ['error', 'two edits closed a cycle: these edges are suspended until one is taken out']
    case 'execution':
      return report.duplicate
        ? ['warn', 'an attempt was started twice']
        : ['debug', 'an execution changed']
    case 'probed':
      return ['debug', 'asked better ranks']
    case 'declined':
      return ['info', 'declined an attempt']
    case 'standbyDropped':
      return ['warn', 'too many ticks wait: one was dropped']
    case 'refused':
      return ['warn', 'refused input of a peer']
    case 'damaged':
      return ['error', 'stored rows were damaged and are pulled again']
    case 'storeFailed':
      return ['error', 'the store cannot be written: nothing is claimed until it can']
    case 'storeRecovered':
      return ['info', 'the store can be written again']
    case 'notified':
      return ['info', 'a notification was delivered']
    case 'notifyFailed':
      return report.isOver
        ? ['error', 'a notification was given up']
        : ['warn', 'a notification could not be delivered and is tried again']
    case 'limitReached':
      return ['warn', 'a limit was reached']
  }
}

/** What opening the store had to repair. */
export function reportDamage(
  store: {
    readonly damaged: number
    readonly lostCommits: number
    readonly quarantined: string | undefined
  },
  logger: Logger,
): void {
  const { damaged, lostCommits, quarantined } = store
  if (quarantined !== undefined) {
    logger.log('error', 'quarantined', 'the database was damaged and set aside', { quarantined })
  }
  if (damaged > 0) logger.log('error', 'damaged', 'stored rows were damaged', { damaged })
  if (lostCommits > 0) {
    logger.log('error', 'lostCommits', 'acknowledged commits are missing', { lostCommits })
  }
}
