import { errors } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Answer, Route } from './route.ts'
import { problemSchema } from './schema.ts'

type Json = Readonly<Record<string, unknown>>

/** The OpenAPI 3.1 document of a table of routes. */
export function describeApi(routes: readonly Route[], version: string): Json {
  const components: Record<string, unknown> = {}
  const paths: Record<string, Record<string, unknown>> = {}
  for (const one of routes) {
    const path = (paths[one.path] ??= {})
    path[one.method.toLowerCase()] = operationOf(one, components)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'meshcron', version, license: { name: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function operationOf(one: Route, components: Record<string, unknown>): Json {
  const { operation, summary, scope, body } = one
  const responses: Record<string, unknown> = { ...problemsOf(one, components) }
  for (const [status, answer] of Object.entries(one.answers)) {
    responses[status] = answerOf(answer, components)
  }
  const parameters = parametersOf(one)
  return {
    operationId: operation,
    summary,
    'x-scope': scope,
    ...(scope === 'none' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.required,
            content: { 'application/json': { schema: reference(body.schema, components) } },
          },
        }),
    responses,
  }
}

function parametersOf({ path, query, headers = {} }: Route): readonly Json[] {
  const schema = { type: 'string' }
  return [
    ...parametersIn(path).map((name) => ({ name, in: 'path', required: true, schema })),
    ...Object.entries(query).map(([name, { description, schema }]) => {
      return { name, in: 'query', description, schema }
    }),
    ...Object.entries(headers)
      // OpenAPI leaves the meaning of these to itself and ignores such parameters.
      .filter(([name]) => name !== 'accept')
      .map(([name, description]) => ({ name, in: 'header', description, schema })),
  ]
}

/** Names of the parameters of a path. */
export function parametersIn(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
}

/** Codes that the guards and readers of every such route may answer with. */
function codesOf(one: Route): ReadonlySet<ErrorCode> {
  const codes = new Set<ErrorCode>(['MC_BAD_INPUT', 'MC_FORBIDDEN', 'MC_INTERNAL'])
  if (one.scope !== 'none') codes.add('MC_UNAUTHORISED')
  if (one.method !== 'GET') codes.add('MC_BODY_TOO_LARGE')
  for (const code of one.problems) codes.add(code)
  return codes
}

function problemsOf(one: Route, components: Record<string, unknown>): Json {
  const byStatus: Record<string, string[]> = {}
  for (const code of codesOf(one)) {
    const { status, meaning } = errors[code]
    ;(byStatus[status] ??= []).push(`${code}: ${meaning}`)
  }
  const content = {
    'application/problem+json': { schema: reference(problemSchema, components) },
  }
  const answers = Object.entries(byStatus).map(([status, meanings]) => {
    return [status, { description: meanings.join('; '), content }] as const
  })
  return Object.fromEntries([...answers, ['default', { description: 'Other problems', content }]])
}

function answerOf(answer: Answer, components: Record<string, unknown>): Json {
  const content = Object.entries(answer.content).map(([type, schema]) => {
    return [type, { schema: reference(schema, components) }] as const
  })
  const { description } = answer
  return content.length === 0
    ? { description }
    : { description, content: Object.fromEntries(content) }
}

/** Moves schemas with a title to the components and leaves references to them. */
function reference(schema: unknown, components: Record<string, unknown>): unknown {
  if (Array.isArray(schema)) return schema.map((item) => reference(item, components))
  if (typeof schema !== 'object' || schema === null) return schema
  const { title } = schema as Json
  const resolve = (): unknown => {
    return Object.fromEntries(
      Object.entries(schema)
        .filter(
          ([key, value]) => key !== '$schema' && !(key === 'title' && typeof value === 'string'),
        )
        .map(([key, value]) => [key, reference(value, components)]),
    )
  }
  if (typeof title !== 'string') return resolve()
  const name = title.replaceAll(' ', '-')
  components[name] ??= resolve()
  return { $ref: `#/components/schemas/${name}` }
}
