// When an execution of a job may have counted as open, so that another tick had to be passed over.

import type { Delivery } from '../../core/jobs/definition.ts'
import { attemptsOf, type Run } from './attempts.ts'
import type { History } from '../history.ts'
import { jobsOf } from './definitions.ts'
import { groundOf } from './ground.ts'
import type { Tick } from './obligations.ts'
import { Spans, type Span } from './spans.ts'

const tellMs = 2_000

/** Whether another execution of the tick's job may have been open within a span. */
export function mayOverlap(
  history: History,
  tick: Tick,
  slot: string | undefined,
  fromMs: number,
  toMs: number,
): boolean {
  const { delivery } = tick.definition
  if (delivery.overlap === 'allow') return false
  const runs = attemptsOf(history)
    .ofJob(tick.truth.name)
    .filter(({ start }) => start.execution !== tick.execution)
  if (slot === undefined) return openSpans(history, runs, delivery).meets(fromMs, toMs)
  // before the job was one for every node, the same node may have started it as one of the fleet's
  const { members } = history.scenery
  const own = runs.filter(({ start }) => start.slot === slot || members[start.node] === slot)
  return openSpans(history, own, delivery).meets(fromMs, toMs)
}

function openSpans(history: History, runs: readonly Run[], delivery: Delivery): Spans {
  return new Spans(runs.map((run) => openSpan(history, run, delivery)))
}

/** What ran on a node that is given up for lost may go on unseen. */
function orphanGraceOf({ start }: Run, history: History, { orphanGraceMs }: Delivery): number {
  const write = jobsOf(history)
    .get(start.job)
    ?.writes.find(({ version }) => version === start.version)
  const timeoutMs = write?.definition?.action.timeoutMs ?? null
  return orphanGraceMs ?? (timeoutMs === null ? 300_000 : 2 * timeoutMs)
}

/** From the start of an attempt until everybody must have heard that nothing follows it. */
function openSpan(history: History, run: Run, delivery: Delivery): Span {
  const { start, end } = run
  const fromMs = start.atMs - tellMs
  if (end === undefined) return { fromMs, toMs: Infinity }
  const ground = groundOf(history)
  const { downAfterMs, takeoverWindowMs, syncMs } = history.scenery.timers
  const isTold =
    end.how === 'exit' &&
    ground.nodes[start.node]!.up.covers(start.atMs, end.atMs + tellMs) &&
    ground.classOf(end.atMs - tellMs, end.atMs + tellMs) === 'quiet'
  const goneMs = downAfterMs + takeoverWindowMs + 2 * syncMs + orphanGraceOf(run, history, delivery)
  const heardMs = end.atMs + (isTold ? tellMs : goneMs)
  const isLast = end.exit === 0 || start.number > delivery.retry.max
  // the wait is never longer than its cap, and then somebody has to take it up
  const waitMs = isLast ? 0 : delivery.retry.capMs + takeoverWindowMs
  return { fromMs, toMs: heardMs + waitMs }
}
