// Readers of the values that several messages share.

import { actorOf, type ActorId, type ExecutionId, type JobName, type MemberId } from '../ids.ts'
import { limits } from '../limits.ts'
import { dictionary, fail, hex, text, type Reader } from './read.ts'

/** A PeerId in base58. */
export const readMember = text({
  max: 64,
  form: /^[1-9A-HJ-NP-Za-km-z]{40,64}$/,
}) as Reader<MemberId>
export const readJobName = text({
  max: 128,
  form: /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/,
}) as Reader<JobName>
export const readExecution = text({ max: 160, form: /^[a-z0-9_.:@~+-]+$/ }) as Reader<ExecutionId>
export const readActor = hex(16) as Reader<ActorId>
export const readSlot: Reader<string> = text({ max: 64, form: /^(\*|[0-9A-Za-z]+)$/ })

/** What may be printed on one line. */
export function line(max: number): Reader<string> {
  return text({ max, form: /^\P{Cc}*$/u })
}

/** A map of short texts: tags, labels, variables. */
export const readTexts: Reader<Readonly<Record<string, string>>> = (value) =>
  Object.fromEntries(dictionary(line(63), line(255), { max: limits.tagsMax })(value))

/** Who wrote: the actor is recomputed, so nobody can write as another. */
export function checkActor(fields: {
  readonly author: MemberId
  readonly storeEpoch: string
  readonly startId: string
  readonly actor: ActorId
}): void {
  const { author, storeEpoch, startId, actor } = fields
  if (actorOf(author, storeEpoch, startId) !== actor) fail('actor is not the author’s')
}
