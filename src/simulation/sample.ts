// What each node would answer if it were asked now.

import type { Fleet } from './fleet.ts'
import type { Row, Sample } from './history.ts'
import type { Machine } from './machine.ts'
import { versionVariable } from './sim-executor.ts'

/** Notes a sample of every node that runs. */
export function sampleAll(fleet: Fleet, withRows: boolean): void {
  for (const machine of fleet.up) {
    const sample = sampleOf(fleet, machine, withRows)
    if (sample !== undefined) fleet.recorder.note(sample)
  }
}

function sampleOf(fleet: Fleet, machine: Machine, withRows: boolean): Sample | undefined {
  const { node } = machine
  if (node === undefined) return undefined
  const { digests } = node.replica
  return {
    kind: 'sample',
    node: machine.index,
    catalogDigest: digests.catalog.toString(16),
    seenDigest: digests.seen.toString(16),
    viewDigest: node.membership.viewDigest.toString(16),
    view: node.membership
      .members()
      .map(({ record, state }) => ({ node: fleet.indexOf(record.member) ?? -1, state }))
      .sort((a, b) => a.node - b.node),
    jobs: [...node.replica.catalog.jobs()]
      .map((job) => ({
        job: job.name,
        generation: job.generation,
        live: job.groups.life.state === 'live',
        version: Number(job.groups.action.env[versionVariable] ?? 0) || null,
        enabled: job.groups.enabled.enabled,
        conflicts: job.conflicts.length,
      }))
      .sort((a, b) => (a.job < b.job ? -1 : 1)),
    rows: withRows ? rowsOf(fleet, machine) : [],
    withRows,
  }
}

function rowsOf(fleet: Fleet, machine: Machine): readonly Row[] {
  const rows: Row[] = []
  let cursor: string | undefined
  do {
    const query = cursor === undefined ? { limit: 1_000 } : { limit: 1_000, cursor }
    const page = machine.disk.store.executions(query)
    for (const { record, duplicate } of page.rows) {
      const { job, execution, dueMs, throughMs, count, slot, attempt } = record
      const { phase, outcome, reason, executor } = record
      rows.push({
        ...{ job, execution, dueMs, throughMs, count, slot, attempt, phase, outcome, reason },
        executor: executor === null ? null : fleet.indexOf(executor),
        duplicate,
      })
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  return rows
}
