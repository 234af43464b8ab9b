// From a token to a member's data directory: keys and certificate of the cluster that the token names.
// A node that is a member of it already only starts, so a service may keep the token in its command.

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { MemberId } from '../core/ids.ts'
import { ok, refuse, type Result } from '../core/result.ts'
import { clusterIdOf } from '../core/trust/certificate.ts'
import { decodeCredentials } from '../core/trust/credentials.ts'
import { nonceBytes } from '../core/trust/enrol-message.ts'
import { parseToken, type JoinToken } from '../core/trust/join-token.ts'
import { Joiner, type Joined, type Outcome } from '../core/trust/joiner.ts'
import { toHex } from '../core/wire/text-forms.ts'
import type { EnrolNetwork } from '../ports/enrolment.ts'
import type { KeyTools } from '../ports/key-tools.ts'
import { saveCredentials } from './credentials.ts'
import { shieldOf } from './enrolment.ts'
import { readOrMakeKey } from './key-file.ts'
import { replaceFile } from './private-file.ts'
import { clusterFiles, setAside } from './replace-cluster.ts'

export interface JoinComponents {
  readonly tools: KeyTools
  readonly network: EnrolNetwork
  /** The jobs of the cluster that a directory belongs to, in YAML; throws where they cannot be read. */
  readonly exportJobs: (dataDir: string) => string
  /** Tells that somebody has to accept this node first. */
  readonly waiting: (shortId: string) => void
  /** Tells where the old cluster's files are now. */
  readonly replaced: (folder: string) => void
}

export interface JoinInit {
  readonly dataDir: string
  readonly member: MemberId
  readonly name: string
  /** Asked for; the invite decides. */
  readonly tags: Readonly<Record<string, string>>
  readonly token: string
  /** A node of another cluster leaves that behind. */
  readonly isReplacing: boolean
}

/** Between two questions of a node that waits to be accepted. */
const waitMs = 2_000

/** Makes the node a member; true when it was not one before. */
export async function joinCluster(
  components: JoinComponents,
  init: JoinInit,
): Promise<Result<boolean>> {
  const token = parseToken(init.token)
  if (!token.ok) return token
  const { dataDir, isReplacing } = init
  const cluster = clusterOf(components.tools, dataDir)
  if (cluster === toHex(token.value.cluster)) return ok(false)
  if (cluster !== undefined && !isReplacing) return belongsElsewhere(dataDir)
  // before anything else: a node that runs here keeps its store, and nothing is left half done
  const jobs = cluster === undefined ? undefined : components.exportJobs(dataDir)
  const joined = await askUntilAnswered(components, init, token.value)
  if (!joined.ok) return joined
  if (jobs !== undefined) components.replaced(setAside(dataDir, jobs))
  save(dataDir, joined.value)
  return ok(true)
}

/** Whether the directory is that of a member, whatever its cluster. */
export const isMember = (dataDir: string): boolean => existsSync(join(dataDir, 'certificate'))

/** What tokens of this directory's cluster name it by; undefined for a directory without a cluster. */
function clusterOf({ sha256, publicKeyOf }: KeyTools, dataDir: string): string | undefined {
  const isUsed = clusterFiles.some((name) => existsSync(join(dataDir, name)))
  const file = join(dataDir, 'certificate')
  if (!existsSync(file)) return isUsed ? 'one without certificates' : undefined
  const held = decodeCredentials(new Uint8Array(readFileSync(file)))
  const key = held.ok ? publicKeyOf(held.value.anchor.clusterKey) : undefined
  return key === undefined ? 'one that cannot be read' : clusterIdOf(sha256, key)
}

const belongsElsewhere = (dataDir: string): Result<never> =>
  refuse(
    'MC_BAD_CONFIG',
    `${dataDir} belongs to a node of another cluster than the token`,
    'choose another --data-dir, or leave that cluster with --replace-cluster: its files are set aside',
  )

async function askUntilAnswered(
  components: JoinComponents,
  init: JoinInit,
  token: JoinToken,
): Promise<Result<Joined>> {
  for (let asked = 0; ; asked += 1) {
    const outcome = await ask(components, init, token)
    if (!outcome.ok) return outcome
    if (outcome.value.kind === 'joined') return ok(outcome.value.joined)
    if (asked === 0) components.waiting(init.member.slice(-8))
    await pause(waitMs)
  }
}

async function ask(
  { tools, network }: JoinComponents,
  { dataDir, member, name, tags }: JoinInit,
  token: JoinToken,
): Promise<Result<Outcome>> {
  const enroller = network.memberOf(token.enroller)
  if (enroller === undefined) return nobodyThere(new Error('it names no node'))
  const encryption = readOrMakeKey(join(dataDir, 'node.enc'), tools.createEncryptionKey)
  if (!encryption.ok) return encryption
  const encryptionKey = tools.encryptionKeyOf(encryption.value)
  const request = { member, name, encryptionKey, tags }
  const nonce = new Uint8Array(randomBytes(nonceBytes))
  const joiner = new Joiner(
    { crypto: tools, publicKeyOf: tools.publicKeyOf },
    { token, enroller, request, nonce },
  )
  let refused: Result<never> | undefined
  const apply = (offer: Uint8Array): Uint8Array => {
    const application = joiner.onOffer(offer)
    if (application.ok) return application.value
    refused = application
    throw new Error(application.refusal.message)
  }
  const { addresses } = token
  const call = { shield: shieldOf(tools, token.enrolKey), enroller, addresses }
  try {
    return joiner.onAnswer(await network.call(call, apply))
  } catch (error) {
    return refused ?? nobodyThere(error)
  }
}

const nobodyThere = (error: unknown): Result<never> =>
  refuse(
    'MC_UNREACHABLE',
    `the node that made the token does not enrol: ${(error as Error).message.slice(0, 300)}`,
    'it listens only while an invite is open: see that it runs and can be reached, or ask for a new token with `meshcron invite`',
  )

/** The certificate last: without it the directory is one that has to join. */
function save(dataDir: string, { anchor, chain, networkKey, peers }: Joined): void {
  replaceFile(join(dataDir, 'network.key'), `${toHex(networkKey)}\n`)
  replaceFile(join(dataDir, 'peers'), peers.map((peer) => `${peer}\n`).join(''))
  saveCredentials(dataDir, { anchor, chain })
}

/** Members that a joined node was told to dial. */
export function readPeers(dataDir: string): readonly string[] {
  const file = join(dataDir, 'peers')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
}

/** The token of a file that somebody put there for the first start; it is deleted once it is used. */
export interface TokenFile {
  readonly token: string
  /** Deletes it; the value is why that failed. */
  readonly consume: () => string | undefined
}

export function readTokenFile(file: string): Result<TokenFile> | undefined {
  if (!existsSync(file)) return undefined
  try {
    const token = readFileSync(file, 'utf8').trim()
    return ok({ token, consume: () => remove(file) })
  } catch (error) {
    const message = `the token in ${file} cannot be read: ${(error as Error).message}`
    return refuse('MC_BAD_CONFIG', message, 'correct its owner or rights')
  }
}

function remove(file: string): string | undefined {
  try {
    rmSync(file, { force: true })
    return undefined
  } catch (error) {
    return `the token in ${file} is used and cannot be deleted: ${(error as Error).message}`
  }
}
