// docs/benchmarks.md from what the benchmarks of one run tell.

import { digits, type Row, type Told } from '../test/bench/report.ts'

export interface BenchRun {
  readonly date: string
  readonly machine: string
  readonly node: string
  readonly commit: string
  /** Load of the machine before the run. */
  readonly load: string
  readonly told: readonly Told[]
}

const intro = `Made by \`npm run bench -- --write\`. Each figure is one of several rounds, as median, minimum and
maximum; limits are measured in the same run, alternating where that matters. Ratios travel between
machines, absolute figures do not. Aims are judged on the median.`

const busy = 'the machine had other work, so absolute figures and verdicts say little'

export function benchPage(run: BenchRun): string {
  const parts = [
    '# Benchmarks',
    intro,
    facts(run),
    '## Aims',
    aims(run.told),
    ...run.told.flatMap((told) => [`## ${told.title}`, table(told.rows), notes(told.notes)]),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function facts({ date, machine, node, commit, load }: BenchRun): string {
  const isBusy = Number(load) > 1
  return [
    `- date: ${date}, load before the run: ${load}${isBusy ? `: **${busy}**` : ''}`,
    `- machine: ${machine}`,
    `- Node.js ${node}`,
    `- commit ${commit}`,
  ].join('\n')
}

function aims(told: readonly Told[]): string {
  const rows = told.flatMap(({ rows }) => rows.filter(({ isMet }) => isMet !== null))
  const lines = rows.map((row) => {
    const { what, aim, isMet, median, unit } = row
    return `| ${what} | ${aim} | ${digits(median)} ${unit} | ${isMet === true ? 'met' : '**not met**'} |`
  })
  return ['| What | Aim | Median | |', '|---|---|---|---|', ...lines].join('\n')
}

function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const { what, unit, median, min, max, rounds, against, ratio } = row
    const range = rounds > 1 ? `${digits(min)} – ${digits(max)}` : ''
    const times = ratio === null ? '' : `${digits(ratio)} × ${against}`
    return `| ${what} | ${digits(median)} ${unit} | ${range} | ${times} |`
  })
  return ['| What | Median | Range | Against |', '|---|---|---|---|', ...lines].join('\n')
}

const notes = (texts: readonly string[]): string => texts.map((text) => `- ${text}`).join('\n')
