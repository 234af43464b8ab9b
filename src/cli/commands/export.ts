import type { CalendarList } from '../answers.ts'
import { action, suggestJob } from '../context.ts'
import type { Define } from '../context.ts'
import { CliError } from '../cli-error.ts'
import { exitCodes } from '../exit-codes.ts'
import { readJobs } from '../jobs.ts'
import { showData } from '../output.ts'

export const define: Define = (command, io) => {
  command.argument('[jobs...]', 'only these jobs, without calendars').action(
    action(io, async ({ client, format }, ...operands) => {
      const names = operands.flat()
      const jobs = await readJobs(client)
      const known = new Set(jobs.map(({ name }) => name))
      const stranger = names.find((name) => !known.has(name))
      if (stranger !== undefined) {
        const error = new CliError('MC_UNKNOWN_JOB', `no job ${stranger}`, 'see meshcron job ls')
        throw await suggestJob(client, error, stranger)
      }
      const wanted = names.length === 0 ? jobs : jobs.filter(({ name }) => names.includes(name))
      const calendars = names.length > 0 ? [] : (await client.get<CalendarList>('/calendars')).items
      if (format === 'name') {
        for (const { name } of wanted) io.stdout.write(`${name}\n`)
        return exitCodes.ok
      }
      await showData(io, format === 'json' ? 'json' : 'yaml', {
        ...(calendars.length === 0 ? {} : { calendars: calendars.map(({ document }) => document) }),
        jobs: wanted.map(({ document }) => document),
      })
      return exitCodes.ok
    }),
  )
}
