import { randomBytes } from 'node:crypto'
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

/** Reads the network key that all nodes of a cluster share; undefined when there is no file. */
export async function loadNetworkKey(file: string): Promise<Uint8Array | undefined> {
  const text = await readIfThere(file)
  return text === undefined ? undefined : parseNetworkKey(new TextDecoder().decode(text), file)
}

/** Reads the network key, or makes one. */
export async function loadOrCreateNetworkKey(file: string): Promise<Uint8Array> {
  const stored = await loadNetworkKey(file)
  if (stored !== undefined) return stored
  const key = new Uint8Array(randomBytes(32))
  await writeFile(file, formatNetworkKey(key), { mode: 0o600, flag: 'wx' })
  return key
}

/** The text form of a network key: 64 hex digits and a newline. */
export function formatNetworkKey(key: Uint8Array): string {
  return `${Buffer.from(key).toString('hex')}\n`
}

/** Reads 64 hex digits; `origin` names their source in the error. */
export function parseNetworkKey(text: string, origin: string): Uint8Array {
  const digits = text.trim()
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) {
    throw badKey(
      `${origin} must hold the network key as 64 hex digits`,
      'copy network.key from the data directory of a node of the cluster',
    )
  }
  return new Uint8Array(Buffer.from(digits, 'hex'))
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
