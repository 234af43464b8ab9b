import { BlockList, isIP, isIPv6 } from 'node:net'

/** A host and port of the network, as resolved. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** Ranges of addresses, and single endpoints. */
export class AddressList {
  readonly #ranges = new BlockList()
  readonly #endpoints = new Set<string>()

  /** Entries: an address, a CIDR, `host:port` or `[v6]:port`; anything else is ignored. */
  constructor(_components: object, init: { readonly entries: readonly string[] }) {
    for (const entry of init.entries) this.#add(entry)
  }

  hasAddress(address: string): boolean {
    return isIP(address) !== 0 && this.#ranges.check(address, familyOf(address))
  }

  /** Whether `host:port` is named, with `host` as a name or an address. */
  hasEndpoint(host: string, port: number): boolean {
    return this.#endpoints.has(endpointKey(host, port))
  }

  #add(entry: string): void {
    const [address = '', prefix] = entry.split('/')
    if (isIP(address) !== 0) {
      if (prefix === undefined) this.#ranges.addAddress(address, familyOf(address))
      else if (/^\d{1,3}$/.test(prefix)) {
        this.#ranges.addSubnet(address, Number(prefix), familyOf(address))
      }
      return
    }
    const match = /^(.+):(\d{1,5})$/.exec(entry)
    if (match === null) return
    this.#endpoints.add(endpointKey(match[1]!.replace(/^\[(.*)\]$/, '$1'), Number(match[2])))
  }
}

/** `ipv4` or `ipv6`, as Node's block lists call it. */
export function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}

const endpointKey = (host: string, port: number): string => `${host.toLowerCase()} ${port}`
