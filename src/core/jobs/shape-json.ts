// A free JSON value in a document. The codec of signed writes has no fractions, so the normalised form
// is the value's canonical JSON text: keys sorted, no spaces.

import { limits } from '../limits.ts'
import { ok, type Result } from '../result.ts'
import { plainMap } from './shape-collection.ts'
import { bad, type Shape, typeName } from './shape.ts'

const depthMax = 16
const hint = 'write KEY: value with texts, numbers, true, false, lists and maps'

/** The canonical text of a value; undefined when it is no JSON or nested too deep. */
function canonicalJson(value: unknown, depth = 0): string | undefined {
  if (depth > depthMax) return undefined
  if (Array.isArray(value)) {
    const entries = value.map((entry) => canonicalJson(entry, depth + 1))
    return entries.includes(undefined) ? undefined : `[${entries.join(',')}]`
  }
  const entries = plainMap(value)
  if (entries !== undefined) {
    const parts: string[] = []
    for (const key of Object.keys(entries).sort()) {
      const text = canonicalJson(entries[key], depth + 1)
      if (text === undefined) return undefined
      parts.push(`${JSON.stringify(key)}:${text}`)
    }
    return `{${parts.join(',')}}`
  }
  const isScalar = value === null || ['string', 'boolean'].includes(typeof value)
  return isScalar || Number.isFinite(value) ? JSON.stringify(value) : undefined
}

/** A map of anything that JSON can hold. */
export const jsonMap: Shape<string> = {
  parse: (value, path) => {
    if (plainMap(value) === undefined) return bad(path, `wants a map, got ${typeName(value)}`, hint)
    const text = canonicalJson(value)
    if (text === undefined) {
      return bad(path, `holds what is no JSON, or is nested deeper than ${depthMax}`, hint)
    }
    return text.length > limits.intentBytesMax
      ? bad(
          path,
          `is longer than ${limits.intentBytesMax} characters`,
          'pass large input in a file',
        )
      : ok(text)
  },
  check: (value, path): Result<string> => {
    const parsed = typeof value === 'string' ? parseJson(value) : undefined
    const isSame = plainMap(parsed) !== undefined && canonicalJson(parsed) === value
    return isSame ? ok(value as string) : bad(path, 'is no canonical JSON map', 'update this node')
  },
  print: (value) => JSON.parse(value) as unknown,
  schema: { type: 'object' },
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
