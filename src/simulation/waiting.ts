// Who waits for an answer of one node: clients, peers that asked, gossip that wants a verdict.

import type { Reply } from '../core/effect.ts'
import type { Version } from './history.ts'

/** Gets the reply, or nothing when the process died first. */
export type Answered = (reply: Reply | undefined) => void

export class Waiting {
  readonly #replies = new Map<number, Answered>()
  readonly #versions = new Map<number, Version>()
  readonly #questions = new Map<number, (bytes: Uint8Array) => void>()
  readonly #verdicts = new Map<number, (isAccepted: boolean) => void>()
  #ids = 0

  /** A client's command, and the number of its write. */
  command(answered: Answered, version: Version | undefined): number {
    this.#ids += 1
    this.#replies.set(this.#ids, answered)
    if (version !== undefined) this.#versions.set(this.#ids, version)
    return this.#ids
  }

  question(answer: (bytes: Uint8Array) => void): number {
    this.#ids += 1
    this.#questions.set(this.#ids, answer)
    return this.#ids
  }

  verdict(judged: (isAccepted: boolean) => void): number {
    this.#ids += 1
    this.#verdicts.set(this.#ids, judged)
    return this.#ids
  }

  /** The number of a command's write, once. */
  takeVersion(id: number): Version | undefined {
    const version = this.#versions.get(id)
    this.#versions.delete(id)
    return version
  }

  reply(id: number, reply: Reply): void {
    const answered = this.#replies.get(id)
    this.#replies.delete(id)
    answered?.(reply)
  }

  respond(id: number, bytes: Uint8Array): void {
    this.#questions.get(id)?.(bytes)
    this.#questions.delete(id)
  }

  judge(id: number, isAccepted: boolean): void {
    this.#verdicts.get(id)?.(isAccepted)
    this.#verdicts.delete(id)
  }

  /** The process died: clients hear nothing, nor does anybody else. */
  abandon(): void {
    for (const answered of this.#replies.values()) answered(undefined)
    for (const map of [this.#replies, this.#versions, this.#questions, this.#verdicts]) map.clear()
  }
}

/** What a client hears whose write may or may not survive. */
export const unstored: Reply = {
  ok: false,
  refusal: { code: 'MC_STORE_FAILED', message: 'the change could not be stored', hint: '' },
}
