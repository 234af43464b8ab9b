import type { Job, JobConflict } from '../../answers.ts'
import { apiPath } from '../../client.ts'
import { reading } from '../../context.ts'
import type { Define } from '../../context.ts'
import type { Io } from '../../io.ts'
import { oneLine, pairLines, showOne } from '../../output.ts'
import { scheduleText } from '../../schedule-text.ts'
import { instantText, nodeText } from '../../text.ts'

export const define: Define = (command, io) => {
  command.argument('<job>', 'name of the job').action(
    reading(io, async ({ client, format }, name) => {
      const job = await client.get<Job>(apiPath`/jobs/${name}`)
      const { stringify } = await import('yaml')
      const document = stringify(job.document).trimEnd().split('\n')
      const lines = (): readonly string[] => [...linesOf(io, job), '', ...document.map(oneLine)]
      await showOne(io, format, { value: job, name: name, lines })
    }),
  )
}

function linesOf(io: Io, job: Job): readonly string[] {
  const { name, state, pause, last, streak, next, etag, generation, conflicts } = job
  const { before, cycle } = job.dependencies
  const nowMs = io.nowMs()
  const end = pause?.until ?? null
  const until = end === null ? '' : ` until ${instantText(end, nowMs)}`
  const pairs: (readonly [string, string])[] = [
    ['name', name],
    ['schedule', scheduleText(job)],
    ['state', pause === null ? state : `${state}${until}  ${pause.note}`],
  ]
  if (last !== null) {
    const streakText = streak === null ? '' : `  ${streak.count} in a row`
    const where = nodeText(last.node, last.nodeName)
    const when = instantText(last.scheduledAt, nowMs)
    pairs.push(['last', `${last.outcome}  ${when} on ${where}${streakText}`])
  }
  for (const tick of next) {
    const where =
      tick.deniedBy === null
        ? `on ${nodeText(tick.node, tick.nodeName)}`
        : `blackout: ${tick.deniedBy}`
    pairs.push(['next', `${instantText(tick.scheduledAt, nowMs)} ${where}`])
  }
  if (before.length > 0) pairs.push(['before', before.join(', ')])
  if (cycle !== null) pairs.push(['cycle', `${cycle.join(', ')}: their edges are suspended`])
  pairs.push(['version', `${etag} (generation ${generation})`])
  for (const conflict of conflicts) pairs.push(...conflictPairs(conflict, nowMs))
  return pairLines(pairs).map(oneLine)
}

function conflictPairs(
  { group, winner, losers }: JobConflict,
  nowMs: number,
): readonly (readonly [string, string])[] {
  return [
    ['conflict', `${group}: ${JSON.stringify(winner)} counts`],
    ...losers.map(({ value, author, at }) => {
      const who = `${author.slice(-5)} at ${instantText(at, nowMs)}`
      return ['lost', `${JSON.stringify(value)}  by ${who}`] as const
    }),
  ]
}
