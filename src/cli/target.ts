import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { usage } from './cli-error.ts'
import type { Io } from './io.ts'

/** A place where a daemon may answer. */
export type Target =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'tcp'
      readonly host: string
      readonly port: number
      readonly token: string | undefined
    }

/** Options that say which daemon is meant. */
export interface TargetOptions {
  readonly dataDir?: string
  readonly host?: string
  readonly token?: string
}

const defaultDataDir = 'meshcron-data'
/** Where `meshcron demo` keeps one data directory per node. */
const demoDir = 'meshcron-demo'

/**
 * The places to try, first come first served: what is named by option or environment alone, else
 * the data directory of this folder, else the nodes of a demo in this folder, which come and go.
 */
export function targetsOf(io: Io, options: TargetOptions): readonly Target[] {
  const host = options.host ?? io.env['MESHCRON_HOST']
  const dataDir = options.dataDir ?? io.env['MESHCRON_DATA_DIR']
  if (host !== undefined) return [tcpTarget(io, host, options.token, dataDir)]
  if (dataDir !== undefined) return [socketIn(dataDir)]
  return [socketIn(defaultDataDir), ...demoDataDirs(io).map(socketIn)]
}

function demoDataDirs(io: Io): readonly string[] {
  const dir = io.env['MESHCRON_DEMO_DIR'] ?? demoDir
  try {
    const nodes = readdirSync(dir).sort()
    return nodes.map((node) => join(dir, node)).filter((node) => existsSync(join(node, 'api.sock')))
  } catch {
    return []
  }
}

/** A socket's path may have 107 bytes: the shorter way to the same file is taken. */
function socketIn(dataDir: string): Target {
  const path = resolve(dataDir, 'api.sock')
  const local = relative(process.cwd(), path)
  return { kind: 'socket', path: local.length < path.length ? local : path }
}

function tcpTarget(
  io: Io,
  text: string,
  token: string | undefined,
  dataDir: string | undefined,
): Target {
  const url = URL.parse(/^https?:/.test(text) ? text : `http://${text}`)
  if (url === null || url.protocol !== 'http:') {
    throw usage(
      `--host: ${JSON.stringify(text)} is no host and port`,
      'use one like 127.0.0.1:7172',
    )
  }
  const file = join(dataDir ?? defaultDataDir, 'api-token')
  return {
    kind: 'tcp',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 7_172 : Number(url.port),
    token: token ?? io.env['MESHCRON_TOKEN'] ?? readToken(file),
  }
}

function readToken(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** How a target is called in messages. */
export function targetText(target: Target): string {
  return target.kind === 'socket' ? target.path : `${target.host}:${target.port}`
}
