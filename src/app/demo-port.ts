// Ports for the nodes of the demo.

import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

const host = '127.0.0.1'
const portMax = 65_535

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  return (await tryPort(0))!
}

/** The first port from `from` on that nobody listens on now and that is not `taken`. */
export async function freePortFrom(from: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = from; port <= portMax; port += 1) {
    if (!taken.has(port) && (await tryPort(port)) !== undefined) return port
  }
  return await freePort()
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch {
    return undefined
  } finally {
    server.close()
  }
}
