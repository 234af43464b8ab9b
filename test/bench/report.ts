// What a benchmark tells: one row per figure, with median, minimum and maximum of its rounds, the limit
// that was measured beside it, and the aim. Aims are judged on the median of the rounds.

import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'

/** Values of one thing, one per round. */
export interface Series {
  readonly what: string
  readonly values: readonly number[]
}

export interface Aim {
  /** Of the median itself, or of its ratio to `against`. */
  readonly of: 'figure' | 'ratio'
  readonly most?: number
  readonly least?: number
}

export interface Figure extends Series {
  readonly unit: string
  readonly against?: Series
  readonly aim?: Aim
}

export interface Row {
  readonly what: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly rounds: number
  readonly against: string
  readonly ratio: number | null
  readonly aim: string
  readonly isMet: boolean | null
}

/** What the runner collects of one benchmark. */
export interface Told {
  readonly title: string
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
}

/** Where the runner wants {@link Told} as JSON. */
export const toldVariable = 'MESHCRON_BENCH_TOLD'

export class Report {
  readonly #title: string
  readonly #rows: Row[] = []
  readonly #notes: string[] = []

  constructor(title: string) {
    this.#title = title
    const load = loadavg()[0]?.toFixed(2)
    console.log(`${title}\nNode ${process.versions.node}, load ${load}\n`)
  }

  add(figure: Figure): void {
    const row = rowOf(figure)
    this.#rows.push(row)
    console.log(line(row))
  }

  /** A sentence below the table. */
  note(text: string): void {
    this.#notes.push(text)
    console.log(`  ${text}`)
  }

  end(): void {
    const told: Told = { title: this.#title, rows: this.#rows, notes: this.#notes }
    const file = process.env[toldVariable]
    if (file !== undefined) writeFileSync(file, JSON.stringify(told))
  }
}

/** The value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Splits a sample into rounds, so that a quantile of each can be compared with those of the others. */
export function rounds(values: readonly number[], count: number): readonly (readonly number[])[] {
  const size = Math.ceil(values.length / count)
  return Array.from({ length: count }, (_, i) => values.slice(i * size, (i + 1) * size)).filter(
    ({ length }) => length > 0,
  )
}

/** One quantile of each round. */
export const quantiles = (samples: readonly (readonly number[])[], share: number): number[] =>
  samples.map((sample) => quantile(sample, share))

function rowOf(figure: Figure): Row {
  const { what, unit, values, against, aim } = figure
  if (values.length === 0) throw new Error(`nothing was measured: ${what}`)
  const middle = median(values)
  const base = against === undefined ? undefined : median(against.values)
  const ratio = base === undefined ? null : middle / base
  const judged = aim?.of === 'ratio' ? ratio! : middle
  return {
    what,
    unit,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
    against: against === undefined ? '' : `${against.what} ${digits(base!)}`,
    ratio,
    aim: aim === undefined ? '' : aimText(aim, unit),
    isMet:
      aim === undefined
        ? null
        : judged <= (aim.most ?? Infinity) && judged >= (aim.least ?? -Infinity),
  }
}

function aimText({ of, most, least }: Aim, unit: string): string {
  const bound = most === undefined ? `≥ ${least}` : `≤ ${most}`
  return of === 'ratio' ? `${bound} × the limit` : `${bound} ${unit}`
}

/** Three significant digits. */
export function digits(value: number): string {
  if (Number.isNaN(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return size >= 1 ? value.toFixed(2) : value.toFixed(3)
}

function line(row: Row): string {
  const { what, unit, median: middle, min, max, against, ratio, aim, isMet } = row
  const parts = [`${digits(middle)} / ${digits(min)} / ${digits(max)} ${unit}`]
  if (ratio !== null) parts.push(`${digits(ratio)} × ${against}`)
  if (isMet !== null) parts.push(`${aim}: ${isMet ? 'met' : 'NOT MET'}`)
  return `  ${what.padEnd(52)} ${parts.join(' · ')}`
}
