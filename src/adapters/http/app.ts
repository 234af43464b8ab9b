import { Hono } from 'hono'
import type { Context } from 'hono'
import type { Api, Tokens } from './api.ts'
import type { EventStreams } from './event-stream.ts'
import { refuseScope } from './guard.ts'
import type { Caller, Guard } from './guard.ts'
import { describeApi } from './openapi.ts'
import { servePage } from './pages.ts'
import type { PageFiles } from './pages.ts'
import { refuseWith, RequestRefused } from './problem.ts'
import { calendarRoutes } from './routes/calendars.ts'
import { channelRoutes } from './routes/channels.ts'
import { clusterRoutes } from './routes/cluster.ts'
import { enrolmentRoutes } from './routes/enrolment.ts'
import { executionRoutes } from './routes/executions.ts'
import { jobRoutes } from './routes/jobs.ts'
import { streamRoutes } from './routes/stream.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { sendJson } from './respond.ts'
import { route } from './route.ts'
import type { Route } from './route.ts'
import { anything, mapOf } from './schema.ts'
import type { Scope } from './token-gate.ts'

interface Env {
  readonly Bindings: Caller
  readonly Variables: { scope: Scope }
}

/** The HTTP application, without any listener. */
export type App = Hono<Env>

export interface AppComponents {
  readonly api: Api
  readonly guard: Guard
  readonly streams: EventStreams
  readonly tokens: Tokens
  /** The dashboard; empty when it is not built. */
  readonly pages: PageFiles
  /** Hears of errors that no request should cause. */
  readonly onError: (error: unknown) => void
}

const securityHeaders: readonly (readonly [string, string])[] = [
  [
    'content-security-policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
]

/** Every route, the document of them included. */
export function routesOf(
  components: Pick<AppComponents, 'api' | 'streams' | 'tokens'>,
  version: string,
): readonly Route[] {
  const { api, streams, tokens } = components
  const routes: Route[] = [
    ...clusterRoutes(api),
    ...jobRoutes(api),
    ...calendarRoutes(api),
    ...channelRoutes(api),
    ...executionRoutes(api),
    ...enrolmentRoutes(api),
    ...streamRoutes(streams),
    ...tokenRoutes(tokens),
  ]
  routes.push(documentRoute(() => describeApi(routes, version)))
  return routes
}

/** Builds the application out of the table of routes. */
export function createApp(components: AppComponents, init: { readonly version: string }): App {
  const { guard, pages, onError } = components
  const app: App = new Hono<Env>()
  app.use(async (c, next) => {
    await next()
    for (const [name, value] of securityHeaders) c.res.headers.set(name, value)
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store')
  })
  app.use(async (c, next) => {
    const refused = guard.refuseOrigin(c.req.raw, c.env)
    if (refused !== undefined) return refused
    // A path is looked up only for those with a token: others cannot tell which ones exist.
    const scope = c.req.path.startsWith('/api/') ? guard.bearerOf(c.req.raw, c.env).scope : 'none'
    c.set('scope', scope)
    return await next()
  })
  mount(app, routesOf(components, init.version))
  mountPages(app, pages)
  app.notFound((c) => notFound(c.req.path))
  app.onError((error) => {
    if (error instanceof RequestRefused) return error.response
    onError(error)
    const message = 'the node met an error of its own'
    return refuseWith({ code: 'MC_INTERNAL', message, hint: 'look into its log, and report it' })
  })
  return app
}

function mount(app: App, routes: readonly Route[]): void {
  const methods = new Map<string, string[]>()
  for (const one of routes) {
    const path = one.path.replaceAll(/\{(\w+)\}/g, ':$1')
    const known = methods.get(path) ?? []
    methods.set(path, [...known, one.method, ...(one.method === 'GET' ? ['HEAD'] : [])])
    app.on(one.method, path, async (c: Context<Env>) => {
      return refuseScope(c.get('scope'), one.scope) ?? (await one.serve(c.req.raw, c.req.param()))
    })
  }
  for (const [path, allowed] of methods) app.all(path, () => notAllowed(allowed.join(', ')))
}

function mountPages(app: App, pages: PageFiles): void {
  for (const [path, file] of pages) {
    app.get(path, (c) => servePage(path, file, c.req.raw))
    app.all(path, () => notAllowed('GET, HEAD'))
  }
}

function documentRoute(describe: () => unknown): Route {
  let document: unknown
  return route({
    method: 'GET',
    path: '/api/v1/openapi.json',
    operation: 'getDocument',
    summary: 'This document',
    scope: 'read',
    query: {},
    answers: {
      200: { description: 'OpenAPI 3.1.', content: { 'application/json': mapOf(anything) } },
    },
    problems: [],
    handle: () => sendJson((document ??= describe())),
  })
}

function notFound(path: string): Response {
  const hint = path === '/' ? noDashboard : seeDocument
  return refuseWith({ code: 'MC_NOT_FOUND', message: 'nothing is served under this path', hint })
}

const noDashboard =
  'no dashboard is built here: start with scripts/start, or run npm run build; the API is under /api/v1'
const seeDocument = 'see /api/v1/openapi.json for what there is'

function notAllowed(allow: string): Response {
  return refuseWith(
    { code: 'MC_BAD_INPUT', message: 'the path has no such method', hint: `use ${allow}` },
    { status: 405, headers: { allow } },
  )
}
