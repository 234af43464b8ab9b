// Output of an attempt, wherever it is held: here, or with the member that ran it.

import type { Output, ReadOutput } from '../../adapters/http/api.ts'
import { soleSlot, type ExecutionId } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'
import { ok, refuse, type Result } from '../../core/result.ts'
import {
  decodeOutputRequest,
  decodeOutputResponse,
  encodeOutputRequest,
  encodeOutputResponse,
  outputWaitMaxMs,
  type OutputRequest,
} from '../../core/wire/output-message.ts'
import type { ExecutionRecord } from '../../core/execution/record.ts'
import type { Executor, OutputPage } from '../../ports/executor.ts'
import type { Network } from '../../ports/network.ts'
import type { Happenings } from '../happenings.ts'
import { attemptText, hasClaim, headsOf } from './execution-item.ts'
import type { Found, History } from './executions.ts'
import { labelOf, type Scene } from './scene.ts'

const answerMs = 5_000

export class Outputs {
  readonly #scene: Scene
  readonly #history: History
  readonly #executor: Executor
  readonly #network: Network
  readonly #happenings: Happenings

  constructor(components: {
    readonly scene: Scene
    readonly history: History
    readonly executor: Executor
    readonly network: Network
    readonly happenings: Happenings
  }) {
    this.#scene = components.scene
    this.#history = components.history
    this.#executor = components.executor
    this.#network = components.network
    this.#happenings = components.happenings
  }

  async read(id: string, query: ReadOutput): Promise<Result<Output>> {
    for (;;) {
      const record = this.#choose(id, query)
      if (!record.ok) return record
      const { slot, attempt, phase } = record.value
      const request: OutputRequest = {
        attempt: attemptText(record.value),
        offset: query.offset,
        bytesMax: Math.max(1, Math.min(query.limit, limits.pageBytesMax)),
        waitMs: Math.max(0, Math.min(query.waitMs, outputWaitMaxMs)),
      }
      const page = await this.#fetch(record.value, request)
      if (!page.ok) return page
      if (page.value !== undefined) return ok({ ...page.value, slot, attempt })
      if (phase === 'ended') return ok({ ...withoutOutput(record.value, query), slot, attempt })
      // it may have gone on while we asked; each phase comes once, so this ends
      const now = this.#choose(id, { ...query, slot, attempt })
      if (now.ok && now.value.phase !== phase) continue
      await this.#news(record.value.execution, request.waitMs)
      return ok({ ...withoutOutput(record.value, query), slot, attempt })
    }
  }

  #choose(id: string, query: ReadOutput): Result<ExecutionRecord> {
    const found = this.#history.find(id)
    return found.ok ? choose(found.value, query) : found
  }

  /** Asks who started it; undefined where nothing is held, or nobody did. */
  async #fetch(
    record: ExecutionRecord,
    request: OutputRequest,
  ): Promise<Result<OutputPage | undefined>> {
    const { node } = this.#scene
    const { executor } = record
    if (executor === null || !hasClaim(record)) return ok(undefined)
    if (executor === node.membership.self) {
      const { attempt, offset, bytesMax, waitMs } = request
      return ok(await this.#executor.readOutput(attempt, offset, bytesMax, waitMs))
    }
    if (node.membership.link(executor) === undefined) return unreachable(labelOf(node, executor))
    let frame: Uint8Array
    try {
      const bytes = encodeOutputRequest(request)
      frame = await this.#network.request(executor, 'out', bytes, request.waitMs + answerMs)
    } catch {
      return unreachable(labelOf(node, executor))
    }
    const response = decodeOutputResponse(frame)
    if (!response.ok) return unreachable(labelOf(node, executor))
    return ok(response.value.kind === 'page' ? response.value : undefined)
  }

  /** Resolves when the execution has a new record, or after `waitMs`. */
  async #news(execution: ExecutionId, waitMs: number): Promise<void> {
    if (waitMs === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, waitMs)
    const stop = this.#happenings.listen((report) => {
      if (report.kind === 'execution' && report.record.execution === execution) resolve()
    })
    await promise
    stop()
    clearTimeout(timer)
  }
}

/** Nothing is held: it has not started, it wrote nothing, or the output was removed with time. */
function withoutOutput(
  { phase, outputBytes: total }: ExecutionRecord,
  { offset }: ReadOutput,
): OutputPage {
  const ended = phase === 'ended'
  return { offset: Math.max(offset, total), bytes: new Uint8Array(), total, dropped: total, ended }
}

/** The attempt that a request means: of the only slot, and the newest one, where it says nothing. */
function choose({ named, rows, slots }: Found, query: ReadOutput): Result<ExecutionRecord> {
  const slot = query.slot ?? named.slot ?? (slots.length === 1 ? slots[0]! : soleSlot)
  if (!slots.includes(slot)) {
    return refuse(
      'MC_BAD_INPUT',
      `execution ${named.execution} has no slot ${JSON.stringify(slot.slice(0, 80))}`,
      `say which one: slot=${slots.slice(0, 8).join(' or ')}`,
    )
  }
  const attempt = query.attempt ?? named.attempt
  const [head] = headsOf(
    rows.filter(
      ({ record }) => record.slot === slot && (attempt === undefined || record.attempt === attempt),
    ),
  )
  if (head !== undefined) return ok(head.record)
  return refuse(
    'MC_UNKNOWN_EXECUTION',
    `execution ${named.execution} has no attempt ${attempt} in slot ${slot}`,
    'leave the attempt out for the newest one',
  )
}

const unreachable = (label: string): Result<never> =>
  refuse(
    'MC_MEMBER_UNREACHABLE',
    `the output is held by ${label}, which cannot be reached`,
    'try again when it is back, or ask there',
  )

/** Answers other members that ask for output held here; what is no question is refused. */
export function serveOutput(
  executor: Pick<Executor, 'readOutput'>,
): (frame: Uint8Array) => Promise<Uint8Array> {
  return async (frame) => {
    const request = decodeOutputRequest(frame)
    if (!request.ok) throw new Error(`malformed question for output: ${request.reason}`)
    const { attempt, offset, bytesMax, waitMs } = request.value
    const page = await executor.readOutput(attempt, offset, bytesMax, waitMs)
    if (page === undefined) return encodeOutputResponse({ kind: 'unknown' })
    return encodeOutputResponse({
      kind: 'page',
      offset: page.offset,
      bytes: page.bytes,
      total: page.total,
      dropped: page.dropped,
      ended: page.ended,
    })
  }
}
