// Numbers of the overview, out of the executions that the page knows.

import type { ExecutionItem, PlannedTick } from '../answers.ts'
import { isTrouble, nodeText } from './outcome.ts'

/** Executions that went wrong since then, newest first. */
export function troublesSince(
  items: readonly ExecutionItem[],
  sinceMs: number,
): readonly ExecutionItem[] {
  return items.filter((item) => isTrouble(item) && Date.parse(item.scheduledAt) >= sinceMs)
}

/** One minute of the last hour. */
export interface Minute {
  readonly good: number
  readonly bad: number
}

/** The last hour, oldest minute first; `nowMs` lies in the last one. */
export function minutesOf(items: readonly ExecutionItem[], nowMs: number): readonly Minute[] {
  const minutes = Array.from({ length: 60 }, () => ({ good: 0, bad: 0 }))
  for (const item of items) {
    const at = 59 - Math.floor((nowMs - Date.parse(item.scheduledAt)) / 60_000)
    const minute = minutes[at]
    if (minute === undefined) continue
    if (isTrouble(item)) minute.bad += item.count
    else minute.good += item.count
  }
  return minutes
}

/** The ticks of the next hour of one node. */
export interface Lane {
  readonly node: string | null
  readonly name: string
  /** Ticks in each minute. */
  readonly minutes: readonly number[]
  readonly count: number
}

/** Ticks of the next hour by node; ticks that nobody may run come last. */
export function nextHour(ticks: readonly PlannedTick[], nowMs: number): readonly Lane[] {
  const lanes = new Map<string | null, { name: string; minutes: number[]; count: number }>()
  for (const { node, nodeName, plannedAt } of ticks) {
    const minute = Math.floor((Date.parse(plannedAt) - nowMs) / 60_000)
    if (minute < 0 || minute > 59) continue
    let lane = lanes.get(node)
    if (lane === undefined) {
      const name = node === null ? 'no node' : nodeText(node, nodeName)
      lane = { name, minutes: Array.from({ length: 60 }, () => 0), count: 0 }
      lanes.set(node, lane)
    }
    lane.minutes[minute]! += 1
    lane.count += 1
  }
  return [...lanes]
    .map(([node, lane]) => ({ node, ...lane }))
    .sort((a, b) => Number(a.node === null) - Number(b.node === null) || (a.name < b.name ? -1 : 1))
}
