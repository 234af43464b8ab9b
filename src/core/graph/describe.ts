// What a job is after, in words.

import { plainMap } from '../jobs/shape-collection.ts'

/** From a job's document; undefined when it is after nothing. */
export function describeAfter(document: Readonly<Record<string, unknown>>): string | undefined {
  const { after, join = 'all', delay } = document
  if (!Array.isArray(after) || after.length === 0) return undefined
  const edges = after.map((edge) => {
    const { job, on = 'success' } = plainMap(edge) ?? {}
    return `${String(job)} (${String(on)})`
  })
  const [first, ...others] = edges
  const word = join === 'all' ? 'and' : 'or'
  const many = typeof join === 'number' ? `${join} of ${edges.join(', ')}` : edges.join(` ${word} `)
  const wait = typeof delay === 'string' ? `, ${delay} later` : ''
  return `after ${others.length === 0 ? first! : many}${wait}`
}
