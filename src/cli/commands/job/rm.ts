import type { Job } from '../../answers.ts'
import { CliError } from '../../cli-error.ts'
import { apiPath } from '../../client.ts'
import type { Client } from '../../client.ts'
import { action, suggestJob } from '../../context.ts'
import type { Define } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { confirm } from '../../io.ts'
import { showData } from '../../output.ts'

interface Flags {
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly ifMatch?: string
}

export const define: Define = (command, io) => {
  command
    .argument('<jobs...>', 'names of the jobs')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would be deleted')
    .option('--if-match <etag>', 'only this version')
    .action(
      action<Flags>(io, async ({ client, format, options }, ...operands) => {
        const { yes = false, dryRun = false, ifMatch } = options
        const names = operands.flat()
        // All are looked up before the first is deleted: a typo deletes nothing.
        for (const name of names) await mustExist(client, name)
        const isMeant = dryRun || (await confirm(io, yes, `delete ${names.join(', ')}?`))
        if (!isMeant) return exitCodes.failure
        const headers = ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` }
        for (const name of dryRun ? [] : names) {
          await client.send('DELETE', apiPath`/jobs/${name}`, { headers })
        }
        if (await showData(io, format, { deleted: names, dryRun })) return exitCodes.ok
        for (const name of names) io.stdout.write(`${name} ${dryRun ? 'would be' : 'is'} deleted\n`)
        return exitCodes.ok
      }),
    )
}

async function mustExist(client: Client, name: string): Promise<void> {
  try {
    await client.get<Job>(apiPath`/jobs/${name}`)
  } catch (error) {
    throw error instanceof CliError ? await suggestJob(client, error, name) : error
  }
}
