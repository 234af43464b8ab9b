// What goes into a support archive. Output of jobs does not: nobody can know what is in it.

import { existsSync, readFileSync } from 'node:fs'
import { arch, cpus, hostname, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { explainConfig } from '../../app/config.ts'
import { version } from '../../app/build.ts'
import type { CalendarList } from '../answers.ts'
import { CliError } from '../cli-error.ts'
import type { Client } from '../client.ts'
import type { GlobalOptions } from '../context.ts'
import { examine } from '../doctor/checks.ts'
import { gather } from '../doctor/gather.ts'
import { readExecutions } from '../executions.ts'
import type { Io } from '../io.ts'
import { redact } from './redact.ts'
import type { Entry } from './tar.ts'

const executionsMax = 1_000
/** Of the private files those that are text. */
const secretFiles = ['api-token', 'network.key', 'cluster.key']

const about = `This archive was made by \`meshcron bundle\`. It holds no output of jobs. Values of env, headers,
plugin configs, passwords, bodies and payloads, tokens, keys and query strings are replaced by [redacted].
Commands and scripts are in jobs.json: look whether a password stands in one before you pass this on.
`

/** The files, redacted; a part that nobody answers for says why. */
export async function contents(
  io: Io,
  client: Client,
  options: GlobalOptions,
): Promise<readonly Entry[]> {
  const facts = await gather(io, client, options)
  const { config, daemon } = facts
  const known = [...secretsIn(config.ok ? config.dataDir : options.dataDir), options.token ?? '']
  const rows = explainConfig({
    flags: { dataDir: options.dataDir },
    env: io.env,
    cwd: process.cwd(),
    hostname: hostname(),
  })
  const calendars = await part(() => client.get<CalendarList>('/calendars'))
  const executions = await part(() => readExecutions(client, {}, executionsMax))
  const parts: readonly (readonly [string, unknown])[] = [
    ['doctor', examine(facts)],
    ['machine', { ...machine(), disk: facts.disk, memory: facts.memory, madeAt: at(io) }],
    ['config', rows.ok ? rows.value : rows.refusal],
    ...('message' in daemon
      ? [['daemon', daemon] as const]
      : Object.entries(daemon).map(([name, value]) => [name, value as unknown] as const)),
    ['calendars', calendars],
    ['executions', executions],
  ]
  const files = parts.map(([name, value]) => {
    const text = `${JSON.stringify(redact(value, known), undefined, 2)}\n`
    return { name: `meshcron-bundle/${name}.json`, text }
  })
  return [{ name: 'meshcron-bundle/README.txt', text: about }, ...files]
}

async function part(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof CliError) return { error: error.message }
    throw error
  }
}

function secretsIn(dir: string | undefined): readonly string[] {
  const paths = secretFiles.map((name) => join(dir ?? '.', name)).filter((path) => existsSync(path))
  return paths.map((path) => readFileSync(path, 'utf8').trim())
}

const at = (io: Io): string => new Date(io.nowMs()).toISOString()

function machine(): object {
  return {
    meshcron: version,
    node: process.versions.node,
    timezoneData: process.versions['tz'],
    os: `${platform()} ${release()}`,
    arch: arch(),
    processors: cpus().length,
    memoryBytes: totalmem(),
  }
}
