// Sizes: text in documents, whole bytes in the normalised form.

import { ok } from '../result.ts'
import { bad, integer, type Shape, typeName } from './shape.ts'

const units: readonly (readonly [string, number])[] = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
  ['B', 1],
]
const names = units.map(([unit]) => unit).join('|')
const sizePattern = `^\\d{1,12}(${names})$`

/** Largest size of a document: arithmetic stays exact, a typing error shows. */
export const sizeBytesMax: number = 1_024 * 2 ** 40

/** Bytes of `64KiB`, `16MiB`, `1GB`; undefined for another form. */
export function parseSize(text: string): number | undefined {
  const match = new RegExp(`^(\\d{1,12})(${names})$`).exec(text)
  if (match === null) return undefined
  return Number(match[1]) * units.find(([unit]) => unit === match[2])![1]
}

/** The shortest exact text: `16MiB`, `500kB`, `1234B`. */
export function formatSize(bytes: number): string {
  const [unit, size] = units.find(([, size]) => bytes !== 0 && bytes % size === 0) ?? ['B', 1]
  return `${bytes / size}${unit}`
}

/** A size of at least `bytesMin`. */
export function size(bytesMin: number): Shape<number> {
  const range = `use ${formatSize(bytesMin)} to ${formatSize(sizeBytesMax)}`
  return {
    parse: (value, path) => {
      if (typeof value === 'number') {
        return bad(path, `the size ${value} has no unit`, `add a unit: ${value}B, ${value}MiB`)
      }
      if (typeof value !== 'string') {
        return bad(path, `wants a size, got ${typeName(value)}`, 'write 64KiB, 16MiB or 1GiB')
      }
      const bytes = parseSize(value)
      if (bytes === undefined) {
        const shown = JSON.stringify(value.slice(0, 80))
        return bad(path, `${shown} is not a size`, 'write 64KiB, 16MiB or 1GiB')
      }
      if (bytes < bytesMin) return bad(path, `${value} is too small`, range)
      return bytes > sizeBytesMax ? bad(path, `${value} is too large`, range) : ok(bytes)
    },
    check: integer(bytesMin, sizeBytesMax).check,
    print: formatSize,
    schema: { type: 'string', pattern: sizePattern },
  }
}
