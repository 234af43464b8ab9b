// What can be done with a job, each with the command that does the same.

import type { VNode } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { Accepted, Job } from '../answers.ts'
import { commands } from '../model/command.ts'
import { hrefOf } from '../model/route.ts'
import { go } from '../state/place.ts'
import { apiPath, ask } from '../state/session.ts'
import { CommandLine, Problem } from './pieces.tsx'

type Asked = 'pause' | 'delete'

interface Done {
  readonly text: string
  readonly command: string
  readonly href?: string
}

export function JobActions(props: { job: Job; onChange: () => void }): VNode {
  const { job, onChange } = props
  const { name } = job
  const [asked, setAsked] = useState<Asked>()
  const [error, setError] = useState<unknown>(undefined)
  const [done, setDone] = useState<Done>()
  const act = (work: Promise<Done>): void => {
    setError(undefined)
    setAsked(undefined)
    work.then((result) => {
      setDone(result)
      onChange()
    }, setError)
  }
  return (
    <>
      <div class="actions">
        <button type="button" onClick={() => act(run(name))}>
          run now
        </button>
        {job.state === 'paused' ? (
          <button type="button" onClick={() => act(resume(name))}>
            resume
          </button>
        ) : (
          <button type="button" onClick={() => setAsked('pause')}>
            pause
          </button>
        )}
        <a class="button" href={hrefOf(['edit', name])}>
          edit
        </a>
        <button type="button" onClick={() => setAsked('delete')}>
          delete
        </button>
      </div>
      {asked === 'pause' ? (
        <Question
          title={`Pause ${name}?`}
          about="Its ticks are recorded as paused and are not caught up."
          verb="pause"
          hasNote
          command={(note) => commands.pause(name, note)}
          onNo={() => setAsked(undefined)}
          onYes={(note) => act(pause(name, note))}
        />
      ) : null}
      {asked === 'delete' ? (
        <Question
          title={`Delete ${name}?`}
          about="It has no ticks any more, on any node. Its history stays."
          verb="delete"
          command={() => commands.remove(name)}
          onNo={() => setAsked(undefined)}
          onYes={() => act(remove(job))}
        />
      ) : null}
      <Problem error={error} />
      {done === undefined ? null : (
        <div class="done">
          <output>
            {done.text} {done.href === undefined ? null : <a href={done.href}>watch it →</a>}
          </output>
          <CommandLine command={done.command} />
        </div>
      )}
    </>
  )
}

async function run(name: string): Promise<Done> {
  const { execution } = await ask<Accepted>('POST', apiPath`/jobs/${name}/trigger`)
  return {
    text: 'Started.',
    command: commands.run(name),
    href: hrefOf(['executions', execution]),
  }
}

async function pause(name: string, note: string): Promise<Done> {
  await ask('POST', apiPath`/jobs/${name}/pause`, { body: { note } })
  return { text: 'Paused.', command: commands.pause(name, note) }
}

async function resume(name: string): Promise<Done> {
  await ask('POST', apiPath`/jobs/${name}/resume`)
  return { text: 'Resumed.', command: commands.resume(name) }
}

async function remove({ name, etag }: Job): Promise<Done> {
  await ask('DELETE', apiPath`/jobs/${name}`, { headers: { 'if-match': `"${etag}"` } })
  go(hrefOf(['jobs']))
  return { text: 'Deleted.', command: commands.remove(name) }
}

interface QuestionProps {
  readonly title: string
  readonly about: string
  readonly verb: string
  readonly hasNote?: boolean
  readonly command: (note: string) => string
  readonly onYes: (note: string) => void
  readonly onNo: () => void
}

/** A dialog of the browser: it takes the focus, and escape leaves it. */
function Question(props: QuestionProps): VNode {
  const { title, about, verb, hasNote = false, command, onYes, onNo } = props
  const [note, setNote] = useState('')
  const isOpen = useRef(false)
  return (
    <dialog
      aria-label={title}
      ref={(element) => {
        if (element === null || isOpen.current) return
        isOpen.current = true
        element.showModal()
      }}
      onClose={onNo}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          onYes(note)
        }}
      >
        <h2>{title}</h2>
        <p>{about}</p>
        {hasNote ? (
          <label>
            Why, for others
            <input value={note} onInput={({ currentTarget }) => setNote(currentTarget.value)} />
          </label>
        ) : null}
        <CommandLine command={command(note)} />
        <div class="actions">
          <button type="submit" class="first">
            {verb}
          </button>
          <button type="button" onClick={onNo}>
            leave it
          </button>
        </div>
      </form>
    </dialog>
  )
}
