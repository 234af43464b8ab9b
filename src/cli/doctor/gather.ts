// Looks at this machine and asks the daemon; judges nothing.

import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { freemem, hostname, totalmem } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { resolveConfig } from '../../app/config.ts'
import { defaultDataDirs } from '../../app/data-dir.ts'
import { privateFiles } from '../../app/start-files.ts'
import type { Member, MemberList, Plan, Status } from '../answers.ts'
import { CliError } from '../cli-error.ts'
import type { Client } from '../client.ts'
import type { GlobalOptions } from '../context.ts'
import type { Io } from '../io.ts'
import { readJobs } from '../jobs.ts'
import { shortName } from '../text.ts'
import { programsFor } from './checks.ts'
import type { DaemonFacts, DoctorFacts, FileFact } from './facts.ts'

/** Connections tried at once, each at most for `connectMs`. */
const membersMax = 64
const connectMs = 2_000
const planTicks = 1_000

export async function gather(
  io: Io,
  client: Client,
  { dataDir, host }: GlobalOptions,
): Promise<DoctorFacts> {
  const isLocal = (host ?? io.env['MESHCRON_HOST']) === undefined
  const places = defaultDataDirs()
  const fallback = places.find((dir) => existsSync(dir)) ?? places[0]
  const world = { env: io.env, cwd: process.cwd(), hostname: hostname() }
  const named = dataDir ?? io.env['MESHCRON_DATA_DIR'] ?? fallback
  const read = resolveConfig({ flags: { dataDir: named }, ...world })
  const daemon = await ask(client)
  const isAnswered = 'status' in daemon
  const settings = read.ok ? read.value : undefined
  const home = settings?.dataDir ?? named ?? '.'
  const httpIsTaken =
    settings !== undefined && (await opens(settings.http.host, settings.http.port))
  return {
    config: read.ok
      ? { ok: true, ...read.value, isTls: read.value.httpTls !== undefined }
      : { ok: false, ...read.refusal },
    secrets: existsSync(home) ? secretsIn(home) : undefined,
    daemon,
    isLocal,
    httpIsTaken,
    reached: isAnswered && isLocal ? await reach(daemon.members) : [],
    disk: diskOf(home),
    memory: { totalBytes: totalmem(), availableBytes: availableMemory() },
    programs: isAnswered
      ? programsFor(daemon).map((program) => ({ program, isHere: isHere(io, program) }))
      : [],
  }
}

async function ask(client: Client): Promise<DoctorFacts['daemon']> {
  try {
    const status = await client.get<Status>('/status')
    const { items } = await client.get<MemberList>('/members')
    const jobs = await readJobs(client)
    const plan = await client.get<Plan>('/plan', { limit: planTicks })
    return { status, members: items, jobs, plan } satisfies DaemonFacts
  } catch (error) {
    if (error instanceof CliError) return { message: error.message, hint: error.hint }
    throw error
  }
}

function secretsIn(dir: string): readonly FileFact[] {
  const paths = privateFiles.map((name) => join(dir, name))
  return paths.flatMap((path) => {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats === undefined ? [] : [{ path, mode: stats.mode }]
  })
}

/** Tries the addresses of members to which there is no link. */
async function reach(members: readonly Member[]): Promise<DoctorFacts['reached']> {
  const isLinked = ({ self, roundTripMs }: Member): boolean => self || roundTripMs !== null
  const others = members
    .filter((member) => !isLinked(member) && member.state !== 'left')
    .slice(0, membersMax)
  const tried = others.flatMap((member) =>
    member.addresses.slice(0, 3).map(async (address) => {
      const [, host, port] = /^\/(?:ip[46]|dns[46]?)\/([^/]+)\/tcp\/(\d+)/.exec(address) ?? []
      if (host === undefined || port === undefined) return undefined
      const opened = await opens(host, Number(port))
      return { member: shortName(member), address: `${host}:${port}`, opened }
    }),
  )
  return (await Promise.all(tried)).filter((one) => one !== undefined)
}

async function opens(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: connectMs })
  socket.once('connect', () => resolve(true))
  socket.once('timeout', () => resolve(false))
  socket.once('error', () => resolve(false))
  const opened = await promise
  socket.destroy()
  return opened
}

function diskOf(dir: string): DoctorFacts['disk'] {
  const path = existsSync(dir) ? dir : dirname(dir)
  try {
    const { bsize, blocks, bavail } = statfsSync(path)
    const [device = 'unknown', fileSystem = 'unknown'] = mountOf(path)
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail, device, fileSystem }
  } catch {
    return undefined
  }
}

/** Device and file system of the mount with the longest path above; nothing where there is no /proc. */
function mountOf(path: string): readonly string[] {
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
    const above = mounts
      .map((line) => line.split(' '))
      .filter(
        ([, point]) =>
          point !== undefined && `${path}/`.startsWith(point === '/' ? '/' : `${point}/`),
      )
      .sort(([, a = ''], [, b = '']) => b.length - a.length)
    const [device = 'unknown', , fileSystem = 'unknown'] = above[0] ?? []
    return [device, fileSystem]
  } catch {
    return []
  }
}

/** What processes could still get: free memory alone leaves out what the cache would give back. */
function availableMemory(): number {
  try {
    const [, kB] = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
    return kB === undefined ? freemem() : Number(kB) * 1_024
  } catch {
    return freemem()
  }
}

function isHere(io: Io, program: string): boolean {
  const folders = (io.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const paths = isAbsolute(program) ? [program] : folders.map((folder) => join(folder, program))
  return paths.some((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
