// The editor: a form and its YAML side by side, each following the other, and beside them what the
// node would make of it.

import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Job, JobWrite } from '../answers.ts'
import { clockChangeNotes } from '../model/clock-change.ts'
import { commands } from '../model/command.ts'
import { isSame, mergeDocuments } from '../model/merge.ts'
import { nodeText } from '../model/outcome.ts'
import { hrefOf } from '../model/route.ts'
import { scheduleText, zoneOfDocument } from '../model/schedule.ts'
import { templateOf } from '../model/templates.ts'
import { setInYaml } from '../model/yaml-text.ts'
import { now, refreshJobs, refreshPlan } from '../state/fleet.ts'
import { newerOf, textOf, useDraft, type Base, type Draft } from '../state/draft.ts'
import { go, route } from '../state/place.ts'
import { useRead } from '../state/read.ts'
import { apiPath, ask, Refused } from '../state/session.ts'
import { Coming } from './coming.tsx'
import { Differences } from './differences.tsx'
import { Form } from './form.tsx'
import { CommandLine, Heading, Loading, Panel, Problem, shownZone } from './pieces.tsx'

const blank = 'name: \nschedule: "@every 10s"\nrun:\n  exec: [ echo, "hi from {node}" ]\n'

/** A new job, from a template or from nothing. */
export function NewJob(): VNode {
  const template = templateOf(route.value.query.get('template'))
  const first = template === undefined ? blank : textOf(template.document)
  return <Editor key={template?.name ?? ''} first={first} job={undefined} />
}

/** A job that is there. */
export function EditJob(props: { name: string }): VNode {
  const { name } = props
  const read = useRead(name, () => ask<Job>('GET', apiPath`/jobs/${name}`))
  if (read.value === undefined) {
    return (
      <>
        <Heading title={`Edit ${name}`} />
        {read.error === undefined ? <Loading /> : <Problem error={read.error} />}
      </>
    )
  }
  return <Editor first={textOf(read.value.document)} job={read.value} />
}

function Editor(props: { first: string; job: Job | undefined }): VNode {
  const { job } = props
  const draft = useDraft(props.first, job)
  const [refusal, setRefusal] = useState<unknown>(undefined)
  const [isSaving, setSaving] = useState(false)
  const newer = newerOf(refusal)
  const { document, preview } = draft
  const save = async (): Promise<void> => {
    setSaving(true)
    setRefusal(undefined)
    try {
      const written = await draft.save()
      refreshJobs()
      refreshPlan()
      go(hrefOf(['jobs', written.name]))
    } catch (error) {
      setRefusal(error)
    }
    setSaving(false)
  }
  const given = document?.['name']
  const name = job?.name ?? (typeof given === 'string' ? given : '')
  const isUnchanged = preview?.change === 'unchanged'
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Heading
        title={
          job === undefined ? (
            'New job'
          ) : (
            <>
              Edit <span class="mono">{job.name}</span>
            </>
          )
        }
      >
        <div class="actions">
          <button
            type="submit"
            class="first"
            disabled={preview === undefined || isUnchanged || isSaving}
          >
            {job === undefined ? 'create' : isUnchanged ? 'no changes' : 'save'}
          </button>
          <a
            class="button"
            href={job === undefined ? hrefOf(['jobs']) : hrefOf(['jobs', job.name])}
          >
            leave it
          </a>
        </div>
      </Heading>
      {newer === undefined ? (
        <Problem error={refusal} />
      ) : (
        <Newer draft={draft} newer={newer} onChosen={() => setRefusal(undefined)} />
      )}
      <Columns draft={draft} isNew={job === undefined} name={name} />
    </form>
  )
}

/** Form, YAML and verdict side by side. */
function Columns(props: { draft: Draft; isNew: boolean; name: string }): VNode {
  const { draft, isNew, name } = props
  const { document, preview } = draft
  return (
    <div class="editor-columns">
      <Form
        document={document ?? {}}
        isNew={isNew}
        isBroken={document === undefined}
        onChange={(path, value) => draft.setText(setInYaml(draft.text, path, value))}
      />
      <div>
        <label class="yaml">
          YAML
          <textarea
            spellcheck={false}
            rows={Math.min(28, Math.max(12, draft.text.split('\n').length + 1))}
            value={draft.text}
            onInput={({ currentTarget }) => draft.setText(currentTarget.value)}
          />
        </label>
        <CommandLine command={commands.apply(name)} label="save it as a file, then" />
      </div>
      <div class="verdict" aria-live="polite">
        <Problem error={draft.error} />
        {draft.error instanceof Refused && draft.error.code === 'MC_EXISTS' ? (
          <a href={hrefOf(['edit', name])}>edit {name} instead →</a>
        ) : null}
        {preview === undefined ? null : <Verdict preview={preview} />}
      </div>
    </div>
  )
}

/** What the node would make of it. */
function Verdict(props: { preview: JobWrite }): VNode {
  const { name, document, next, rank, excluded, warnings, differences, change } = props.preview
  const jobZone = zoneOfDocument(document)
  return (
    <>
      <Panel
        title={scheduleText(name, document)}
        aside={<span class="quiet">{shownZone(jobZone)}</span>}
      >
        <Coming ticks={next} jobZone={jobZone} />
        {next.length === 0 ? (
          <p class="quiet nothing">no tick ahead; it is started by hand</p>
        ) : null}
        {clockChangeNotes(name, document, now.value).map((note) => (
          <p key={note} class="quiet clock-note">
            {note}
          </p>
        ))}
      </Panel>
      {warnings.map((warning) => (
        <p key={warning} class="note-box">
          {warning}
        </p>
      ))}
      <Panel title={`${rank.length} of ${rank.length + excluded.length} nodes may run it`}>
        <ol class="ranking">
          {rank.map(({ id, name }, i) => (
            <li key={id}>
              <span class="quiet">{i + 1}</span>
              <span class="mono">{nodeText(id, name)}</span>
            </li>
          ))}
          {excluded.map(({ id, name, reason }) => (
            <li key={id} class="out">
              <span>–</span>
              <span class="mono">{nodeText(id, name)}</span>
              <span class="reason">{reason}</span>
            </li>
          ))}
        </ol>
      </Panel>
      {change === 'replaced' && differences.length > 0 ? (
        <Panel title="What changes">
          <Differences differences={differences} before="now" after="then" />
        </Panel>
      ) : null}
    </>
  )
}

/** Somebody was faster: three ways out. */
function Newer(props: { draft: Draft; newer: Base; onChosen: () => void }): VNode {
  const { draft, newer, onChosen } = props
  const ours = draft.document ?? {}
  const { document, clashes } = mergeDocuments(draft.base?.document ?? {}, ours, newer.document)
  const choose = (text: string): void => {
    draft.setBase(newer)
    draft.setText(text)
    onChosen()
  }
  const keys = [...new Set([...Object.keys(newer.document), ...Object.keys(ours)])]
  const differences = keys
    .filter((path) => !isSame(newer.document[path], ours[path]))
    .map((path) => ({ path, before: newer.document[path] ?? null, after: ours[path] ?? null }))
  return (
    <div class="problem" role="alert">
      <strong>Somebody has changed this job since you opened it.</strong>
      <span>Nothing is written yet. Choose, look at it, and save.</span>
      <Differences differences={differences} before="theirs" after="yours" />
      <div class="actions">
        <button type="button" onClick={() => choose(textOf(document))}>
          both changes{clashes.length === 0 ? '' : ` (yours for ${clashes.join(', ')})`}
        </button>
        <button type="button" onClick={() => choose(draft.text)}>
          mine alone
        </button>
        <button type="button" onClick={() => choose(textOf(newer.document))}>
          theirs
        </button>
      </div>
    </div>
  )
}
