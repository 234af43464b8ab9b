// The form that a parameter's value must have, written like a small regular expression: characters, `.`,
// classes `[a-z_]` and `[^/]`, `\d` `\w` `\s`, and `*` `+` `?` `{2,4}` after one of them. It speaks for the
// whole value. There are no groups and no alternatives, and all ways to match are followed at once, so a
// value costs time in proportion to its length, whatever the pattern: a regular expression of a
// language's library can be made to run for hours.

import { ok, refuse, type Result } from '../result.ts'

type Test = (char: string) => boolean

interface Step {
  readonly test: Test
  /** The value may go on without a character for it. */
  readonly isOptional: boolean
  /** It may take more characters. */
  readonly isRepeated: boolean
}

/** A pattern that was read. */
export type Pattern = readonly Step[]

const stepsMax = 512
const hint = 'use characters, ., [a-z], \\d \\w \\s and * + ? {2,4}; for alternatives use enum'

const escapes: Readonly<Record<string, Test>> = {
  d: (char) => char >= '0' && char <= '9',
  w: (char) => /^[A-Za-z0-9_]$/.test(char),
  s: (char) => /^\s$/.test(char),
}

/** Reads a pattern. */
export function parsePattern(text: string): Result<Pattern> {
  const chars = Array.from(text)
  const steps: Step[] = []
  let at = 0
  while (at < chars.length) {
    const atom = readAtom(chars, at)
    if (typeof atom === 'string') return wrong(atom)
    const times = readTimes(chars, atom.next)
    if (typeof times === 'string') return wrong(times)
    const { min, max } = times
    const count = max === Infinity ? Math.max(1, min) : max
    if (steps.length + count > stepsMax) return wrong(`stands for more than ${stepsMax} characters`)
    for (let i = 0; i < count; i++) {
      const isRepeated = max === Infinity && i === count - 1
      steps.push({ test: atom.test, isOptional: i >= min, isRepeated })
    }
    at = times.next
  }
  return ok(steps)
}

const wrong = (what: string): Result<never> => refuse('MC_BAD_INPUT', what, hint)

interface Atom {
  readonly test: Test
  readonly next: number
}

function readAtom(chars: readonly string[], at: number): Atom | string {
  const char = chars[at]!
  if (char === '[') return readClass(chars, at + 1)
  if (char === '.') return { test: () => true, next: at + 1 }
  if (char === '\\') return readEscape(chars, at + 1)
  if ('()|'.includes(char)) return `has ${char}: there are no groups and no alternatives`
  if ('*+?{'.includes(char)) return `has ${char} with nothing before it`
  if ('^$]}'.includes(char)) return `has ${char}: write \\${char}; a pattern is for the whole value`
  return { test: (other) => other === char, next: at + 1 }
}

function readEscape(chars: readonly string[], at: number): Atom | string {
  const char = chars[at]
  if (char === undefined) return 'ends with \\'
  const known = Object.hasOwn(escapes, char) ? escapes[char] : undefined
  if (known !== undefined) return { test: known, next: at + 1 }
  if (/^[A-Za-z0-9]$/.test(char)) return `has an unknown \\${char}`
  return { test: (other) => other === char, next: at + 1 }
}

function readClass(chars: readonly string[], from: number): Atom | string {
  const isNegated = chars[from] === '^'
  const tests: Test[] = []
  let at = isNegated ? from + 1 : from
  while (at < chars.length && chars[at] !== ']') {
    const first = chars[at]!
    if (first === '\\') {
      const escape = readEscape(chars, at + 1)
      if (typeof escape === 'string') return escape
      tests.push(escape.test)
      at = escape.next
    } else if (chars[at + 1] === '-' && chars[at + 2] !== ']' && chars[at + 2] !== undefined) {
      const last = chars[at + 2]!
      if (last === '\\' || first > last) return `has a class with a range from ${first} to ${last}`
      tests.push((char) => char >= first && char <= last)
      at += 3
    } else {
      tests.push((char) => char === first)
      at += 1
    }
  }
  if (chars[at] !== ']') return 'has a class without ]'
  if (tests.length === 0) return 'has an empty class'
  const test: Test = (char) => tests.some((one) => one(char)) !== isNegated
  return { test, next: at + 1 }
}

interface Times {
  readonly min: number
  readonly max: number
  readonly next: number
}

function readTimes(chars: readonly string[], at: number): Times | string {
  const char = chars[at]
  const next = at + 1
  if (char === '*') return { min: 0, max: Infinity, next }
  if (char === '+') return { min: 1, max: Infinity, next }
  if (char === '?') return { min: 0, max: 1, next }
  if (char !== '{') return { min: 1, max: 1, next: at }
  const end = chars.indexOf('}', at)
  const match = /^(\d{1,3})(,?)(\d{0,3})$/.exec(chars.slice(next, Math.max(next, end)).join(''))
  if (end < 0 || match === null) return 'has { without numbers like {2,4}'
  const [, low, comma, high] = match
  const min = Number(low)
  const most = high === '' ? Infinity : Number(high)
  const max = comma === '' ? min : most
  if (max < min || max === 0) return `has {${min},${max}}, which matches nothing`
  return { min, max, next: end + 1 }
}

/** Whether a value has the form. */
export function matches(pattern: Pattern, value: string): boolean {
  let places = spread(pattern, new Set([0]))
  for (const char of value) {
    const reached = new Set<number>()
    for (const place of places) {
      const step = pattern[place]
      if (step?.test(char) !== true) continue
      reached.add(place + 1)
      if (step.isRepeated) reached.add(place)
    }
    if (reached.size === 0) return false
    places = spread(pattern, reached)
  }
  return places.has(pattern.length)
}

/** With the places that need no further character to be reached. */
function spread(pattern: Pattern, places: Set<number>): ReadonlySet<number> {
  // what is added while going through is gone through too
  for (const place of places) if (pattern[place]?.isOptional === true) places.add(place + 1)
  return places
}
