// This node's voice in every register: the questions of others and of itself, answered from what is
// on the disk, and written there before an answer leaves.

import type { MemberId } from '../ids.ts'
import type { Catalog } from '../jobs/catalog.ts'
import { limits } from '../limits.ts'
import type { Turn } from '../turn.ts'
import { answerTo, changed, isSameRoster, nothingHeld, type Change, type Held } from './acceptor.ts'
import {
  decodeClaimCell,
  decodeQuestion,
  decodeRosterCell,
  encodeAnswer,
  encodeCell,
} from './message.ts'
import { rosterOf, type Answer, type Question, type Seat, type Subject } from './register.ts'

export interface BallotsWorld {
  /** Why nothing can be written now. */
  storeFailure(): string | undefined
}

export class Ballots {
  readonly #turn: Turn
  readonly #catalog: Catalog
  readonly #seat: Seat
  readonly #world: BallotsWorld
  /** By job, generation and epoch. */
  readonly #held = new Map<string, Held>()
  #size = 0
  /** Something of what this store promised is lost: it must not vote. */
  #isVoid = false

  constructor(
    components: { turn: Turn; catalog: Catalog; world: BallotsWorld },
    init: { readonly seat: Seat },
  ) {
    this.#turn = components.turn
    this.#catalog = components.catalog
    this.#world = components.world
    this.#seat = init.seat
  }

  /** Takes up what the store holds; undefined: some of it is lost. */
  restore(registers: Iterable<readonly [string, Uint8Array]> | undefined): void {
    this.#isVoid = registers === undefined
    for (const [key, bytes] of registers ?? []) {
      const at = key.lastIndexOf('#')
      const [subject, series] = [key.slice(0, at), key.slice(at + 1)]
      const change = changeOf(series, bytes)
      if (change === undefined) this.#isVoid = true
      else this.#hold(subject, change)
    }
    if (this.#isVoid) {
      this.#turn.report({ kind: 'damaged', what: 'what it promised to registers', count: 1 })
    }
  }

  #hold(key: string, change: Change): void {
    const held = this.#held.get(key) ?? nothingHeld
    const isNew = change.series === null ? held.next === null : !held.claims.has(change.series)
    if (isNew) this.#size += 1
    this.#held.set(key, changed(held, change))
  }

  /** Answers a question of a peer. */
  serve(id: number, from: MemberId, bytes: Uint8Array): void {
    const question = decodeQuestion(bytes)
    if (!question.ok) {
      this.#turn.report({ kind: 'refused', from, what: 'register', reason: question.reason })
    }
    const answer = question.ok
      ? this.answer(question.value)
      : ({ kind: 'void', reason: 'not understood' } as const)
    this.#turn.emit({ kind: 'respond', id, bytes: encodeAnswer(answer) })
  }

  /** Answers a question; what the answer binds us to is written first. */
  answer(question: Question): Answer {
    const key = keyOf(question)
    const held = this.#held.get(key) ?? nothingHeld
    const facts = {
      seat: this.#seat,
      nowMs: this.#turn.clusterMs,
      objection: this.#objectionTo(question, held),
    }
    let answer: Answer = { kind: 'void', reason: 'no answer' }
    for (const effect of answerTo(held, question, facts)) {
      if (effect.kind === 'answer') answer = effect.answer
      else {
        this.#hold(key, effect.change)
        this.#persist(key, effect.change, effect.durability)
      }
    }
    return answer
  }

  /**
   * Writes once more what is held of a series. Whoever counts its own voice cannot know yet whether
   * the earlier writing went through: so what it does next stands or falls with this one.
   */
  confirm(subject: Subject, series: string): void {
    const key = keyOf(subject)
    const cell = this.#held.get(key)?.claims.get(series)
    if (cell !== undefined) this.#persist(key, { series, cell }, 'full')
  }

  #persist(key: string, { series, cell }: Change, durability: 'full' | 'normal'): void {
    const write = {
      kind: 'register',
      key: `${key}#${series ?? ''}`,
      bytes: encodeCell(cell),
    } as const
    this.#turn.emit({ kind: 'persist', durability, writes: [write] })
  }

  /** Why this node takes no claims of the job now. */
  #objectionTo(question: Question, held: Held): string | undefined {
    if (this.#isVoid) return 'this store has lost what it promised'
    if (this.#world.storeFailure() !== undefined) return 'its store has failed'
    const job = this.#catalog.get(question.job)
    if (job === undefined || job.generation < question.generation) return 'not known here yet'
    if (job.generation > question.generation) return 'the job was made anew'
    if (job.groups.life.state === 'deleted') return 'the job is deleted'
    const known = rosterOf(job.groups.life)
    if (question.roster.epoch === known.epoch && !isSameRoster(question.roster, known)) {
      return 'the job has another roster here'
    }
    const isNew = 'series' in question && !held.claims.has(question.series)
    if (isNew && this.#size >= limits.registersMax) {
      this.#turn.report({ kind: 'limitReached', limit: 'registersMax' })
      return 'it remembers as many registers as it can'
    }
    return undefined
  }
}

const keyOf = ({ job, generation, roster }: Subject): string =>
  `${job}~${generation}#${roster.epoch}`

function changeOf(series: string, bytes: Uint8Array): Change | undefined {
  if (series === '') {
    const next = decodeRosterCell(bytes)
    return next.ok ? { series: null, cell: next.value } : undefined
  }
  const claim = decodeClaimCell(bytes)
  return claim.ok ? { series, cell: claim.value } : undefined
}
