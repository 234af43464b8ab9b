import { BlockList, isIP, isIPv6 } from 'node:net'

/** A host and port of the network, as resolved. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** Ranges of addresses, and single endpoints. */
export class AddressList {
  // Apart: Node takes a v4 address and its v4-mapped form for the same, so that the range of mapped
  // addresses in one list would hold every v4 address.
  readonly #ranges = { ipv4: new BlockList(), ipv6: new BlockList() }
  readonly #endpoints = new Set<string>()

  /** Entries: an address, a CIDR, `host:port` or `[v6]:port`; anything else is ignored. */
  constructor(_components: object, init: { readonly entries: readonly string[] }) {
    for (const entry of init.entries) this.#add(entry)
  }

  hasAddress(address: string): boolean {
    const family = familyOf(address)
    return isIP(address) !== 0 && this.#ranges[family].check(address, family)
  }

  /** Whether `host:port` is named, with `host` as a name or an address. */
  hasEndpoint(host: string, port: number): boolean {
    return this.#endpoints.has(endpointKey(host, port))
  }

  #add(entry: string): void {
    const [address = '', prefix] = entry.split('/')
    if (isIP(address) !== 0) {
      const family = familyOf(address)
      const bits = family === 'ipv4' ? 32 : 128
      if (prefix === undefined) this.#ranges[family].addAddress(address, family)
      else if (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits) {
        this.#ranges[family].addSubnet(address, Number(prefix), family)
      }
      return
    }
    const match = /^(.+):(\d{1,5})$/.exec(entry)
    if (match === null) return
    this.#endpoints.add(endpointKey(match[1]!.replace(/^\[(.*)\]$/, '$1'), Number(match[2])))
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}

const endpointKey = (host: string, port: number): string => `${host.toLowerCase()} ${port}`
