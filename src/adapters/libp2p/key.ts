import { readFile, writeFile } from 'node:fs/promises'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { type MemberId, memberId } from '../../core/ids.ts'

/** Who a node is: its id, and the private key that the id stands for. */
export interface NodeKey {
  readonly member: MemberId
  /** The private key in libp2p's protobuf form, as the key file holds it. */
  readonly bytes: Uint8Array
}

const replaceKey = 'restore it from a backup, or delete it: the node then is a new member'

/** Reads the node's key, or makes one; the file is readable by its owner only. */
export async function loadOrCreateKey(file: string): Promise<NodeKey> {
  const stored = await readIfThere(file)
  if (stored !== undefined) return nodeKey(stored, file)
  const made = await createKey()
  await writeFile(file, made.bytes, { mode: 0o600, flag: 'wx' })
  return made
}

/** Makes a key that is not stored anywhere. */
export async function createKey(): Promise<NodeKey> {
  return nodeKey(privateKeyToProtobuf(await generateKeyPair('Ed25519')), 'a new key')
}

/** The id of a private key in protobuf form; throws when it is none of Ed25519. */
export function nodeKey(bytes: Uint8Array, origin: string): NodeKey {
  let key
  try {
    key = privateKeyFromProtobuf(bytes)
  } catch (cause) {
    throw badKey(`${origin} holds no private key`, replaceKey, cause)
  }
  if (key.type !== 'Ed25519') throw badKey(`${origin} holds no Ed25519 key`, replaceKey)
  return { member: memberId(peerIdFromPrivateKey(key).toString()), bytes }
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function badKey(message: string, hint: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: 'MC_BAD_CONFIG', hint })
}
