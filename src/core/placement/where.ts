/**
 * `placement.where`: a condition on what members say about themselves.
 *
 *     condition = all { "||" all }          all = one { "&&" one }
 *     one       = "!" one | "(" condition ")" | "known" "(" fact ")" | fact [ test ]
 *     test      = ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) value | "in" "[" value { "," value } "]"
 *     value     = "text" | 'text' | number [ unit ] | true | false
 *
 * A fact that a member does not tell, or tells as another kind of value, makes a test neither true nor
 * false but unknown (Kleene's three values), and a member is a candidate only when the whole condition
 * is true: silence never attracts work. `known(x)` asks for the silence itself. The grammar has no
 * calls, no loops and no patterns, so every condition is judged in a bounded number of steps.
 */
import { BoundedCache } from '../bounded-cache.ts'
import { limits } from '../limits.ts'
import { ok, refuse, type Result } from '../result.ts'

/** What a member tells about one thing; sizes in bytes, times in milliseconds. */
export type Fact = string | number | boolean
export type Facts = Readonly<Record<string, Fact>>

/** What a condition says of one member. */
export interface Verdict {
  readonly holds: boolean | undefined
  /** The test that decided, with what the member tells. */
  readonly because: string
}

type Operator = '==' | '!=' | '<' | '<=' | '>' | '>='

type Condition =
  | { readonly kind: 'any' | 'all'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'known'; readonly fact: string }
  | { readonly kind: 'test'; readonly fact: string; readonly op: Operator; readonly value: Fact }

const depthMax = 16
const parsed = new BoundedCache<Result<Condition>>(limits.conditionsCachedMax)

/** Why a condition cannot be read, or nothing. */
export function checkWhere(text: string): Result<string> {
  const condition = parseWhere(text)
  return condition.ok ? ok(text) : condition
}

/** Judges a condition that was checked before; one that cannot be read holds nowhere. */
export function judgeWhere(text: string, facts: Facts): Verdict {
  const condition = parseWhere(text)
  if (!condition.ok) return { holds: undefined, because: condition.refusal.message }
  return judge(condition.value, facts)
}

function parseWhere(text: string): Result<Condition> {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const condition = read(text)
  parsed.set(text, condition)
  return condition
}

// ── judging ──────────────────────────────────────────────────────────────────────────────────────

function judge(condition: Condition, facts: Facts): Verdict {
  switch (condition.kind) {
    case 'any':
      return decide(condition.parts, facts, true)
    case 'all':
      return decide(condition.parts, facts, false)
    case 'not': {
      const { holds, because } = judge(condition.part, facts)
      return { holds: holds === undefined ? undefined : !holds, because }
    }
    case 'known': {
      const holds = told(facts, condition.fact) !== undefined
      return { holds, because: tell(facts, condition.fact) }
    }
    case 'test': {
      const { fact, op, value } = condition
      return { holds: compare(told(facts, fact), op, value), because: tell(facts, fact) }
    }
  }
}

/** The first part that is `decisive` decides; otherwise the first unknown one, otherwise the last. */
function decide(parts: readonly Condition[], facts: Facts, decisive: boolean): Verdict {
  let rest: Verdict | undefined
  for (const part of parts) {
    const verdict = judge(part, facts)
    if (verdict.holds === decisive) return verdict
    if (rest === undefined || rest.holds !== undefined) rest = verdict
  }
  return rest!
}

/** Own entries only: a fact called like something that every object has is not told. */
const told = (facts: Facts, name: string): Fact | undefined =>
  Object.hasOwn(facts, name) ? facts[name] : undefined

function tell(facts: Facts, name: string): string {
  const value = told(facts, name)
  return value === undefined ? `it does not tell ${name}` : `${name} is ${JSON.stringify(value)}`
}

function compare(left: Fact | undefined, op: Operator, right: Fact): boolean | undefined {
  if (left === undefined || typeof left !== typeof right) return undefined
  switch (op) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
  }
}

// ── reading ──────────────────────────────────────────────────────────────────────────────────────

interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'sign' | 'end'
  readonly text: string
  readonly at: number
}

const tokenForm =
  /\s*(?:(?<name>[A-Za-z_][\w]*(?:\.[A-Za-z0-9_]+)*)|(?<text>"[^"\n]*"|'[^'\n]*')|(?<number>-?\d+(?:\.\d+)?(?:[A-Za-z]+|%)?)|(?<sign>&&|\|\||[=!<>]=|[<>!()[\],]))/y

const units: Readonly<Record<string, number>> = {
  '%': 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3_600e3,
  d: 86_400e3,
}

class Unreadable extends Error {}

function read(text: string): Result<Condition> {
  try {
    return ok(new ConditionReader(tokensOf(text)).read())
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return refuse(
      'MC_BAD_INPUT',
      error.message,
      `write it like: arch == "arm64" && disk.free > 200MB && power.ac != false`,
    )
  }
}

function tokensOf(text: string): readonly Token[] {
  if (text.length > limits.conditionCharsMax)
    throw new Unreadable(`longer than ${limits.conditionCharsMax} characters`)
  const tokens: Token[] = []
  const end = text.trimEnd().length
  let at = 0
  while (at < end) {
    tokenForm.lastIndex = at
    const found = tokenForm.exec(text)
    if (found === null) {
      const rest = text.slice(at).trimStart()
      const where = text.length - rest.length + 1
      throw new Unreadable(
        `at ${where}: ${JSON.stringify(rest.slice(0, 12))} is no part of a condition`,
      )
    }
    const [kind, part] = Object.entries(found.groups!).find(([, one]) => one !== undefined)!
    tokens.push({ kind: kind as Token['kind'], text: part, at: tokenForm.lastIndex - part.length })
    at = tokenForm.lastIndex
  }
  tokens.push({ kind: 'end', text: 'the end', at: end })
  return tokens
}

class ConditionReader {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  read(): Condition {
    const condition = this.#joined('any')
    const rest = this.#peek()
    if (rest.kind !== 'end') this.#fail(rest, 'expected && or || before')
    return condition
  }

  #joined(kind: 'any' | 'all'): Condition {
    const sign = kind === 'any' ? '||' : '&&'
    const part = (): Condition => (kind === 'any' ? this.#joined('all') : this.#one())
    const parts = [part()]
    while (this.#take(sign)) parts.push(part())
    return parts.length === 1 ? parts[0]! : { kind, parts }
  }

  #one(): Condition {
    if (this.#take('!')) return { kind: 'not', part: this.#deeper(() => this.#one()) }
    if (this.#take('(')) {
      const condition = this.#deeper(() => this.#joined('any'))
      this.#expect(')')
      return condition
    }
    const fact = this.#name()
    if (fact === 'known' && this.#take('(')) {
      const asked = this.#name()
      this.#expect(')')
      return { kind: 'known', fact: asked }
    }
    return this.#test(fact)
  }

  #test(fact: string): Condition {
    const { kind, text } = this.#peek()
    if (kind === 'sign' && /^[=!<>]=$|^[<>]$/.test(text)) {
      this.#next += 1
      return { kind: 'test', fact, op: text as Operator, value: this.#value() }
    }
    if (kind !== 'name' || text !== 'in') return { kind: 'test', fact, op: '==', value: true }
    this.#next += 1
    this.#expect('[')
    const values = [this.#value()]
    while (this.#take(',')) values.push(this.#value())
    this.#expect(']')
    return { kind: 'any', parts: values.map((value) => ({ kind: 'test', fact, op: '==', value })) }
  }

  #value(): Fact {
    const token = this.#peek()
    this.#next += 1
    if (token.kind === 'text') return token.text.slice(1, -1)
    if (token.text === 'true' || token.text === 'false') return token.text === 'true'
    if (token.kind !== 'number')
      return this.#fail(token, 'expected a number, true, false or a text in quotes instead of')
    const [, digits, unit] = /^(-?[\d.]+)(.*)$/.exec(token.text)!
    const factor = unit === '' ? 1 : Object.hasOwn(units, unit!) ? units[unit!] : undefined
    if (factor === undefined)
      return this.#fail(token, `the unit is none of ${Object.keys(units).join(' ')} in`)
    return Number(digits) * factor
  }

  #name(): string {
    const token = this.#peek()
    if (token.kind !== 'name') this.#fail(token, 'expected the name of a fact instead of')
    this.#next += 1
    return token.text
  }

  #deeper<T>(part: () => T): T {
    this.#depth += 1
    if (this.#depth > depthMax) throw new Unreadable(`more than ${depthMax} levels of brackets`)
    const value = part()
    this.#depth -= 1
    return value
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #take(sign: string): boolean {
    const { kind, text } = this.#peek()
    const isTaken = kind === 'sign' && text === sign
    if (isTaken) this.#next += 1
    return isTaken
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) this.#fail(this.#peek(), `expected ${sign} before`)
  }

  #fail(token: Token, what: string): never {
    throw new Unreadable(`at ${token.at + 1}: ${what} ${token.text}`)
  }
}
