// From a claimed attempt to what an executor starts: environment and filled placeholders.

import type { Launch } from '../effect.ts'
import type { Job } from '../jobs/catalog.ts'
import type { Run } from '../jobs/definition.ts'
import { defaultsOf, variableOf } from '../jobs/document-params.ts'
import { formatInstant } from '../jobs/shape-time.ts'
import type { ExecutionRecord } from './record.ts'
import { tickOf } from './rerun.ts'
import { attemptOf } from './ledger.ts'

/** What a parent was and what it said as its result; null: nothing. */
export interface ParentSaid {
  readonly job: string
  readonly execution: string
  readonly outcome: string
  readonly result: string | null
}

/** What a command of a job that is in a graph gets beside the usual. */
export interface Given {
  readonly env: Readonly<Record<string, string>>
  /** The last one first. */
  readonly parents: readonly ParentSaid[]
}

/** What placeholders and the environment are filled from. */
type Facts = Readonly<
  Record<'execution' | 'job' | 'scheduledAt' | 'attempt' | 'slot' | 'fence' | 'node', string> &
    Record<`param.${string}`, string>
>

/** `{node}`, `{job}` … inside one argument or one HTTP field; everything else in braces stays as it is. */
function fill(text: string, facts: Facts, encodePart: (part: string) => string): string {
  return text.replace(
    /\{(execution|job|scheduledAt|attempt|slot|fence|node|param\.[A-Za-z_]\w*)\}/g,
    (written, name: string) =>
      Object.hasOwn(facts, name) ? encodePart(facts[name as keyof Facts]!) : written,
  )
}

const asIs = (part: string): string => part
/** A header value or a body is one field; a line break would start another header. */
const oneLine = (part: string): string => part.replace(/[\r\n]/g, ' ')
/** One level of a topic: no separator, no wildcard of subscriptions. */
const topicLevel = (part: string): string => part.replace(/[+#/\p{Cc}]/gu, '_')
/** Inside a text of JSON. */
const jsonPart = (part: string): string => JSON.stringify(part).slice(1, -1)

function fillRun(run: Run, facts: Facts): Run {
  switch (run.kind) {
    case 'exec':
      return { ...run, argv: run.argv.map((argument) => fill(argument, facts, asIs)) }
    case 'shell':
      // never templated: a shell gets variables
      return run
    case 'http': {
      const headers = Object.entries(run.headers).map(
        ([name, value]) => [name, fill(value, facts, oneLine)] as const,
      )
      return {
        ...run,
        url: fill(run.url, facts, encodeURIComponent),
        headers: Object.fromEntries(headers),
        body: fill(run.body, facts, asIs),
      }
    }
    case 'mqtt':
      return {
        ...run,
        topic: fill(run.topic, facts, topicLevel),
        payload: fill(run.payload, facts, asIs),
      }
    case 'plugin':
      // in JSON a brace before a letter is always inside a text
      return { ...run, config: fill(run.config, facts, jsonPart) }
  }
}

/** What to start for a claimed record; `node` is the label of this member. */
export function launchOf(
  job: Job,
  record: ExecutionRecord,
  how: {
    readonly node: string
    readonly plannedMs: number
    /** What its graph gives it. */
    readonly given?: Given
  },
): Launch {
  const { node, plannedMs, given } = how
  const { params: rules } = job.groups.action
  const params = Object.entries(record.order?.params ?? defaultsOf(rules).values)
  const facts: Facts = {
    ...Object.fromEntries(params.map(([name, value]) => [`param.${name}`, value])),
    execution: record.execution,
    job: record.job,
    // a replay is due when it is asked for, and is about its tick
    scheduledAt: formatInstant(tickOf(record.execution)?.dueMs ?? record.dueMs),
    attempt: `${record.attempt}`,
    slot: record.slot,
    fence: `${record.fence}`,
    node,
  }
  const { shards } = job.groups.placement
  const { outputMaxBytes, onOutputMax, memoryMaxBytes } = job.groups.action
  return {
    attempt: attemptOf(record),
    execution: record.execution,
    job: record.job,
    slot: record.slot,
    run: fillRun(job.groups.action.run, facts),
    env: {
      ...job.groups.action.env,
      MESHCRON_EXECUTION_ID: facts.execution,
      MESHCRON_JOB: facts.job,
      MESHCRON_SCHEDULED_AT: facts.scheduledAt,
      MESHCRON_ATTEMPT: facts.attempt,
      MESHCRON_SLOT: facts.slot,
      MESHCRON_FENCE: facts.fence,
      MESHCRON_NODE: facts.node,
      ...Object.fromEntries(params.map(([name, value]) => [variableOf(name), value])),
      ...(shards === null
        ? {}
        : { MESHCRON_SHARD_INDEX: facts.slot, MESHCRON_SHARD_TOTAL: `${shards}` }),
      ...given?.env,
    },
    ...inputOf(params, given?.parents ?? []),
    plannedMs,
    bounds: { outputMaxBytes, onOutputMax, memoryMaxBytes },
  }
}

/** What a command reads: one line of JSON, which other things may join. */
function inputOf(
  params: readonly (readonly [string, string])[],
  parents: readonly ParentSaid[],
): Pick<Launch, 'input'> {
  if (params.length + parents.length === 0) return {}
  const said = {
    ...(params.length === 0 ? {} : { params: Object.fromEntries(params) }),
    ...(parents.length === 0 ? {} : { parents }),
  }
  return { input: `${JSON.stringify(said)}\n` }
}
