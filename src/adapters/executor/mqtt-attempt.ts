import type { Run } from '../../core/jobs/definition.ts'
import { type Ending, notStarted, type Running } from './ending.ts'
import { mqttPorts, type HttpGuard, type ResolvedAddress } from './http-guard.ts'
import { pinned } from './http-exchange.ts'

type MqttRun = Extract<Run, { kind: 'mqtt' }>

export interface MqttAttemptComponents {
  /** Brokers are checked as the targets of HTTP jobs are. */
  readonly guard: HttpGuard
  /** The connection is about to be opened. */
  readonly started: () => void
}

/** One MQTT job: a connection of its own, one message, goodbye. */
export class MqttAttempt implements Running {
  readonly ended: Promise<Ending>
  readonly #components: MqttAttemptComponents
  readonly #abort = new AbortController()
  #isStarted = false

  constructor(components: MqttAttemptComponents, run: MqttRun) {
    this.#components = components
    this.ended = this.#run(run).catch((error: unknown) => this.#failed(error as Error))
  }

  stop(): void {
    this.#abort.abort()
  }

  kill(): void {
    this.#abort.abort()
  }

  async #run(run: MqttRun): Promise<Ending> {
    const url = new URL(run.url)
    const { signal } = this.#abort
    const resolved = await this.#components.guard.resolve(url, mqttPorts)
    if (!resolved.ok) throw new Error(resolved.detail)
    const { publish } = await import('./mqtt-client.ts')
    signal.throwIfAborted()
    this.#isStarted = true
    this.#components.started()
    await publish(() => dial(url, resolved.addresses), run, signal)
    return { reason: 'exit', exit: 0, detail: `published with QoS ${run.qos}` }
  }

  #failed(error: Error): Ending {
    if (this.#abort.signal.aborted) {
      if (!this.#isStarted) return notStarted('stopped before it was started')
      return { reason: 'signal', exit: null, detail: 'the publishing was aborted' }
    }
    const detail = error.message.slice(0, 300)
    return this.#isStarted ? { reason: 'expect', exit: null, detail } : notStarted(detail)
  }
}

/** Opens a connection to one of the checked addresses and nowhere else. */
export function dial(url: URL, addresses: readonly ResolvedAddress[]): unknown {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = Number(url.port === '' ? mqttPorts[url.protocol] : url.port)
  const lookup = pinned(addresses)
  if (url.protocol !== 'mqtts:') {
    return process.getBuiltinModule('node:net').connect({ host, port, lookup })
  }
  const { isIP } = process.getBuiltinModule('node:net')
  const name = isIP(host) === 0 ? { servername: host } : {}
  return process.getBuiltinModule('node:tls').connect({ host, port, lookup, ...name })
}
