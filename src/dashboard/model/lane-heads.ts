// Which lanes there are, and in which order.

import type { ExecutionItem, Job, Member } from '../answers.ts'
import { laneKey, notRunKey, type Grouping, type LaneHead } from './lanes.ts'
import { nodeText } from './outcome.ts'

/** More would be a wall; words in the filter choose. */
export const lanesMax = 120

export function laneHeads(
  by: Grouping,
  members: readonly Member[],
  jobs: readonly Job[],
  inView: readonly ExecutionItem[],
  filter: string,
): readonly LaneHead[] {
  const heads = by === 'node' ? nodeHeads(members, inView) : jobHeads(jobs, inView, filter)
  return heads.slice(0, lanesMax)
}

function nodeHeads(members: readonly Member[], inView: readonly ExecutionItem[]): LaneHead[] {
  const heads = new Map<string, LaneHead>()
  for (const { id, name, state } of members) {
    heads.set(id, { key: id, label: nodeText(id, name), state, path: ['members'] })
  }
  for (const item of inView) {
    const key = laneKey(item, 'node')
    if (heads.has(key)) continue
    const isNobody = key === notRunKey
    const label = isNobody ? 'not run' : nodeText(item.node, item.nodeName)
    heads.set(key, { key, label, state: isNobody ? '' : 'left', path: ['executions'] })
  }
  const last = ({ key }: LaneHead): number => Number(key === notRunKey)
  return [...heads.values()].sort((a, b) => last(a) - last(b) || compare(a.label, b.label))
}

function jobHeads(
  jobs: readonly Job[],
  inView: readonly ExecutionItem[],
  filter: string,
): LaneHead[] {
  const heads = new Map<string, LaneHead>()
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  for (const { name, state } of jobs) {
    if (!words.every((word) => name.includes(word))) continue
    heads.set(name, { key: name, label: name, state, path: ['jobs', name] })
  }
  for (const { job } of inView) {
    if (!heads.has(job))
      heads.set(job, { key: job, label: job, state: 'deleted', path: ['executions'] })
  }
  return [...heads.values()].sort((a, b) => compare(a.label, b.label))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
