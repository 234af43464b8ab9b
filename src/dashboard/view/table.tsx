// The table of every list: sorted by its heads, filtered by words, both kept in the URL; rows are
// links, so j, k and enter are nothing but focus.

import type { ComponentChildren, VNode } from 'preact'
import {
  filterRows,
  nextSort,
  parseSort,
  sortRows,
  sortText,
  type Cell,
  type Sort,
} from '../model/table.ts'
import { count } from '../model/health.ts'
import { route, setQuery } from '../state/place.ts'

export interface Column<T> {
  readonly key: string
  readonly label: string
  /** What it sorts and filters by. */
  readonly cell: (row: T) => Cell
  /** What is shown; the cell when absent. */
  readonly view?: (row: T) => ComponentChildren
  readonly isNumber?: boolean
  /** Left out where there is little room. */
  readonly isWide?: boolean
}

export interface TableProps<T> {
  /** Of the query's keys, when several tables share a place. */
  readonly name?: string
  readonly caption: string
  readonly thing: string
  readonly rows: readonly T[]
  readonly columns: readonly Column<T>[]
  /** Sort when the URL names none. */
  readonly usual: string
  readonly keyOf: (row: T) => string
  /** Where a row leads; the first column is the link. */
  readonly hrefOf?: (row: T) => string
  readonly hasFilter?: boolean
  readonly empty?: ComponentChildren
  readonly tools?: ComponentChildren
  readonly rowClass?: (row: T) => string
}

export function Table<T>(props: TableProps<T>): VNode {
  const { name = '', rows, columns, usual, hasFilter = true } = props
  const { query } = route.value
  const filterKey = `${name}filter`
  const sortKey = `${name}sort`
  const filter = hasFilter ? (query.get(filterKey) ?? '') : ''
  const keys = columns.map(({ key }) => key)
  const sort = parseSort(query.get(sortKey), keys, usual)
  const column = columns.find(({ key }) => key === sort.column)!
  const text = (row: T): string => columns.map(({ cell }) => cell(row) ?? '').join(' ')
  const shown = sortRows(filterRows(rows, filter, text), column.cell, sort.isDown)
  return (
    <div class="table">
      <div class="tools">
        {hasFilter ? (
          <input
            type="search"
            data-filter
            value={filter}
            placeholder="filter  /"
            aria-label={`filter ${props.caption}`}
            onInput={({ currentTarget }) => setQuery({ [filterKey]: currentTarget.value })}
          />
        ) : null}
        {props.tools}
        {hasFilter ? (
          <span class="quiet count">{countText(shown.length, rows.length, props.thing)}</span>
        ) : null}
      </div>
      {shown.length === 0 ? (
        ((rows.length === 0 ? props.empty : undefined) ?? (
          <p class="quiet nothing">
            {filter === '' ? 'nothing here' : `nothing matches “${filter}”`}
          </p>
        ))
      ) : (
        <table>
          <caption class="unseen">{props.caption}</caption>
          <thead>
            <tr>{columns.map((one) => head(one, sort, sortKey))}</tr>
          </thead>
          <tbody>{shown.map((row) => bodyRow(props, row))}</tbody>
        </table>
      )}
    </div>
  )
}

function head<T>(column: Column<T>, sort: Sort, sortKey: string): VNode {
  const isSorted = sort.column === column.key
  return (
    <th
      key={column.key}
      scope="col"
      class={classOf(column)}
      aria-sort={isSorted ? (sort.isDown ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        class="plain"
        onClick={() => setQuery({ [sortKey]: sortText(nextSort(sort, column.key)) })}
      >
        {column.label}
        <span aria-hidden="true">{isSorted ? (sort.isDown ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  )
}

function bodyRow<T>(props: TableProps<T>, row: T): VNode {
  const { columns, keyOf, hrefOf, rowClass } = props
  return (
    <tr key={keyOf(row)} class={rowClass?.(row)}>
      {columns.map((column, i) => {
        const content = column.view === undefined ? column.cell(row) : column.view(row)
        return (
          <td key={column.key} class={classOf(column)}>
            {i === 0 && hrefOf !== undefined ? (
              <a data-row href={hrefOf(row)}>
                {content}
              </a>
            ) : (
              content
            )}
          </td>
        )
      })}
    </tr>
  )
}

function classOf<T>({ isNumber, isWide }: Column<T>): string {
  return `${isNumber === true ? 'number ' : ''}${isWide === true ? 'wide' : ''}`
}

function countText(shown: number, all: number, thing: string): string {
  return shown === all ? count(all, thing) : `${shown} of ${count(all, thing)}`
}
