import type { Status } from '../answers.ts'
import { action } from '../context.ts'
import type { Define } from '../context.ts'
import { showOne } from '../output.ts'

export const define: Define = (command, io) => {
  command.action(
    action(io, async ({ client, format }) => {
      const { self } = await client.get<Status>('/status')
      await client.send('POST', '/leave')
      const lines = (): readonly string[] => ['the node leaves; its jobs stay with the others']
      await showOne(io, format, { value: { id: self.id, name: self.name }, name: self.id, lines })
    }),
  )
}
