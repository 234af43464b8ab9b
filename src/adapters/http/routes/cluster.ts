import type { Api } from '../api.ts'
import { countParam, instantParam, present, textParam } from '../param.ts'
import { refuseWith, RequestRefused } from '../problem.ts'
import { send, sendJson } from '../respond.ts'
import { jsonAnswer, route } from '../route.ts'
import type { Route } from '../route.ts'
import {
  closed,
  explainSchema,
  memberListSchema,
  planSchema,
  readinessSchema,
  statusSchema,
  text,
} from '../schema.ts'

/** Rows about the fleet, the schedule ahead, and why something went as it went. */
export function clusterRoutes(api: Api): readonly Route[] {
  return [...fleetRoutes(api), ...forecastRoutes(api), ...healthRoutes(api)]
}

function fleetRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/status',
      operation: 'getStatus',
      summary: 'The whole cluster, from what this node knows',
      scope: 'read',
      query: {},
      answers: { 200: jsonAnswer('The status.', statusSchema) },
      problems: [],
      handle: async () => send(await api.status()),
    }),
    route({
      method: 'GET',
      path: '/api/v1/members',
      operation: 'listMembers',
      summary: 'Every member that this node knows of',
      scope: 'read',
      query: {},
      answers: { 200: jsonAnswer('The members.', memberListSchema) },
      problems: [],
      handle: async () => send(await api.members()),
    }),
    cordonRoute(api, true),
    cordonRoute(api, false),
    route({
      method: 'POST',
      path: '/api/v1/leave',
      operation: 'leave',
      summary: 'This node announces that it goes, and stops when its ticks have other owners',
      scope: 'admin',
      query: {},
      answers: { 204: { description: 'The node leaves.', content: {} } },
      problems: ['MC_STORE_FAILED', 'MC_BUSY'],
      handle: async () => send(await api.leave()),
    }),
  ]
}

function cordonRoute(api: Api, isCordoned: boolean): Route {
  return route({
    method: 'POST',
    path: `/api/v1/members/{member}/${isCordoned ? 'cordon' : 'uncordon'}`,
    operation: isCordoned ? 'cordonMember' : 'uncordonMember',
    summary: isCordoned
      ? 'The member takes nothing new; what runs there goes on'
      : 'The member takes work again',
    scope: 'admin',
    query: {},
    answers: { 204: { description: 'It was told.', content: {} } },
    problems: ['MC_UNKNOWN_MEMBER', 'MC_MEMBER_UNREACHABLE', 'MC_STORE_FAILED', 'MC_BUSY'],
    handle: async ({ path }) => send(await api.cordon(path['member']!, isCordoned)),
  })
}

function forecastRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/plan',
      operation: 'getPlan',
      summary: 'Coming ticks, each with the node that is predicted to run it',
      scope: 'read',
      query: {
        job: textParam('Only of this job.'),
        from: instantParam('Only after this instant; now when absent.'),
        to: instantParam('Only until this instant.'),
        limit: countParam('Ticks at most.', { min: 1, max: 1_000, fallback: 20 }),
      },
      answers: { 200: jsonAnswer('The ticks.', planSchema) },
      problems: ['MC_UNKNOWN_JOB'],
      handle: async ({ query: { job, from, to, limit } }) =>
        send(await api.plan({ limit, ...present({ job, fromMs: from, toMs: to }) })),
    }),
    route({
      method: 'GET',
      path: '/api/v1/explain',
      operation: 'explain',
      summary: 'Why a tick ran where it ran, or did not run, or would run now',
      scope: 'read',
      query: {
        job: textParam('The job; or give an execution.'),
        at: instantParam('The tick of the job; its next one when absent.'),
        execution: textParam('Id of an execution.'),
      },
      answers: { 200: jsonAnswer('The reasons.', explainSchema) },
      problems: ['MC_UNKNOWN_JOB', 'MC_UNKNOWN_EXECUTION'],
      handle: async ({ query: { job, at, execution } }) => {
        if ((job === undefined) === (execution === undefined)) throw neitherOrBoth()
        if (execution !== undefined) return send(await api.explain({ execution }))
        return send(await api.explain({ job: job!, ...present({ atMs: at }) }))
      },
    }),
  ]
}

function healthRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      operation: 'isHealthy',
      summary: 'The process answers',
      scope: 'none',
      query: {},
      answers: { 200: jsonAnswer('It does.', closed({ status: text })) },
      problems: [],
      handle: () => sendJson({ status: 'ok' }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      operation: 'isReady',
      summary: 'The node may own ticks',
      scope: 'none',
      query: {},
      answers: { 200: jsonAnswer('It may.', readinessSchema) },
      problems: ['MC_BUSY'],
      handle: () => {
        const readiness = api.ready()
        if (readiness.ready) return sendJson(readiness)
        const message = `not ready: ${readiness.reason}`
        return refuseWith({ code: 'MC_BUSY', message, hint: 'ask again in a second' })
      },
    }),
  ]
}

function neitherOrBoth(): RequestRefused {
  return new RequestRefused(
    'MC_BAD_INPUT',
    'query: give a job or an execution, and not both',
    'use ?job=NAME&at=INSTANT or ?execution=ID',
  )
}
