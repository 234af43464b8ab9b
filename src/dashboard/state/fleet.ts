// What the page knows of the fleet, as signals. Everything is read from one node; its events say what
// to read again.

import { batch, signal, type Signal } from '@preact/signals'
import type {
  Event,
  ExecutionItem,
  ExecutionPage,
  Job,
  JobPage,
  Plan,
  PlannedTick,
  Status,
} from '../answers.ts'
import { Presence } from '../model/presence.ts'
import { Shelf } from '../model/shelf.ts'
import { refresher, type Pace, type Refresher } from './refresher.ts'
import { ask, Refused } from './session.ts'
import { followEvents, type LinkState } from './stream.ts'

export const status: Signal<Status | undefined> = signal(undefined)
/** Undefined until they were read once. */
export const jobs: Signal<readonly Job[] | undefined> = signal(undefined)
/** Ticks ahead, of all jobs. */
export const plan: Signal<readonly PlannedTick[]> = signal([])
export const link: Signal<LinkState> = signal('connecting')
/** Why the last load failed. */
export const trouble: Signal<Refused | undefined> = signal(undefined)
/** Cluster time, once a second. */
export const now: Signal<number> = signal(Date.now())
/** Everything that was read or heard of executions; the signal counts its changes. */
export const shelf: Shelf = new Shelf()
export const shelfVersion: Signal<number> = signal(0)
/** Since when members are gone, as far as this page has seen it. */
export const presence: Presence = new Presence()
const listeners = new Set<(event: Event) => void>()

const planTicks = 1_000
const jobPagesMax = 10
/** Ages and counters move without an event. */
const pulseMs = 10_000
/** Views that still settle are looked at more often: no event tells that they have. */
const settlingMs = 2_000
/** Cluster time minus the browser's clock. */
let skewMs = 0

/** Cluster time at this moment. */
export const clusterNow = (): number => Date.now() + skewMs

const pace = (gapMs: () => number): Pace => ({
  gapMs,
  later: (callback, ms) => void setTimeout(callback, ms),
  nowMs: () => performance.now(),
})

const guarded = (load: () => Promise<void>): (() => Promise<void>) => {
  return async () => {
    try {
      await load()
      trouble.value = undefined
    } catch (error) {
      trouble.value = error instanceof Refused ? error : undefined
    }
  }
}

export const refreshStatus: Refresher = refresher(
  guarded(async () => {
    const read = await ask<Status>('GET', '/status')
    skewMs = read.clock.clusterMs - Date.now()
    batch(() => {
      status.value = read
      presence.see(read, clusterNow())
    })
    putExecutions(read.recent)
  }),
  pace(() => 400),
)

export const refreshJobs: Refresher = refresher(
  guarded(async () => {
    const items: Job[] = []
    let cursor: string | undefined
    for (let page = 0; page < jobPagesMax; page += 1) {
      const read: JobPage = await ask('GET', '/jobs', { query: { limit: 1_000, cursor } })
      items.push(...read.items)
      if (read.cursor === null) break
      cursor = read.cursor
    }
    jobs.value = items
  }),
  pace(() => ((jobs.value?.length ?? 0) > 200 ? 15_000 : 1_000)),
)

export const refreshPlan: Refresher = refresher(
  guarded(async () => {
    const read = await ask<Plan>('GET', '/plan', { query: { limit: planTicks } })
    plan.value = read.ticks
  }),
  pace(() => 1_000),
)

/** Takes executions that were read somewhere. */
export function putExecutions(items: readonly ExecutionItem[]): void {
  if (shelf.put(items)) shelfVersion.value += 1
}

/** The newest executions, once. */
async function loadRecent(): Promise<void> {
  const read = await ask<ExecutionPage>('GET', '/executions', { query: { limit: 500 } })
  putExecutions(read.items)
}

/** Calls the listener for every event from now on; the answer ends that. */
export function listen(listener: (event: Event) => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

function heard(event: Event): void {
  for (const listener of listeners) listener(event)
  switch (event.type) {
    case 'execution':
      putExecutions([event.execution])
      if (event.execution.state === 'ended') refreshJobs()
      refreshStatus()
      return
    case 'job':
    case 'calendar':
      refreshJobs()
      refreshPlan()
      refreshStatus()
      return
    case 'member':
      presence.note(event, clusterNow())
      refreshStatus()
      refreshPlan()
      refreshJobs()
      return
    case 'node':
      refreshStatus()
      return
    case 'gap':
      readAll()
  }
}

function readAll(): void {
  refreshStatus()
  refreshJobs()
  refreshPlan()
  void guarded(loadRecent)()
}

function isSettling(): boolean {
  if (status.value === undefined) return true
  const { view, jobs, ready } = status.value
  return !ready || view.agreeing < view.neighbours || jobs.laggingMembers.length > 0
}

/** Reads everything and follows what happens; the answer ends that. */
export function followFleet(): () => void {
  const stop = new AbortController()
  readAll()
  let wasLost = false
  void followEvents(
    {
      event: heard,
      state: (state) => {
        link.value = state
        // events may not tell what a node that was started again has forgotten
        if (state === 'live' && wasLost) readAll()
        wasLost = state === 'lost'
      },
    },
    stop.signal,
  )
  const second = setInterval(() => {
    if (!document.hidden) now.value = clusterNow()
  }, 1_000)
  const pulse = setInterval(() => {
    if (document.hidden) return
    refreshStatus()
    refreshPlan()
    refreshJobs()
  }, pulseMs)
  const settling = setInterval(() => {
    if (!document.hidden && isSettling()) refreshStatus()
  }, settlingMs)
  return () => {
    stop.abort()
    clearInterval(second)
    clearInterval(pulse)
    clearInterval(settling)
  }
}
