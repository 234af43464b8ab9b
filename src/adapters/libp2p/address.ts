import { isIP } from 'node:net'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { memberId, type MemberId } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'

/** Where a peer may be dialled, and whom we insist on meeting there. */
export interface PeerAddress {
  /** Multiaddr text without `/p2p/…`. */
  readonly address: string
  readonly member: MemberId | undefined
}

/** Reads a multiaddr or `host:port`; throws when it is neither. */
export function parseAddress(text: string): PeerAddress {
  const parts = multiaddr(text.startsWith('/') ? text : fromHostAndPort(text))
  const components = parts.getComponents()
  if (!components.some((part) => part.name === 'tcp')) {
    throw new Error(`${text}: an address needs a TCP port`)
  }
  const member = components.findLast((part) => part.name === 'p2p')?.value
  const bare = components.filter((part) => part.name !== 'p2p')
  return {
    address: bare.map((part) => `/${part.name}/${part.value}`).join(''),
    member: member === undefined ? undefined : memberId(member),
  }
}

/** What `parseAddress` reads; undefined for a text from a peer that it cannot read. */
export function tryParseAddress(text: string): PeerAddress | undefined {
  if (text.length > limits.addressBytesMax) return undefined
  try {
    return parseAddress(text)
  } catch {
    return undefined
  }
}

/** What to dial; with the member's id, so that nobody else is accepted there. */
export function dialable(address: string, member: MemberId | undefined): Multiaddr {
  return multiaddr(member === undefined ? address : `${address}/p2p/${member}`)
}

/**
 * Addresses worth telling others: those of this host alone only when there is nothing else, because
 * on any other host they lead to somebody else.
 */
export function announced(addresses: readonly Multiaddr[]): readonly string[] {
  const far = addresses.filter((address) => !isLocal(address))
  return (far.length > 0 ? far : addresses)
    .map((address) => address.toString())
    .filter((text) => text.length <= limits.addressBytesMax)
    .slice(0, limits.addressesMax)
}

function isLocal(address: Multiaddr): boolean {
  return address.getComponents().some((part) => {
    if (part.name === 'ip4') return /^(127|169\.254)\./.test(part.value ?? '')
    if (part.name === 'ip6') return /^(::1$|fe[89ab])/i.test(part.value ?? '')
    return false
  })
}

function fromHostAndPort(text: string): string {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<host>[^:\s]+)):(?<port>\d{1,5})$/.exec(text)
  const port = Number(match?.groups?.['port'])
  if (match === null || port > 65_535) {
    throw new Error(`${text}: give a multiaddr such as /dns4/host/tcp/7171, or host:port`)
  }
  const host = match.groups?.['six'] ?? match.groups?.['host'] ?? ''
  const kind = isIP(host)
  if (match.groups?.['six'] !== undefined && kind !== 6)
    throw new Error(`${text}: not an IPv6 address`)
  return `/${kind === 4 ? 'ip4' : kind === 6 ? 'ip6' : 'dns4'}/${host}/tcp/${port}`
}
