// The disk of one machine: the store's twin in memory, with its failures, and with a note of
// everything that got stored.

import { createMemoryStore, type MemoryStore } from '../adapters/memory/store.ts'
import type { Write } from '../core/effect.ts'
import { hash64, hex64 } from '../core/hash.ts'
import { attemptId, type JobName } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { exponential, hits } from './chance.ts'
import type { NodeIndex, Version } from './history.ts'
import type { Recorder } from './recorder.ts'

/** Which client's write a stored intent belongs to; shared by all disks of a fleet. */
export type Intents = Map<string, { readonly job: JobName; readonly version: Version }>

export class Disk {
  store: MemoryStore
  readonly #recorder: Recorder
  readonly #random: Random
  readonly #intents: Intents
  readonly #indexOf: (member: string) => NodeIndex | null
  readonly #node: NodeIndex
  readonly #syncMs: number
  readonly #noted = new Set<string>()
  #epochs = 0
  #unsynced = 0
  #failure: 'full' | 'readonly' | 'io' | undefined
  #image: { readonly store: MemoryStore; readonly atMs: number } | undefined

  constructor(
    components: {
      readonly recorder: Recorder
      readonly random: Random
      readonly intents: Intents
      readonly indexOf: (member: string) => NodeIndex | null
    },
    init: { readonly node: NodeIndex; readonly syncMs: number },
  ) {
    this.#recorder = components.recorder
    this.#random = components.random
    this.#intents = components.intents
    this.#indexOf = components.indexOf
    this.#node = init.node
    this.#syncMs = init.syncMs
    this.store = this.#create()
  }

  #create(): MemoryStore {
    this.#epochs += 1
    const seed = `store ${this.#recorder.scenery.seed} ${this.#node} ${this.#epochs}`
    return createMemoryStore({ epoch: hex64(hash64(seed)) })
  }

  get hasPhotograph(): boolean {
    return this.#image !== undefined
  }

  get isFailing(): boolean {
    return this.#failure !== undefined
  }

  /** Writes a transaction; throws when the disk fails. Answers how long the process was held up. */
  commit(writes: readonly Write[], durability: 'full' | 'normal'): number {
    this.store.commit(writes, durability)
    const isSynced = durability === 'full'
    this.#unsynced = isSynced ? 0 : this.#unsynced + 1
    for (const write of writes) this.#note(write, isSynced)
    return isSynced && this.#syncMs > 0 ? exponential(this.#random, this.#syncMs) : 0
  }

  #note(write: Write, synced: boolean): void {
    if (write.kind === 'intent') {
      const known = this.#intents.get(write.id)
      if (known === undefined || !this.#isNew(`${known.version}`)) return
      this.#recorder.note({ kind: 'def.stored', node: this.#node, ...known })
    } else if (write.kind === 'record') {
      const { record } = write.stored
      const attempt = attemptId(record.execution, record.slot, record.attempt)
      const key = `${attempt} ${record.phase} ${record.executor} ${record.outcome}`
      if (!this.#isNew(key)) return
      this.#recorder.note({
        kind: 'record.stored',
        node: this.#node,
        attempt,
        executor: record.executor === null ? null : this.#indexOf(record.executor),
        phase: record.phase,
        outcome: record.outcome,
        synced,
      })
    }
  }

  #isNew(key: string): boolean {
    if (this.#noted.has(key)) return false
    this.#noted.add(key)
    return true
  }

  // ── what goes wrong ────────────────────────────────────────────────────────────────────────────

  /** Every transaction fails from now on, until `repair`. */
  fail(failure: 'full' | 'readonly' | 'io'): void {
    this.#failure = failure
    this.store.failNext(failure, Infinity)
    this.#recorder.note({ kind: 'store.failing', node: this.#node, failure })
  }

  repair(): void {
    if (this.#failure === undefined) return
    this.#failure = undefined
    this.store.failNext('full', 0)
    this.#recorder.note({ kind: 'store.works', node: this.#node })
  }

  /**
   * The process ended; with the power, what was not yet on the disk went too. After an I/O error
   * nobody knows what the cache held: it is as if the power had gone, and the disk works again.
   */
  reopen(how: 'kill' | 'power', torn: boolean): void {
    const isLost = how === 'power' || this.#failure === 'io'
    const lose = isLost ? 'unsynced' : 'none'
    if (isLost) {
      const lost = torn ? Math.floor(this.#unsynced / 2) : this.#unsynced
      this.#recorder.note({ kind: 'store.torn', node: this.#node, lost })
    }
    this.#unsynced = 0
    this.store = this.store.crash({ lose, torn })
    if (this.#failure === 'io') this.repair()
    if (this.#failure !== undefined) this.store.failNext(this.#failure, Infinity)
  }

  /** A new disk. */
  wipe(): void {
    this.store = this.#create()
    this.#noted.clear()
    this.#failure = undefined
    this.#image = undefined
    this.#recorder.note({ kind: 'store.wiped', node: this.#node })
  }

  /** Bits change on the disk of a machine that is off; what they hit is found at its next start. */
  damage(share: number): void {
    const rows = this.store.damage(() => hits(this.#random, share))
    if (rows === 0) return
    this.#noted.clear()
    this.#recorder.note({ kind: 'store.damaged', node: this.#node, rows })
  }

  /** Copies the disk as it is, for a later `rollBack`. */
  photograph(): void {
    this.#image = { store: this.store.clone(), atMs: this.#recorder.nowMs }
  }

  /** Puts the copy back; false when there is none. */
  rollBack(): boolean {
    if (this.#image === undefined) return false
    const { store, atMs } = this.#image
    this.store = store
    this.#image = undefined
    this.#noted.clear()
    this.#failure = undefined
    this.#recorder.note({ kind: 'store.rolledBack', node: this.#node, toMs: atMs })
    return true
  }
}
