import type { Status } from '../answers.ts'
import { reading } from '../context.ts'
import type { Define } from '../context.ts'
import { executionColumns } from '../executions.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { showOne, tableLines } from '../output.ts'
import { painter } from '../style.ts'
import { countText, durationText, instantText, nodeText, shortName } from '../text.ts'
import { memberColumns } from './member.ts'

export const define: Define = (command, io) => {
  command.action(
    reading(io, async ({ client, format }) => {
      const status = await client.get<Status>('/status')
      const { self } = status
      await showOne(io, format, {
        value: status,
        name: self.id,
        lines: () => linesOf(io, status, format === 'wide'),
      })
      return exitCodeOf(status)
    }),
  )
}

/** What is wrong with the node itself. */
function troubles({ ready, isolated, clock }: Status): readonly string[] {
  return [
    ...(ready ? [] : ['not ready']),
    ...(isolated ? ['cut off from the others'] : []),
    ...(['unsynced', 'disputed'].includes(clock.state) ? [`clock ${clock.state}`] : []),
  ]
}

/** What is wrong elsewhere: the node works, the fleet not as it should. */
function worries({ members, jobs, conflicts }: Status): readonly string[] {
  const away = members.filter(({ state }) => state === 'unreachable' || state === 'down')
  const behind = jobs.laggingMembers.length
  return [
    ...away.map((member) => `${shortName(member)} is ${member.state}`),
    ...(behind === 0 ? [] : [`${countText(behind, 'member')} with older jobs`]),
    ...conflicts.map((job) => `${job} has conflicting edits`),
  ]
}

function exitCodeOf(status: Status): number {
  if (troubles(status).length > 0) return exitCodes.failure
  const isHere = status.members.every(({ state }) => state !== 'unreachable' && state !== 'down')
  return isHere ? exitCodes.ok : exitCodes.partial
}

/** What is wrong, or that nothing is. */
export function healthText(io: Io, status: Status): string {
  const paint = painter(io)
  const bad = troubles(status)
  if (bad.length > 0) return paint(bad.join(', '), 'red')
  const worse = worries(status)
  return worse.length > 0 ? paint(worse.join(', '), 'yellow') : paint('healthy', 'green')
}

function linesOf(io: Io, status: Status, wide: boolean): readonly string[] {
  const { self, clock, members, view, jobs, next, recent, counters, asOf } = status
  const paint = painter(io)
  const nowMs = io.nowMs()
  const alive = members.filter(({ state }) => state === 'alive').length
  return [
    `${paint(shortName(self), 'bold')}  ${healthText(io, status)}`,
    `${alive} of ${countText(members.length, 'member')} alive, ` +
      `${view.agreeing} of ${countText(view.neighbours, 'neighbour')} agree, ` +
      `clock ${clock.state} (±${Math.round(clock.errorMs)} ms), ` +
      `oldest news ${durationText(asOf.oldestMs)}`,
    `${countText(jobs.count, 'job')}; started ${counters.started}, failed ${counters.failed}, ` +
      `takeovers ${counters.takeovers}, missed ${counters.missed}, ` +
      `duplicates ${counters.duplicates}, skipped ${counters.skipped}`,
    '',
    ...tableLines(io, wide, { rows: members, columns: memberColumns }),
    ...section(
      'next',
      tableLines(io, wide, {
        rows: next.slice(0, 5),
        columns: [
          { title: 'WHEN', cell: ({ scheduledAt }) => instantText(scheduledAt, nowMs) },
          { title: 'JOB', cell: ({ job }) => job },
          { title: 'NODE', cell: ({ node, nodeName }) => nodeText(node, nodeName) },
        ],
      }),
      next.length,
    ),
    ...section(
      'recent',
      tableLines(io, wide, { rows: recent.slice(0, 5), columns: executionColumns(io) }),
      recent.length,
    ),
  ]
}

function section(title: string, lines: readonly string[], rows: number): readonly string[] {
  return rows === 0 ? ['', `${title}: none`] : ['', ...lines]
}
