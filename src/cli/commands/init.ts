import { resolve } from 'node:path'
import { valueOf } from '../cli-error.ts'
import { action, collect } from '../context.ts'
import type { Define } from '../context.ts'
import { showOne } from '../output.ts'

interface Flags {
  readonly keyFile?: string
  readonly tag?: readonly string[]
  readonly dataDir?: string
}

export const define: Define = (command, io) => {
  command
    .option(
      '--key-file <file>',
      'where the cluster key is written (cluster.key in the data directory)',
    )
    .option('--tag <key=value>', 'tag of this node; may be given more than once', collect)
    .action(
      action<Flags>(io, async ({ options: { keyFile, tag, dataDir }, format }) => {
        const { runInit } = await import('../../app/init.ts')
        const value = valueOf(await runInit({ keyFile: keyFile && resolve(keyFile), tag, dataDir }))
        await showOne(io, format, {
          value,
          name: value.clusterId,
          lines: () => [
            `cluster ${value.clusterId}`,
            `node    ${value.member}`,
            `data    ${value.dataDir}`,
            `key     ${value.keyFile}; it makes members: keep it safe, apart from the nodes`,
          ],
        })
      }),
    )
}
