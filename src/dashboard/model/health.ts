// One sentence about the fleet, the worst thing first. What it names can be clicked.

import type { Status } from '../answers.ts'
import type { Tone } from './outcome.ts'
import { spanText } from './time.ts'

/** A part of the sentence, and where it leads. */
export interface Finding {
  readonly tone: Tone
  readonly text: string
  /** Path behind the #. */
  readonly path: readonly string[]
}

export interface Health {
  readonly tone: Tone
  readonly sentence: string
  readonly findings: readonly Finding[]
}

/** Information older than this is worth a word. */
const oldMs = 60_000

export function healthOf(status: Status, recentTroubles: number): Health {
  const findings = [...aboutNode(status), ...aboutMembers(status), ...aboutJobs(status)]
  if (recentTroubles > 0) {
    const text = `${count(recentTroubles, 'execution')} went wrong in the last hour`
    findings.push({ tone: 'bad', text, path: ['executions'] })
  }
  const worst = findings.some(({ tone }) => tone === 'bad') ? 'bad' : 'warn'
  if (findings.length > 0) {
    return { tone: worst, sentence: sentence(findings.map(({ text }) => text)), findings }
  }
  return { tone: 'ok', sentence: allIsWell(status), findings }
}

function allIsWell({ members, jobs, view }: Status): string {
  const alive = members.filter(({ state }) => state === 'alive').length
  if (alive === 1) return `One node, ready. ${count(jobs.count, 'job')}.`
  const agree =
    view.agreeing === view.neighbours ? 'see each other and agree' : 'see each other, views settle'
  return `All ${alive} nodes ${agree}. ${count(jobs.count, 'job')}, nothing failed in the last hour.`
}

function aboutNode({ ready, isolated, clock, asOf }: Status): Finding[] {
  const found: Finding[] = []
  if (isolated) {
    found.push({ tone: 'bad', text: 'this node is cut off from the fleet', path: ['topology'] })
  }
  if (!ready) found.push({ tone: 'warn', text: 'this node is not ready yet', path: ['members'] })
  if (!['synced', 'alone', 'drifting'].includes(clock.state)) {
    found.push({ tone: 'bad', text: `the clock here is ${clock.state}`, path: ['members'] })
  }
  if (asOf.oldestMs > oldMs && !isolated) {
    const text = `some of this is ${spanText(asOf.oldestMs)} old`
    found.push({ tone: 'warn', text, path: ['members'] })
  }
  return found
}

function aboutMembers({ members }: Status): Finding[] {
  const gone = members.filter(({ state }) => state === 'unreachable' || state === 'down')
  if (gone.length === 0) return []
  const names = gone.slice(0, 3).map(({ name, id }) => (name === '' ? id.slice(-8) : name))
  const more = gone.length > 3 ? ` and ${gone.length - 3} more` : ''
  const text = `${sentence(names)}${more} cannot be reached`
  return [{ tone: 'bad', text, path: ['members'] }]
}

function aboutJobs({ conflicts, jobs, members }: Status): Finding[] {
  const found: Finding[] = []
  if (conflicts.length > 0) {
    const path = conflicts.length === 1 ? ['jobs', conflicts[0]!] : ['jobs']
    const text = `${count(conflicts.length, 'job')} ${conflicts.length === 1 ? 'has' : 'have'} two versions`
    found.push({ tone: 'warn', text, path })
  }
  const lagging = jobs.laggingMembers.length
  if (lagging > 0) {
    const text = `${count(lagging, 'node')} of ${members.length} ${lagging === 1 ? 'holds' : 'hold'} other jobs`
    found.push({ tone: 'warn', text, path: ['members'] })
  }
  return found
}

/** `1 job`, `2 jobs`. */
export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`
}

/** `a`, `a and b`, `a, b and c`. */
export function sentence(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
