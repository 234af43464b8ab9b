import type { ExecutionItem } from '../../src/adapters/http/schema.ts'

/** An execution that ran well; what a test wants to differ it names. */
export function item(changes: Partial<ExecutionItem> = {}): ExecutionItem {
  const { scheduledAt = '2027-03-01T12:00:00.000Z' } = changes
  return {
    id: 'hello@1',
    job: 'hello',
    scheduledAt,
    slot: '0',
    attempt: 1,
    node: 'node-a',
    nodeName: 'a',
    state: 'ended',
    startedAt: scheduledAt,
    finishedAt: new Date(Date.parse(scheduledAt) + 1_500).toISOString(),
    exitCode: 0,
    outcome: 'success',
    reason: 'exit',
    duplicate: false,
    trigger: 'schedule',
    why: 'on-time',
    rank: 0,
    nextAttemptAt: null,
    outputBytes: 0,
    outputDropped: 0,
    through: scheduledAt,
    count: 1,
    ...changes,
  }
}
