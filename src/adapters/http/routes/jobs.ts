import Type from 'typebox'
import { Value } from 'typebox/value'
import { jobSchema } from '../../../core/jobs/document.ts'
import { limits } from '../../../core/limits.ts'
import type { Result } from '../../../core/result.ts'
import { parseInstant } from '../../../core/scheduler/instant.ts'
import type { Api } from '../api.ts'
import { readKey, readTrigger, triggerBody } from '../trigger.ts'
import { countParam, flagParam, present, textParam } from '../param.ts'
import { refuseWith, RequestRefused } from '../problem.ts'
import { readIfMatch, readMustBeNew, send, sendJob, withName } from '../respond.ts'
import { jsonAnswer, route } from '../route.ts'
import type { Route } from '../route.ts'
import {
  acceptedSchema,
  closed,
  jobAnswerSchema,
  jobPageSchema,
  jobWriteSchema,
  nullable,
  text,
} from '../schema.ts'
import type { JobWrite } from '../schema.ts'

const ifMatchHeader = {
  'if-match': 'The ETag that the job must have, or * when it must exist; else 412 with both.',
}
const dryRun = flagParam('Answer what would change, and write nothing.')
const document = { schema: Type.Unsafe(jobSchema), required: true }
const written = {
  200: jsonAnswer('The job as it is now, and what that changed.', jobWriteSchema),
  201: jsonAnswer('The job is new.', jobWriteSchema),
}
const writeProblems = [
  'MC_UNKNOWN_CALENDAR',
  'MC_BAD_SCHEDULE',
  'MC_BAD_TIMEZONE',
  'MC_PAST_INSTANT',
  'MC_NAME_CLASH',
  'MC_CATALOG_FULL',
  'MC_CLOCK_FULL',
  'MC_STORE_FAILED',
  'MC_BUSY',
] as const

/** Rows of `/jobs`. */
export function jobRoutes(api: Api): readonly Route[] {
  return [...readRoutes(api), ...writeRoutes(api), ...verbRoutes(api)]
}

function readRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/jobs',
      operation: 'listJobs',
      summary: 'All jobs by name',
      scope: 'read',
      query: {
        prefix: textParam('Only names that begin so.'),
        state: textParam('Only jobs in this state.'),
        limit: countParam('Jobs in one page.', { min: 1, max: limits.pageRowsMax, fallback: 100 }),
        cursor: textParam('As answered by the page before.'),
      },
      answers: { 200: jsonAnswer('A page of jobs.', jobPageSchema) },
      problems: [],
      handle: async ({ query: { prefix, state, limit, cursor } }) =>
        send(await api.listJobs({ limit, ...present({ prefix, state, cursor }) })),
    }),
    route({
      method: 'GET',
      path: '/api/v1/jobs/{name}',
      operation: 'getJob',
      summary: 'One job, with its version as ETag',
      scope: 'read',
      query: {},
      answers: { 200: jsonAnswer('The job.', jobAnswerSchema) },
      problems: ['MC_UNKNOWN_JOB'],
      handle: async ({ path }) => sendJob(await api.getJob(path['name']!)),
    }),
  ]
}

function writeRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/jobs',
      operation: 'createJob',
      summary: 'A new job',
      scope: 'author',
      query: { dryRun },
      body: document,
      answers: written,
      problems: [...writeProblems, 'MC_EXISTS'],
      handle: async ({ body, query }) =>
        sendWrite(await api.putJob(body, { mustBeNew: true, dryRun: query.dryRun })),
    }),
    route({
      method: 'PUT',
      path: '/api/v1/jobs/{name}',
      operation: 'putJob',
      summary: 'Creates or replaces a job',
      scope: 'author',
      query: { dryRun },
      headers: { ...ifMatchHeader, 'if-none-match': 'With *, the job must be new.' },
      body: document,
      answers: written,
      problems: [...writeProblems, 'MC_EXISTS', 'MC_CONFLICT', 'MC_UNKNOWN_JOB'],
      handle: async ({ path, body, query, request }) => {
        const name = path['name']!
        const options = {
          ...readIfMatch(request),
          mustBeNew: readMustBeNew(request),
          dryRun: query.dryRun,
        }
        const result = await api.putJob(withName(name, body), options)
        return (await conflictOf(api, name, request, result)) ?? sendWrite(result)
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/jobs/{name}',
      operation: 'removeJob',
      summary: 'Deletes a job; its history stays',
      scope: 'author',
      query: {},
      headers: ifMatchHeader,
      answers: { 204: { description: 'The job is deleted.', content: {} } },
      problems: ['MC_UNKNOWN_JOB', 'MC_CONFLICT', 'MC_CLOCK_FULL', 'MC_STORE_FAILED', 'MC_BUSY'],
      handle: async ({ path, request }) => {
        const name = path['name']!
        const result = await api.removeJob(name, readIfMatch(request))
        return (await conflictOf(api, name, request, result)) ?? send(result)
      },
    }),
  ]
}

const pauseBody = closed(
  { note: Type.Optional(text), until: Type.Optional(nullable(text)) },
  'Pause',
)

function verbRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/jobs/{name}/trigger',
      operation: 'runJob',
      summary: 'Starts the job now, on the node that ranks first, with parameters',
      scope: 'author',
      query: {},
      headers: { 'idempotency-key': 'The same key within 24 h means the same execution.' },
      body: { schema: triggerBody, required: false },
      answers: { 202: jsonAnswer('The execution that runs it.', acceptedSchema) },
      problems: [
        'MC_UNKNOWN_JOB',
        'MC_UNKNOWN_MEMBER',
        'MC_PAUSED',
        'MC_KEY_REUSED',
        'MC_STORE_FAILED',
        'MC_BUSY',
      ],
      handle: async ({ path, body, request }) => {
        const options = { ...readTrigger(body), idempotencyKey: readKey(request) }
        return send(await api.runJob(path['name']!, options), 202)
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/jobs/{name}/pause',
      operation: 'pauseJob',
      summary: 'Ticks are recorded as paused from now on',
      scope: 'author',
      query: {},
      body: { schema: pauseBody, required: false },
      answers: { 200: jsonAnswer('The paused job.', jobAnswerSchema) },
      problems: ['MC_UNKNOWN_JOB', 'MC_CLOCK_FULL', 'MC_STORE_FAILED', 'MC_BUSY'],
      handle: async ({ path, body }) => sendJob(await api.pauseJob(path['name']!, readPause(body))),
    }),
    route({
      method: 'POST',
      path: '/api/v1/jobs/{name}/resume',
      operation: 'resumeJob',
      summary: 'Ticks start again',
      scope: 'author',
      query: {},
      answers: { 200: jsonAnswer('The resumed job.', jobAnswerSchema) },
      problems: ['MC_UNKNOWN_JOB', 'MC_CLOCK_FULL', 'MC_STORE_FAILED', 'MC_BUSY'],
      handle: async ({ path }) => sendJob(await api.resumeJob(path['name']!)),
    }),
  ]
}

function sendWrite(result: Result<JobWrite>): Response {
  const isNew = result.ok && result.value.change === 'created' && !result.value.dryRun
  return sendJob(result, isNew ? 201 : 200)
}

/** A 412 that shows the version asked for and the one that there is. */
async function conflictOf(
  api: Api,
  name: string,
  request: Request,
  result: Result<unknown>,
): Promise<Response | undefined> {
  if (result.ok || result.refusal.code !== 'MC_CONFLICT') return undefined
  const expected = readIfMatch(request).ifMatch ?? '*'
  const current = await api.getJob(name)
  if (!current.ok) return refuseWith(result.refusal, { members: { expected } })
  const { etag, document } = current.value
  const members = { expected, current: etag, currentDocument: document }
  return refuseWith(result.refusal, { headers: { etag: `"${etag}"` }, members })
}

function readPause(body: unknown): { note: string; untilMs: number | null } {
  if (!Value.Check(pauseBody, body ?? {}))
    throw badPause('the body is no {"note": text, "until": instant}')
  const { note = '', until = null } = (body ?? {}) as { note?: string; until?: string | null }
  const untilMs = until === null ? null : parseInstant(until)
  if (untilMs === undefined) throw badPause('until: is no instant with an offset')
  return { note, untilMs }
}

function badPause(message: string): RequestRefused {
  return new RequestRefused('MC_BAD_INPUT', message, 'both may be left out')
}
