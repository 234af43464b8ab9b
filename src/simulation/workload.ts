// What clients do to a fleet: jobs from the beginning, and writes from random nodes from then on.

import type { Command } from '../core/event.ts'
import type { Reply } from '../core/effect.ts'
import { dispatchExecutionId, jobName, type JobName } from '../core/ids.ts'
import type { Definition } from '../core/jobs/definition.ts'
import { parseDocument } from '../core/jobs/document.ts'
import { invariant } from '../core/invariant.ts'
import type { Random } from '../core/random.ts'
import { exponential, hits, pick, weighted, within, withinLog } from './chance.ts'
import type { Fleet } from './fleet.ts'
import type { ClientFact, Version } from './history.ts'
import type { Machine } from './machine.ts'
import { environmentOf, type Script } from './sim-executor.ts'
import { unstored } from './waiting.ts'

type Verb = 'create' | 'edit' | 'edit-twice' | 'delete' | 'recreate' | 'pause' | 'resume' | 'run'

/** A user's document without its name. */
export type Fields = Readonly<Record<string, unknown>>

export class Workload {
  readonly #fleet: Fleet
  readonly #random: Random
  readonly #names: JobName[] = []
  #versions = 0
  #keys = 0
  #isOver = false

  constructor(components: { readonly fleet: Fleet; readonly random: Random }) {
    this.#fleet = components.fleet
    this.#random = components.random
  }

  /** Creates the first jobs, and keeps writing until `end`. */
  begin(): void {
    const { jobs, writesPerMinute } = this.#fleet.options
    for (let i = 0; i < jobs; i++) {
      this.#fleet.timeline.after(within(this.#random, [0, 5_000]), () => this.#create())
    }
    if (writesPerMinute > 0) this.#later(60_000 / writesPerMinute)
  }

  end(): void {
    this.#isOver = true
  }

  #later(meanMs: number): void {
    this.#fleet.timeline.after(exponential(this.#random, meanMs), () => {
      if (this.#isOver) return
      this.#act()
      this.#later(meanMs)
    })
  }

  #act(): void {
    const verb = weighted<Verb>(this.#random, [
      ['create', 2],
      ['edit', 4],
      ['edit-twice', 2],
      ['delete', 1],
      ['recreate', 1],
      ['pause', 1],
      ['resume', 2],
      ['run', 4],
    ])
    const { jobs } = this.#fleet.options
    if (this.#names.length === 0 || (verb === 'create' && this.#names.length < 2 * jobs + 2)) {
      this.#create()
      return
    }
    const name = pick(this.#random, this.#names)
    switch (verb) {
      case 'create':
      case 'edit':
        this.put(this.#client(), name, this.#fields(name))
        return
      case 'edit-twice':
        this.put(this.#client(), name, this.#fields(name))
        this.put(this.#client(), name, this.#fields(name))
        return
      case 'delete':
        this.remove(this.#client(), name)
        return
      case 'recreate': {
        const client = this.#client()
        this.remove(client, name)
        const waitMs = withinLog(this.#random, [1, 60_000])
        this.#fleet.timeline.after(waitMs, () => this.put(this.#client(), name, this.#fields(name)))
        return
      }
      case 'pause': {
        const isShort = hits(this.#random, 0.5)
        const untilMs = Math.round(
          this.#fleet.recorder.nowMs + within(this.#random, [5_000, 300_000]),
        )
        this.pause(this.#client(), name, isShort ? untilMs : null)
        return
      }
      case 'resume':
        this.resume(this.#client(), name)
        return
      case 'run':
        this.#keys += 1
        this.dispatch(this.#client(), name, `key-${this.#keys - this.#random.below(2)}`)
    }
  }

  #client(): Machine | undefined {
    const { up } = this.#fleet
    return up.length === 0 ? undefined : pick(this.#random, up)
  }

  #create(): void {
    const name = jobName(`job-${this.#names.length}`)
    const client = this.#client()
    if (client === undefined) return
    this.#names.push(name)
    this.put(client, name, this.#fields(name))
  }

  #fields(name: JobName): Fields {
    const fields = drawFields(this.#random, this.#fleet.options)
    // by the number of the job, so that no edit changes the promise
    const isVoted = Number(name.slice('job-'.length)) % 4 < this.#fleet.options.atMostOnce
    if (!isVoted) return fields
    const roster = ['node-0', 'node-1', 'node-2']
    return { ...fields, placement: {}, delivery: { mode: 'at-most-once', roster } }
  }

  // ── one write of a client ──────────────────────────────────────────────────────────────────────

  /** Writes a job. */
  put(machine: Machine | undefined, name: JobName, fields: Fields, script?: Script): void {
    if (machine?.node === undefined) return
    const version = this.#nextVersion()
    const env = environmentOf(script ?? drawScript(this.#random), version)
    const definition = parse(machine.clock.wallMs, { name, env, ...fields })
    // a node that dies over it cannot be asked which generation it wrote
    const before = machine.node.replica.catalog.get(name)
    const isNew = before?.groups.life.state !== 'live'
    const expected = (before?.generation ?? 0) + Number(isNew)
    this.#command(machine, { kind: 'putJob', name, definition }, version, (durable, sentMs) => {
      const live = machine.node?.replica.catalog.live(name)
      this.#fleet.recorder.note({
        kind: 'def.ack',
        node: machine.index,
        job: name,
        generation: live?.generation ?? expected,
        version,
        definition: live?.groups ?? definition,
        sentMs,
        durable,
      })
    })
  }

  remove(machine: Machine | undefined, name: JobName): void {
    const version = this.#nextVersion()
    this.#command(machine, { kind: 'removeJob', name }, version, (durable, sentMs) =>
      this.#note(machine!, { kind: 'def.delete.ack', job: name, version, durable, sentMs }),
    )
  }

  pause(machine: Machine | undefined, name: JobName, untilMs: number | null): void {
    const version = this.#nextVersion()
    const command: Command = { kind: 'pauseJob', name, note: 'simulated', untilMs }
    this.#command(machine, command, version, (durable, sentMs) =>
      this.#note(machine!, { kind: 'pause.ack', job: name, version, untilMs, durable, sentMs }),
    )
  }

  resume(machine: Machine | undefined, name: JobName): void {
    const version = this.#nextVersion()
    this.#command(machine, { kind: 'resumeJob', name }, version, (durable, sentMs) =>
      this.#note(machine!, { kind: 'resume.ack', job: name, version, durable, sentMs }),
    )
  }

  dispatch(machine: Machine | undefined, name: JobName, key: string): void {
    const command: Command = { kind: 'dispatch', name, key }
    this.#command(machine, command, undefined, (durable, sentMs, reply) => {
      // without an answer it may run all the same, under the name that job and key give it
      const named = reply?.ok === true ? reply.execution : undefined
      const execution = named ?? dispatchExecutionId(name, key)
      this.#note(machine!, { kind: 'dispatch.ack', job: name, key, execution, durable, sentMs })
    })
  }

  #note(machine: Machine, fact: Acknowledged): void {
    this.#fleet.recorder.note({ ...fact, node: machine.index })
  }

  #nextVersion(): Version {
    this.#versions += 1
    return this.#versions
  }

  /** Sends a command; what its step stores belongs to this write. */
  #command(
    machine: Machine | undefined,
    command: Extract<Command, { readonly name: JobName }>,
    version: Version | undefined,
    acknowledged: (durable: boolean, sentMs: number, reply: Reply | undefined) => void,
  ): void {
    if (machine === undefined || !machine.isUp()) return
    const sentMs = this.#fleet.recorder.nowMs
    const { name } = command
    machine.command(command, version, (reply) => {
      if (reply === undefined || reply.ok) {
        acknowledged(reply !== undefined, sentMs, reply)
        return
      }
      const { code } = reply.refusal
      this.#fleet.recorder.note({ kind: 'refused', node: machine.index, job: name, code })
      if (reply === unstored) acknowledged(false, sentMs, reply)
    })
  }
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
type Acknowledged = Without<
  Extract<ClientFact, { kind: 'def.delete.ack' | 'pause.ack' | 'resume.ack' | 'dispatch.ack' }>,
  'node'
>

function parse(nowMs: number, document: Fields): Definition {
  const parsed = parseDocument(document, { nowMs, defaultTimezone: 'UTC' })
  invariant(parsed.ok, parsed.ok ? '' : parsed.refusal.message)
  return parsed.value.definition
}

/** Draws what a user would write. */
export function drawFields(
  random: Random,
  { timezone, shortestS }: { readonly timezone: string; readonly shortestS: number },
): Fields {
  const everyS = Math.round(withinLog(random, [shortestS, shortestS * 120]))
  const schedule = weighted<string>(random, [
    [`@every ${everyS}s`, 6],
    ['* * * * *', 15 / shortestS],
    ['*/2 * * * *', 1],
    [`*/${pick(random, [10, 15, 20, 30])} * * * * *`, 10 / shortestS],
    [`${random.below(60)} */5 * * * *`, 1],
    ['30 2 * * *', 1],
    ['0 0,30 1-3 * * *', 1],
  ])
  const hasRetry = hits(random, 0.3)
  return {
    schedule,
    timezone,
    run: { exec: ['true'] },
    ...(hits(random, 0.2) ? { dst: pick(random, ['skip', 'strict']) } : {}),
    ...(hits(random, 0.15) ? { jitter: `${random.between(1, 10)}s` } : {}),
    ...(hits(random, 0.2) ? { timeout: `${random.between(5, 60)}s`, killAfter: '2s' } : {}),
    ...drawPlacement(random),
    overlap: drawOverlap(random, `overlap ${schedule} ${everyS}`),
    misfire: { policy: pick(random, ['skip', 'latest']) },
    ...(hasRetry ? { retry: drawRetry(random) } : {}),
  }
}

/** The newer ones come from a stream of their own: seeds that are known go on meaning what they meant. */
function drawOverlap(random: Random, label: string): string {
  const plain = pick(random, ['skip', 'allow'])
  const own = random.fork(label)
  return hits(own, 0.7)
    ? plain
    : pick(own, ['queue-one', 'queue-all', 'cancel-other', 'kill-other'])
}

function drawPlacement(random: Random): Fields {
  const placement = {
    ...(hits(random, 0.15) ? { every: true } : {}),
    ...(hits(random, 0.15) ? { tags: { site: pick(random, ['a', 'b']) } } : {}),
  }
  return Object.keys(placement).length === 0 ? {} : { placement }
}

function drawRetry(random: Random): Fields {
  return {
    max: random.between(1, 3),
    base: `${random.between(1, 10)}s`,
    cap: '30s',
    backoff: pick(random, ['fixed', 'exponential']),
    where: pick(random, ['same', 'other', 'any']),
  }
}

/** Draws how attempts of a job go. */
export function drawScript(random: Random): Script {
  const leastMs = withinLog(random, [5, 2_000])
  return {
    leastMs: Math.round(leastMs),
    mostMs: Math.round(leastMs * withinLog(random, [1, 20])),
    failShare: hits(random, 0.3) ? within(random, [0, 0.5]) : 0,
    hangShare: hits(random, 0.1) ? within(random, [0, 0.05]) : 0,
    deafShare: hits(random, 0.2) ? 0.5 : 0,
  }
}
