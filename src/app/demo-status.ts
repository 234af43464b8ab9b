// What a node of the demo sees, asked on its socket.

import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { join } from 'node:path'

/** The part of a status that the demo needs. */
export interface Sight {
  readonly ready: boolean
  readonly members: readonly {
    readonly id: string
    readonly name: string
    readonly state: string
  }[]
}

const timeoutMs = 2_000
const pollMs = 100

/** The status of the node with this data directory; undefined when it gives none. */
export async function askStatus(dataDir: string): Promise<Sight | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Sight>()
  const asked = request({
    socketPath: join(dataDir, 'api.sock'),
    path: '/api/v1/status',
    headers: { host: 'localhost', accept: 'application/json' },
    timeout: timeoutMs,
    agent: false,
  })
  asked.on('response', (response) => {
    json(response).then((body) => resolve(body as Sight), reject)
  })
  asked.on('timeout', () => asked.destroy(new Error('no answer')))
  asked.on('error', reject)
  asked.end()
  try {
    const sight = await promise
    return Array.isArray(sight.members) ? sight : undefined
  } catch {
    return undefined
  }
}

/** Asks all of these nodes until each is ready and sees all of them alive; false: not in time. */
export async function untilTogether(
  nodes: readonly { readonly name: string; readonly dataDir: string }[],
  withinMs: number,
  isGivenUp: () => boolean,
): Promise<boolean> {
  const names = nodes.map(({ name }) => name)
  const untilMs = performance.now() + withinMs
  while (performance.now() < untilMs && !isGivenUp()) {
    const sights = await Promise.all(nodes.map(({ dataDir }) => askStatus(dataDir)))
    if (sights.every((sight) => sight !== undefined && seesAll(sight, names))) return true
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return false
}

function seesAll({ ready, members }: Sight, names: readonly string[]): boolean {
  const alive = new Set(members.filter(({ state }) => state === 'alive').map(({ name }) => name))
  return ready && names.every((name) => alive.has(name))
}
