import { hostname } from 'node:os'
import { explainConfig } from '../../app/config.ts'
import { valueOf } from '../cli-error.ts'
import { reading } from '../context.ts'
import type { Define } from '../context.ts'
import { showList } from '../output.ts'

export const define: Define = (command, io) => {
  command
    .command('explain')
    .description('each value of the configuration with its origin; needs no daemon')
    .action(
      reading(io, async ({ format, options: { dataDir } }) => {
        const world = { env: io.env, cwd: process.cwd(), hostname: hostname() }
        const rows = valueOf(explainConfig({ flags: { dataDir }, ...world }))
        await showList(io, format, {
          value: rows,
          rows,
          columns: [
            { title: 'OPTION', cell: ({ name }) => name },
            { title: 'VALUE', cell: ({ value }) => value },
            { title: 'ORIGIN', cell: ({ origin }) => origin },
            { title: 'MEANING', cell: ({ meaning }) => meaning, wide: true },
          ],
          name: ({ name }) => name,
          empty: 'there are no options',
        })
      }),
    )
}
