import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  filterRows,
  nextSort,
  parseSort,
  sortRows,
  sortText,
} from '../../src/dashboard/model/table.ts'

const rows = [
  { name: 'b', took: 3 },
  { name: 'a', took: null },
  { name: 'c', took: 1 },
]
const names = (found: readonly { name: string }[]): string => found.map(({ name }) => name).join('')

describe('a table', () => {
  test('sorts by any column in both directions, and rows without a value come last', () => {
    assert.equal(names(sortRows(rows, ({ name }) => name, false)), 'abc')
    assert.equal(names(sortRows(rows, ({ took }) => took, false)), 'cba')
    assert.equal(names(sortRows(rows, ({ took }) => took, true)), 'bca')
  })

  test('keeps rows that hold every word and none after a minus, whatever the capitals', () => {
    const text = ({ name, took }: (typeof rows)[number]): string => `${name} took ${took ?? ''}`
    assert.equal(names(filterRows(rows, 'TOOK 3', text)), 'b')
    assert.equal(names(filterRows(rows, 'took -3', text)), 'ac')
    assert.equal(names(filterRows(rows, '  ', text)), 'bac')
    assert.equal(names(filterRows(rows, '-', text)), '', 'a lone minus is a word')
  })

  test('reads its sort from the URL, and falls back where the URL names no column', () => {
    const columns = ['name', 'took']
    assert.deepEqual(parseSort('-took', columns, 'name'), { column: 'took', isDown: true })
    assert.deepEqual(parseSort('size', columns, '-name'), { column: 'name', isDown: true })
    assert.deepEqual(parseSort(undefined, columns, 'name'), { column: 'name', isDown: false })
    assert.equal(sortText(nextSort({ column: 'took', isDown: false }, 'took')), '-took')
    assert.equal(sortText(nextSort({ column: 'took', isDown: true }, 'name')), 'name')
  })
})
