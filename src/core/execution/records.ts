// What this node says about executions, and what it hears: stamped, stored, merged, passed on.

import type { Author } from '../author.ts'
import type { Loaded } from '../event.ts'
import { parseAttemptId, type AttemptId, type MemberId } from '../ids.ts'
import type { Replica } from '../jobs/replica.ts'
import type { Crypto } from '../trust/crypto.ts'
import type { Turn } from '../turn.ts'
import { attemptOf, Ledger } from './ledger.ts'
import type { Post } from './post.ts'
import type { ExecutionRecord, StoredRecord } from './record.ts'
import { isRecordSigned, openRecord, sealRecord } from './record-codec.ts'

export interface RecordsWorld {
  /** A record told something new. */
  merged(stored: StoredRecord): void
  /** An executor says something about a run of its own, be it known already. */
  heard(stored: StoredRecord): void
  /** Whether somebody waits for the record of this attempt. */
  isAsked(attempt: AttemptId): boolean
}

export class Records {
  readonly ledger: Ledger
  readonly #turn: Turn
  readonly #author: Author
  readonly #crypto: Crypto
  readonly #replica: Replica
  readonly #post: Post
  readonly #world: RecordsWorld

  constructor(
    components: {
      turn: Turn
      author: Author
      crypto: Crypto
      replica: Replica
      post: Post
      world: RecordsWorld
    },
    { counts, tallies }: Pick<Loaded, 'counts' | 'tallies'>,
  ) {
    this.#turn = components.turn
    this.ledger = new Ledger({ nowMs: () => this.#turn.clusterMs }, counts, tallies)
    this.#author = components.author
    this.#crypto = components.crypto
    this.#replica = components.replica
    this.#post = components.post
    this.#world = components.world
  }

  /** Stamps and stores a record of ours, draws the consequences, and sends it; to whom it concerns by default. */
  write(
    record: ExecutionRecord,
    durability: 'full' | 'normal',
    to: { readonly receivers?: readonly MemberId[]; readonly isUrgent?: boolean } = {},
  ): void {
    const stored = sealRecord(this.#author, record, this.#turn.clusterMs)
    this.#replica.noteSeen()
    this.#turn.emit({ kind: 'persist', durability, writes: [{ kind: 'record', stored }] })
    const { isNews, isDuplicate } = this.ledger.merge(stored)
    // before what follows from it: others are to hear it in this order
    const receivers = new Set(to.receivers ?? this.#post.receivers())
    this.#post.record(stored.bytes, [...receivers], to.isUrgent ?? false)
    if (isNews) this.#follow(stored, isDuplicate)
  }

  /** Draws the consequences of news. */
  #follow(stored: StoredRecord, isDuplicate: boolean): void {
    this.#turn.report({ kind: 'execution', record: stored.record, duplicate: isDuplicate })
    this.#world.merged(stored)
  }

  /** A record from a peer; true when it was authentic. */
  receive(bytes: Uint8Array, from: MemberId): boolean {
    const opened = openRecord(this.#author.identity.clusterId, bytes)
    if (!opened.ok) {
      this.#turn.report({ kind: 'refused', from, what: 'record', reason: opened.reason })
      return false
    }
    const { stored } = opened.value
    if (stored.author === from) this.#world.heard(stored)
    // what was seen and forgotten again is looked at once more while somebody waits for it
    const isAsked = this.#world.isAsked(attemptOf(stored.record))
    if (this.#replica.seen.has(stored) && !isAsked) return true
    if (stored.author !== from && !isRecordSigned(this.#crypto, opened.value)) {
      this.#turn.report({ kind: 'refused', from, what: 'record', reason: 'bad signature' })
      return false
    }
    this.#author.hlc.receive(stored.hlc, this.#turn.clusterMs)
    this.#replica.seen.add(stored)
    this.#replica.noteSeen()
    const { isNews, isDuplicate } = this.ledger.merge(stored)
    if (!isNews) return true
    // what follows may be a later phase of the same attempt: it has to be stored after this one
    const writes = [{ kind: 'record', stored } as const]
    this.#turn.emit({ kind: 'persist', durability: 'normal', writes })
    this.#follow(stored, isDuplicate)
    return true
  }

  /** Takes up stored records, which the totals hold already. */
  restore(records: Iterable<Uint8Array>): readonly StoredRecord[] {
    const restored: StoredRecord[] = []
    for (const bytes of records) {
      const opened = openRecord(this.#author.identity.clusterId, bytes)
      if (!opened.ok) continue
      restored.push(opened.value.stored)
      this.ledger.merge(opened.value.stored, false)
    }
    return restored
  }

  /** The claim or end that answers a question about an attempt; several when it was started twice. */
  answersFor(attempt: AttemptId): readonly StoredRecord[] {
    const parts = parseAttemptId(attempt)
    if (parts === undefined) return []
    const { execution, slot, attempt: number } = parts
    const claims = this.ledger.claims(execution, slot, number)
    if (claims.length > 0) return claims
    const newest = this.ledger.newest(execution, slot)
    const isDecided = this.ledger.isDecided(execution, slot, number)
    return newest !== undefined && isDecided ? [newest] : []
  }
}
