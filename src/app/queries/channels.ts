import type { Channel } from '../../adapters/http/schema.ts'
import { emptyNotice, type Notice } from '../../core/notify/notice.ts'
import { ok, refuse, type Result } from '../../core/result.ts'
import { didYouMean } from '../../core/suggest.ts'
import type { Notifier } from '../../ports/notifier.ts'
import type { Scene } from './scene.ts'

/** Channels to people, of this node and of the others. */
export class Channels {
  readonly #scene: Scene
  readonly #notifier: Notifier

  constructor(components: { readonly scene: Scene; readonly notifier: Notifier }) {
    this.#scene = components.scene
    this.#notifier = components.notifier
  }

  list(): readonly Channel[] {
    const { membership, notify } = this.#scene.node
    const alive = membership.members().filter(({ state }) => state === 'alive')
    const names = new Set([
      ...this.#notifier.channels,
      ...alive.flatMap(({ record }) => record.channels ?? []),
    ])
    return [...names].sort().map((name) => ({
      name,
      self: this.#notifier.channels.includes(name),
      members: alive
        .filter(({ record }) => record.channels?.includes(name))
        .map(({ record }) => record.member),
      waiting: notify.outbox.waitingFor(name),
    }))
  }

  /** Sends a message now, past all rules. */
  async test(name: string): Promise<Result<void>> {
    if (!this.#notifier.channels.includes(name)) return this.#unknown(name)
    const { membership } = this.#scene.node
    const atMs = this.#scene.nowMs()
    const notice: Notice = {
      ...emptyNotice,
      id: atMs.toString(16).padStart(16, '0'),
      event: 'test',
      atMs,
      memberName: membership.own().name,
    }
    const failure = await this.#notifier.deliver(name, [notice])
    if (failure === undefined) return ok(undefined)
    const hint = 'check the channel in notify.yaml of this node, and start it again'
    return refuse('MC_NOT_DELIVERED', `channel ${name}: ${failure}`, hint)
  }

  #unknown(name: string): Result<never> {
    const shown = JSON.stringify(name.slice(0, 80))
    const owners = this.#scene.node.membership
      .members()
      .filter(({ record, state }) => state === 'alive' && record.channels?.includes(name))
    const guess = didYouMean(
      name,
      this.#notifier.channels,
      'name it in notify.yaml of this node: docs/reference/notifications.md',
    )
    const names = owners.map(({ record }) => record.name).join(', ')
    const hint = names === '' ? guess : `ask a node that has it: ${names}`
    return refuse('MC_UNKNOWN_CHANNEL', `this node has no channel ${shown}`, hint)
  }
}
