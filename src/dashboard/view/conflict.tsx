// Two people changed the same part of a job without knowing of each other. One value counts, by a rule
// that is the same on every node; the other is kept until somebody has chosen.

import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Job, JobConflict, JobDocument, JobWrite } from '../answers.ts'
import { nodeText } from '../model/outcome.ts'
import { status } from '../state/fleet.ts'
import { apiPath, ask } from '../state/session.ts'
import { Differences } from './differences.tsx'
import { Instant, Panel, Problem } from './pieces.tsx'

export function Conflicts(props: { job: Job; onChange: () => void }): VNode | null {
  const { job, onChange } = props
  const [error, setError] = useState<unknown>(undefined)
  if (job.conflicts.length === 0) return <Problem error={error} />
  const choose = (document: JobDocument): void => {
    const headers = { 'if-match': `"${job.etag}"` }
    ask<JobWrite>('PUT', apiPath`/jobs/${job.name}`, { body: document, headers }).then(
      onChange,
      (refused: unknown) => {
        setError(refused)
        onChange()
      },
    )
  }
  return (
    <Panel title="Two versions" class="conflict">
      <p>
        This job was changed on two sides that could not see each other. One version counts on every
        node alike; the other is kept until you choose.
      </p>
      <Problem error={error} />
      {job.conflicts.flatMap((conflict) => loserPanels(conflict, choose))}
      <div class="actions">
        <button type="button" onClick={() => choose(job.document)}>
          keep what counts
        </button>
      </div>
    </Panel>
  )
}

function loserPanels(
  { group, losers }: JobConflict,
  choose: (document: JobDocument) => void,
): readonly VNode[] {
  return losers.map(({ author, at, document, differences }) => (
    <div key={`${group}${author}${at}`} class="loser">
      <h3>
        {group}: the other was written by <span class="mono">{authorName(author)}</span>,{' '}
        <Instant ms={Date.parse(at)} />
      </h3>
      <Differences differences={differences} before="counts" after="the other" />
      <button type="button" onClick={() => choose(document)}>
        use the other
      </button>
    </div>
  ))
}

function authorName(author: string): string {
  const member = status.value?.members.find(({ id }) => id === author)
  return nodeText(author, member?.name ?? null)
}
