// What every table does: filter by words, sort by a column, and keep both in the query of the route.

export type Cell = string | number | null

export interface Sort {
  readonly column: string
  readonly isDown: boolean
}

/** `-name` sorts downwards; a column that is not there falls back. */
export function parseSort(
  text: string | undefined,
  columns: readonly string[],
  usual: string,
): Sort {
  const wanted = text ?? usual
  const column = wanted.replace(/^-/, '')
  if (!columns.includes(column)) return parseSort(undefined, columns, usual)
  return { column, isDown: wanted.startsWith('-') }
}

export const sortText = ({ column, isDown }: Sort): string => (isDown ? `-${column}` : column)

/** The sort after a click on a column: the same one turns round. */
export function nextSort(sort: Sort, column: string): Sort {
  return { column, isDown: sort.column === column ? !sort.isDown : false }
}

/** Sorted copies; cells without a value come last whatever the direction. */
export function sortRows<T>(
  rows: readonly T[],
  cellOf: (row: T) => Cell,
  isDown: boolean,
): readonly T[] {
  return rows
    .map((row) => ({ row, cell: cellOf(row) }))
    .sort((a, b) => {
      if (a.cell === null || b.cell === null)
        return Number(a.cell === null) - Number(b.cell === null)
      const order = a.cell < b.cell ? -1 : a.cell > b.cell ? 1 : 0
      return isDown ? -order : order
    })
    .map(({ row }) => row)
}

/** Rows that hold every word; a word after a minus must not be there. Capitals do not matter. */
export function filterRows<T>(
  rows: readonly T[],
  filter: string,
  textOf: (row: T) => string,
): readonly T[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return rows
  return rows.filter((row) => {
    const text = textOf(row).toLowerCase()
    return words.every((word) => {
      const isUnwanted = word.length > 1 && word.startsWith('-')
      return isUnwanted ? !text.includes(word.slice(1)) : text.includes(word)
    })
  })
}
