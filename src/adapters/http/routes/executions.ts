import Type from 'typebox'
import { limits } from '../../../core/limits.ts'
import type { Api } from '../api.ts'
import { outputMedia, serveOutput } from '../output.ts'
import { countParam, flagParam, instantParam, present, textParam } from '../param.ts'
import { send } from '../respond.ts'
import { readKey } from '../trigger.ts'
import { jsonAnswer, route } from '../route.ts'
import type { Route } from '../route.ts'
import {
  acceptedSchema,
  executionDetailSchema,
  executionPageSchema,
  outputPageSchema,
} from '../schema.ts'

/** Rows of `/executions`. */
export function executionRoutes(api: Api): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/executions',
      operation: 'listExecutions',
      summary: 'Executions on every node, and ticks that did not run',
      scope: 'read',
      query: {
        job: textParam('Only of this job.'),
        state: textParam('Only in this phase (`running`) or with this outcome (`failure`).'),
        since: instantParam('Only scheduled then or later.'),
        limit: countParam('Rows in one page.', { min: 1, max: limits.pageRowsMax, fallback: 100 }),
        cursor: textParam('As answered by the page before.'),
      },
      answers: { 200: jsonAnswer('A page of executions.', executionPageSchema) },
      problems: ['MC_UNKNOWN_JOB'],
      handle: async ({ query: { limit, since, ...rest } }) =>
        send(await api.executions({ limit, ...present({ sinceMs: since, ...rest }) })),
    }),
    route({
      method: 'GET',
      path: '/api/v1/executions/{id}',
      operation: 'getExecution',
      summary: 'One execution with all its attempts',
      scope: 'read',
      query: {},
      answers: { 200: jsonAnswer('The execution.', executionDetailSchema) },
      problems: ['MC_UNKNOWN_EXECUTION'],
      handle: async ({ path }) => send(await api.execution(path['id']!)),
    }),
    outputRoute(api),
    route({
      method: 'POST',
      path: '/api/v1/executions/{id}/stop',
      operation: 'stopExecution',
      summary: 'TERM to what runs, KILL after the grace of the job',
      scope: 'author',
      query: {},
      answers: { 202: jsonAnswer('The execution that is told to stop.', acceptedSchema) },
      problems: ['MC_UNKNOWN_EXECUTION', 'MC_NOT_RUNNING', 'MC_MEMBER_UNREACHABLE', 'MC_BUSY'],
      handle: async ({ path }) => send(await api.stopExecution(path['id']!), 202),
    }),
    rerunRoute(api),
  ]
}

function outputRoute(api: Api): Route {
  return route({
    method: 'GET',
    path: '/api/v1/executions/{id}/output',
    operation: 'getOutput',
    summary: 'What an attempt has written, wherever it is held; as JSON one page',
    scope: 'read',
    query: {
      slot: textParam('Which slot; the only one when absent.'),
      attempt: countParam('Which attempt; the newest when absent.', {
        min: 1,
        max: 999_999,
        fallback: undefined,
      }),
      offset: countParam('First byte.', { min: 0, max: 2 ** 49, fallback: 0 }),
      limit: countParam('Bytes at most; everything when absent.', {
        min: 1,
        max: limits.frameBytesMax,
        fallback: undefined,
      }),
      wait: countParam('Milliseconds to wait for new bytes.', { min: 0, max: 25_000, fallback: 0 }),
      follow: flagParam('Send what comes until the attempt has ended; plain text only.'),
    },
    headers: { accept: `${outputMedia.json} for one page as JSON; else the raw bytes.` },
    answers: {
      200: {
        description:
          'The bytes, with x-output-offset, x-output-total, x-output-dropped and x-output-ended.',
        content: { [outputMedia.raw]: Type.String(), [outputMedia.json]: outputPageSchema },
      },
    },
    problems: ['MC_UNKNOWN_EXECUTION', 'MC_MEMBER_UNREACHABLE'],
    handle: ({ path, query, request }) => serveOutput(api, path['id']!, query, request),
  })
}

function rerunRoute(api: Api): Route {
  return route({
    method: 'POST',
    path: '/api/v1/executions/{id}/rerun',
    operation: 'rerunExecution',
    summary: 'Runs it once more, with the same parameters; also when the job is paused',
    scope: 'author',
    query: {},
    headers: { 'idempotency-key': 'The same key within 24 h means the same execution.' },
    answers: { 202: jsonAnswer('The execution that repeats it.', acceptedSchema) },
    problems: [
      'MC_UNKNOWN_EXECUTION',
      'MC_UNKNOWN_JOB',
      'MC_KEY_REUSED',
      'MC_STORE_FAILED',
      'MC_BUSY',
    ],
    handle: async ({ path, request }) => {
      const options = { idempotencyKey: readKey(request) }
      return send(await api.rerunExecution(path['id']!, options), 202)
    },
  })
}
