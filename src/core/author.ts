// What this process writes under its own name: numbered, timed and signed.

import { HybridClock, type Hlc } from './clock/hybrid.ts'
import type { SeenVector } from './clock/version-vector.ts'
import { actorOf, type ActorId, type MemberId } from './ids.ts'
import { seal, type SealedKind } from './trust/envelope.ts'
import type { Crypto } from './trust/crypto.ts'
import type { Cbor } from './wire/cbor.ts'

/** Names of a process and of the state it stands on. */
export interface Identity {
  readonly member: MemberId
  /** 32 hex digits: signatures of one cluster mean nothing in another. */
  readonly clusterId: string
  /** 16 hex digits, made when the store was created. */
  readonly storeEpoch: string
  /** 16 hex digits, made at every process start. */
  readonly startId: string
}

/** Fields that every durable write carries. */
export interface Stamp {
  readonly actor: ActorId
  readonly seq: number
  readonly hlc: Hlc
}

export class Author {
  readonly identity: Identity
  readonly actor: ActorId
  readonly hlc: HybridClock = new HybridClock()
  readonly #crypto: Crypto
  readonly #seen: SeenVector
  #seq = 0

  constructor(components: { crypto: Crypto; seen: SeenVector }, identity: Identity) {
    this.identity = identity
    this.#crypto = components.crypto
    this.#seen = components.seen
    this.actor = actorOf(identity.member, identity.storeEpoch, identity.startId)
  }

  /** The next dot of this process, seen by itself from now on. */
  stamp(nowMs: number): Stamp {
    this.#seq += 1
    const stamp = { actor: this.actor, seq: this.#seq, hlc: this.hlc.tick(nowMs) }
    this.#seen.add(stamp)
    return stamp
  }

  seal(kind: SealedKind, body: Cbor): Uint8Array {
    return seal(this.#crypto, kind, body)
  }
}
