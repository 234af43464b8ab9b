// Reads the text of one option. What is wrong is told with its reason and with what to write.

import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import { parseSize } from '../core/jobs/shape-size.ts'
import { parseDuration } from '../core/jobs/shape-time.ts'
import { limits, profiles, type ProfileName } from '../core/limits.ts'
import { weightMax, weightUnit } from '../core/placement/rendezvous.ts'
import type { Fact } from '../core/placement/where.ts'
import { isTimezone } from '../core/scheduler/zone.ts'
import { parseToken } from '../core/trust/join-token.ts'

/** A value, or why the text is none and what to write instead. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string; readonly hint: string }

/** An IP address of this machine and a port; 0 takes a free one. */
export interface HttpAddress {
  readonly host: string
  readonly port: number
}

export type LogFormat = 'text' | 'json'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const good = <T>(value: T): Parsed<T> => ({ ok: true, value })
const bad = (why: string, hint: string): Parsed<never> => ({ ok: false, why, hint })
const shown = (text: string): string => JSON.stringify(text.slice(0, 80))

const hostPattern = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?$/
const memberPattern = /^[1-9A-HJ-NP-Za-km-z]{40,64}$/
const networkKeyPattern = /^(?:0x)?[0-9a-f]{64}$/i
const addressHint = 'write /ip4/10.0.0.7/tcp/7171, /dns4/pi1.local/tcp/7171 or pi1.local:7171'

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const word = words.find((one) => one === text.toLowerCase())
    return word === undefined
      ? bad(`${shown(text)} is unknown`, `choose one of ${words.join(', ')}`)
      : good(word)
  }
}

export const parseProfile: (text: string) => Parsed<ProfileName> = oneOf(
  Object.keys(profiles) as readonly ProfileName[],
)

/** Yes or no. */
export function parseSwitch(text: string): Parsed<boolean> {
  if (/^(?:true|yes|on|1)$/i.test(text)) return good(true)
  if (/^(?:false|no|off|0)$/i.test(text)) return good(false)
  return bad(`${shown(text)} is neither yes nor no`, 'write true or false')
}

/** A path; the caller resolves it. */
export function parsePath(text: string): Parsed<string> {
  if (text.includes('\0')) return bad('a path holds no zero byte', 'write another path')
  return good(text)
}

/** A path of a key's file: the key itself would show in the list of processes. */
export function parseKeyPath(text: string): Parsed<string> {
  if (networkKeyPattern.test(text)) {
    return bad('this is a key, and a file is wanted', 'write the key to a file of mode 0600')
  }
  return parsePath(text)
}

/** A token of an invite; a refusal does not repeat it. */
export function parseJoin(text: string): Parsed<string> {
  const token = parseToken(text)
  return token.ok ? good(text.trim()) : bad(token.refusal.message, token.refusal.hint)
}

/** A label for people. */
export function parseName(text: string): Parsed<string> {
  if (/\p{Cc}/u.test(text)) return bad('a name is one line', 'leave control characters out')
  if (text.length > 63) return bad(`${text.length} characters are too many`, 'use at most 63')
  return good(text)
}

/** A duration from `minMs` to `maxMs`. */
export function parseSpan(minMs: number, maxMs: number, range: string) {
  return (text: string): Parsed<number> => {
    if (/^\d+$/.test(text)) {
      return bad(`the duration ${shown(text)} has no unit`, `write ${text}s for seconds`)
    }
    const ms = parseDuration(text)
    if (ms === undefined)
      return bad(`${shown(text)} is no duration`, 'write 500ms, 10s, 5m or 1h30m')
    return ms < minMs || ms > maxMs ? bad(`${text} is out of range`, `use ${range}`) : good(ms)
  }
}

/** A whole number. */
export function parseCount(min: number, max: number) {
  return (text: string): Parsed<number> => {
    const count = /^\d{1,15}$/.test(text) ? Number(text) : NaN
    return count >= min && count <= max
      ? good(count)
      : bad(`${shown(text)} is no whole number from ${min} to ${max}`, `use ${min} to ${max}`)
  }
}

/** A name of the IANA time zone database. */
export function parseTimezone(text: string): Parsed<string> {
  return isTimezone(text)
    ? good(text)
    : bad(`${shown(text)} is not known here`, 'use an IANA name such as Europe/Berlin or UTC')
}

/** An IP address and a port. */
export function parseHttp(text: string): Parsed<HttpAddress> {
  const found = splitPort(text)
  if (found === undefined)
    return bad(`${shown(text)} is no address and port`, 'write 127.0.0.1:7172')
  const host = found.host.toLowerCase() === 'localhost' ? '127.0.0.1' : found.host
  if (isIP(host) === 0) return bad(`${shown(found.host)} is no IP address`, 'write 127.0.0.1:7172')
  return good({ host, port: found.port })
}

/** Whether only this machine can reach an address. */
export const isLoopback = (host: string): boolean =>
  host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** A host without a port. */
export function parseHostName(text: string): Parsed<string> {
  return isIP(text) !== 0 || hostPattern.test(text)
    ? good(isIP(text) === 6 ? `[${text}]` : text)
    : bad(`${shown(text)} is no host name`, 'write cron.example.org, without a port')
}

/** A group of this machine. */
export function parseGroup(text: string): Parsed<string> {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/.test(text)
    ? good(text)
    : bad(`${shown(text)} is no name of a group`, 'write one of /etc/group')
}

/** An address or a CIDR. */
export function parseRange(text: string): Parsed<string> {
  return isRange(text)
    ? good(text)
    : bad(`${shown(text)} is no address or range`, 'write 10.1.0.7 or 10.1.0.0/16')
}

function isRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const bits = isIP(address) === 6 ? 128 : 32
  return (
    isIP(address) !== 0 &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  )
}

/** Where a peer can be dialled: a multiaddr with or without `/p2p/…`, or `host:port`. */
export function parsePeer(text: string): Parsed<string> {
  if (text.length > limits.addressBytesMax) {
    return bad(`an address has at most ${limits.addressBytesMax} characters`, addressHint)
  }
  const why = text.startsWith('/') ? badMultiaddr(text) : badHostAndPort(text)
  return why === undefined ? good(text) : bad(`${shown(text)} ${why}`, addressHint)
}

/** Where to listen or be reached: as {@link parsePeer}, without anybody's id. */
export function parseListen(text: string): Parsed<string> {
  if (text.includes('/p2p/')) {
    return bad(`${shown(text)} names a member`, 'leave /p2p/… out: this node adds its own id')
  }
  return parsePeer(text)
}

/** What HTTP jobs may reach: an address, a CIDR or `host:port`. */
export function parseAllowed(text: string): Parsed<string> {
  if (isRange(text) || badHostAndPort(text) === undefined) return good(text)
  return bad(
    `${shown(text)} is no address, range or host:port`,
    'write 10.1.0.0/16 or plc.local:80',
  )
}

/** `key=value`. */
export function parseTag(text: string): Parsed<readonly [string, string]> {
  const at = text.indexOf('=')
  const [key, value] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 0) return bad(`${shown(text)} has no "="`, 'write KEY=VALUE, such as role=web')
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9_./-]{0,62})$/.test(key)) {
    return bad(`${shown(key)} is no key of a tag`, 'use up to 63 letters, digits and . _ / -')
  }
  if (value.length > 255 || /\p{Cc}/u.test(value)) {
    return bad(`the value of ${key} is no line of up to 255 characters`, 'shorten it')
  }
  return good([key, value])
}

/** `key=value` with a number, true, false or a text. */
export function parseFact(text: string): Parsed<readonly [string, Fact]> {
  const at = text.indexOf('=')
  const [key, value] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 0) return bad(`${shown(text)} has no "="`, 'write NAME=VALUE, such as gpu=true')
  if (key.length > 63 || !/^[A-Za-z_]\w*(?:\.[A-Za-z0-9_]+)*$/.test(key)) {
    return bad(`${shown(key)} is no name of a fact`, 'use letters, digits and _, with dots inside')
  }
  if (value === 'true' || value === 'false') return good([key, value === 'true'])
  if (/^-?\d{1,15}$/.test(value)) return good([key, Number(value)])
  if (value.length > 255 || /\p{Cc}/u.test(value)) {
    return bad(`the value of ${key} is no line of up to 255 characters`, 'shorten it')
  }
  return good([key, value])
}

/** A share of work, 1.0 by default, in sixteenths. */
export function parseWeight(text: string): Parsed<number> {
  const sixteenths = Math.round(Number(text) * weightUnit)
  if (/^\d+(\.\d+)?$/.test(text) && sixteenths >= 1 && sixteenths <= weightMax) {
    return good(sixteenths)
  }
  return bad(`${shown(text)} is no weight`, 'write a number from 0.0625 to 64, such as 2 or 0.5')
}

/** A size of at most 64 GiB. */
export function parseBytes(text: string): Parsed<number> {
  const bytes = text === '0' ? 0 : parseSize(text)
  if (bytes === undefined) return bad(`${shown(text)} is no size`, 'write 64KiB, 16MiB or 1GiB')
  return bytes > 64 * 2 ** 30 ? bad(`${text} is too much`, 'use 0B to 64GiB') : good(bytes)
}

/** `name=/absolute/path` of a plugin. */
export function parsePlugin(text: string): Parsed<readonly [string, string]> {
  const at = text.indexOf('=')
  const [name, path] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 0) return bad(`${shown(text)} has no "="`, 'write NAME=/path/of/the/program')
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
    return bad(`${shown(name)} is no name of a plugin`, 'use up to 40 of a-z, 0-9 and -')
  }
  if (!isAbsolute(path) || path.includes('\0')) {
    return bad(`${shown(path)} is no absolute path`, `write ${name}=/path/of/the/program`)
  }
  return good([name, path])
}

function badHostAndPort(text: string): string | undefined {
  const found = splitPort(text)
  if (found === undefined) return 'has no port, or none up to 65535'
  if (isIP(found.host) !== 0 || hostPattern.test(found.host)) return undefined
  return 'names no host'
}

function splitPort(text: string): HttpAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  if (match === null || Number(match[3]) > 65_535) return undefined
  return { host: match[1] ?? match[2]!, port: Number(match[3]) }
}

function badMultiaddr(text: string): string | undefined {
  const [, kind = '', host = '', tcp, port = '', p2p, member = '', ...rest] = text.split('/')
  const isHost =
    (kind === 'ip4' && isIP(host) === 4) ||
    (kind === 'ip6' && isIP(host) === 6) ||
    (/^dns[46]?$/.test(kind) && hostPattern.test(host))
  if (!isHost) return 'does not begin with /ip4/, /ip6/ or /dns4/ and a host'
  if (tcp !== 'tcp' || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) return 'has no TCP port'
  if (p2p === undefined) return undefined
  if (p2p !== 'p2p' || rest.length > 0) return 'goes on after the port with something unknown'
  return memberPattern.test(member) ? undefined : 'ends in no member id'
}
