import type { Explain } from '../answers.ts'
import { reading } from '../context.ts'
import type { Define } from '../context.ts'
import { endText } from '../executions.ts'
import type { Io } from '../io.ts'
import { oneLine, showOne } from '../output.ts'
import { instantText, nodeText, ordinal, shortName } from '../text.ts'
import { readInstant } from '../values.ts'

export const define: Define = (command, io) => {
  command
    .argument('<job|execution>', 'name of a job, or id of an execution')
    .option('--at <instant>', 'the tick of the job (its next one)')
    .action(
      reading<{ readonly at?: string }>(io, async ({ client, format, options }, subject) => {
        const atMs =
          options.at === undefined ? undefined : readInstant('--at', options.at, io.nowMs())
        // No job's name holds what every execution's id holds.
        const query = /[@:]/.test(subject) ? { execution: subject } : { job: subject, at: atMs }
        const explain = await client.get<Explain>('/explain', query)
        const name = explain.execution?.id ?? explain.job
        await showOne(io, format, { value: explain, name, lines: () => linesOf(io, explain) })
      }),
    )
}

function linesOf(io: Io, explain: Explain): readonly string[] {
  const { job, scheduledAt, execution, rank, excluded, facts, outcome, reason } = explain
  const head = `${job}  ${instantText(scheduledAt, io.nowMs())}`
  const end = outcome === null ? '' : `  ${outcome}${reason === '' ? '' : ` (${reason})`}`
  return [
    `${head}${end}`,
    ...(execution === undefined
      ? []
      : [`  ${endText(execution)} on ${nodeText(execution.node, execution.nodeName)}`]),
    ...rank.map((one, i) => {
      const score = one.score === undefined ? '' : `, score ${one.score.toPrecision(4)}`
      return `  ${ordinal(i + 1)}  ${shortName(one)}  ${one.state}${score}`
    }),
    ...excluded.map((one) => `  not  ${shortName(one)}  ${one.reason}`),
    ...facts.map((fact) => `  · ${fact}`),
  ].map(oneLine)
}
