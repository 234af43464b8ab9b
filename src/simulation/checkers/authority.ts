// C9: what runs and what nodes show goes back to a client's write. Until members are certified this
// is all that authority means.

import type { JobName } from '../../core/ids.ts'
import type { Checker, Counters, History, Violation } from '../history.ts'
import { attemptsOf } from './attempts.ts'
import { jobsOf } from './definitions.ts'
import { samplesOf } from './samples.ts'

/** C9. */
export class AuthorityChecker implements Checker {
  readonly name = 'C9'
  readonly stats: Counters = {}

  check(history: History): readonly Violation[] {
    const isWritten = (job: JobName, version: number, atMs: number): boolean => {
      const write = jobsOf(history).get(job)?.write(version)
      return write?.kind === 'put' && write.sentMs <= atMs
    }
    const ran = attemptsOf(history).runs.flatMap(({ start }): readonly Violation[] => {
      const { job, version, atMs, execution, node } = start
      if (isWritten(job, version, atMs)) return []
      const message = `node ${node} ran write ${version}, which no client made`
      return [{ property: 'C9', message, atMs, job, execution }]
    })
    const shown = samplesOf(history).flatMap(({ jobs, atMs, node }) =>
      jobs.flatMap(({ job, version, live }): readonly Violation[] => {
        if (!live || version === null || isWritten(job, version, atMs)) return []
        const message = `node ${node} shows write ${version}, which no client made`
        return [{ property: 'C9', message, atMs, job }]
      }),
    )
    return [...ran, ...shown]
  }
}
