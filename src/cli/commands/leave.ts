import { action } from '../context.ts'
import type { Define } from '../context.ts'

export const define: Define = (command, io) => {
  command.action(
    action(io, async ({ client }) => {
      await client.send('POST', '/leave')
      io.stdout.write('the node leaves; its jobs stay with the others\n')
    }),
  )
}
