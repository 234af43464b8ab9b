import type { Status } from '../answers.ts'
import { reading } from '../context.ts'
import type { Define } from '../context.ts'
import { showOne } from '../output.ts'

export const define: Define = (command, io) => {
  command.action(
    reading(io, async ({ client, format }) => {
      const { self } = await client.get<Status>('/status')
      const { id, name, addresses } = self
      await showOne(io, format, { value: { id, name, addresses }, name: id, lines: () => [id] })
    }),
  )
}
