import type { JobDifference, JobDocument } from '../../adapters/http/schema.ts'

/** What changes from one document to another, by path; lists are compared as a whole. */
export function differencesOf(before: JobDocument, after: JobDocument): readonly JobDifference[] {
  const differences: JobDifference[] = []
  compare(before, after, '', differences)
  return differences
}

function compare(before: unknown, after: unknown, path: string, found: JobDifference[]): void {
  if (isMap(before) && isMap(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    for (const key of keys) {
      compare(before[key], after[key], path === '' ? key : `${path}.${key}`, found)
    }
    return
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return
  found.push({ path, before: before ?? null, after: after ?? null })
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
