/**
 * Canonical CBOR (RFC 8949, core deterministic): the one byte form of every message, intent and record.
 *
 * Signatures and ids are over bytes, so two byte forms of one value would be two intents, and a field
 * that one reader sees and another does not would be a hole. Hence only this is accepted: integers in
 * shortest form within ±(2^53 − 1), byte strings, well-formed text, arrays, maps with text keys sorted
 * bytewise on the encoded key (for text that is: shorter first, then by bytes), false, true, null. No
 * floats, tags, indefinite lengths, undefined, duplicate keys. What decodes re-encodes to its bytes.
 *
 * Both directions are one strict pass. A library would need a scan before decoding (nesting exhausts the
 * stack), a walk after it (prototypes, numbers) and a second encoding (key order), and every message of
 * a node comes through here. Fuzz tests hold this and cborg together.
 *
 * Maps have no prototype, so no key of a peer can be taken for a method; `__proto__` is refused as well,
 * for the sake of code that copies maps into plain objects.
 */
import { invariant } from '../invariant.ts'
import { compareText } from '../order.ts'

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
  const encoder = new Encoder()
  const fault = faultOf(() => encoder.writeItem(value, 0))
  invariant(fault === undefined, `cannot be written as CBOR: ${fault}`)
  return encoder.take()
}

/** Says why a value has no canonical form, undefined when it has one: for values that users supply. */
export function findUnencodable(value: unknown): CborFault | undefined {
  return faultOf(() => new Encoder().writeItem(value, 0))
}

function faultOf(run: () => void): CborFault | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof Fault) return error.reason
    throw error
  }
}

/** Leaves the recursion of one pass; never leaves this file. */
class Fault extends Error {
  readonly reason: CborFault

  constructor(reason: CborFault) {
    super(reason)
    this.reason = reason
  }
}

const utf8 = new TextEncoder()
/** Where values are written before their length is known; one value at a time. */
let scratch = new Uint8Array(4_096)

class Encoder {
  #at = 0
  #containers = 0

  /** A copy of what was written. */
  take(): Uint8Array {
    return copyOf(scratch, 0, this.#at)
  }

  writeItem(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'boolean':
        this.#writeHead(7, value ? 21 : 20)
        return
      case 'number':
        if (!Number.isSafeInteger(value)) throw new Fault('unsupported')
        if (value < 0) this.#writeHead(1, -1 - value)
        else this.#writeHead(0, value)
        return
      case 'string':
        this.#writeText(value)
        return
      case 'object':
        if (value === null) this.#writeHead(7, 22)
        else if (value instanceof Uint8Array) this.#writeBytes(2, value)
        else this.#writeContainer(value, depth)
        return
      default:
        throw new Fault('unsupported')
    }
  }

  /** Room for this many bytes more. */
  #reserve(count: number): void {
    if (this.#at + count <= scratch.length) return
    const larger = new Uint8Array(2 * (this.#at + count))
    larger.set(scratch.subarray(0, this.#at))
    scratch = larger
  }

  /** A type with a number: a value, a length or a count, in its shortest form. */
  #writeHead(major: number, argument: number): void {
    this.#reserve(9)
    const head = major << 5
    if (argument < 24) scratch[this.#at++] = head | argument
    else if (argument < 0x100) this.#writeArgument(head | 24, argument, 1)
    else if (argument < 0x1_0000) this.#writeArgument(head | 25, argument, 2)
    else if (argument < 0x1_0000_0000) this.#writeArgument(head | 26, argument, 4)
    else this.#writeArgument(head | 27, argument, 8)
  }

  #writeArgument(head: number, argument: number, width: number): void {
    scratch[this.#at] = head
    let rest = argument
    for (let i = this.#at + width; i > this.#at; i--) {
      scratch[i] = rest
      rest = Math.floor(rest / 256)
    }
    this.#at += 1 + width
  }

  #writeBytes(major: number, bytes: Uint8Array): void {
    this.#writeHead(major, bytes.length)
    this.#reserve(bytes.length)
    scratch.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #writeText(text: string): void {
    if (isAscii(text)) {
      this.#writeHead(3, text.length)
      this.#reserve(text.length)
      for (let i = 0; i < text.length; i++) scratch[this.#at++] = text.charCodeAt(i)
      return
    }
    if (!text.isWellFormed()) throw new Fault('malformed')
    this.#writeBytes(3, utf8.encode(text))
  }

  #writeContainer(value: object, depth: number): void {
    if (depth >= cborDepthMax) throw new Fault('too-deep')
    if (++this.#containers > cborContainersMax) throw new Fault('too-large')
    if (Array.isArray(value)) {
      const items: readonly unknown[] = value
      this.#writeHead(4, items.length)
      for (const item of items) this.writeItem(item, depth + 1)
      return
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== null && prototype !== Object.prototype) throw new Fault('unsupported')
    const map = value as { readonly [key: string]: unknown }
    const keys = Object.keys(map)
    this.#writeHead(5, keys.length)
    for (const key of keys.every(isAscii) ? keys.sort(compareAscii) : keys.sort(compareEncoded)) {
      if (key === '__proto__') throw new Fault('bad-key')
      this.#writeText(key)
      this.writeItem(map[key], depth + 1)
    }
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

const compareAscii = (a: string, b: string): number => a.length - b.length || compareText(a, b)

function compareEncoded(a: string, b: string): number {
  const [left, right] = [utf8.encode(a), utf8.encode(b)]
  const different = left.findIndex((byte, i) => byte !== right[i])
  return left.length - right.length || (different < 0 ? 0 : left[different]! - right[different]!)
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

const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Short texts read lately, each in the place that its bytes hash to: keys, members and jobs come again
 * and again, and are then neither made nor kept twice. Only ASCII, where bytes and characters are one.
 */
const lately: string[] = Array.from({ length: 4_096 }, () => '')
const latelyLengthMax = 64

/** Typed arrays are costly to slice when they are short. */
function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(to - from)
  if (copy.length > 64) copy.set(bytes.subarray(from, to))
  else for (let i = 0; i < copy.length; i++) copy[i] = bytes[from + i]!
  return copy
}

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
    const copy = copyOf(this.#bytes, this.#at, end)
    this.#at = end
    return copy
  }

  #readText(minor: number): string {
    const length = this.#readCount(minor, 1)
    const start = this.#at
    this.#at = start + length
    if (length > latelyLengthMax) return this.#decodeText(start)
    let hash = length
    for (let at = start; at < this.#at; at++) hash = Math.imul(hash ^ this.#bytes[at]!, 0x0100_0193)
    const place = (hash ^ (hash >>> 15)) & (lately.length - 1)
    const known = lately[place]!
    if (this.#isText(known, start, length)) return known
    const text = this.#decodeText(start)
    if (text.length === length) lately[place] = text
    return text
  }

  #isText(text: string, start: number, length: number): boolean {
    if (text.length !== length) return false
    for (let i = 0; i < length; i++) {
      if (text.charCodeAt(i) !== this.#bytes[start + i]) return false
    }
    return true
  }

  /** The text from there to where the decoder stands. */
  #decodeText(start: number): string {
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
