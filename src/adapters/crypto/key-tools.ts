import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyTools } from '../../ports/key-tools.ts'
import { createCrypto, memberOf, publicKeyOf } from './crypto.ts'

/** PKCS #8 of X25519 (RFC 8410) up to the raw key. */
const privatePrefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
const { sha256, verify } = createCrypto(new Uint8Array(32))

export const keyTools: KeyTools = {
  sha256,
  verify,
  signer: (privateKey) => ({ member: memberOf(privateKey), crypto: createCrypto(privateKey) }),
  publicKeyOf,
  createEncryptionKey: () => {
    const { privateKey } = generateKeyPairSync('x25519')
    const der = privateKey.export({ format: 'der', type: 'pkcs8' })
    return new Uint8Array(der.subarray(privatePrefix.length))
  },
  encryptionKeyOf: (privateKey) => {
    const der = Buffer.concat([privatePrefix, privateKey])
    const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
    return new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(-32))
  },
  randomKey: () => new Uint8Array(randomBytes(32)),
}
