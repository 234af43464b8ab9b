import { createHash, timingSafeEqual } from 'node:crypto'
import { BlockList, isIP } from 'node:net'

/** A proxy that ends TLS before this node. */
export interface ProxyInit {
  /** CIDRs or addresses that it asks from. */
  readonly ranges: readonly string[]
  /** What it sends as `x-meshcron-proxy`: any machine of its network could ask from such an address. */
  readonly secret: string
}

export class TrustedProxy {
  readonly #ranges = new BlockList()
  readonly #digest: Buffer

  constructor(_components: object, init: ProxyInit) {
    for (const range of init.ranges) {
      const [address = '', bits] = range.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      if (bits === undefined) this.#ranges.addAddress(address, family)
      else this.#ranges.addSubnet(address, Number(bits), family)
    }
    this.#digest = digestOf(init.secret)
  }

  /** Whether a request has come through the proxy. */
  vouches({ headers }: Request, address: string): boolean {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(plain) === 0 || !this.#ranges.check(plain, family)) return false
    return timingSafeEqual(digestOf(headers.get('x-meshcron-proxy') ?? ''), this.#digest)
  }
}

/** Who asked the proxy: the last address, which the proxy itself has written. */
export function forwardedFor({ headers }: Request): string | undefined {
  const last = headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() ?? ''
  return isIP(last) === 0 ? undefined : last
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
