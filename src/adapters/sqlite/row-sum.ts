import { hash } from 'node:crypto'

/**
 * 16 bytes over everything a row says. SQLite notices damage of its trees, never of a payload: of
 * planted flips it found none.
 */
export function rowSum(head: string, bytes: Uint8Array = nothing): Uint8Array {
  const text = Buffer.from(`${head.length}|${head}|`)
  return hash(
    'sha256',
    bytes.length === 0 ? text : Buffer.concat([text, bytes]),
    'buffer',
  ).subarray(0, 16)
}

const nothing = new Uint8Array()

/** Whether the stored sum is that of the row. */
export function isIntact(sum: unknown, head: string, bytes: unknown = nothing): boolean {
  if (!(sum instanceof Uint8Array) || !(bytes instanceof Uint8Array)) return false
  return Buffer.compare(sum, rowSum(head, bytes)) === 0
}
