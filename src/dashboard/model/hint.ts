// What hovering over the timeline tells, in lines.

import type { ExecutionItem, PlannedTick } from '../answers.ts'
import { sentence } from './health.ts'
import { nodeText, reasonText, whoText, wordOf } from './outcome.ts'
import { clockText, instantText, spanText } from './time.ts'

export interface Hint {
  readonly title: string
  readonly lines: readonly string[]
}

/** About something that ran, or did not. */
export function hintOfExecution(item: ExecutionItem, zone: string, nowMs: number): Hint {
  const word = wordOf(item)
  const reason = reasonText(item)
  const due = Date.parse(item.scheduledAt)
  const lines = [
    reason === '' ? word : `${word}: ${reason}`,
    ...(item.node === null ? [] : [`on ${nodeText(item.node, item.nodeName)}`]),
    `due ${instantText(due, zone, nowMs)}`,
    ...startLines(item, due, nowMs),
    ...whyLines(item),
  ]
  return { title: item.job, lines }
}

function startLines(
  { startedAt, finishedAt }: ExecutionItem,
  due: number,
  nowMs: number,
): string[] {
  if (startedAt === null) return []
  const started = Date.parse(startedAt)
  const took = (finishedAt === null ? nowMs : Date.parse(finishedAt)) - started
  const running = finishedAt === null ? 'runs for' : 'took'
  return [`started ${spanText(started - due)} after that, ${running} ${spanText(took)}`]
}

function whyLines({ why, rank, attempt, duplicate }: ExecutionItem): string[] {
  const lines: string[] = []
  if (why === 'takeover')
    lines.push(`taken over: it ranked ${rank + 1}, the better ones were silent`)
  else if (why === 'catch-up') lines.push('caught up late')
  else if (why === 'dispatch') lines.push('started by hand')
  if (attempt > 1) lines.push(`attempt ${attempt}`)
  if (duplicate) lines.push('two members started this attempt')
  return lines
}

/** About a tick to come. */
export function hintOfTick(tick: PlannedTick, zone: string): Hint {
  const atMs = Date.parse(tick.plannedAt)
  const others = tick.rank.slice(1, 4).map(({ id, name }) => nodeText(id, name))
  const who =
    tick.node === null
      ? [
          whoText(tick),
          ...tick.excluded
            .slice(0, 3)
            .map(({ id, name, reason }) => `${nodeText(id, name)}: ${reason}`),
        ]
      : [
          `will run on ${nodeText(tick.node, tick.nodeName)}`,
          ...(others.length === 0 ? [] : [`if it is gone: ${sentence(others)}`]),
        ]
  return { title: tick.job, lines: [`planned ${clockText(atMs, zone)}`, ...who] }
}
