// What a person reads of a run: facts of the history, and steps of nodes with what they heard and
// asked for. Nothing in here goes into the hash of a trace.

import type { Arrival } from '../app/driver.ts'
import type { Effect } from '../core/effect.ts'
import { openRecord } from '../core/execution/record-codec.ts'
import { decodeExecMessage, type ExecMessage } from '../core/wire/exec-message.ts'
import { decodeSyncRequest } from '../core/jobs/sync-message.ts'
import type { Fact, NodeIndex } from './history.ts'
import { clusterId } from './credentials.ts'
import type { Recorder } from './recorder.ts'

type IndexOf = (member: string) => NodeIndex | null

/** What is needed to read what members sign, and to name them by their numbers. */
interface Names {
  readonly clusterId: string
  readonly indexOf: IndexOf
}

/** Keeps what a node heard in one step and what it asked for, for a reader. */
export function keepStep(
  recorder: Recorder,
  node: NodeIndex,
  arrival: Arrival,
  effects: readonly Effect[],
): void {
  const { members } = recorder.scenery
  const indexOf = (member: string): NodeIndex => members.findIndex((id) => id === member)
  const text = stepText({ clusterId, indexOf }, arrival, effects)
  if (text !== undefined) recorder.keep(`node ${node} ${text}`)
}

/** One step of a node; undefined when it only kept things going, as most do. */
function stepText(names: Names, arrival: Arrival, effects: readonly Effect[]): string | undefined {
  const heard = arrivalText(names, arrival)
  const asked = effects.flatMap((effect) => effectText(names, effect) ?? [])
  if (asked.length === 0 && (heard === undefined || arrival.kind === 'wake')) return undefined
  return [heard ?? arrival.kind, ...asked].join(' · ')
}

function arrivalText({ clusterId, indexOf }: Names, arrival: Arrival): string | undefined {
  switch (arrival.kind) {
    case 'wake':
      return arrival.lagMs > 100 ? `wakes ${Math.round(arrival.lagMs)} ms late` : undefined
    case 'message': {
      if (arrival.channel === 'heartbeat') return undefined
      const from = indexOf(arrival.from)
      return `hears from ${from}: ${execText({ clusterId, indexOf }, arrival.bytes)}`
    }
    case 'gossip':
      return `hears gossip of ${arrival.topic} by ${indexOf(arrival.from)}`
    case 'request':
      return `is asked by ${indexOf(arrival.from)}: ${questionText(arrival.protocol, arrival.bytes)}`
    case 'response':
      return arrival.bytes === undefined ? 'gets no answer' : 'gets an answer'
    case 'link':
      return `link to ${indexOf(arrival.peer)} ${arrival.up ? 'up' : 'down'}`
    case 'execution':
      return `executor: ${arrival.report.attempt} ${arrival.report.kind}`
    case 'command':
      return `command ${arrival.command.kind}`
    case 'storeFailed':
      return `store failed: ${arrival.reason}`
    case 'loaded':
    case 'storeRecovered':
      return arrival.kind
    default:
      return undefined
  }
}

function effectText(names: Names, effect: Effect): string | undefined {
  switch (effect.kind) {
    case 'send':
      if (effect.channel === 'heartbeat') return undefined
      return `to ${names.indexOf(effect.to)}: ${execText(names, effect.bytes)}`
    case 'start':
      return `STARTS ${effect.launch.attempt}`
    case 'stop':
      return `stops ${effect.attempt}`
    case 'request':
      return `asks ${names.indexOf(effect.to)}: ${questionText(effect.protocol, effect.bytes)}`
    case 'disconnect':
      return `closes ${names.indexOf(effect.peer)}: ${effect.reason}`
    case 'persist': {
      const records = effect.writes.filter(({ kind }) => kind === 'record').length
      return records > 0 ? `stores ${records} records` : undefined
    }
    case 'report':
      return reportText(effect)
    default:
      return undefined
  }
}

function reportText({ report }: Extract<Effect, { kind: 'report' }>): string | undefined {
  switch (report.kind) {
    case 'memberChanged':
      return `finds ${report.name} ${report.state}`
    case 'clockChanged':
      return `clock ${report.state} ${Math.round(report.offsetMs)} ms`
    case 'refused':
      return `refuses ${report.what}: ${report.reason}`
    case 'declined':
      return `declines ${report.attempt}: ${report.reason}`
    default:
      return undefined
  }
}

function questionText(protocol: string, bytes: Uint8Array): string {
  if (protocol !== 'sync') return protocol
  const question = decodeSyncRequest(bytes)
  return question.ok ? `sync of ${question.value.kind}` : 'sync'
}

function execText(names: Names, bytes: Uint8Array): string {
  const message = decodeExecMessage(bytes)
  return message.ok ? messageText(names, message.value) : 'exec, unreadable'
}

function messageText({ clusterId, indexOf }: Names, message: ExecMessage): string {
  switch (message.kind) {
    case 'records':
      return message.records
        .map((bytes) => {
          const opened = openRecord(clusterId, bytes)
          if (!opened.ok) return 'record, unreadable'
          const { execution, slot, attempt, phase, executor, outcome } = opened.value.stored.record
          const runner = executor === null ? 'nobody' : indexOf(executor)
          return `record ${execution}.${slot}.${attempt} ${outcome ?? phase} by ${runner}`
        })
        .join(', ')
    case 'intents':
      return `${message.intents.length} definitions`
    case 'answer':
      return `answer ${message.answer.kind} on ${message.attempt}`
    case 'relay':
      return `relay ${message.attempt} to ${message.targets.map(indexOf).join(', ')}`
    case 'relayed': {
      const answers = message.answers.map(
        ({ target, answer }) => `${indexOf(target)} ${answer.kind}`,
      )
      return `relayed ${answers.join(', ')} on ${message.attempt}`
    }
    case 'nudge':
      return `nudge ${message.attempt} to ${indexOf(message.to)}`
    case 'told':
      return `told of ${message.facts.length} messages`
    case 'askTold':
      return `asks for ${message.ids.length} messages`
    case 'cordon':
      return message.isCordoned ? 'cordon' : 'uncordon'
    default:
      return `${message.kind} ${message.attempt}`
  }
}

/** One fact of the history. */
export function factText(fact: Fact): string {
  switch (fact.kind) {
    case 'exec.start':
      return `node ${fact.node} EXECUTES ${fact.attempt}, its clock ${clockText(fact.wallMs)}`
    case 'exec.end':
      return `node ${fact.node} ended ${fact.attempt}: ${fact.how} ${fact.exit ?? ''}`.trimEnd()
    case 'record.stored': {
      const runner = fact.executor === null ? 'nobody' : `${fact.executor}`
      const safety = fact.synced ? '' : ', not yet synced'
      return `node ${fact.node} stored ${fact.attempt} ${fact.outcome ?? fact.phase} by ${runner}${safety}`
    }
    case 'clock':
      return `node ${fact.node} clock ${Math.round(fact.offsetMs)} ms off, ${fact.driftPpm.toFixed(0)} ppm`
    case 'def.ack':
      return `client on node ${fact.node} wrote ${fact.job}, version ${fact.version}`
    case 'phase':
      return `── ${fact.phase} ──`
    case 'core':
      return `only nodes ${fact.nodes.join(', ')} are healed`
    default: {
      const { kind, ...fields } = fact
      const told = Object.entries(fields)
        .filter(([name]) => name !== 'seq' && name !== 'atMs')
        .map(
          ([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`,
        )
      return `${kind} ${told.join(', ')}`
    }
  }
}

const clockText = (ms: number): string => new Date(ms).toISOString().slice(11, 23)
