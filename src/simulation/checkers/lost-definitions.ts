// C4: what was acknowledged was on a disk before, and is there in the end, on every node, unless
// somebody who knew of it wrote something else. A deletion beats a write that did not know of it.

import type { Checker, Counters, EntryOf, History, Violation } from '../history.ts'
import { jobsOf, type JobTruth, type Writing } from './definitions.ts'
import { finalSamples } from './samples.ts'

type Known = EntryOf<'sample'>['jobs'][number]

/** C4. */
export class LostDefinitionsChecker implements Checker {
  readonly name = 'C4'
  #counts: Record<string, number> = {}

  get stats(): Counters {
    return this.#counts
  }

  check(history: History): readonly Violation[] {
    this.#counts = { acknowledged: 0, required: 0 }
    const samples = finalSamples(history)
    const early = [...jobsOf(history).values()].flatMap(saidTooEarly)
    const lost = [...jobsOf(history).values()].flatMap((truth) => {
      this.#count(truth, history)
      return samples.flatMap((sample) => {
        const known = sample.jobs.find(({ job }) => job === truth.name)
        const reason = judge(truth, known, sample.atMs, samples)
        if (reason === undefined) return []
        const message = `${reason}; node ${sample.node}`
        return [{ property: 'C4', message, atMs: sample.atMs, job: truth.name }]
      })
    })
    return [...early, ...lost]
  }

  #count(truth: JobTruth, history: History): void {
    const durable = truth.writes.filter((write) => write.durable)
    const kept = durable.filter((write) => truth.holders(write, history.endMs).length > 0)
    this.#counts['acknowledged']! += durable.length
    this.#counts['required']! += kept.length
  }
}

/** A write that the winner's author did not know of stays visible beside it. */
function silentlyGone(
  truth: JobTruth,
  known: Known,
  required: readonly Writing[],
): string | undefined {
  const winner = required.find(({ version }) => version === known.version)
  if (winner === undefined) return undefined
  const gone = required.find(
    (write) =>
      write.generation === winner.generation &&
      write !== winner &&
      truth.supersedes(winner, write) === 'no' &&
      truth.supersedes(write, winner) === 'no',
  )
  return gone === undefined ? undefined : `write ${gone.version} is gone without a conflict`
}

/** Answers to clients before the write was on the disk of the node that answered. */
const saidTooEarly = (truth: JobTruth): readonly Violation[] =>
  truth.answered
    .filter((write) => write.durable && changesSomething(write))
    .filter((write) => truth.firstStored(write, write.node) > write.ackMs)
    .map(({ version, node, ackMs }) => {
      const message = `write ${version} was acknowledged before it was on the disk of node ${node}`
      return { property: 'C4', message, atMs: ackMs, job: truth.name }
    })

/** To pause a paused job changes nothing, and nothing has to be stored. */
const changesSomething = ({ kind }: Writing): boolean => kind === 'put' || kind === 'delete'

function judge(
  truth: JobTruth,
  known: Known | undefined,
  atMs: number,
  samples: readonly EntryOf<'sample'>[],
): string | undefined {
  /** Nobody can have it from a node that is off or whose disk lost it. */
  const isRequired = (write: Writing): boolean =>
    write.durable && samples.some(({ node }) => truth.held(write, node, atMs) === 'yes')
  const life = truth.possible('life', atMs)
  const rest = truth.possible('rest', atMs)
  // no disk ever held it: its only writes were refused or died with their node, and none is owed
  if (life.length === 0) return undefined
  const isLive = known?.live === true
  if (!isLive && life.every((write) => write.kind === 'put' && isRequired(write))) {
    return known === undefined ? 'an acknowledged job is not known' : 'a live job counts as deleted'
  }
  const shown = truth.writes.find(({ version }) => version === known?.version)
  const isDeleted = life.some(
    (write) =>
      write.kind === 'delete' &&
      isRequired(write) &&
      // what may have been lost with its node may have survived as well
      (shown === undefined || truth.supersedes(shown, write) !== 'yes'),
  )
  if (isLive && isDeleted) return 'a deleted job is live'
  if (!isLive) return undefined
  if (rest.some(({ version }) => version === known.version)) {
    return known.conflicts === 0 ? silentlyGone(truth, known, rest.filter(isRequired)) : undefined
  }
  // an older one may be all that is left where disks were lost
  if (!rest.some(isRequired)) return undefined
  return `write ${known.version} is in force instead of ${rest.map(({ version }) => version).join(' or ')}`
}
