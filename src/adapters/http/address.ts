import { isIP } from 'node:net'
import { ok, refuse } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'

export interface HttpAddress {
  /** An IP address. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

/** Reads `127.0.0.1:7172`, `[::1]:7172`, `localhost:7172`; refuses what others could reach. */
export function parseHttpAddress(text: string): Result<HttpAddress> {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const name = match?.[1] ?? match?.[2] ?? ''
  const host = name.toLowerCase() === 'localhost' ? '127.0.0.1' : name
  const port = Number(match?.[3])
  if (match === null || isIP(host) === 0 || port > 65_535) {
    return refuse(
      'MC_BAD_CONFIG',
      `http: ${JSON.stringify(text)} is no address and port`,
      'use one like 127.0.0.1:7172',
    )
  }
  if (isLoopback(host)) return ok({ host, port })
  return refuse(
    'MC_BAD_CONFIG',
    `http: ${host} can be reached from other machines, and this version has no TLS`,
    'listen on 127.0.0.1 and reach it through ssh -L, or a proxy with TLS on this machine',
  )
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** `host:port`, with the brackets of IPv6. */
export function formatHttpAddress({ host, port }: HttpAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}
