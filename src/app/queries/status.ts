// The whole cluster from the state of this node alone. What is costly is kept for a moment, unless it
// is known to have changed, so that being polled costs next to nothing.

import type { ExecutionItem, NextTick, Readiness, Status } from '../../adapters/http/schema.ts'
import { hex64 } from '../../core/hash.ts'
import type { Network } from '../../ports/network.ts'
import { toItem } from './execution-item.ts'
import type { Forecasts } from './forecasts.ts'
import type { Members } from './members.ts'
import { toInstant, type Scene } from './scene.ts'
import type { Timelines } from './timelines.ts'

const keptMs = 250
const nextMax = 20
const recentMax = 20
/** Kinds of refused input that are counted by name. */
const refusedKindsMax = 64

interface Kept<T> {
  readonly value: T
  readonly atMs: number
  /** What it was computed from. */
  readonly key: string
}

export class StatusView {
  readonly #scene: Scene
  readonly #network: Network
  readonly #forecasts: Forecasts
  readonly #timelines: Timelines
  readonly #members: Members
  readonly #refused = new Map<string, number>()
  #records = 0
  #next: Kept<readonly NextTick[]> | undefined
  #recent: Kept<readonly ExecutionItem[]> | undefined
  #conflicts: Kept<readonly string[]> | undefined

  constructor(components: {
    readonly scene: Scene
    readonly network: Network
    readonly forecasts: Forecasts
    readonly timelines: Timelines
    readonly members: Members
  }) {
    this.#scene = components.scene
    this.#network = components.network
    this.#forecasts = components.forecasts
    this.#timelines = components.timelines
    this.#members = components.members
  }

  /** Some execution has a new record. */
  noteRecord(): void {
    this.#records += 1
  }

  /** Input of this kind was refused. */
  noteRefused(what: string): void {
    const isKnown = this.#refused.has(what) || this.#refused.size < refusedKindsMax
    const kind = isKnown ? what : 'other'
    this.#refused.set(kind, (this.#refused.get(kind) ?? 0) + 1)
  }

  /** Whether this node may own ticks, and what it waits for when it may not. */
  readiness(): Readiness {
    const { node } = this.#scene
    if (node.storeFailure !== undefined) {
      return { ready: false, reason: `its store cannot be written: ${node.storeFailure}` }
    }
    if (node.isReady) return { ready: true, reason: '' }
    const links = [...node.membership.links()]
    const reason =
      links.length === 0
        ? 'it waits for another member'
        : 'it waits for a complete exchange with other members'
    return { ready: false, reason }
  }

  async read(): Promise<Status> {
    const { node } = this.#scene
    const next = await this.#nextTicks()
    const members = this.#members.list()
    const own = node.membership.own()
    const time = node.clusterTime
    const links = [...node.membership.links()].filter(({ lastBeat }) => lastBeat !== undefined)
    const digest = node.replica.digests.catalog
    const { viewDigest } = node.membership
    return {
      self: {
        id: own.member,
        name: own.name,
        incarnation: own.incarnation,
        version: own.version,
        profile: node.init.profile,
        startedAt: toInstant(this.#members.startedAtMs),
        addresses: own.addresses,
        tags: own.attrs.tags,
      },
      clock: {
        state: time.state,
        offsetMs: 0 - time.offsetMs,
        errorMs: time.errorMs,
        clusterMs: this.#scene.nowMs(),
      },
      ready: this.readiness().ready,
      isolated: node.membership.isIsolated,
      members,
      view: {
        agreeing: links.filter(({ lastBeat }) => lastBeat!.viewDigest === viewDigest).length,
        neighbours: links.length,
      },
      jobs: {
        count: this.#timelines.jobs().length,
        digest: hex64(digest),
        laggingMembers: links
          .filter(({ member, lastBeat }) => {
            return node.membership.isAlive(member) && lastBeat!.catalogDigest !== digest
          })
          .map(({ member }) => member)
          .sort(),
      },
      conflicts: this.#conflicting(),
      next,
      recent: this.#recentItems(),
      counters: { ...node.executions.ledger.counts },
      network: this.#counters(),
      asOf: { oldestMs: this.#oldestMs(members) },
    }
  }

  async #nextTicks(): Promise<readonly NextTick[]> {
    const { replica, membership } = this.#scene.node
    const key = `${replica.catalog.digest}|${membership.viewDigest}`
    if (!this.#isFresh(this.#next, key)) {
      const value = await this.#forecasts.next(nextMax)
      this.#next = { value, atMs: this.#scene.monoMs(), key }
    }
    return this.#next!.value
  }

  #recentItems(): readonly ExecutionItem[] {
    const key = `${this.#records}`
    if (!this.#isFresh(this.#recent, key)) {
      const { node, store } = this.#scene
      const { rows } = store.executions({ limit: recentMax })
      const value = rows.map((row) => toItem(node, row))
      this.#recent = { value, atMs: this.#scene.monoMs(), key }
    }
    return this.#recent!.value
  }

  /** Depends on the definitions alone, so no time limits it. */
  #conflicting(): readonly string[] {
    const key = `${this.#scene.node.replica.catalog.digest}`
    if (this.#conflicts?.key !== key) {
      const jobs = this.#timelines.jobs().filter(({ conflicts }) => conflicts.length > 0)
      this.#conflicts = { value: jobs.map(({ name }) => name), atMs: 0, key }
    }
    return this.#conflicts.value
  }

  #isFresh(kept: Kept<unknown> | undefined, key: string): boolean {
    return kept?.key === key && this.#scene.monoMs() - kept.atMs < keptMs
  }

  #counters(): Status['network'] {
    const refused = [...this.#refused].map(([what, count]) => [`refused ${what}`, count] as const)
    return { ...this.#network.counters(), ...Object.fromEntries(refused) }
  }

  /** The members that count are those from which news could come. */
  #oldestMs(members: Status['members']): number {
    const ages = members
      .filter(({ state }) => state === 'alive' || state === 'unreachable')
      .map(({ lastSeenMs }) => lastSeenMs ?? this.#scene.nowMs() - this.#members.startedAtMs)
    return Math.max(0, ...ages)
  }
}
