// The past that the timeline needs beyond what events bring: pages of executions back to the left
// edge, earlier attempts of what was tried again, and who ranked first where another one acted.

import { signal, type Signal } from '@preact/signals'
import type {
  ExecutionDetail,
  ExecutionItem,
  ExecutionPage,
  Explain,
  PlannedTick,
} from '../answers.ts'
import { shelfMax } from '../model/shelf.ts'
import { putExecutions, shelf, shelfVersion } from './fleet.ts'
import { apiPath, ask } from './session.ts'

/** How far back everything is known. */
export const knownFrom: Signal<number> = signal(Infinity)
export const isReading: Signal<boolean> = signal(false)
/** Older ticks are left out: there are too many. */
export const isCut: Signal<boolean> = signal(false)

const pageRows = 1_000
const lookupsMax = 40
const predictedMax = 5_000

const predicted = new Map<string, string>()
const looked = new Set<string>()

const tickKey = (job: string, scheduledAt: string): string => `${job}|${scheduledAt}`

/** Remembers who was to act: afterwards it tells whom another one replaced. */
export function rememberPlan(ticks: readonly PlannedTick[]): void {
  for (const { job, scheduledAt, node } of ticks.slice(0, 200)) {
    const key = tickKey(job, scheduledAt)
    if (node !== null && !predicted.has(key)) predicted.set(key, node)
  }
  for (const key of predicted.keys()) {
    if (predicted.size <= predictedMax) break
    predicted.delete(key)
  }
}

/** The member that was to act, when another one did. */
export function originOf({ job, scheduledAt, node }: ExecutionItem): string | undefined {
  const origin = predicted.get(tickKey(job, scheduledAt))
  return origin === node ? undefined : origin
}

let reading: Promise<void> | undefined

/** Reads executions back to an instant, unless they are known. */
export function readBack(fromMs: number): void {
  if (reading !== undefined || fromMs >= knownFrom.value || isCut.value) return
  isReading.value = true
  reading = readPages(fromMs)
    .catch(() => undefined)
    .finally(() => {
      reading = undefined
      isReading.value = false
    })
}

async function readPages(fromMs: number): Promise<void> {
  // a little more than asked, so that dragging does not ask for every pixel
  const since = Math.floor(fromMs - 60_000)
  let cursor: string | undefined
  for (let rows = 0; rows + pageRows <= shelfMax * 0.85; rows += pageRows) {
    const page: ExecutionPage = await ask('GET', '/executions', {
      query: { since: Math.max(0, since), limit: pageRows, cursor },
    })
    putExecutions(page.items)
    if (page.cursor === null) {
      knownFrom.value = since
      return
    }
    cursor = page.cursor
  }
  const oldest = shelf.newestFirst().at(-1)
  knownFrom.value = oldest === undefined ? since : Date.parse(oldest.scheduledAt)
  isCut.value = true
}

/** Looks up what links need, for executions that are in view. */
export async function lookUpLinks(items: readonly ExecutionItem[]): Promise<void> {
  const wanted = items
    .filter((item) => item.attempt > 1 || (item.why === 'takeover' && originOf(item) === undefined))
    .filter(({ id }) => !looked.has(id))
    .slice(0, lookupsMax)
  for (const item of wanted) {
    looked.add(item.id)
    try {
      if (item.attempt > 1) await lookUpAttempts(item)
      else await lookUpOrigin(item)
    } catch {
      // a link less; the execution itself says the same
    }
  }
}

async function lookUpAttempts({ id }: ExecutionItem): Promise<void> {
  const detail = await ask<ExecutionDetail>('GET', apiPath`/executions/${id}`)
  putExecutions(detail.attempts)
}

async function lookUpOrigin({ id, job, scheduledAt }: ExecutionItem): Promise<void> {
  const { rank } = await ask<Explain>('GET', '/explain', { query: { execution: id } })
  const [first] = rank
  if (first === undefined) return
  predicted.set(tickKey(job, scheduledAt), first.id)
  shelfVersion.value += 1
}
