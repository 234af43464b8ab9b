import type { Job } from '../../answers.ts'
import { apiPath } from '../../client.ts'
import { action } from '../../context.ts'
import type { Define } from '../../context.ts'
import { showOne } from '../../output.ts'
import { instantText, nodeText } from '../../text.ts'

export const define: Define = (command, io) => {
  command.argument('<job>', 'name of the job').action(
    action(io, async ({ client, format }, name) => {
      const job = await client.send<Job>('POST', apiPath`/jobs/${name}/resume`)
      const [tick] = job.next
      const next =
        tick === undefined
          ? ''
          : `   next ${instantText(tick.scheduledAt, io.nowMs())} on ` +
            nodeText(tick.node, tick.nodeName)
      await showOne(io, format, { value: job, name: name, lines: () => [`${name} runs${next}`] })
    }),
  )
}
