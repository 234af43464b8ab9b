import type { Bounds } from '../effect.ts'
import type { Job } from '../jobs/catalog.ts'
import { profileOf } from '../jobs/definition.ts'
import type { Replica } from '../jobs/replica.ts'
import {
  denialOf,
  plainProfile,
  profileIn,
  type Denial,
  type Policy,
  type Profile,
} from './policy.ts'

/** The policy in force, and what it says of the jobs of the catalog. */
export class OwnerPolicy {
  policy: Policy
  readonly #replica: Replica

  constructor(components: { readonly replica: Replica }, init: { readonly policy: Policy }) {
    this.#replica = components.replica
    this.policy = init.policy
  }

  /** Why this node does not run the job; undefined: it may. */
  denialOf({ name, groups }: Job): Denial | undefined {
    const authors = this.#replica.catalog.intentsOf(name).map(({ author }) => author)
    return denialOf(this.policy, { job: name, run: groups.action.run, authors })
  }

  /** The profile of a job that may run. */
  profileOf({ groups }: Job): Profile {
    return profileIn(this.policy, profileOf(groups.action.run)) ?? plainProfile
  }
}

/** What an attempt must keep to by its job and by the owner's profile: the narrower of the two. */
export function narrowed(bounds: Bounds, { outputMaxBytes, memoryMaxBytes }: Profile): Bounds {
  const isOwners = outputMaxBytes !== null && outputMaxBytes < (bounds.outputMaxBytes ?? Infinity)
  const memory = Math.min(bounds.memoryMaxBytes ?? Infinity, memoryMaxBytes ?? Infinity)
  return {
    outputMaxBytes: isOwners ? outputMaxBytes : bounds.outputMaxBytes,
    onOutputMax: isOwners ? 'kill' : bounds.onOutputMax,
    memoryMaxBytes: memory === Infinity ? null : memory,
  }
}
