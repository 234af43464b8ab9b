import assert from 'node:assert/strict'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'

/** Fails unless the value is what the schema of the API promises. */
export function assertShape(schema: TSchema, value: unknown): void {
  const wire: unknown = JSON.parse(JSON.stringify(value))
  const problems = [...Value.Errors(schema, wire)].slice(0, 3)
  assert.deepEqual(problems, [])
}
