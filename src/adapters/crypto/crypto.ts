import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'
import type { MemberId } from '../../core/ids.ts'
import { invariant } from '../../core/invariant.ts'
import type { Crypto } from '../../ports/crypto.ts'

const keyBytes = 32
const signatureBytes = 64
/** More authors than members: keys are small, deriving one costs as much as verifying with it. */
const keysMax = 256

/** PKCS #8 and SubjectPublicKeyInfo of Ed25519 (RFC 8410) up to the raw key. */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')
/** A PeerId of Ed25519 is an identity multihash of 36 bytes: the protobuf of the public key. */
const peerIdPrefix = Buffer.from('002408011220', 'hex')
/** libp2p's protobuf of a private key: Ed25519, 64 bytes, of which the first 32 are the seed. */
const protobufPrefix = Buffer.from('08011240', 'hex')

/**
 * Ed25519 and SHA-256 of Node's own crypto.
 * `privateKey` is the raw seed of 32 bytes, or libp2p's protobuf form as the key file holds it.
 */
export function createCrypto(privateKey: Uint8Array): Crypto {
  const key = createPrivateKey({
    key: Buffer.concat([privatePrefix, seedOf(privateKey)]),
    format: 'der',
    type: 'pkcs8',
  })
  const authors = new PublicKeys()
  return {
    sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
    sign: (bytes) => new Uint8Array(sign(null, bytes, key)),
    verify: (author, bytes, signature) => {
      if (signature.byteLength !== signatureBytes) return false
      try {
        const publicKey = authors.get(author)
        return publicKey !== undefined && verify(null, bytes, publicKey, signature)
      } catch {
        return false
      }
    },
  }
}

/** The raw public key inside a PeerId's text; undefined when it holds none of Ed25519. */
export function publicKeyOf(author: MemberId): Uint8Array | undefined {
  if (author.length > 64) return undefined
  let bytes: Uint8Array
  try {
    bytes = base58btc.baseDecode(author)
  } catch {
    return undefined
  }
  const prefix = bytes.subarray(0, peerIdPrefix.length)
  if (bytes.length !== peerIdPrefix.length + keyBytes || !peerIdPrefix.equals(prefix)) {
    return undefined
  }
  return bytes.slice(peerIdPrefix.length)
}

/** The id of the member whose key this is; equal to its libp2p PeerId. */
export function memberOf(privateKey: Uint8Array): MemberId {
  const key = createPrivateKey({
    key: Buffer.concat([privatePrefix, seedOf(privateKey)]),
    format: 'der',
    type: 'pkcs8',
  })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const raw = spki.subarray(publicPrefix.length)
  return base58btc.baseEncode(Buffer.concat([peerIdPrefix, raw])) as MemberId
}

function seedOf(privateKey: Uint8Array): Uint8Array {
  if (privateKey.byteLength === keyBytes) return privateKey
  const prefix = privateKey.subarray(0, protobufPrefix.length)
  invariant(
    privateKey.byteLength === protobufPrefix.length + 2 * keyBytes && protobufPrefix.equals(prefix),
    'a private key is a seed of 32 bytes or the protobuf of an Ed25519 key',
  )
  return privateKey.subarray(protobufPrefix.length, protobufPrefix.length + keyBytes)
}

/** Keys by author; the one used longest ago is forgotten first. */
class PublicKeys {
  readonly #keys = new Map<MemberId, KeyObject>()

  get(author: MemberId): KeyObject | undefined {
    const known = this.#keys.get(author)
    if (known !== undefined) {
      this.#keys.delete(author)
      this.#keys.set(author, known)
      return known
    }
    const raw = publicKeyOf(author)
    if (raw === undefined) return undefined
    const key = createPublicKey({
      key: Buffer.concat([publicPrefix, raw]),
      format: 'der',
      type: 'spki',
    })
    if (this.#keys.size >= keysMax) {
      const [oldest] = this.#keys.keys()
      if (oldest !== undefined) this.#keys.delete(oldest)
    }
    this.#keys.set(author, key)
    return key
  }
}
