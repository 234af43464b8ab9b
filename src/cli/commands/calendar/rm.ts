import type { Calendar } from '../../answers.ts'
import { apiPath } from '../../client.ts'
import { action } from '../../context.ts'
import type { Define } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { confirm } from '../../io.ts'
import { showData } from '../../output.ts'

interface Flags {
  readonly yes?: boolean
  readonly dryRun?: boolean
}

export const define: Define = (command, io) => {
  command
    .argument('<calendars...>', 'names of the calendars')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would be deleted')
    .action(
      action<Flags>(io, async ({ client, format, options }, ...operands) => {
        const { yes = false, dryRun = false } = options
        const names = operands.flat()
        // All are looked up before the first is deleted: a typo deletes nothing.
        for (const name of names) await client.get<Calendar>(apiPath`/calendars/${name}`)
        const isMeant = dryRun || (await confirm(io, yes, `delete ${names.join(', ')}?`))
        if (!isMeant) return exitCodes.failure
        for (const name of dryRun ? [] : names) {
          await client.send('DELETE', apiPath`/calendars/${name}`, {})
        }
        if (await showData(io, format, { deleted: names, dryRun })) return exitCodes.ok
        for (const name of names) io.stdout.write(`${name} ${dryRun ? 'would be' : 'is'} deleted\n`)
        return exitCodes.ok
      }),
    )
}
