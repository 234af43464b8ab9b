import { type GossipSub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { Topic } from '../../core/effect.ts'
import { type MemberId, memberId } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'
import { gossipRate, verdictMs, verdictsMax } from './constants.ts'
import { TokenBuckets } from '../../core/token-buckets.ts'

type Verdict = 'accept' | 'ignore' | 'reject'

/** What gossip needs. */
export interface GossipComponents {
  readonly clock: { monoMs(): number }
  readonly isAdmitted: (peer: MemberId) => boolean
}

/** The topics, and whom gossip tells. */
export interface GossipInit {
  readonly topics: Readonly<Record<Topic, string>>
  readonly heard: (from: MemberId, topic: Topic, bytes: Uint8Array) => Promise<Verdict>
  readonly refused: (from: MemberId, what: string, reason: string) => void
}

/** Our end of gossipsub: publishes, and asks for a verdict before anything travels on. */
export class Gossip {
  readonly #components: GossipComponents
  readonly #init: GossipInit
  readonly #rate = new TokenBuckets(gossipRate)
  #pubsub: GossipSub | undefined
  #awaited = 0
  #received = 0
  #published = 0

  constructor(components: GossipComponents, init: GossipInit) {
    this.#components = components
    this.#init = init
  }

  /** Joins the topics, once and for all: leaving and coming back empties the mesh for 10 s. */
  start(pubsub: GossipSub): void {
    this.#pubsub = pubsub
    for (const [topic, name] of Object.entries(this.#init.topics) as [Topic, string][]) {
      pubsub.topicValidators.set(
        name,
        async (peer, { data }) =>
          results[await this.#judge(memberId(peer.toString()), topic, data)],
      )
      pubsub.subscribe(name)
    }
  }

  /** Sends to whoever is subscribed; how many that are is a rumour and not told. */
  publish(topic: Topic, bytes: Uint8Array): void {
    this.#published += 1
    this.#pubsub?.publish(this.#init.topics[topic], bytes).catch(() => {})
  }

  /** Messages received and published. */
  counters(): { readonly received: number; readonly published: number } {
    return { received: this.#received, published: this.#published }
  }

  /** Cheap questions first: signatures and the core's own checks cost most. */
  async #judge(from: MemberId, topic: Topic, bytes: Uint8Array): Promise<Verdict> {
    const { clock, isAdmitted } = this.#components
    if (!isAdmitted(from)) return this.#refuse(from, 'not admitted', 'ignore')
    if (bytes.byteLength > limits.gossipBytesMax) {
      return this.#refuse(from, 'message over its bound', 'reject')
    }
    if (!this.#rate.take(from, clock.monoMs())) {
      return this.#refuse(from, 'more messages than a member sends', 'ignore')
    }
    if (this.#awaited >= verdictsMax) return this.#refuse(from, 'verdicts are late', 'ignore')
    this.#received += 1
    this.#awaited += 1
    const late = Promise.withResolvers<Verdict>()
    const timer = setTimeout(() => late.resolve('ignore'), verdictMs)
    try {
      return await Promise.race([this.#init.heard(from, topic, bytes), late.promise])
    } catch {
      return 'ignore'
    } finally {
      clearTimeout(timer)
      this.#awaited -= 1
    }
  }

  #refuse(from: MemberId, reason: string, verdict: Verdict): Verdict {
    this.#init.refused(from, 'gossip', reason)
    return verdict
  }
}

const results: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}
