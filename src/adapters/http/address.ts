import { isIP } from 'node:net'

export interface HttpAddress {
  /** An IP address. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, '')
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/** `host:port`, with the brackets of IPv6. */
export function formatHttpAddress({ host, port }: HttpAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}
