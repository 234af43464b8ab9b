import type { Member as MemberAnswer } from '../../adapters/http/schema.ts'
import { hex64 } from '../../core/hash.ts'
import type { Link } from '../../core/membership/link.ts'
import type { Member } from '../../core/membership/membership.ts'
import type { NodeRecord } from '../../core/membership/node-record.ts'
import type { MemberId } from '../../core/ids.ts'
import { weightUnit } from '../../core/placement/rendezvous.ts'
import { ok, refuse, type Result } from '../../core/result.ts'
import { toInstant, type Scene } from './scene.ts'

/** The members as this node sees them, by id. */
export class Members {
  readonly #scene: Scene
  /** When this process took up its work, cluster time. */
  readonly startedAtMs: number

  constructor(scene: Scene, init: { readonly startedAtMs: number }) {
    this.#scene = scene
    this.startedAtMs = init.startedAtMs
  }

  list(): readonly MemberAnswer[] {
    return this.#scene.node.membership.members().map((member) => this.#show(member))
  }

  /** The member of this id or name. */
  find(text: string): Result<MemberId> {
    const all = this.#scene.node.membership.members().map(({ record }) => record)
    const named = all.filter(({ member, name }) => member === text || name === text)
    const [one] = named
    if (one !== undefined && named.length === 1) return ok(one.member)
    return refuse(
      'MC_UNKNOWN_MEMBER',
      `${one === undefined ? 'no' : 'more than one'} member is called ${JSON.stringify(text.slice(0, 80))}`,
      'list them with `meshcron member ls`, and give the id',
    )
  }

  #show({ record, state }: Member): MemberAnswer {
    const { node } = this.#scene
    const isSelf = record.member === node.membership.self
    const link = node.membership.link(record.member)
    const ownDigest = node.replica.digests.catalog
    const heardDigest = link?.lastBeat?.catalogDigest
    const digest = isSelf ? ownDigest : heardDigest
    return {
      id: record.member,
      name: record.name,
      self: isSelf,
      state,
      tags: record.attrs.tags,
      weight: record.attrs.weight / weightUnit,
      cordonedFromMs: cordonedFromMs(record),
      facts: record.attrs.facts,
      lastSeenMs: isSelf ? 0 : this.#lastSeenMs(link, record.hlc.ms),
      clockOffsetMs: isSelf ? 0 : tenths(node.clock.offsetOf(record.member)),
      roundTripMs: isSelf ? null : tenths(roundTripOf(link)),
      version: record.version,
      engine: record.engine,
      timezoneData: record.timezoneData,
      executors: record.attrs.executors,
      incarnation: record.incarnation,
      addresses: record.addresses,
      eligibleFromMs: record.eligibleFromMs,
      leaveAtMs: record.leaveAtMs,
      startedAt: isSelf ? toInstant(this.startedAtMs) : null,
      running: isSelf ? node.executions.runningCount : (link?.lastBeat?.load ?? 0),
      storeDigest: digest === undefined ? null : hex64(digest),
    }
  }

  /** By the link where there is one, else by what it last wrote about itself since we started. */
  #lastSeenMs(link: Link | undefined, writtenMs: number): number | null {
    if (link !== undefined) return tenths(Math.max(0, this.#scene.monoMs() - link.lastHeardMs))
    if (writtenMs < this.startedAtMs) return null
    return tenths(Math.max(0, this.#scene.nowMs() - writtenMs))
  }
}

function cordonedFromMs({ attrs, attrsFromMs, prevAttrs }: NodeRecord): number | null {
  if (!attrs.cordoned) return null
  return prevAttrs?.cordoned === true ? 0 : attrsFromMs
}

/** Time of the newest echo on a link; undefined before there is one. */
function roundTripOf(link: Link | undefined): number | undefined {
  const beat = link?.lastBeat
  if (link === undefined || beat === undefined || beat.echoSeq === 0) return undefined
  return Math.max(0, link.lastHeardMs - beat.echoMonoMs - beat.echoAgeMs)
}

function tenths(ms: number): number
function tenths(ms: number | undefined): number | null
function tenths(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10
}
