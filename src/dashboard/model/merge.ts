// Three versions of a document: what was read, what is to be written, and what somebody else has
// written meanwhile. Changes of both sides go together unless they are of one field.

import type { Document } from './form.ts'

export interface Merged {
  readonly document: Document
  /** Fields that both sides changed, each in its own way; ours stands in the document. */
  readonly clashes: readonly string[]
}

export function mergeDocuments(base: Document, ours: Document, theirs: Document): Merged {
  const clashes: string[] = []
  const document = mergeMaps(base, ours, theirs, '', clashes)
  return { document, clashes }
}

function mergeMaps(
  base: Document,
  ours: Document,
  theirs: Document,
  path: string,
  clashes: string[],
): Document {
  const merged: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    const here = path === '' ? key : `${path}.${key}`
    const value = mergeValues(base[key], ours[key], theirs[key], here, clashes)
    if (value !== undefined) merged[key] = value
  }
  return merged
}

function mergeValues(
  base: unknown,
  ours: unknown,
  theirs: unknown,
  path: string,
  clashes: string[],
): unknown {
  if (isSame(ours, theirs) || isSame(ours, base)) return theirs
  if (isSame(theirs, base)) return ours
  if (isMap(ours) && isMap(theirs)) {
    return mergeMaps(isMap(base) ? base : {}, ours, theirs, path, clashes)
  }
  clashes.push(path)
  return ours
}

const isMap = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether two values say the same, whatever the order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (isMap(a) && isMap(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].every((key) => isSame(a[key], b[key]))
  }
  return JSON.stringify(a) === JSON.stringify(b)
}
