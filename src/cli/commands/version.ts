import { version } from '../../app/build.ts'
import { action } from '../context.ts'
import type { Define } from '../context.ts'
import { showOne } from '../output.ts'

export const define: Define = (command, io) => {
  command.action(
    action(io, async ({ format }) => {
      const node = process.versions.node
      const lines = (): readonly string[] => [`meshcron ${version} (node ${node})`]
      await showOne(io, format, { value: { version, node }, name: version, lines })
    }),
  )
}
