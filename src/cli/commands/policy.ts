// What the owner of this node allows, from the file itself: no daemon is asked, and none answers it.

import { resolve } from 'node:path'
import { defaultDataDirs } from '../../app/data-dir.ts'
import { policyPath, readPolicy, whereDenied, type OwnPolicy } from '../../app/policy-file.ts'
import { parseDocument } from '../../core/jobs/document.ts'
import type { MemberId } from '../../core/ids.ts'
import { printPolicy } from '../../core/trust/policy-document.ts'
import { denialOf } from '../../core/trust/policy.ts'
import { usage, valueOf } from '../cli-error.ts'
import { collect, reading } from '../context.ts'
import type { Define, GlobalOptions } from '../context.ts'
import { readDocuments } from '../documents.ts'
import type { Sourced } from '../documents.ts'
import type { Io } from '../io.ts'
import { showData, showList, writeLines } from '../output.ts'

interface Flags {
  readonly policy?: string
  readonly author: readonly string[]
}

/** One line of `policy test`. */
interface Verdict {
  readonly job: string
  readonly allowed: boolean
  /** Why not, with the line to change; empty when it may run. */
  readonly why: string
}

export const define: Define = (command, io) => {
  command
    .command('show')
    .description('what this node runs; needs no daemon')
    .option('--policy <file>', 'another file than the one that counts')
    .action(
      reading<Flags>(io, async ({ format, options }) => {
        const { places, own } = read(io, options)
        const value = { file: own.path ?? null, policy: printPolicy(own.policy) }
        if (await showData(io, format, value)) return
        if (own.path === undefined)
          writeLines(io, [`${policyPath(places)} is not there: nothing runs`])
        else if (format === 'name') writeLines(io, [own.path])
        else await showData(io, 'yaml', value)
      }),
    )
  command
    .command('test')
    .description('whether this node would run the jobs of a file; needs no daemon')
    .argument('<path>', 'file, folder, or - for standard input')
    .option('--policy <file>', 'another file than the one that counts')
    .option('--author <id>', 'member that would write them; repeatable', collect, [])
    .action(
      reading<Flags>(io, async ({ format, options }, path) => {
        const { own } = read(io, options)
        const jobs = (await readDocuments(io, [path])).filter(({ kind }) => kind === 'job')
        const rows = jobs.map((job) => judge(io, own, job, options.author as readonly MemberId[]))
        await showList<Verdict>(io, format, {
          value: rows,
          rows,
          columns: [
            { title: 'JOB', cell: ({ job }) => job },
            { title: 'RUNS HERE', cell: ({ allowed }) => (allowed ? 'yes' : 'no') },
            { title: 'WHY NOT', cell: ({ why }) => why },
          ],
          name: ({ job }) => job,
          empty: 'there is no job in it',
        })
        return rows.every(({ allowed }) => allowed) ? 0 : 1
      }),
    )
}

function read(io: Io, { policy, dataDir }: Flags & GlobalOptions) {
  const named = policy ?? io.env['MESHCRON_POLICY']
  const places = {
    policyFile: named === undefined ? undefined : resolve(named),
    dataDir: resolve(dataDir ?? io.env['MESHCRON_DATA_DIR'] ?? defaultDataDirs()[0]!),
  }
  return { places, own: valueOf(readPolicy(places)) }
}

function judge(
  io: Io,
  own: OwnPolicy,
  { document, source, name }: Sourced,
  authors: readonly MemberId[],
): Verdict {
  const parsed = parseDocument(document, { nowMs: io.nowMs(), defaultTimezone: 'UTC' })
  if (!parsed.ok) throw usage(`${source}: ${name}: ${parsed.refusal.message}`, parsed.refusal.hint)
  const { run } = parsed.value.definition.action
  const denial = denialOf(own.policy, { job: parsed.value.name, run, authors })
  return {
    job: parsed.value.name,
    allowed: denial === undefined,
    why: denial === undefined ? '' : whereDenied(own, denial),
  }
}
