import type { TSchema } from 'typebox'
import type { ErrorCode } from '../../core/errors.ts'
import { readJson } from './body.ts'
import { readQuery } from './param.ts'
import type { Params, ValuesOf } from './param.ts'
import type { Scope } from './token-gate.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** A request as a handler sees it. */
export interface Call<Q> {
  /** Parameters of the path by name, decoded. */
  readonly path: Readonly<Record<string, string>>
  readonly query: Q
  /** Undefined without a body. */
  readonly body: unknown
  readonly request: Request
}

/** One kind of answer: its content type and what it holds. */
export interface Answer {
  readonly description: string
  /** Schemas by content type; empty for an answer without content. */
  readonly content: Readonly<Record<string, TSchema>>
}

interface RouteBase {
  readonly method: Method
  /** With parameters in braces: `/api/v1/jobs/{name}`. */
  readonly path: string
  /** Unique name, for generated clients. */
  readonly operation: string
  readonly summary: string
  /** What the caller's token must allow. */
  readonly scope: Scope
  readonly query: Params
  /** Request headers that mean something here, each with its meaning. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: { readonly schema: TSchema; readonly required: boolean }
  readonly answers: Readonly<Record<number, Answer>>
  /** Codes that the answer's problem may carry beside those that every route has. */
  readonly problems: readonly ErrorCode[]
}

/** One row of the table that is both the router and the OpenAPI document. */
export interface Route extends RouteBase {
  serve(request: Request, path: Readonly<Record<string, string>>): Promise<Response>
}

/** Makes a row whose handler sees the values that `query` describes. */
export function route<P extends Params>(
  row: RouteBase & {
    readonly query: P
    handle(call: Call<ValuesOf<P>>): Promise<Response> | Response
  },
): Route {
  const { handle, ...base } = row
  return {
    ...base,
    serve: async (request, path) => {
      const query = readQuery(row.query, new URL(request.url).searchParams)
      const body = row.method === 'GET' ? undefined : await readJson(request)
      return await handle({ path, query, body, request })
    },
  }
}

/** An answer in JSON. */
export function jsonAnswer(description: string, schema: TSchema): Answer {
  return { description, content: { 'application/json': schema } }
}
