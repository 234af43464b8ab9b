import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { defaultDataDirs } from '../app/data-dir.ts'
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

/**
 * The places to try, first come first served: what is named by option or environment alone, else
 * the data directory of this folder, or the nodes of a running demo, which come and go.
 */
export function targetsOf(io: Io, options: TargetOptions): readonly Target[] {
  const host = options.host ?? io.env['MESHCRON_HOST']
  const named = options.dataDir ?? io.env['MESHCRON_DATA_DIR']
  const dataDirs = named === undefined ? defaultDataDirs() : [named]
  return host === undefined
    ? dataDirs.map(socketIn)
    : [tcpTarget(io, host, options.token, dataDirs[0]!)]
}

/** A socket's path may have 107 bytes: the shorter way to the same file is taken. */
function socketIn(dataDir: string): Target {
  const path = resolve(dataDir, 'api.sock')
  const local = relative(process.cwd(), path)
  return { kind: 'socket', path: local.length < path.length ? local : path }
}

function tcpTarget(io: Io, text: string, token: string | undefined, dataDir: string): Target {
  const url = URL.parse(/^https?:/.test(text) ? text : `http://${text}`)
  if (url === null || url.protocol !== 'http:') {
    throw usage(
      `--host: ${JSON.stringify(text)} is no host and port`,
      'use one like 127.0.0.1:7172',
    )
  }
  return {
    kind: 'tcp',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 7_172 : Number(url.port),
    token: token ?? io.env['MESHCRON_TOKEN'] ?? readToken(join(dataDir, 'api-token')),
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
