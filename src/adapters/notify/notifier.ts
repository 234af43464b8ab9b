// Delivers messages through the channels of this node. Each delivery has its time and all of them
// share a few places, so that a channel that hangs costs nobody anything.

import { limits } from '../../core/limits.ts'
import type { Notice } from '../../core/notify/notice.ts'
import type { Channel, Notifier } from '../../ports/notifier.ts'
import { sendMail } from './email.ts'
import { messageOf, type Message } from './message.ts'
import { runProgram } from './program.ts'
import { callPing, callWebhook, type Post } from './webhook.ts'

type Mqtt = Extract<Channel, { kind: 'mqtt' }>

export interface NotifierComponents {
  readonly post: Post
  readonly publish: (channel: Mqtt, payload: string, signal: AbortSignal) => Promise<void>
  /** The end of what an execution printed, wherever it ran; empty when nobody can say. */
  readonly outputOf: (notice: Notice) => Promise<string>
}

const httpMs = 5_000
const outputMs = 2_000
const placesMax = 8

export class LocalNotifier implements Notifier {
  readonly channels: readonly string[]
  readonly #components: NotifierComponents
  readonly #table: Readonly<Record<string, Channel>>
  readonly #link: string
  readonly #running = new Set<AbortController>()

  constructor(
    components: NotifierComponents,
    init: { readonly channels: Readonly<Record<string, Channel>>; readonly link: string },
  ) {
    this.#components = components
    this.#table = init.channels
    this.#link = init.link
    this.channels = Object.keys(init.channels)
  }

  async deliver(name: string, notices: readonly Notice[]): Promise<string | undefined> {
    const channel = Object.hasOwn(this.#table, name) ? this.#table[name] : undefined
    if (channel === undefined) return `this node has no channel ${name}`
    if (this.#running.size >= placesMax) return 'too many deliveries are under way'
    const abort = new AbortController()
    this.#running.add(abort)
    const isHttp = channel.kind === 'webhook' || channel.kind === 'ping'
    const timer = setTimeout(
      () => abort.abort(),
      isHttp ? httpMs : limits.noticeTimeoutMs - outputMs,
    )
    try {
      const message = messageOf(notices, { output: await this.#output(notices), link: this.#link })
      await this.#send(channel, message, abort.signal)
      return undefined
    } catch (error) {
      if (abort.signal.aborted) return 'no answer in time'
      return (error instanceof Error ? error.message : String(error)).slice(0, 300)
    } finally {
      clearTimeout(timer)
      this.#running.delete(abort)
    }
  }

  /** What was printed is worth a short wait and no more. */
  async #output(notices: readonly Notice[]): Promise<string> {
    const [notice] = notices
    if (notices.length !== 1 || notice?.execution === null || notice?.member === null) return ''
    const { promise, resolve } = Promise.withResolvers<string>()
    const timer = setTimeout(() => resolve(''), outputMs)
    this.#components.outputOf(notice!).then(resolve, () => resolve(''))
    return await promise.finally(() => clearTimeout(timer))
  }

  async #send(channel: Channel, message: Message, signal: AbortSignal): Promise<void> {
    const { post, publish } = this.#components
    switch (channel.kind) {
      case 'webhook':
        return await callWebhook(post, channel, message, signal)
      case 'ping':
        return await callPing(post, channel, message, signal)
      case 'exec':
        return await runProgram(channel.argv, message, signal)
      case 'email':
        return await sendMail(channel, message, signal)
      case 'mqtt':
        return await publish(channel, JSON.stringify(message.parts), signal)
    }
  }

  close(): Promise<void> {
    for (const abort of this.#running) abort.abort()
    return Promise.resolve()
  }
}
