// The invites of this node: kept in a file that is on the disk before anybody profits from it, with the
// listener for joiners open exactly as long as one of them is.

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EnrolmentApi, InviteAsk } from '../adapters/http/api.ts'
import type { InviteList, InviteMade, PendingList } from '../adapters/http/schema.ts'
import { HybridClock } from '../core/clock/hybrid.ts'
import type { MemberId } from '../core/ids.ts'
import { limits } from '../core/limits.ts'
import type { Node } from '../core/node.ts'
import { ok, refuse, type Result } from '../core/result.ts'
import {
  clusterIdOf,
  signCertificate,
  type Certificate,
  type Chain,
} from '../core/trust/certificate.ts'
import type { Credentials } from '../core/trust/credentials.ts'
import type { Crypto } from '../core/trust/crypto.ts'
import { encodeOffer, enrolVersion, nonceBytes } from '../core/trust/enrol-message.ts'
import {
  decideWaiting,
  judgeApplication,
  waitingIn,
  type EnrollerComponents,
  type Grant,
} from '../core/trust/enroller.ts'
import {
  decodeBook,
  encodeBook,
  inviteName,
  isOpen,
  openInvite,
  revokeInvite,
  type Invite,
  type InviteBook,
} from '../core/trust/invites.ts'
import { formatToken, inviteIdBytes, secretBytes } from '../core/trust/join-token.ts'
import { deriveKey } from '../core/trust/mac.ts'
import type { EnrolDialog, EnrolListener, EnrolNetwork } from '../ports/enrolment.ts'
import type { KeyTools } from '../ports/key-tools.ts'
import type { Logger } from '../ports/logger.ts'
import type { Settings } from './config.ts'
import { ownCertificate, type Keys } from './credentials.ts'
import { readKey } from './key-file.ts'
import { replaceFile } from './private-file.ts'
import { showInvite, showPending } from './queries/invites.ts'

/** From the enrolment key of tokens to the shield of the listener; both sides. */
export const shieldOf = (tools: Pick<KeyTools, 'sha256'>, enrolKey: Uint8Array): Uint8Array =>
  deriveKey(tools, enrolKey, 'meshcron/enrol/1/shield')

export interface EnrolmentComponents {
  readonly tools: KeyTools
  /** Signs as this node. */
  readonly crypto: Crypto
  readonly network: EnrolNetwork
  readonly logger: Logger
  readonly credentials: () => Credentials
  /** The cluster key, where it lies on this node. */
  readonly clusterKey: () => Uint8Array | undefined
  /** Addresses of members, for who joins. */
  readonly peers: () => readonly string[]
  /** Whether cluster time is known, and what it is. */
  readonly isTimeKnown: () => boolean
  readonly nowMs: () => number
}

export interface EnrolmentInit {
  readonly dataDir: string
  readonly listen: string
  readonly announce: readonly string[]
  readonly networkKey: Uint8Array
}

/** The timer looks again at least this often. */
const lookMs = 60_000

/** The invites of one node. */
export class Enrolment implements EnrolmentApi {
  readonly #components: EnrolmentComponents
  readonly #init: EnrolmentInit
  readonly #enroller: EnrollerComponents
  readonly #file: string
  readonly #serials = new HybridClock()
  #book: InviteBook
  #listening: { readonly listener: EnrolListener; readonly enrolKey: Uint8Array } | undefined
  /** Opening and closing, one after the other. */
  #changing: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(components: EnrolmentComponents, init: EnrolmentInit) {
    this.#components = components
    this.#init = init
    this.#file = join(init.dataDir, 'invites')
    this.#book = readBook(this.#file, components.logger)
    this.#enroller = {
      crypto: components.tools,
      issue: (grant) => this.#issue(grant),
      welcome: () => ({
        networkKey: init.networkKey,
        peers: components.peers().slice(0, limits.enrolPeersMax),
      }),
    }
  }

  /** Goes on with the invites that were open at the last stop. */
  async start(): Promise<void> {
    const isListening = await this.#adjust()
    if (!isListening.ok) {
      const { message, hint } = isListening.refusal
      this.#components.logger.log('error', 'enrol', `nobody can join: ${message}`, { hint })
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#adjust()
  }

  async invites(): Promise<Result<InviteList>> {
    const nowMs = this.#components.nowMs()
    return ok({ items: this.#book.invites.map((invite) => showInvite(invite, nowMs)) })
  }

  async invite(ask: InviteAsk): Promise<Result<InviteMade>> {
    const nowMs = this.#components.nowMs()
    const roles = ask.roles ?? ['executor', 'viewer']
    const mayNot = this.#mayNotInvite(roles.includes('admin'))
    if (mayNot !== undefined) return mayNot
    const invite: Invite = {
      id: random(inviteIdBytes),
      secret: random(secretBytes),
      roles,
      tags: ask.tags ?? {},
      allowTags: ask.allowTags ?? [],
      uses: ask.uses ?? 1,
      confirm: ask.confirm ?? false,
      createdMs: nowMs,
      untilMs: nowMs + (ask.ttlMs ?? limits.inviteTtlMs),
      wrong: 0,
      closed: null,
      guests: [],
    }
    const book = openInvite(this.#book, { enrolKey: random(16) }, invite)
    if (!book.ok) return book
    const kept = this.#keep(book.value)
    if (!kept.ok) return kept
    const token = await this.#tokenOf(invite)
    if (token.ok) return ok({ ...showInvite(invite, nowMs), token: token.value })
    await this.revokeInvite(inviteName(invite))
    return token
  }

  async revokeInvite(id: string): Promise<Result<void>> {
    const book = revokeInvite(this.#book, id)
    if (!book.ok) return book
    const kept = this.#keep(book.value)
    await this.#adjust()
    return kept
  }

  async pending(): Promise<Result<PendingList>> {
    const nowMs = this.#components.nowMs()
    return ok({ items: waitingIn(this.#book, nowMs).map((one) => showPending(one)) })
  }

  async decide(member: string, isAccepted: boolean): Promise<Result<void>> {
    const nowMs = this.#components.nowMs()
    const decided = decideWaiting(this.#enroller, this.#book, member, isAccepted, nowMs)
    return decided.ok ? this.#keep(decided.value.book) : decided
  }

  #mayNotInvite(isAdmin: boolean): Result<never> | undefined {
    const { credentials, clusterKey, isTimeKnown, nowMs } = this.#components
    const own = ownCertificate(credentials())
    if (!own.roles.includes('admin')) {
      const message = 'this node is no admin of the cluster, so it cannot invite'
      return refuse('MC_FORBIDDEN', message, 'ask on a node that is: `meshcron member ls`')
    }
    if (!isTimeKnown()) {
      const message = 'the clock of this node is not set, so no certificate of it would count'
      return refuse('MC_BUSY', message, 'wait until it is, or set it: `meshcron status`')
    }
    if (nowMs() > own.notAfter) {
      const message = 'the certificate of this node has expired, so it cannot make others'
      return refuse('MC_FORBIDDEN', message, 'renew it, or ask on another admin')
    }
    if (!isAdmin || clusterKey() !== undefined) return undefined
    const message = 'only the cluster key makes admins, and it is not on this node'
    return refuse('MC_FORBIDDEN', message, 'invite on the node that has cluster.key')
  }

  async #tokenOf(invite: Invite): Promise<Result<string>> {
    const { tools, credentials } = this.#components
    const isListening = await this.#adjust()
    if (!isListening.ok) return isListening
    const { clusterKey } = credentials().anchor
    const token = formatToken({
      cluster: clusterHash(tools, clusterKey),
      enroller: tools.publicKeyOf(this.#member)!,
      invite: invite.id,
      secret: invite.secret,
      enrolKey: this.#book.enrolKey,
      addresses: this.#listening?.listener.addresses ?? [],
    })
    if (token !== undefined) return ok(token)
    const message = 'no address of this node fits into a token'
    return refuse(
      'MC_BAD_CONFIG',
      message,
      'listen on an address with --enrol, or shorten --announce',
    )
  }

  get #member(): MemberId {
    return ownCertificate(this.#components.credentials()).peerId
  }

  /** The book as it is from now on; it is on the disk when this returns. */
  #keep(book: InviteBook): Result<void> {
    try {
      replaceFile(this.#file, encodeBook(book))
    } catch (error) {
      const message = `the invites cannot be written: ${(error as Error).message}`
      this.#components.logger.log('error', 'enrol', message)
      return refuse('MC_STORE_FAILED', message, 'make room on the disk, or correct its rights')
    }
    this.#book = book
    return ok(undefined)
  }

  #isAnyOpen(): boolean {
    const nowMs = this.#components.nowMs()
    return !this.#isStopped && this.#book.invites.some((invite) => isOpen(invite, nowMs))
  }

  /** Listens while an invite is open, and not longer than the last joiner needs afterwards. */
  #adjust(): Promise<Result<void>> {
    const changed = this.#changing.then(() => this.#change())
    this.#changing = changed
    return changed
  }

  async #change(): Promise<Result<void>> {
    clearTimeout(this.#timer)
    const isWanted = this.#isAnyOpen()
    const { enrolKey } = this.#book
    const held = this.#listening
    const isOther = held !== undefined && !Buffer.from(held.enrolKey).equals(enrolKey)
    if (
      held !== undefined &&
      (isOther || (!isWanted && (this.#isStopped || held.listener.isIdle)))
    ) {
      this.#listening = undefined
      await held.listener.stop()
    }
    if (this.#isStopped) return ok(undefined)
    const listening =
      isWanted && this.#listening === undefined ? await this.#listen() : ok(undefined)
    if (this.#listening !== undefined) {
      this.#timer = setTimeout(() => void this.#adjust(), lookMs)
      this.#timer.unref()
    }
    return listening
  }

  async #listen(): Promise<Result<void>> {
    const { tools, network } = this.#components
    const { enrolKey } = this.#book
    try {
      const listener = await network.listen(
        {
          meet: (joiner) => this.#meet(joiner),
          isOpen: () => this.#isAnyOpen(),
          idle: () => void this.#adjust(),
        },
        { ...this.#init, shield: shieldOf(tools, enrolKey) },
      )
      this.#listening = { listener, enrolKey }
      return ok(undefined)
    } catch (error) {
      const { code, message, hint } = error as { code?: unknown; message: string; hint?: string }
      const isTaken = code === 'MC_PORT_IN_USE'
      return refuse(isTaken ? code : 'MC_BAD_CONFIG', message, hint ?? 'correct --enrol')
    }
  }

  #meet(joiner: MemberId): EnrolDialog {
    const { tools, credentials, nowMs } = this.#components
    const { anchor, chain } = credentials()
    const nonce = random(nonceBytes)
    const dialog = {
      cluster: clusterHash(tools, anchor.clusterKey),
      enroller: this.#member,
      joiner,
      enrollerNonce: nonce,
    }
    return {
      offer: encodeOffer({ v: enrolVersion, ...anchor, certificate: chain[0]!, nonce }),
      answer: (application) => {
        const before = this.#book
        const verdict = judgeApplication(this.#enroller, before, application, dialog, nowMs())
        if (verdict.book !== before && !this.#keep(verdict.book).ok) throw new Error('not kept')
        if (verdict.book !== before) this.#tell(joiner, verdict)
        return verdict.answer
      },
    }
  }

  #tell(joiner: MemberId, { book, joined, alarm }: ReturnType<typeof judgeApplication>): void {
    const { logger } = this.#components
    if (alarm !== undefined) logger.log('error', 'enrol', alarm, { joiner })
    if (joined !== undefined) {
      const { member, name } = joined
      logger.log('info', 'enrolled', `${name} has a certificate now`, { member, name })
    }
    const waits = waitingIn(book, this.#components.nowMs()).find(
      ({ guest }) => guest.member === joiner,
    )
    if (waits === undefined) return
    const { member, name } = waits.guest
    const command = `meshcron pending accept ${member.slice(-8)}`
    logger.log('info', 'waiting', `${name} waits to be accepted: ${command}`, { member, name })
  }

  #issue({ member, encryptionKey, roles, tags }: Grant): Result<Chain> {
    const { tools, crypto, credentials, clusterKey, nowMs } = this.#components
    const mayNot = this.#mayNotInvite(roles.includes('admin'))
    if (mayNot !== undefined) return mayNot
    const own = ownCertificate(credentials())
    const byCluster = roles.includes('admin') ? clusterKey() : undefined
    const certificate: Certificate = {
      clusterId: own.clusterId,
      peerId: member,
      encryptionKey,
      roles,
      tags,
      notBefore: nowMs() - limits.certificateAheadMs,
      notAfter: nowMs() + limits.certificateValidMs,
      serial: this.#serials.tick(nowMs()),
      issuer: byCluster === undefined ? { peerId: own.peerId, serial: own.serial } : 'cluster',
    }
    return ok(
      byCluster === undefined
        ? [signCertificate(crypto, certificate), credentials().chain[0]!]
        : [signCertificate(tools.signer(byCluster).crypto, certificate)],
    )
  }
}

/** What tokens name the cluster by. */
const clusterHash = ({ sha256, publicKeyOf }: KeyTools, clusterKey: MemberId): Uint8Array =>
  new Uint8Array(Buffer.from(clusterIdOf(sha256, publicKeyOf(clusterKey)!), 'hex'))

/** The invites of a node that is built but not yet started. */
export function createEnrolment(
  components: Pick<EnrolmentComponents, 'tools' | 'crypto' | 'network' | 'logger'> & {
    readonly node: Node
  },
  init: Pick<Settings, 'dataDir' | 'enrol' | 'announce' | 'clusterKeyFile'> & Keys,
): Enrolment {
  const { node, ...rest } = components
  const { dataDir, enrol: listen, announce, clusterKeyFile, credentials, networkKey } = init
  return new Enrolment(
    {
      ...rest,
      credentials: () => credentials,
      clusterKey: () => {
        const found = readKey(clusterKeyFile ?? join(dataDir, 'cluster.key'))
        return found?.ok === true ? found.value : undefined
      },
      peers: () => addressesOf(node),
      isTimeKnown: () => node.clusterTime.state !== 'unsynced',
      nowMs: () => node.nowMs,
    },
    { dataDir, listen, announce, networkKey },
  )
}

/** Where a new member finds the others: all addresses of this node, and one of each that is alive. */
function addressesOf({ membership }: Node): readonly string[] {
  const all = membership.members()
  const isSelf = (member: MemberId): boolean => member === membership.self
  const own = all.filter(({ record }) => isSelf(record.member))
  const others = all.filter(({ record, state }) => state === 'alive' && !isSelf(record.member))
  return [
    ...own.flatMap(({ record }) => record.addresses),
    ...others.flatMap(({ record }) => record.addresses.slice(0, 1)),
  ]
}

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

function readBook(file: string, logger: Logger): InviteBook {
  const empty: InviteBook = { enrolKey: random(16), invites: [] }
  if (!existsSync(file)) return empty
  const book = decodeBook(new Uint8Array(readFileSync(file)))
  if (book.ok) return book.value
  logger.log('error', 'enrol', `${file} cannot be read, so all invites are closed`, {
    reason: book.reason,
  })
  return empty
}
