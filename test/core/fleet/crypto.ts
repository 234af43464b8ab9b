// Keys, signatures and hashes of a simulated fleet: fast, keyed, and worth nothing outside of it.

import type { MemberId } from '../../../src/core/ids.ts'
import type { Crypto } from '../../../src/core/trust/crypto.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const text = new TextEncoder()

/** Four lanes of 32 bits over the bytes, started by a number. */
export function mix(bytes: Uint8Array, start: number): Uint32Array {
  let a = 0x811c9dc5 ^ start
  let b = 0x9e3779b9 + start
  let c = 0x85ebca6b ^ bytes.length
  let d = 0xc2b2ae35
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b ^ (a >>> 15) ^ byte, 0x85ebca6b)
    c = Math.imul(c ^ (b >>> 13), 0xc2b2ae35) + byte
    d = Math.imul(d ^ (c >>> 16), 0x27d4eb2f) ^ a
  }
  const lanes = new Uint32Array([a, b, c, d])
  for (let i = 0; i < 8; i++) {
    const next = lanes[(i + 1) % 4]!
    lanes[i % 4] = Math.imul(lanes[i % 4]! ^ (next >>> 15), 0x2c1b3c6d) + next
  }
  return lanes
}

function spread(bytes: Uint8Array, size: number, start: number): Uint8Array {
  const out = new Uint8Array(size)
  for (let i = 0; i < size; i += 16) {
    const lanes = mix(bytes, start + i)
    out.set(new Uint8Array(lanes.buffer).subarray(0, Math.min(16, size - i)), i)
  }
  return out
}

/** A text of the form of a PeerId for the member of a number. */
export function peerId(index: number): MemberId {
  const digits = spread(text.encode(`peer ${index}`), 44, 7)
  return `12D3KooW${[...digits].map((byte) => alphabet[byte % 58]!).join('')}` as MemberId
}

function signatureOf(author: string, bytes: Uint8Array): Uint8Array {
  const name = text.encode(author)
  const both = new Uint8Array(name.length + bytes.length)
  both.set(name)
  both.set(bytes, name.length)
  return spread(both, 64, 1)
}

/** What one member signs and checks with. */
export function fakeCrypto(self: MemberId): Crypto {
  return {
    sha256: (bytes) => spread(bytes, 32, 99),
    sign: (bytes) => signatureOf(self, bytes),
    verify: (author, bytes, signature) => {
      const expected = signatureOf(author, bytes)
      return signature.length === 64 && expected.every((byte, i) => byte === signature[i])
    },
  }
}
