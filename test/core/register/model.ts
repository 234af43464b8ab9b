// A world of acceptors and proposers for the register's own code. Messages lie in a heap: any of them
// may arrive at any time, again, or never, so loss, repetition and any order are all in it. A process
// may end at any point and come back under another start id, an acceptor without what it had not
// synced.

import type * as AcceptorCode from '../../../src/core/register/acceptor.ts'
import type * as ProposerCode from '../../../src/core/register/proposer.ts'
import { memberId, executionId, jobName, type MemberId } from '../../../src/core/ids.ts'
import type {
  Answer,
  Ballot,
  Claim,
  Question,
  Roster,
  Subject,
} from '../../../src/core/register/register.ts'

/** The code under test: as it is, or with a planted bug. */
export interface Code {
  readonly acceptor: typeof AcceptorCode
  readonly proposer: typeof ProposerCode
}

export interface Bounds {
  readonly acceptors: number
  readonly proposers: number
  /** Ticks that proposers may go for: due at 1, 2, …; each is on every proposer's mind. */
  readonly ticks: number
  /** Rounds that one life of a proposer may begin. */
  readonly rounds: number
  readonly restarts: number
  /** The next roster, which the first proposer may go for; its ticks begin at `fromMs`. */
  readonly next?: { readonly fromMs: number; readonly seats: readonly number[] }
}

type Held = AcceptorCode.Held
type Campaign = ProposerCode.Campaign

interface Acceptor {
  /** By epoch of the roster. */
  readonly disk: ReadonlyMap<number, Held>
  readonly memory: ReadonlyMap<number, Held>
}

interface Proposer {
  readonly life: number
  readonly round: number
  /** By goal: the due instant of a tick, 0 for the next roster. */
  readonly campaigns: ReadonlyMap<number, Campaign>
  /** The next roster, once it has seen that it is decided. */
  readonly next: Roster | null
}

interface Letter {
  readonly from: number
  readonly to: MemberId
  readonly goal: number
  readonly ballot: Ballot
  readonly step: ProposerCode.Step
  readonly content:
    | { readonly kind: 'question'; readonly question: Question }
    | { readonly kind: 'answer'; readonly answer: Answer }
}

export interface Start {
  readonly dueMs: number
  readonly by: string
  readonly fence: number
}

export interface World {
  readonly acceptors: readonly Acceptor[]
  readonly proposers: readonly Proposer[]
  readonly letters: ReadonlySet<number>
  readonly starts: readonly Start[]
}

const acceptorName = (index: number): MemberId => memberId(`acceptor-${index}`)
const job = jobName('job')
/** Far below every limit on due instants that lie ahead. */
const nowMs = 1_000

export interface Steps {
  readonly letters: readonly (() => World)[]
  readonly others: readonly (() => World)[]
}

/** What can happen, and what the world is like afterwards. */
export class Model {
  readonly #code: Code
  readonly #bounds: Bounds
  readonly #letters: Letter[] = []
  readonly #letterIds = new Map<string, number>()
  /** Numbers of values that make up a state, so that states are compared by a short key. */
  readonly #numbers = new Map<string, number>()
  readonly #numbered = new WeakMap<object, number>()

  constructor(code: Code, bounds: Bounds) {
    this.#code = code
    this.#bounds = bounds
  }

  start(): World {
    const { acceptors, proposers } = this.#bounds
    const memory = new Map<number, Held>()
    return {
      acceptors: Array.from({ length: acceptors }, () => ({ disk: memory, memory })),
      proposers: Array.from({ length: proposers }, () => fresh(1)),
      letters: new Set(),
      starts: [],
    }
  }

  /** Equal for worlds from which the same can follow. */
  key({ acceptors, proposers, letters, starts }: World): string {
    const parts = [
      ...acceptors.map((one) => this.#number(one)),
      ...proposers.map((one) => this.#number(one)),
    ]
    const heap = [...letters].sort((a, b) => a - b)
    return `${parts.join()}|${heap.join()}|${starts.map(({ dueMs, by }) => `${dueMs}${by}`).join()}`
  }

  #number(value: object): number {
    let number = this.#numbered.get(value)
    if (number === undefined) {
      const text = JSON.stringify(value, (_, part: unknown) =>
        part instanceof Map ? [...part].sort(([a], [b]) => (a < b ? -1 : 1)) : part,
      )
      number = this.#numbers.get(text) ?? this.#numbers.size
      this.#numbers.set(text, number)
      this.#numbered.set(value, number)
    }
    return number
  }

  /** Every step that is possible now: letters that may arrive, oldest first, and what else may be done. */
  steps(world: World): Steps {
    const steps: (() => World)[] = []
    const letters = [...world.letters].map((id) => () => this.#deliver(world, id))
    world.proposers.forEach((proposer, index) => {
      for (const goal of this.#goals(index)) {
        const campaign = proposer.campaigns.get(goal)
        const isOver = campaign?.phase.kind === 'over'
        if (!isOver && proposer.round < this.#bounds.rounds) {
          steps.push(() => this.#open(world, index, goal))
        }
      }
      const isUsed = proposer.campaigns.size > 0
      if (isUsed && proposer.life <= this.#bounds.restarts) {
        steps.push(() => this.#tidied(withProposer(world, index, fresh(proposer.life + 1))))
      }
    })
    world.acceptors.forEach(({ disk, memory }, index) => {
      if (disk === memory) return
      steps.push(() => withAcceptor(world, index, { disk, memory: disk }))
    })
    return { letters, others: steps }
  }

  #goals(proposer: number): readonly number[] {
    const ticks = Array.from({ length: this.#bounds.ticks }, (_, i) => i + 1)
    return this.#bounds.next !== undefined && proposer === 0 ? [0, ...ticks] : ticks
  }

  #roster(): Roster {
    const size = this.#bounds.next === undefined ? this.#bounds.acceptors : 3
    const seats = Array.from({ length: size }, (_, i) => seat(i))
    return { epoch: 1, fromMs: 0, seats }
  }

  /** Begins a goal, or gives a round up for the next one. */
  #open(world: World, index: number, goal: number): World {
    const proposer = world.proposers[index]!
    const round = proposer.round + 1
    const old = proposer.campaigns.get(goal) ?? this.#campaign(index, proposer, goal)
    const { campaign, effects } = this.#code.proposer.openRound(old, round)
    const campaigns = new Map(proposer.campaigns).set(goal, campaign)
    const opened = withProposer(world, index, { ...proposer, round, campaigns })
    return this.#tidied(this.#carryOut(opened, index, goal, campaign, effects))
  }

  #campaign(index: number, { life, next: known }: Proposer, goal: number): Campaign {
    const isNext = goal > 0 && known !== null && goal >= known.fromMs
    const subject: Subject = { job, generation: 1, roster: isNext ? known : this.#roster() }
    const startId = `${index}.${life}`
    const { next } = this.#bounds
    if (goal === 0 && next !== undefined) {
      const roster = { epoch: 2, fromMs: next.fromMs, seats: next.seats.map(seat) }
      return this.#code.proposer.campaignFor({ kind: 'roster', next: roster }, subject, startId)
    }
    const wish = {
      execution: executionId(`job@${goal}`),
      dueMs: goal,
      attempt: 1,
      owner: memberId(`proposer-${index}`),
      startId,
    }
    const claim = { kind: 'claim', series: 'ticks', wish } as const
    return this.#code.proposer.campaignFor(claim, subject, startId)
  }

  #carryOut(
    world: World,
    from: number,
    goal: number,
    { phase }: Campaign,
    effects: readonly ProposerCode.CampaignEffect[],
  ): World {
    let { starts } = world
    const letters = new Set(world.letters)
    for (const effect of effects) {
      if (effect.kind === 'ask' && phase.kind === 'round') {
        const { to, question } = effect
        const { ballot, step } = phase
        const content = { kind: 'question', question } as const
        letters.add(this.#post({ from, to, goal, ballot, step, content }))
      }
      if (effect.kind === 'won') starts = [...starts, startOf(effect.claim)]
    }
    return { ...world, letters, starts }
  }

  #post(letter: Letter): number {
    const text = JSON.stringify(letter)
    let id = this.#letterIds.get(text)
    if (id === undefined) {
      id = this.#letters.length
      this.#letters.push(letter)
      this.#letterIds.set(text, id)
    }
    return id
  }

  #deliver(world: World, id: number): World {
    const letter = this.#letters[id]!
    const { content } = letter
    return content.kind === 'question'
      ? this.#ask(world, letter, content.question)
      : this.#hear(world, letter, content.answer)
  }

  #ask(world: World, letter: Letter, question: Question): World {
    const index = Number(letter.to.slice('acceptor-'.length))
    const { epoch } = question.roster
    let { disk, memory } = world.acceptors[index]!
    const letters = new Set(world.letters)
    const held = memory.get(epoch) ?? this.#code.acceptor.nothingHeld
    const facts = { seat: seat(index), nowMs, objection: undefined }
    for (const effect of this.#code.acceptor.answerTo(held, question, facts)) {
      if (effect.kind === 'persist') {
        const kept = this.#code.acceptor.changed(memory.get(epoch) ?? held, effect.change)
        if (this.#number(kept) !== this.#number(held)) memory = new Map(memory).set(epoch, kept)
        if (effect.durability === 'full') disk = memory
      } else {
        const content = { kind: 'answer', answer: effect.answer } as const
        const answer = { ...letter, content }
        if (this.#isHeard(world, answer)) letters.add(this.#post(answer))
      }
    }
    const isChanged = memory !== world.acceptors[index]!.memory
    if (!isChanged && letters.size === world.letters.size) return world
    return { ...withAcceptor(world, index, { disk, memory }), letters }
  }

  /** Without answers to which nobody listens any more: they never change anything. */
  #tidied(world: World): World {
    const letters = [...world.letters].filter((id) => this.#isHeard(world, this.#letters[id]!))
    return letters.length === world.letters.size ? world : { ...world, letters: new Set(letters) }
  }

  /** Whether somebody still listens to an answer; questions may always be answered. */
  #isHeard(world: World, { from, to, goal, ballot, step, content }: Letter): boolean {
    if (content.kind === 'question') return true
    const phase = world.proposers[from]!.campaigns.get(goal)?.phase
    return (
      phase?.kind === 'round' &&
      phase.step === step &&
      phase.ballot.round === ballot.round &&
      phase.ballot.startId === ballot.startId &&
      !phase.yes.includes(to)
    )
  }

  #hear(world: World, letter: Letter, answer: Answer): World {
    const { from, to, goal, ballot, step } = letter
    const proposer = world.proposers[from]!
    const old = proposer.campaigns.get(goal)
    if (old === undefined) return world
    const { campaign, effects } = this.#code.proposer.hear(old, to, { ballot, step }, answer)
    if (campaign === old) return world
    const campaigns = new Map(proposer.campaigns).set(goal, campaign)
    const decided = effects.find(({ kind }) => kind === 'rosterDecided')
    const next = decided?.kind === 'rosterDecided' ? decided.roster : proposer.next
    const heard = withProposer(world, from, { ...proposer, campaigns, next })
    return this.#tidied(this.#carryOut(heard, from, goal, campaign, effects))
  }
}

/** What must never be: two starts of one tick, or a fence that does not grow from tick to tick. */
export function violationOf({ starts }: World): string | undefined {
  const pairs = starts.flatMap((a, i) => starts.slice(i + 1).map((b) => [a, b] as const))
  for (const [a, b] of pairs) {
    if (a.dueMs === b.dueMs) return `X1: tick ${a.dueMs} started by ${a.by} and by ${b.by}`
  }
  for (const [a, b] of pairs) {
    const [earlier, later] = a.dueMs < b.dueMs ? [a, b] : [b, a]
    if (earlier.fence >= later.fence) {
      return `X8: fence ${earlier.fence} of tick ${earlier.dueMs}, then ${later.fence}`
    }
  }
  return undefined
}

const seat = (index: number) => ({ member: acceptorName(index), storeEpoch: `store-${index}` })

const fresh = (life: number): Proposer => ({
  life,
  round: 0,
  campaigns: new Map(),
  next: null,
})

const startOf = ({ dueMs, startId, fence }: Claim): Start => ({ dueMs, by: startId, fence })

const withProposer = (world: World, index: number, proposer: Proposer): World => ({
  ...world,
  proposers: world.proposers.with(index, proposer),
})

const withAcceptor = (world: World, index: number, acceptor: Acceptor): World => ({
  ...world,
  acceptors: world.acceptors.with(index, acceptor),
})
