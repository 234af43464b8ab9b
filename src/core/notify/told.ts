// Which messages were sent, in the signed word of who sent them: a message that is known to be sent
// is not sent again. Kept a little longer than a message is tried for.

import type { Author } from '../author.ts'
import type { MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { isSignedBy, openSealed } from '../trust/envelope.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Turn } from '../turn.ts'
import { line, readMember } from '../wire/forms.ts'
import { bool, fail, hex, read, record, u53 } from '../wire/read.ts'

const readTold = record({
  clusterId: hex(32),
  author: readMember,
  id: hex(16),
  channel: line(63),
  atMs: u53,
  inDigest: bool,
})

interface Told {
  readonly id: string
  readonly channel: string
  readonly atMs: number
  /** Sent with others: it does not count as a message of its own. */
  readonly inDigest: boolean
  readonly bytes: Uint8Array
}

const keyOf = (id: string): string => `told/${id}`

export class ToldNotices {
  readonly #turn: Turn
  readonly #author: Author
  readonly #crypto: Crypto
  /** Oldest first. */
  readonly #byId = new Map<string, Told>()

  constructor(components: { turn: Turn; author: Author; crypto: Crypto }) {
    this.#turn = components.turn
    this.#author = components.author
    this.#crypto = components.crypto
  }

  has(id: string): boolean {
    return this.#byId.has(id)
  }

  /** What answers a question about these. */
  bytesOf(ids: readonly string[]): readonly Uint8Array[] {
    return ids.flatMap((id) => this.#byId.get(id)?.bytes ?? [])
  }

  /** Messages on a channel since an instant, whoever sent them. */
  countSince(channel: string, sinceMs: number): number {
    let count = 0
    for (const told of this.#byId.values()) {
      if (told.channel === channel && told.atMs > sinceMs && !told.inDigest) count += 1
    }
    return count
  }

  /** This node has sent one. */
  tell(id: string, channel: string, inDigest: boolean): Uint8Array {
    const { clusterId, member: author } = this.#author.identity
    const atMs = Math.floor(this.#turn.clusterMs)
    const body = { v: 1, clusterId, author, id, channel, atMs, inDigest }
    const bytes = this.#author.seal('told', body)
    this.#keep({ id, channel, atMs, inDigest, bytes })
    return bytes
  }

  /** Another member's word; the id when it is genuine. */
  hear(bytes: Uint8Array, from: MemberId): string | undefined {
    const told = this.#open(bytes, from)
    if (told === undefined) {
      this.#turn.report({ kind: 'refused', from, what: 'told', reason: 'malformed or forged' })
      return undefined
    }
    if (!this.#byId.has(told.id) && !this.#isOld(told)) this.#keep(told)
    return told.id
  }

  #open(bytes: Uint8Array, from: MemberId | undefined): Told | undefined {
    const sealed = openSealed('told', bytes, limits.toldBytesMax)
    if (!sealed.ok) return undefined
    const told = read((value) => {
      const fields = readTold(value)
      if (fields.clusterId !== this.#author.identity.clusterId) fail('of another cluster')
      return fields
    }, sealed.value.body)
    if (!told.ok) return undefined
    const { author } = told.value
    // what the store holds was checked when it came
    const isTrusted = from === undefined || from === author
    if (!isTrusted && !isSignedBy(this.#crypto, author, sealed.value)) return undefined
    return { ...told.value, bytes }
  }

  #isOld({ atMs }: Told): boolean {
    return this.#turn.clusterMs - atMs > limits.toldMemoryMs
  }

  #keep(told: Told): void {
    this.#byId.set(told.id, told)
    this.#persist(told.id, told.bytes)
    if (this.#byId.size > limits.toldMax) this.#drop(this.#byId.keys().next().value!)
  }

  #persist(id: string, bytes: Uint8Array | null): void {
    const writes = [{ kind: 'notice', key: keyOf(id), bytes } as const]
    this.#turn.emit({ kind: 'persist', durability: 'normal', writes })
  }

  #drop(id: string): void {
    this.#byId.delete(id)
    this.#persist(id, null)
  }

  /** Takes up a row of the store; false when it is of another kind. */
  restore(key: string, bytes: Uint8Array): boolean {
    if (!key.startsWith('told/')) return false
    const told = this.#open(bytes, undefined)
    if (told !== undefined) this.#byId.set(told.id, told)
    return true
  }

  /** Forgets what nobody can ask for any more. */
  forget(): void {
    for (const [id, told] of this.#byId) if (this.#isOld(told)) this.#drop(id)
  }
}
