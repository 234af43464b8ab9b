// Keys, signatures and hashes of a simulated fleet: fast, keyed, and worth nothing outside of it.

import type { MemberId } from '../core/ids.ts'
import type { Crypto } from '../core/trust/crypto.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const text = new TextEncoder()

/** Four lanes of 32 bits over the bytes, started by a number; written into `out`. */
function mix(bytes: Uint8Array, start: number, out: Uint32Array): void {
  let a = 0x811c9dc5 ^ start
  let b = 0x9e3779b9 + start
  let c = 0x85ebca6b ^ bytes.length
  let d = 0xc2b2ae35
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b ^ (a >>> 15) ^ byte, 0x85ebca6b)
    c = Math.imul(c ^ (b >>> 13), 0xc2b2ae35) + byte
    d = Math.imul(d ^ (c >>> 16), 0x27d4eb2f) ^ a
  }
  out[0] = a
  out[1] = b
  out[2] = c
  out[3] = d
  for (let i = 0; i < 8; i++) {
    out[i % 4] = Math.imul(out[i % 4]! ^ (out[(i + 1) % 4]! >>> 15), 0x2c1b3c6d) + out[(i + 1) % 4]!
  }
}

const lanes = new Uint32Array(4)
const laneBytes = new Uint8Array(lanes.buffer)

/** One 32-bit number over the bytes. */
export function mix32(bytes: Uint8Array): number {
  mix(bytes, 0, lanes)
  return lanes[0]!
}

/** Repeated, not spread further: nobody here looks for a preimage. */
function spread(bytes: Uint8Array, size: number, start: number): Uint8Array {
  mix(bytes, start, lanes)
  const out = new Uint8Array(size)
  for (let i = 0; i < size; i += 16) out.set(laneBytes.subarray(0, Math.min(16, size - i)), i)
  return out
}

const ids: MemberId[] = []

/** A text of the form of a PeerId for the node of a number. */
export function peerId(index: number): MemberId {
  return (ids[index] ??= makeId(index))
}

function makeId(index: number): MemberId {
  let id = ''
  for (let part = 0; id.length < 44; part++) {
    mix(text.encode(`peer ${index} ${part}`), 7, lanes)
    id += [...laneBytes].map((byte) => alphabet[byte % 58]!).join('')
  }
  return `12D3KooW${id.slice(0, 44)}` as MemberId
}

const keys = new Map<string, number>()

function keyOf(author: string): number {
  let key = keys.get(author)
  if (key === undefined) {
    key = mix32(text.encode(author)) | 0
    keys.set(author, key)
  }
  return key
}

/** What one member signs and checks with. */
export function fakeCrypto(self: MemberId): Crypto {
  const own = keyOf(self)
  return {
    sha256: (bytes) => spread(bytes, 32, 99),
    sign: (bytes) => spread(bytes, 64, own),
    verify: (author, bytes, signature) => {
      if (signature.length !== 64) return false
      mix(bytes, keyOf(author), lanes)
      for (let i = 0; i < 64; i++) if (signature[i] !== laneBytes[i % 16]) return false
      return true
    },
  }
}
