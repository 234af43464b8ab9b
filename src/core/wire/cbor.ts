/**
 * Canonical CBOR (RFC 8949, core deterministic): the one byte form of every message, intent and record.
 *
 * Signatures and ids are over bytes, so two byte forms of one value would be two intents, and a field
 * that one reader sees and another does not would be a hole. Hence only this is accepted: integers in
 * shortest form within ±(2^53 − 1), byte strings, well-formed text, arrays, maps with text keys sorted
 * bytewise on the encoded key (for text that is: shorter first, then by bytes), false, true, null. No
 * floats, tags, indefinite lengths, undefined, duplicate keys. What decodes re-encodes to its bytes.
 *
 * cborg encodes. Decoding is done here, in one strict pass, because cborg would need a scan before it
 * (nesting exhausts the stack), a walk after it (prototypes, numbers) and a second encoding (key order),
 * and would still replace malformed UTF-8 and swallow a leading U+FEFF. Fuzz tests hold both together.
 *
 * Maps have no prototype, so no key of a peer can be taken for a method; `__proto__` is refused as well,
 * for the sake of code that copies maps into plain objects.
 */
import { encode as encodeCbor } from 'cborg'
import { invariant } from '../invariant.ts'

/** What can be written. */
export type Cbor =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Cbor[]
  | { readonly [key: string]: Cbor }

/** Why bytes were refused; `not-canonical` would have been readable, `malformed` not. */
export type CborFault =
  | 'too-large'
  | 'too-deep'
  | 'malformed'
  | 'not-canonical'
  | 'unsupported'
  | 'bad-key'

export type Decoded =
  | { readonly ok: true; readonly value: Cbor }
  | { readonly ok: false; readonly reason: CborFault }

export interface DecodeLimits {
  /** Longer input is refused unread. */
  readonly bytesMax: number
  /** Arrays and maps inside each other; default `cborDepthMax`. */
  readonly depthMax?: number
}

/** Nesting that every reader accepts; larger needs stack, smaller would cut job definitions. */
export const cborDepthMax = 16

/** Arrays and maps in one message: each costs far more memory than its one byte on the wire. */
export const cborContainersMax = 16_384

/** The canonical bytes of a value; what cannot be written is a programming error (see findUnencodable). */
export function encode(value: Cbor): Uint8Array {
  const fault = findUnencodable(value)
  invariant(fault === undefined, `cannot be written as CBOR: ${fault}`)
  return encodeCbor(value)
}

/** Says why a value has no canonical form, undefined when it has one: for values that users supply. */
export function findUnencodable(value: unknown): CborFault | undefined {
  return examine(value, 0, { count: 0 })
}

function examine(
  value: unknown,
  depth: number,
  containers: { count: number },
): CborFault | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined
    case 'number':
      return Number.isSafeInteger(value) ? undefined : 'unsupported'
    case 'string':
      return value.isWellFormed() ? undefined : 'malformed'
    case 'object':
      break
    default:
      return 'unsupported'
  }
  if (value === null || value instanceof Uint8Array) return undefined
  if (depth >= cborDepthMax) return 'too-deep'
  if (++containers.count > cborContainersMax) return 'too-large'
  const isArray = Array.isArray(value)
  if (!isArray) {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== null && prototype !== Object.prototype) return 'unsupported'
    for (const key of Object.keys(value)) {
      if (key === '__proto__') return 'bad-key'
      if (!key.isWellFormed()) return 'malformed'
    }
  }
  for (const inner of isArray ? (value as unknown[]) : Object.values(value)) {
    const fault = examine(inner, depth + 1, containers)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Reads one canonical value that fills the bytes exactly. */
export function decode(bytes: Uint8Array, limits: DecodeLimits): Decoded {
  if (bytes.length > limits.bytesMax) return { ok: false, reason: 'too-large' }
  try {
    const decoder = new Decoder(bytes, limits.depthMax ?? cborDepthMax)
    const value = decoder.readItem(0)
    if (!decoder.isAtEnd()) return { ok: false, reason: 'malformed' }
    return { ok: true, value }
  } catch (error) {
    if (error instanceof Fault) return { ok: false, reason: error.reason }
    throw error
  }
}

/** Leaves the recursion of one decode; never leaves this file. */
class Fault extends Error {
  readonly reason: CborFault

  constructor(reason: CborFault) {
    super(reason)
    this.reason = reason
  }
}

const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const SHORT_TEXT = 24

class Decoder {
  readonly #bytes: Uint8Array
  readonly #depthMax: number
  #at = 0
  #containers = 0

  constructor(bytes: Uint8Array, depthMax: number) {
    this.#bytes = bytes
    this.#depthMax = depthMax
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  readItem(depth: number): Cbor {
    const head = this.#readByte()
    const minor = head & 31
    switch (head >> 5) {
      case 0:
        return this.#readArgument(minor)
      case 1: {
        const value = -1 - this.#readArgument(minor)
        if (!Number.isSafeInteger(value)) throw new Fault('unsupported')
        return value
      }
      case 2:
        return this.#readBytes(minor)
      case 3:
        return this.#readText(minor)
      case 4:
        return this.#readArray(minor, depth)
      case 5:
        return this.#readMap(minor, depth)
      default:
        if (head === 0xf4) return false
        if (head === 0xf5) return true
        if (head === 0xf6) return null
        throw new Fault('unsupported')
    }
  }

  #readByte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new Fault('malformed')
    this.#at++
    return byte
  }

  /** The number behind a head: a value, a length or a count, in its shortest form. */
  #readArgument(minor: number): number {
    if (minor < 24) return minor
    if (minor > 27) throw new Fault(minor === 31 ? 'unsupported' : 'malformed')
    const width = 1 << (minor - 24)
    let value = 0
    for (let i = 0; i < width; i++) value = value * 256 + this.#readByte()
    if (value < (width === 1 ? 24 : 2 ** (width * 4))) throw new Fault('not-canonical')
    if (value > Number.MAX_SAFE_INTEGER) throw new Fault('unsupported')
    return value
  }

  /** A length or count: each unit takes at least `bytesEach`, so more than is left is a lie. */
  #readCount(minor: number, bytesEach: number): number {
    const count = this.#readArgument(minor)
    if (count * bytesEach > this.#bytes.length - this.#at) throw new Fault('malformed')
    return count
  }

  #readBytes(minor: number): Uint8Array {
    const end = this.#readCount(minor, 1) + this.#at
    const copy = new Uint8Array(this.#bytes.subarray(this.#at, end))
    this.#at = end
    return copy
  }

  #readText(minor: number): string {
    const length = this.#readCount(minor, 1)
    const start = this.#at
    this.#at = start + length
    if (length <= SHORT_TEXT) {
      let text = ''
      let at = start
      for (; at < this.#at; at++) {
        const byte = this.#bytes[at]!
        if (byte > 0x7f) break
        text += String.fromCharCode(byte)
      }
      if (at === this.#at) return text
    }
    try {
      return strictText.decode(this.#bytes.subarray(start, this.#at))
    } catch {
      throw new Fault('malformed')
    }
  }

  #enter(depth: number): void {
    if (depth >= this.#depthMax) throw new Fault('too-deep')
    if (++this.#containers > cborContainersMax) throw new Fault('too-large')
  }

  #readArray(minor: number, depth: number): readonly Cbor[] {
    this.#enter(depth)
    const count = this.#readCount(minor, 1)
    const items: Cbor[] = []
    for (let i = 0; i < count; i++) items.push(this.readItem(depth + 1))
    return items
  }

  #readMap(minor: number, depth: number): { readonly [key: string]: Cbor } {
    this.#enter(depth)
    const count = this.#readCount(minor, 2)
    const map = Object.create(null) as { [key: string]: Cbor }
    let before = 0
    for (let i = 0; i < count; i++) {
      const start = this.#at
      const head = this.#readByte()
      if (head >> 5 !== 3) throw new Fault('bad-key')
      const key = this.#readText(head & 31)
      if (key === '__proto__') throw new Fault('bad-key')
      if (i > 0 && !this.#isAscending(before, start)) throw new Fault('not-canonical')
      before = start
      map[key] = this.readItem(depth + 1)
    }
    return map
  }

  /** Is the encoded key at `a` bytewise before the one at `b`? Equal keys are not; heads tell lengths. */
  #isAscending(a: number, b: number): boolean {
    const end = this.#at
    for (; b < end; a++, b++) {
      const left = this.#bytes[a]!
      const right = this.#bytes[b]!
      if (left !== right) return left < right
    }
    return false
  }
}
