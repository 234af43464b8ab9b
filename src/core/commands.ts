// What users ask of a node, and what a changed job sets in motion.

import type { Reply } from './effect.ts'
import type { Command } from './event.ts'
import type { Executions } from './execution/executions.ts'
import { unknownJob } from './execution/requests.ts'
import type { Post } from './execution/post.ts'
import { calendarKey, calendarOfKey, labelOf, type JobName, type MemberId } from './ids.ts'
import type { Job } from './jobs/catalog.ts'
import type { JobEnd } from './scheduler/job-limits.ts'
import type { Groups, Timing } from './jobs/definition.ts'
import { refusalOfEdges } from './graph/write-check.ts'
import { checkCalendar, referencesOf, unknownCalendar, unknownReference } from './jobs/calendars.ts'
import { defaultGroups } from './jobs/document.ts'
import type { Replica } from './jobs/replica.ts'
import type { Membership } from './membership/membership.ts'
import { lifeFor } from './register/seats.ts'
import { refuse, type Refusal, type Result } from './result.ts'
import type { Planner } from './scheduler/planner.ts'
import { checkTiming } from './scheduler/tick.ts'
import type { Turn } from './turn.ts'

export class Commands {
  readonly #turn: Turn
  readonly #membership: Membership
  readonly #replica: Replica
  readonly #executions: Executions
  readonly #planner: Planner
  readonly #post: Post

  constructor(components: {
    turn: Turn
    membership: Membership
    replica: Replica
    executions: Executions
    planner: Planner
    post: Post
  }) {
    this.#turn = components.turn
    this.#membership = components.membership
    this.#replica = components.replica
    this.#executions = components.executions
    this.#planner = components.planner
    this.#post = components.post
  }

  run(command: Command): Reply {
    switch (command.kind) {
      case 'putJob':
        return this.#put(command)
      case 'removeJob':
        return this.#remove(command.name, command.ifMatch)
      case 'pauseJob': {
        const { name, note, untilMs } = command
        return this.#change(name, { enabled: { enabled: false, note, untilMs } })
      }
      case 'resumeJob':
        return this.#change(command.name, { enabled: { enabled: true, note: '', untilMs: null } })
      case 'dispatch': {
        const execution = this.#executions.dispatch(command.name, command.key, command.ask)
        return execution.ok ? { ok: true, execution: execution.value } : failed(execution.refusal)
      }
      case 'rerun': {
        const execution = this.#executions.rerun(command.execution, command)
        return execution.ok ? { ok: true, execution: execution.value } : failed(execution.refusal)
      }
      case 'stopExecution': {
        const execution = this.#executions.stop(command.execution, command.attempt)
        return execution.ok ? { ok: true, execution: execution.value } : failed(execution.refusal)
      }
      case 'putCalendar':
        return this.#putCalendar(command)
      case 'removeCalendar':
        return this.#removeCalendar(command)
      case 'leave':
        this.#membership.leave(this.#turn.clusterMs + command.leadMs)
        this.#executions.takeover.viewChanged()
        return { ok: true }
      case 'cordon':
        return this.#cordon(command.member, command.isCordoned)
      case 'stopRunning':
        this.#executions.stopAllHere()
        return { ok: true }
    }
  }

  #cordon(member: MemberId, isCordoned: boolean): Reply {
    if (member === this.#membership.self) this.#membership.setCordoned(isCordoned)
    else if (this.#membership.link(member) !== undefined) {
      this.#post.send(member, { kind: 'cordon', isCordoned })
    } else {
      const message = `member ${member} cannot be reached from here`
      return failed({
        code: 'MC_MEMBER_UNREACHABLE',
        message,
        hint: 'say it on that member itself',
      })
    }
    return { ok: true }
  }

  #put(command: Extract<Command, { kind: 'putJob' }>): Reply {
    const { name, definition, ifMatch } = command
    const live = this.#replica.catalog.live(name)
    const conflict = mismatch(name, live, ifMatch)
    if (conflict !== undefined) return conflict
    const checked = checkTiming(name, definition.timing, this.#turn.clusterMs)
    if (!checked.ok) return failed(checked.refusal)
    const unknown = unknownReference(this.#replica.catalog, definition)
    if (unknown !== undefined) return fromResult(unknown)
    const { topology } = this.#executions.children
    const edges = refusalOfEdges(
      topology,
      name,
      definition.timing,
      (job) => this.#replica.catalog.live(job) !== undefined,
    )
    if (edges !== undefined) return fromResult(edges)
    const known = this.#replica.catalog.get(name)
    const life = lifeFor(
      definition.delivery.promised,
      live && { life: live.groups.life, promised: live.groups.delivery.promised },
      { members: this.#membership.members(), ms: Math.ceil(this.#turn.clusterMs) },
    )
    if (!life.ok) return failed(life.refusal)
    const isNext = live === undefined || life.value.isNext
    const generation = (known?.generation ?? 0) + Number(isNext)
    const timing = keepAnchor(live?.groups.timing, definition.timing)
    // an edit that says nothing about the pause leaves it alone
    const isPaused = live?.groups.enabled.enabled === false && !definition.enabled.enabled
    const enabled =
      isPaused && definition.enabled.note === '' ? live.groups.enabled : definition.enabled
    return this.#write(name, generation, {
      ...definition,
      timing,
      enabled,
      life: life.value.life,
    })
  }

  #remove(name: JobName, ifMatch: string | undefined): Reply {
    const live = this.#replica.catalog.live(name)
    if (live === undefined) return fromResult(unknownJob(name))
    const conflict = mismatch(name, live, ifMatch)
    const life = { ...live.groups.life, state: 'deleted' } as const
    return conflict ?? this.#write(name, live.generation, { life })
  }

  #change(name: JobName, groups: Partial<Groups>): Reply {
    const live = this.#replica.catalog.live(name)
    if (live === undefined) return fromResult(unknownJob(name))
    return this.#write(name, live.generation, groups)
  }

  #write(name: JobName, generation: number, groups: Partial<Groups>): Reply {
    const written = this.#replica.write(name, generation, groups)
    return written.ok ? { ok: true, job: name } : failed(written.refusal)
  }

  #putCalendar({ calendar, value, ifMatch }: Extract<Command, { kind: 'putCalendar' }>): Reply {
    const key = calendarKey(calendar)
    const live = this.#replica.catalog.live(key)
    const conflict = mismatch(key, live, ifMatch)
    if (conflict !== undefined) return conflict
    const checked = checkCalendar(value)
    if (!checked.ok) return failed(checked.refusal)
    const known = this.#replica.catalog.get(key)
    const generation = live?.generation ?? (known === undefined ? 1 : known.generation + 1)
    const life = { ...(known?.groups.life ?? defaultGroups.life), state: 'live' } as const
    return this.#write(key, generation, { calendar: value, life })
  }

  #removeCalendar({ calendar, ifMatch }: Extract<Command, { kind: 'removeCalendar' }>): Reply {
    const key = calendarKey(calendar)
    const { catalog } = this.#replica
    const live = catalog.live(key)
    if (live === undefined) return fromResult(unknownCalendar(catalog, calendar))
    const conflict = mismatch(key, live, ifMatch)
    if (conflict !== undefined) return conflict
    const user = catalog.jobs().find(({ groups }) => referencesOf(groups).includes(calendar))
    if (user !== undefined) {
      return fromResult(
        refuse(
          'MC_IN_USE',
          `the job ${user.name} refers to the calendar ${calendar}`,
          'take it out of its calendars first, or give the calendar no rules',
        ),
      )
    }
    const life = { ...live.groups.life, state: 'deleted' } as const
    return this.#write(key, live.generation, { life })
  }

  /** A job has reached its limit: every member says the same of it. */
  limitReached({ job: { name, generation, groups }, note, isDeleted }: JobEnd): void {
    this.#replica.write(
      name,
      generation,
      isDeleted
        ? { life: { ...groups.life, state: 'deleted' } }
        : { enabled: { enabled: false, note, untilMs: null } },
    )
  }

  /** A job's winner may have changed, by a write of ours or by one that came. */
  jobChanged(name: JobName): void {
    const job = this.#replica.catalog.get(name)
    const calendar = calendarOfKey(name)
    if (calendar === undefined) {
      this.#planner.jobChanged(name)
      this.#executions.children.jobChanged(name)
    } else {
      this.#planner.calendarChanged()
      this.#executions.takeover.viewChanged()
    }
    if (job === undefined) return
    const change = job.groups.life.state === 'live' ? 'put' : 'deleted'
    if (calendar !== undefined) {
      this.#turn.report({ kind: 'calendarChanged', calendar, change })
      if (job.conflicts.length === 0) return
      this.#turn.report({ kind: 'calendarChanged', calendar, change: 'conflict' })
      return
    }
    this.#turn.report({ kind: 'jobChanged', job: name, change })
    for (const { group, losers } of job.conflicts) {
      this.#turn.report({ kind: 'conflict', job: name, group, siblings: losers.length + 1 })
    }
  }
}

const failed = (refusal: Refusal): Reply => ({ ok: false, refusal })

const fromResult = (result: Result<never>): Reply =>
  result.ok ? { ok: true } : failed(result.refusal)

/** The refusal when the job is not what the writer saw; undefined when it is. */
function mismatch(
  name: JobName,
  live: Job | undefined,
  ifMatch: string | undefined,
): Reply | undefined {
  if (ifMatch === undefined) return undefined
  if (ifMatch === 'none') {
    if (live === undefined) return undefined
    return fromResult(
      refuse(
        'MC_EXISTS',
        `a ${labelOf(name)} exists`,
        'replace it with PUT, or choose another name',
      ),
    )
  }
  if (live === undefined) return fromResult(unknownThing(name))
  if (ifMatch === '*' || ifMatch === live.etag) return undefined
  const refusal = refuse(
    'MC_CONFLICT',
    `${labelOf(name)} changed since it was read`,
    'read it again, apply your change to it, and write',
  )
  return refusal.ok ? undefined : { ok: false, refusal: refusal.refusal, currentEtag: live.etag }
}

const unknownThing = (key: JobName): Result<never> => {
  const calendar = calendarOfKey(key)
  return calendar === undefined ? unknownJob(key) : unknownCalendar(undefined, calendar)
}

/** An edit that leaves the schedule alone must not move the phase of its intervals. */
function keepAnchor(old: Timing | undefined, written: Timing): Timing {
  const isSame =
    old !== undefined &&
    old.schedule.join('\n') === written.schedule.join('\n') &&
    old.timezone === written.timezone &&
    old.startAtMs === written.startAtMs
  return isSame ? { ...written, anchorMs: old.anchorMs } : written
}
