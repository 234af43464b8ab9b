// HMAC-SHA256 (RFC 2104) and HKDF (RFC 5869) out of the one hash that the core has.

import { encode, type Cbor } from '../wire/cbor.ts'
import type { Crypto } from './crypto.ts'

type Hash = Pick<Crypto, 'sha256'>

const blockBytes = 64
const text = new TextEncoder()

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** HMAC-SHA256, 32 bytes. */
export function hmac(crypto: Hash, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(blockBytes)
  block.set(key.length > blockBytes ? crypto.sha256(key) : key)
  const inner = crypto.sha256(
    join(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  )
  return crypto.sha256(
    join(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  )
}

/** HKDF-SHA256 without salt, its first 32 bytes. */
export function deriveKey(crypto: Hash, secret: Uint8Array, purpose: string): Uint8Array {
  const key = hmac(crypto, new Uint8Array(32), secret)
  return hmac(crypto, key, join(text.encode(purpose), new Uint8Array([1])))
}

/** A MAC over parts that cannot run into each other. */
export function macOf(crypto: Hash, key: Uint8Array, parts: readonly Cbor[]): Uint8Array {
  return hmac(crypto, key, encode(parts))
}

/** Compares without telling by its time where the first difference is. */
export function areSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0)
  return difference === 0
}
