// How a node comes by its certificate. It lies in the data directory; the holder of the cluster key makes
// its own, and the first start of all makes the cluster key. A data directory from the time before
// certificates goes on as it was: see docs/design/0008-trust.md.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MemberId } from '../core/ids.ts'
import { limits } from '../core/limits.ts'
import { ok, refuse, type Result } from '../core/result.ts'
import {
  clusterIdOf,
  openCertificate,
  roles,
  signCertificate,
  verifyCertificate,
  type Anchor,
  type Certificate,
} from '../core/trust/certificate.ts'
import {
  decodeCredentials,
  encodeCredentials,
  type Credentials,
} from '../core/trust/credentials.ts'
import type { KeyTools } from '../ports/key-tools.ts'
import type { Settings } from './config.ts'
import { readKey, readOrMakeKey } from './key-file.ts'
import { replaceFile } from './private-file.ts'

/** What of the configuration decides about keys. */
export type KeysInit = Pick<
  Settings,
  'dataDir' | 'networkKeyFile' | 'clusterKeyFile' | 'peers' | 'tags'
>

/** Whose keys, and when. */
export interface KeysNow {
  readonly member: MemberId
  readonly isFromBefore: boolean
  readonly nowMs: number
}

type CredentialsInput = KeysInit & KeysNow & { readonly networkKey: Uint8Array }

export interface Keys {
  readonly networkKey: Uint8Array
  readonly credentials: Credentials
}

/**
 * Whether the directory was used by a version that knew no certificates; asked before a store is made
 * there. Refused when there is a cluster to join and nothing to join it with.
 */
export function isFromBefore(init: KeysInit): Result<boolean> {
  const { dataDir, networkKeyFile, clusterKeyFile, peers } = init
  const isEnrolled =
    clusterKeyFile !== undefined ||
    ['certificate', 'cluster.key'].some((name) => existsSync(join(dataDir, name)))
  if (isEnrolled) return ok(false)
  if (existsSync(join(dataDir, 'store.db'))) return ok(true)
  if (networkKeyFile !== undefined && readKey(networkKeyFile) === undefined) {
    return noNetworkKey(networkKeyFile)
  }
  return peers.length > 0 || networkKeyFile !== undefined ? notEnrolled(dataDir) : ok(false)
}

/** The keys of the cluster; made where there are none. */
export function loadKeys(tools: KeyTools, init: KeysInit, now: KeysNow): Result<Keys> {
  const { dataDir, networkKeyFile } = init
  const network =
    networkKeyFile === undefined
      ? readOrMakeKey(join(dataDir, 'network.key'), tools.randomKey, networkKeyHint)
      : (readKey(networkKeyFile, networkKeyHint) ?? noNetworkKey(networkKeyFile))
  if (!network.ok) return network
  const networkKey = network.value
  const credentials = obtainCredentials(tools, { ...init, ...now, networkKey })
  return credentials.ok ? ok({ networkKey, credentials: credentials.value }) : credentials
}

export interface Founded {
  readonly clusterId: string
  readonly member: string
  readonly dataDir: string
  /** Where the cluster key lies. */
  readonly keyFile: string
}

/** Makes what is not there yet; a cluster key that lies there is used. */
export function foundCluster(
  tools: KeyTools,
  init: KeysInit & { readonly clusterKeyFile: string },
  now: Pick<KeysNow, 'member' | 'nowMs'>,
): Result<Founded> {
  const { dataDir, clusterKeyFile: keyFile } = init
  const made = readOrMakeKey(keyFile, tools.randomKey)
  if (!made.ok) return made
  const keys = loadKeys(tools, init, { ...now, isFromBefore: false })
  if (!keys.ok) return keys
  const { clusterId } = keys.value.credentials.anchor
  return ok({ clusterId, member: now.member, dataDir, keyFile })
}

const networkKeyHint = 'copy network.key from the data directory of a node of the cluster'

const noNetworkKey = (file: string): Result<never> =>
  refuse('MC_BAD_CONFIG', `there is no network key in ${file}`, networkKeyHint)

const notEnrolled = (dataDir: string): Result<never> =>
  refuse(
    'MC_BAD_CONFIG',
    `there is no certificate in ${dataDir}, so this node cannot join a cluster`,
    'give the founding node’s cluster.key with --cluster-key, or leave --peer and --network-key out to found a cluster',
  )

/** The node's credentials, made or renewed where this node can do so itself. */
function obtainCredentials(tools: KeyTools, input: CredentialsInput): Result<Credentials> {
  const held = readCredentials(tools, input)
  if (held?.ok === false) return held
  const encryption = readOrMakeKey(join(input.dataDir, 'node.enc'), tools.createEncryptionKey)
  if (!encryption.ok) return encryption
  const clusterKey = clusterKeyOf(tools, input, held?.value)
  if (clusterKey === undefined) return held!
  if (!clusterKey.ok) return clusterKey
  const anchor = anchorOf(tools, clusterKey.value, input)
  const encryptionKey = tools.encryptionKeyOf(encryption.value)
  const before = held && ownCertificate(held.value)
  if (held !== undefined && held.value.anchor.clusterId !== anchor.clusterId) {
    return refuse(
      'MC_BAD_CONFIG',
      'the cluster key is not that of the cluster whose certificate lies in the data directory',
      'give the key of this cluster, or another data directory',
    )
  }
  if (before !== undefined && isCurrent(before, encryptionKey, input)) return held!
  const own = ownDraft(anchor, encryptionKey, input, before)
  const chain = [signCertificate(tools.signer(clusterKey.value).crypto, own)]
  const credentials = { anchor, chain }
  saveCredentials(input.dataDir, credentials)
  return ok(credentials)
}

/** Stores credentials for this and all later starts. */
export function saveCredentials(dataDir: string, credentials: Credentials): void {
  replaceFile(certificateFile(dataDir), encodeCredentials(credentials))
}

const certificateFile = (dataDir: string): string => join(dataDir, 'certificate')

/** The cluster key where this node has it or has to make it; undefined: it lives with its certificate. */
function clusterKeyOf(
  tools: KeyTools,
  { dataDir, clusterKeyFile, isFromBefore, networkKey }: CredentialsInput,
  held: Credentials | undefined,
): Result<Uint8Array> | undefined {
  const file = clusterKeyFile ?? join(dataDir, 'cluster.key')
  const found = readKey(file)
  if (found !== undefined || (held !== undefined && clusterKeyFile === undefined)) return found
  if (clusterKeyFile !== undefined) {
    return refuse(
      'MC_BAD_CONFIG',
      `there is no cluster key in ${file}`,
      'give the path of the file that meshcron init wrote',
    )
  }
  return readOrMakeKey(file, () =>
    isFromBefore ? keyFromBefore(tools, networkKey) : tools.randomKey(),
  )
}

/** The same on all nodes of a fleet from before certificates: who held the network key was a member. */
const keyFromBefore = ({ sha256 }: KeyTools, networkKey: Uint8Array): Uint8Array =>
  sha256(Buffer.concat([Buffer.from('meshcron/cluster-key-from-before/1'), networkKey]))

function anchorOf(
  tools: KeyTools,
  clusterKey: Uint8Array,
  { networkKey }: CredentialsInput,
): Anchor {
  const isFromBefore = Buffer.from(clusterKey).equals(keyFromBefore(tools, networkKey))
  const key = tools.signer(clusterKey).member
  // what was signed in such a fleet names this id
  const named = isFromBefore ? networkKey : tools.publicKeyOf(key)!
  return { clusterId: clusterIdOf(tools.sha256, named), clusterKey: key }
}

function readCredentials(
  tools: KeyTools,
  { dataDir, member, networkKey }: CredentialsInput,
): Result<Credentials> | undefined {
  const path = certificateFile(dataDir)
  if (!existsSync(path)) return undefined
  const decoded = decodeCredentials(new Uint8Array(readFileSync(path)))
  const hint = 'restore it from a backup, or enrol this node again'
  if (!decoded.ok) {
    return refuse('MC_BAD_CONFIG', `${path} holds no certificate: ${decoded.reason}`, hint)
  }
  const { anchor, chain } = decoded.value
  const key = tools.publicKeyOf(anchor.clusterKey)
  const isBound =
    key !== undefined &&
    [key, networkKey].some((one) => clusterIdOf(tools.sha256, one) === anchor.clusterId)
  const verdict = verifyCertificate(chain, {
    crypto: tools,
    anchor,
    nowMs: undefined,
  })
  const why = !isBound
    ? 'of no cluster'
    : !verdict.ok
      ? verdict.reason
      : verdict.value.certificate.peerId === member
        ? undefined
        : 'of another node'
  if (why === undefined) return ok(decoded.value)
  return refuse('MC_BAD_CONFIG', `the certificate in ${path} does not count: ${why}`, hint)
}

/** The certificate that credentials are about. */
export function ownCertificate({ anchor, chain }: Credentials): Certificate {
  const opened = openCertificate(anchor.clusterId, chain[0]!)
  if (!opened.ok) throw new Error(`credentials hold no certificate: ${opened.reason}`)
  return opened.value.certificate
}

/** Renewed in the last two thirds of its time, and when other tags are asked for. */
function isCurrent(
  certificate: Certificate,
  encryptionKey: Uint8Array,
  { tags, nowMs }: CredentialsInput,
): boolean {
  const { notAfter } = certificate
  return (
    (Object.keys(tags).length === 0 || areEqualTags(certificate.tags, tags)) &&
    Buffer.from(certificate.encryptionKey).equals(encryptionKey) &&
    nowMs < notAfter - (limits.certificateValidMs * 2) / 3
  )
}

export function areEqualTags(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

function ownDraft(
  { clusterId }: Anchor,
  encryptionKey: Uint8Array,
  { member, tags, nowMs, isFromBefore }: CredentialsInput,
  before: Certificate | undefined,
): Certificate {
  const serialMs = Math.max(nowMs, (before?.serial.ms ?? 0) + 1)
  return {
    clusterId,
    peerId: member,
    encryptionKey,
    roles: before?.roles ?? roles,
    tags: Object.keys(tags).length === 0 ? (before?.tags ?? {}) : tags,
    // what it wrote before it had a certificate stays valid
    notBefore: isFromBefore ? 0 : (before?.notBefore ?? nowMs - limits.certificateAheadMs),
    notAfter: nowMs + limits.certificateValidMs,
    serial: { ms: serialMs, counter: 0 },
    issuer: 'cluster',
  }
}
