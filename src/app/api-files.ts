// What the HTTP API needs from files of this machine: certificate, secret of the proxy, group.

import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { ok, refuse, type Result } from '../core/result.ts'
import type { Settings } from './config.ts'

/** Parts of a server's init; absent what is not configured. */
export interface ApiFiles {
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly proxy?: { readonly ranges: readonly string[]; readonly secret: string }
  readonly socketGid?: number
}

const secretBytesMin = 16

/** Reads them, or says what is wrong (MC_BAD_CONFIG). */
export function readApiFiles({
  httpTls,
  httpProxy,
  socketGroup,
}: Pick<Settings, 'httpTls' | 'httpProxy' | 'socketGroup'>): Result<ApiFiles> {
  try {
    return ok({
      ...(httpTls === undefined ? {} : { tls: tlsOf(httpTls) }),
      ...(httpProxy === undefined
        ? {}
        : { proxy: { ranges: httpProxy.ranges, secret: secretOf(httpProxy.secretFile) } }),
      ...(socketGroup === undefined ? {} : { socketGid: gidOf(socketGroup) }),
    })
  } catch (error) {
    const { message } = error as Error
    return refuse('MC_BAD_CONFIG', `http: ${message}`, 'correct the file, or its rights')
  }
}

function tlsOf({ certFile, keyFile }: NonNullable<Settings['httpTls']>) {
  const files = { cert: readFileSync(certFile, 'utf8'), key: readPrivate(keyFile) }
  try {
    createSecureContext(files)
  } catch (error) {
    throw new Error(`${certFile} and ${keyFile} do not go together: ${(error as Error).message}`, {
      cause: error,
    })
  }
  return files
}

function secretOf(path: string): string {
  const secret = readPrivate(path).trim()
  if (secret.length >= secretBytesMin) return secret
  throw new Error(`${path} holds less than ${secretBytesMin} characters`)
}

function readPrivate(path: string): string {
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new Error(`${path} can be read by other users: chmod 600 ${path}`)
  }
  return readFileSync(path, 'utf8')
}

function gidOf(group: string): number {
  const lines = readFileSync('/etc/group', 'utf8').split('\n')
  const gid = lines.find((line) => line.startsWith(`${group}:`))?.split(':')[2]
  if (gid === undefined) throw new Error(`this machine has no group ${group}`)
  return Number(gid)
}
