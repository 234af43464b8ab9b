import type { MemberId } from '../ids.ts'

/** The primitives that the core needs; synchronous and free of side effects. */
export interface Crypto {
  /** SHA-256, 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array
  /** Ed25519 signature by this node's key, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array
  /** Whether `signature` over `bytes` was made by the key that `author`'s id holds; never throws. */
  verify(author: MemberId, bytes: Uint8Array, signature: Uint8Array): boolean
}
