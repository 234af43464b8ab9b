// `retry: { max: 3, on: [timeout, lost, { exit: [75, 100-110] }] }`. Exit statuses become causes like
// the others, `exit 100-110`, so that what is tried again is one set with one order.

import { ok, type Result } from '../result.ts'
import type { ExitCause, Retry, RetryCause } from './definition.ts'
import { field, record } from './shape-record.ts'
import { own, plainMap } from './shape-collection.ts'
import { duration } from './shape-time.ts'
import { bad, choice, integer, refine, type Shape } from './shape.ts'

type Word = Exclude<RetryCause, ExitCause>

const words: readonly Word[] = ['failure', 'timeout', 'lost', 'spawn']
const causesMax = 16
const codeMax = 255
const hint = 'use failure, timeout, lost, spawn, and { exit: [75, 100-110] }'
const word = choice(words)

/** The exit statuses of a cause; undefined for the words. */
export function exitsOf(cause: RetryCause): readonly [number, number] | undefined {
  const match = /^exit (\d{1,3})-(\d{1,3})$/.exec(cause)
  return match === null ? undefined : [Number(match[1]), Number(match[2])]
}

const exitCause = (from: number, to: number): ExitCause => `exit ${from}-${to}`

/** `75` or `100-110`. */
function parseExit(value: unknown, path: string): Result<RetryCause> {
  const match = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(
    typeof value === 'number' ? `${value}` : asText(value),
  )
  const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
  return match !== null && from <= to && to <= codeMax
    ? ok(exitCause(from, to))
    : bad(path, 'is no exit status', `use 0 to ${codeMax}, or a range: 100-110`)
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '')

function parseExits(value: unknown, path: string): Result<readonly RetryCause[]> {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (entries.length === 0) return bad(path, 'the list must not be empty', hint)
  return readEach(entries, path, (entry, at) => {
    const read = parseExit(entry, at)
    return read.ok ? ok([read.value]) : read
  })
}

function parseEntry(value: unknown, path: string): Result<readonly RetryCause[]> {
  const map = plainMap(value)
  if (map === undefined) {
    if (value === 'exit')
      return bad(path, 'says not which statuses', 'write { exit: [75, 100-110] }')
    const read = word.parse(value, path)
    return read.ok ? ok([read.value]) : read
  }
  const other = Object.keys(map).find((key) => key !== 'exit')
  if (other !== undefined) return bad(`${path}.${other.slice(0, 80)}`, 'unknown key', hint)
  return parseExits(own(map, 'exit') ?? [], `${path}.exit`)
}

function readEach(
  entries: readonly unknown[],
  path: string,
  each: (entry: unknown, at: string) => Result<readonly RetryCause[]>,
): Result<readonly RetryCause[]> {
  const causes = new Set<RetryCause>()
  for (let i = 0; i < entries.length; i++) {
    const read = each(entries[i], `${path}[${i}]`)
    if (!read.ok) return read
    for (const cause of read.value) causes.add(cause)
    if (causes.size > causesMax) return bad(path, `has more than ${causesMax} entries`, hint)
  }
  return ok([...causes].toSorted((a, b) => order(a) - order(b)))
}

/** Words in their order, then exit statuses in theirs. */
function order(cause: RetryCause): number {
  const exits = exitsOf(cause)
  return exits === undefined
    ? words.indexOf(cause as Word)
    : words.length + exits[0] * (codeMax + 1) + exits[1]
}

function checkCause(value: unknown, path: string): Result<readonly RetryCause[]> {
  const exits = typeof value === 'string' ? exitsOf(value as RetryCause) : undefined
  return exits === undefined ? parseEntry(value, path) : parseExits(`${exits[0]}-${exits[1]}`, path)
}

function readCauses(
  value: unknown,
  path: string,
  each: typeof parseEntry,
): Result<readonly RetryCause[]> {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (entries.length === 0) return bad(path, 'the list must not be empty', hint)
  return readEach(entries, path, each)
}

const exitSchema = {
  anyOf: [
    { type: 'integer', minimum: 0, maximum: codeMax },
    { type: 'string', pattern: '^\\d{1,3}(-\\d{1,3})?$' },
  ],
}
const entrySchema = {
  anyOf: [
    word.schema,
    {
      type: 'object',
      properties: {
        exit: {
          anyOf: [
            exitSchema,
            { type: 'array', items: exitSchema, minItems: 1, maxItems: causesMax },
          ],
        },
      },
      required: ['exit'],
      additionalProperties: false,
    },
  ],
}

const causes: Shape<readonly RetryCause[]> = {
  parse: (value, path) => readCauses(value, path, parseEntry),
  check: (value, path) => readCauses(value, path, checkCause),
  print: (value) => {
    const exits = value.map(exitsOf).filter((exit) => exit !== undefined)
    const printed = exits.map(([from, to]) => (from === to ? from : `${from}-${to}`))
    const named = value.filter((cause) => exitsOf(cause) === undefined)
    return printed.length === 0 ? named : [...named, { exit: printed }]
  },
  schema: {
    anyOf: [entrySchema, { type: 'array', items: entrySchema, minItems: 1, maxItems: causesMax }],
  },
}

/** A share of 0 to 1 in documents, in 1/1000 inside: fractions do not survive every codec. */
const share: Shape<number> = {
  parse: (value, path) => {
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
      return bad(path, 'wants a share', 'use a number from 0 to 1')
    }
    return ok(Math.round(value * 1_000))
  },
  check: integer(0, 1_000).check,
  print: (value) => value / 1_000,
  schema: { type: 'number', minimum: 0, maximum: 1 },
}

/** What an absent `retry` means. */
export const retryDefault: Retry = {
  max: 0,
  backoff: 'exponential',
  baseMs: 5_000,
  capMs: 300_000,
  jitterPermille: 200,
  on: ['failure', 'timeout', 'lost'],
  where: 'other',
}

/** How often and when something is tried again. */
export const retry: Shape<Retry> = refine(
  record<Retry>({
    max: field('max', integer(0, 1_000), 'number of re-tries', retryDefault.max),
    backoff: field(
      'backoff',
      choice(['fixed', 'exponential', 'fibonacci']),
      'growth of the wait',
      retryDefault.backoff,
    ),
    baseMs: field('base', duration(1), 'first wait', retryDefault.baseMs),
    capMs: field('cap', duration(1), 'longest wait', retryDefault.capMs),
    jitterPermille: field(
      'jitter',
      share,
      'share of the wait that may be taken off',
      retryDefault.jitterPermille,
    ),
    on: field('on', causes, 'what is tried again', retryDefault.on),
    where: field('where', choice(['same', 'other', 'any']), 'on which node', retryDefault.where),
  }),
  (value, path) =>
    value.capMs < value.baseMs
      ? bad(`${path}.cap`, 'is shorter than base', 'set cap to at least base')
      : undefined,
)
