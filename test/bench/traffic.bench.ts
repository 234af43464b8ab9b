// What three idle nodes say to each other: bytes that the nodes count themselves, and bytes on TCP,
// counted by relays between them. A window is extrapolated to an hour.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type ProfileName } from '../../src/core/limits.ts'
import { Bench, pass } from './bundled.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { Report } from './report.ts'

const profiles: readonly ProfileName[] = ['lan', 'wan', 'iot']
const size = 3
const jobs = 20
const settleMs = 10_000
const windowMs = 10_000
const windows = 3
const hourMs = 3_600_000
/** Where nobody answers: what is announced must not lead around the relays. */
const nowhere = '/ip4/127.0.0.1/tcp/9'

/** Ports that lead to ports, and how many bytes went through. */
class Relays {
  bytes = 0
  readonly #servers: Server[] = []

  async open(port: number): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => {
      const other = connect({ port, host: '127.0.0.1', noDelay: true })
      this.#pipe(socket, other)
      this.#pipe(other, socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#servers.push(server)
    return (server.address() as AddressInfo).port
  }

  #pipe(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      this.bytes += bytes.length
      to.write(bytes)
    })
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

interface Fleet {
  readonly profile: ProfileName
  readonly relays: Relays
  readonly cluster: Cluster
}

async function start(bench: Bench, profile: ProfileName): Promise<Fleet> {
  const relays = new Relays()
  const cluster = await startCluster(bench, {
    size,
    name: profile,
    flags: ['--profile', profile, '--announce', nowhere],
    way: (port) => relays.open(port),
  })
  for (let i = 0; i < jobs; i += 1) {
    const name = `job-${i}`
    const run = { exec: ['/bin/true'] }
    await cluster.nodes[0]!.api.putJob(name, { name, schedule: '0 3 1 1 *', timezone: 'UTC', run })
  }
  return { profile, relays, cluster }
}

/** Bytes that the nodes have sent, as they count. */
async function sent({ cluster }: Fleet): Promise<number> {
  const statuses = await Promise.all(cluster.nodes.map(({ api }) => api.status()))
  return statuses.reduce((sum, { network }) => sum + (network['bytesSent'] ?? 0), 0)
}

const bench = new Bench()
const report = new Report('Traffic of an idle cluster of three')
const fleets: Fleet[] = []
for (const profile of profiles) fleets.push(await start(bench, profile))
await pass(settleMs)
const counted = new Map(
  profiles.map((name) => [name, { own: [] as number[], tcp: [] as number[] }]),
)
for (let i = 0; i < windows; i += 1) {
  const fromMs = performance.now()
  const before = await Promise.all(fleets.map(sent))
  const relayed = fleets.map(({ relays }) => relays.bytes)
  await pass(windowMs)
  const after = await Promise.all(fleets.map(sent))
  const perHour = hourMs / (performance.now() - fromMs) / size / 1_000
  for (const [at, { profile, relays }] of fleets.entries()) {
    counted.get(profile)!.own.push((after[at]! - before[at]!) * perHour)
    counted.get(profile)!.tcp.push((relays.bytes - relayed[at]!) * perHour)
  }
}
for (const [profile, { own, tcp }] of counted) {
  const against = { what: 'counted by the node', values: own }
  report.add({ what: `${profile}: on TCP, per node`, unit: 'kB/h', values: tcp, against })
}
report.note(
  `${jobs} jobs that are not due; ${windows} windows of ${windowMs / 1_000} s each. Anti-entropy comes every 10 s (lan), 20 s (wan) and 120 s (iot), so that a window may hold none.`,
)
await Promise.all(fleets.map(({ cluster }) => cluster.stop()))
report.end()
process.exit(0)
