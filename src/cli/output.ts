import type { Io } from './io.ts'
import { painter } from './style.ts'
import type { Colour } from './style.ts'

export type Format = 'table' | 'wide' | 'json' | 'yaml' | 'name'

export const formats: readonly Format[] = ['table', 'wide', 'json', 'yaml', 'name']

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => string
  readonly colour?: (row: T) => Colour | undefined
  /** Only with `-o wide`. */
  readonly wide?: boolean
}

/** A list and the ways to show it. */
export interface Listing<T> {
  /** What `json` and `yaml` show. */
  readonly value: unknown
  readonly rows: readonly T[]
  readonly columns: readonly Column<T>[]
  readonly name: (row: T) => string
  /** Said instead of a table without rows, on stderr: what to do to get some. */
  readonly empty: string
}

/** Shows a list as the user asked. */
export async function showList<T>(io: Io, format: Format, listing: Listing<T>): Promise<void> {
  if (await showData(io, format, listing.value)) return
  if (format === 'name') return writeLines(io, listing.rows.map(listing.name))
  if (listing.rows.length === 0) return void io.stderr.write(`${listing.empty}\n`)
  writeLines(io, tableLines(io, format === 'wide', listing))
}

/** Shows one thing: as data, by name, or as lines for people. */
export async function showOne(
  io: Io,
  format: Format,
  one: { readonly value: unknown; readonly name: string; readonly lines: () => readonly string[] },
): Promise<void> {
  if (await showData(io, format, one.value)) return
  writeLines(io, format === 'name' ? [one.name] : one.lines())
}

/** Shows a value as JSON or YAML; false for formats that are for people. */
export async function showData(io: Io, format: Format, value: unknown): Promise<boolean> {
  if (format === 'json') {
    io.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
    return true
  }
  if (format !== 'yaml') return false
  const { stringify } = await import('yaml')
  io.stdout.write(stringify(value))
  return true
}

/** Writes lines to standard output. */
export function writeLines(io: Io, lines: readonly string[]): void {
  for (const line of lines) io.stdout.write(`${line}\n`)
}

/** Lines of `key  value`, the values under each other. */
export function pairLines(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...pairs.map(([key]) => key.length))
  return pairs.map(([key, value]) => `${key.padEnd(width)}  ${value}`)
}

const gap = '  '
const narrowest = 6

/** Lines of a table that fits the terminal: the widest columns are cut first. */
export function tableLines<T>(
  io: Io,
  wide: boolean,
  { rows, columns }: Pick<Listing<T>, 'rows' | 'columns'>,
): readonly string[] {
  const shown = columns.filter((column) => wide || column.wide !== true)
  const cells = rows.map((row) => shown.map((column) => oneLine(column.cell(row))))
  const widths = shown.map(({ title }, i) =>
    Math.max(title.length, ...cells.map((line) => lengthOf(line[i]!))),
  )
  if (!wide && io.stdout.isTTY === true) shrink(widths, io.stdout.columns ?? 80)
  const paint = painter(io)
  const lineOf = (texts: readonly string[], colours: readonly (Colour | undefined)[]): string =>
    texts
      .map((text, i) => {
        const cut = fit(text, widths[i]!)
        const padding = i === texts.length - 1 ? '' : ' '.repeat(widths[i]! - lengthOf(cut))
        return `${paint(cut, colours[i])}${padding}`
      })
      .join(gap)
      .trimEnd()
  const head = lineOf(
    shown.map(({ title }) => title),
    shown.map(() => 'bold'),
  )
  return [
    head,
    ...rows.map((row, r) =>
      lineOf(
        cells[r]!,
        shown.map(({ colour }) => colour?.(row)),
      ),
    ),
  ]
}

function shrink(widths: number[], columns: number): void {
  const excess = (): number =>
    widths.reduce((sum, width) => sum + width + gap.length, -gap.length) - columns
  while (excess() > 0) {
    const widest = Math.max(...widths)
    if (widest <= narrowest) return
    widths[widths.indexOf(widest)] = widest - 1
  }
}

function fit(text: string, width: number): string {
  const letters = Array.from(text)
  return letters.length <= width ? text : `${letters.slice(0, width - 1).join('')}…`
}

/** Code points: what most terminals show as one letter. */
function lengthOf(text: string): number {
  return Array.from(text).length
}

/** Text of jobs and peers must not move the cursor or colour the terminal. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}
