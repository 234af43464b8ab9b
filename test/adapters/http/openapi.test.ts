// Every route against its own document: the answer that the fake application gives must be of the
// schema that the document names for it, and every request that the document allows must be known.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Schema from 'typebox/schema'
import { routesOf } from '../../../src/adapters/http/app.ts'
import { describeApi } from '../../../src/adapters/http/openapi.ts'
import { execution, fakeApi, fakeTokens, field } from './fake-api.ts'
import { fixture } from './fixture.ts'

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: unknown
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}
type Content = Readonly<Record<string, { readonly schema: Json }>>
type Json = Readonly<Record<string, unknown>>

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>> }
}

const api = fakeApi()
const { streams } = fixture(api)
const document = JSON.parse(
  JSON.stringify(describeApi(routesOf({ api, streams, tokens: fakeTokens }, '0.1.0'), '0.1.0')),
) as Document
const $defs = document.components.schemas

/** The schema with its references resolved inside one document. */
function inOneDocument(schema: Json): Json {
  const local = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll('#/components/schemas/', '#/$defs/'))
  return { ...(local(schema) as Json), $defs: local($defs) }
}

const bodies: Readonly<Record<string, unknown>> = {
  createJob: { name: 'new' },
  putJob: { schedule: '@every 20s' },
  pauseJob: { note: 'holiday' },
  putCalendar: { rules: [] },
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

describe('each route answers as its document says', () => {
  for (const { path, method, operation } of operations) {
    test(`${method.toUpperCase()} ${path}`, async () => {
      const { ask, errors } = fixture(fakeApi())
      const query = operation.operationId === 'explain' ? '?job=hello' : ''
      const name = path.startsWith('/api/v1/calendars') ? 'night' : 'hello'
      const url = path
        .replace('{name}', name)
        .replace('{id}', encodeURIComponent(execution.id))
        .replace('{member}', field)
        .replace('{channel}', 'ops')
      const body = bodies[operation.operationId]
      const response = await ask(method.toUpperCase(), `${url}${query}`, { body })
      assert.ok(response.status < 300, `status ${response.status}`)
      const answer = operation.responses[response.status]
      assert.ok(answer !== undefined, `status ${response.status} is described`)
      const type = response.headers.get('content-type')?.split(';')[0]
      if (type === undefined) return assert.equal(answer.content, undefined)
      const described = answer.content?.[type]
      assert.ok(described !== undefined, `${type} is described`)
      if (type !== 'application/json') return await response.body?.cancel()
      const validator = Schema.Compile(inOneDocument(described.schema))
      const [valid, problems] = validator.Errors(await response.json())
      assert.ok(valid, JSON.stringify(problems))
      assert.deepEqual(errors, [])
    })
  }
})

test('an answer with a field that the document does not know is seen by this test', () => {
  const schema = inOneDocument({ $ref: '#/components/schemas/ExecutionItem' })
  const validator = Schema.Compile(schema)
  assert.ok(validator.Check(execution))
  assert.ok(!validator.Check({ ...execution, extra: 1 }))
})

test('the document is OpenAPI 3.1 with unique operation ids, and every path parameter described', () => {
  assert.match(document.openapi, /^3\.1\./)
  const ids = operations.map(({ operation }) => operation.operationId)
  assert.equal(new Set(ids).size, ids.length)
  for (const { path, operation } of operations) {
    const described = (operation.parameters ?? []).filter((one) => one.in === 'path')
    assert.equal(described.length, path.split('{').length - 1, path)
  }
})

test('every problem is a problem document of the schema', async () => {
  const { ask } = fixture(fakeApi())
  const validator = Schema.Compile(inOneDocument({ $ref: '#/components/schemas/Problem' }))
  for (const path of [
    '/api/v1/jobs/none',
    '/api/v1/executions/none',
    '/nothing',
    '/api/v1/jobs?x',
  ]) {
    const response = await ask('GET', path)
    assert.equal(response.headers.get('content-type'), 'application/problem+json', path)
    assert.ok(validator.Check(await response.json()), path)
  }
})
