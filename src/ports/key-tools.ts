import type { MemberId } from '../core/ids.ts'
import type { Crypto } from './crypto.ts'

/** What making keys and certificates needs; it keeps nothing. */
export interface KeyTools {
  readonly sha256: Crypto['sha256']
  readonly verify: Crypto['verify']
  /** Who signs with a private key of 32 bytes, and what with. */
  signer(privateKey: Uint8Array): { readonly member: MemberId; readonly crypto: Crypto }
  /** The raw public key in an id; undefined when it holds none. */
  publicKeyOf(member: MemberId): Uint8Array | undefined
  /** A new private key of X25519, 32 bytes. */
  createEncryptionKey(): Uint8Array
  /** The public key of such a one. */
  encryptionKeyOf(privateKey: Uint8Array): Uint8Array
  /** 32 bytes that nobody can guess. */
  randomKey(): Uint8Array
}
