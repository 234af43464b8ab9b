// What the node itself sends out, with the checks and the clients that jobs have.

import { HttpGuard, mqttPorts } from './http-guard.ts'
import { exchange } from './http-exchange.ts'
import { dial } from './mqtt-attempt.ts'
import type { Message } from './mqtt-client.ts'

interface Target {
  readonly url: string
  /** Whether the target may be in a private network, this machine included. */
  readonly allowPrivate: boolean
}

const everywhere = ['0.0.0.0/0', '::/0']

export class Outgoing {
  readonly #public: HttpGuard
  readonly #private: HttpGuard

  constructor(components: object, { deny }: { readonly deny: readonly string[] }) {
    this.#public = new HttpGuard(components, { allow: [], deny })
    this.#private = new HttpGuard(components, { allow: everywhere, deny })
  }

  #guard(isPrivate: boolean): HttpGuard {
    return isPrivate ? this.#private : this.#public
  }

  /** POSTs and answers with the status; redirects are not followed, the body is not read. */
  async post(
    call: Target & { readonly headers: Readonly<Record<string, string>>; readonly body: string },
    signal: AbortSignal,
  ): Promise<number> {
    const url = new URL(call.url)
    const resolved = await this.#guard(call.allowPrivate).resolve(url)
    if (!resolved.ok) throw new Error(resolved.detail)
    signal.throwIfAborted()
    const { headers, body } = call
    const outgoing = { url, method: 'POST', headers, body }
    const response = await exchange(outgoing, resolved.addresses, signal)
    response.destroy()
    return response.statusCode ?? 0
  }

  async publish(
    { url, allowPrivate }: Target,
    message: Message,
    signal: AbortSignal,
  ): Promise<void> {
    const target = new URL(url)
    const resolved = await this.#guard(allowPrivate).resolve(target, mqttPorts)
    if (!resolved.ok) throw new Error(resolved.detail)
    const { publish } = await import('./mqtt-client.ts')
    signal.throwIfAborted()
    await publish(() => dial(target, resolved.addresses), message, signal)
  }
}
