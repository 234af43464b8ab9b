// Unit files of systemd: sections, keys with several values, and the command lines in them.

import { shellWord } from './translation.ts'

/** The values of a unit's keys, `Section.Key`, in their order; an empty one has reset those before. */
export type Unit = ReadonlyMap<string, readonly string[]>

export function readUnit(text: string): Unit {
  const unit = new Map<string, readonly string[]>()
  let section = ''
  for (const raw of text.replaceAll(/\\\r?\n\s*/g, ' ').split(/\r?\n/)) {
    const line = raw.trim()
    const head = /^\[(.+)\]$/.exec(line)
    const pair = /^([A-Za-z]\w*)\s*=\s*(.*)$/.exec(line)
    if (head !== null) section = head[1]!
    else if (pair !== null) {
      const key = `${section}.${pair[1]!}`
      const value = pair[2]!
      unit.set(key, value === '' ? [] : [...(unit.get(key) ?? []), value])
    }
  }
  return unit
}

/** The last value of a key. */
export const valueIn = (unit: Unit, key: string): string | undefined => unit.get(key)?.at(-1)

/** Words of a line as systemd splits it: quotes, and a backslash before what it would otherwise mean. */
export function splitWords(line: string): readonly string[] {
  const words: string[] = []
  for (const [whole] of line.matchAll(/(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+/g)) {
    const word = whole.replaceAll(
      /"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\\(.)/g,
      (_all, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
        (double ?? single ?? `\\${escaped ?? ''}`).replaceAll(/\\(.)/g, unescape),
    )
    words.push(word)
  }
  return words
}

function unescape(_all: string, letter: string): string {
  return { n: '\n', t: '\t', s: ' ' }[letter] ?? letter
}

/** What a command line of a unit amounts to. */
export interface CommandLine {
  readonly argv: readonly string[]
  /** A `-` in front: its failure does not count. */
  readonly mayFail: boolean
  /** Has `$NAME`, which systemd fills in and `exec` does not. */
  readonly hasVariables: boolean
  /** Specifiers that only systemd knows. */
  readonly unknown: readonly string[]
}

/** Reads one `ExecStart=`; `name` is what `%n` says, without its ending. */
export function readCommandLine(line: string, name: string): CommandLine {
  const [, prefix = '', rest = ''] = /^([-@:+!]*)(.*)$/s.exec(line.trim())!
  const unknown: string[] = []
  const filled = rest.replaceAll(/%(.)/g, (all, letter: string) => {
    const instance = name.includes('@') ? name.slice(name.indexOf('@') + 1) : undefined
    const value: string | undefined = {
      '%': '%',
      n: `${name}.service`,
      N: name,
      p: name.replace(/@.*$/, ''),
      i: instance,
      I: instance,
    }[letter]
    if (value === undefined) unknown.push(all)
    return value ?? all
  })
  const words = splitWords(filled)
  // with @ the second word is only what the program is called
  const argv = prefix.includes('@') ? words.toSpliced(1, 1) : words
  const hasVariables = !prefix.includes(':') && argv.some((word) => /\$(\w|\{\w)/.test(word))
  const mayFail = prefix.includes('-')
  return { argv: argv.map((word) => word.replaceAll('$$', '$')), mayFail, hasVariables, unknown }
}

/** The same command for `sh`, which fills in the variables. */
export function shellLine({ argv, mayFail, hasVariables }: CommandLine): string {
  const words = argv.map((word) => {
    if (!hasVariables || !/\$(\w|\{\w)/.test(word)) return shellWord(word)
    return /^\$\w+$/.test(word) ? word : `"${word.replaceAll(/(["\\`])/g, '\\$1')}"`
  })
  return `${words.join(' ')}${mayFail ? ' || true' : ''}`
}

const spanUnits: readonly (readonly [RegExp, number])[] = [
  [/^(us|usec|µs)$/, 0.001],
  [/^(ms|msec)$/, 1],
  [/^(s|sec|seconds?)?$/, 1_000],
  [/^(m|min|minutes?)$/, 60_000],
  [/^(h|hr|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
  [/^(w|weeks?)$/, 604_800_000],
  [/^(M|months?)$/, 2_629_800_000],
  [/^(y|years?)$/, 31_557_600_000],
]

/** Milliseconds of `1h 30min`, `90`; undefined for `infinity` and what cannot be read. */
export function spanMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  let ms = 0
  let read = ''
  for (const [all, count, unit] of text.matchAll(/\s*([\d.]+)\s*([A-Za-zµ]*)/g)) {
    const size = spanUnits.find(([pattern]) => pattern.test(unit!))?.[1]
    if (size === undefined) return undefined
    ms += Number(count) * size
    read += all
  }
  return read === text && ms > 0 ? Math.round(ms) : undefined
}
