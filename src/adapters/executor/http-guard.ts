// A job's author must not reach through a node what only that node reaches: its own API, services on
// loopback, the cloud's metadata address. A check of the name alone fails, because a name can answer
// public first and private next; so the name is resolved once, every address is checked, and the
// socket is pinned to those addresses.

import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { AddressList } from './address-list.ts'

const refusedRanges = [
  // IPv4: unspecified, private, CGNAT, loopback, link-local, documentation, tests, multicast, rest.
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // IPv6: unspecified, loopback and v4-compatible, v4-mapped, NAT64, discard, Teredo and tests,
  // documentation, 6to4, segment routing, ULA, link-local, site-local, multicast.
  '::/96',
  '::ffff:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

export type Resolved =
  | { readonly ok: true; readonly addresses: readonly ResolvedAddress[] }
  | { readonly ok: false; readonly detail: string }

export interface HttpGuardInit {
  /** `host:port`, addresses and CIDRs that may be reached although they are not public. */
  readonly allow: readonly string[]
  /** `host:port` that is never reached; with an unspecified host, that port of this whole machine. */
  readonly deny: readonly string[]
}

/** Schemes of a kind of job, and the port of each where a URL names none. */
export type SchemePorts = Readonly<Record<string, number>>
const httpPorts: SchemePorts = { 'http:': 80, 'https:': 443 }
export const mqttPorts: SchemePorts = { 'mqtt:': 1883, 'mqtts:': 8883 }

/** Decides which addresses a job that sends something may connect to. */
export class HttpGuard {
  readonly #refused = new AddressList({}, { entries: refusedRanges })
  readonly #allow: AddressList
  readonly #deny: AddressList

  constructor(_components: object, init: HttpGuardInit) {
    this.#allow = new AddressList({}, { entries: init.allow })
    this.#deny = new AddressList({}, { entries: init.deny })
  }

  /** The addresses of the URL's host, all of them checked. */
  async resolve(url: URL, ports: SchemePorts = httpPorts): Promise<Resolved> {
    const usual = Object.hasOwn(ports, url.protocol) ? ports[url.protocol] : undefined
    if (usual === undefined) {
      return { ok: false, detail: `${url.protocol} is not a scheme of such a job` }
    }
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    const port = url.port === '' ? usual : Number(url.port)
    const addresses = await addressesOf(host)
    if (typeof addresses === 'string') {
      return { ok: false, detail: `cannot resolve ${host}: ${addresses}` }
    }
    for (const { address } of addresses) {
      const detail = this.#judge(host, address, port)
      if (detail !== undefined) return { ok: false, detail }
    }
    return { ok: true, addresses }
  }

  /** Why the address must not be reached; undefined when it may. */
  #judge(host: string, address: string, port: number): string | undefined {
    const plain = unmapped(address)
    if (this.#isDenied(host, plain, port)) return `${host}:${port} is this daemon's own API`
    const isAllowed =
      this.#allow.hasEndpoint(host, port) ||
      this.#allow.hasEndpoint(address, port) ||
      this.#allow.hasAddress(address)
    if (isAllowed || !this.#refused.hasAddress(address)) return undefined
    const name = host === address ? host : `${host} (${address})`
    return `${name} is not a public address; name ${host}:${port} in the http.allow list of this node`
  }

  #isDenied(host: string, address: string, port: number): boolean {
    if (this.#deny.hasEndpoint(host, port) || this.#deny.hasEndpoint(address, port)) return true
    const isWhole = this.#deny.hasEndpoint('0.0.0.0', port) || this.#deny.hasEndpoint('::', port)
    return isWhole && isOwnAddress(address)
  }
}

async function addressesOf(host: string): Promise<readonly ResolvedAddress[] | string> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  try {
    return await process.getBuiltinModule('node:dns/promises').lookup(host, { all: true })
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'no answer'
  }
}

const local = new AddressList({}, { entries: ['127.0.0.0/8', '0.0.0.0/8', '::/127'] })

function isOwnAddress(address: string): boolean {
  if (local.hasAddress(address)) return true
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return own.some((network) => network.address === address)
}

/** The v4 address inside a v4-mapped one: another spelling of the same endpoint. */
function unmapped(address: string): string {
  const match = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(address)
  if (match === null) return address
  if (match[1] !== undefined) return match[1]
  const [high, low] = [Number.parseInt(match[2]!, 16), Number.parseInt(match[3]!, 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
