// The job that is being written: its text, what the node says to it, and where it stands to the
// version that was read.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Job, JobWrite } from '../answers.ts'
import type { Document } from '../model/form.ts'
import { parseYaml, printYaml } from '../model/yaml-text.ts'
import { apiPath, ask, Refused } from './session.ts'

/** What was read before it was edited. */
export interface Base {
  readonly document: Document
  readonly etag: string
}

export interface Draft {
  readonly text: string
  readonly setText: (text: string) => void
  /** Undefined while the text is no document. */
  readonly document: Document | undefined
  readonly base: Base | undefined
  readonly setBase: (base: Base) => void
  /** The node's answer to this text; undefined while it is asked. */
  readonly preview: JobWrite | undefined
  readonly error: unknown
  readonly save: () => Promise<JobWrite>
}

const quietMs = 250

export const baseOf = ({ document, etag }: Pick<Job, 'document' | 'etag'>): Base => ({
  document,
  etag,
})

export function useDraft(first: string, job: Job | undefined): Draft {
  const [text, setText] = useState(first)
  const [base, setBase] = useState(job === undefined ? undefined : baseOf(job))
  const [answer, setAnswer] = useState<{ text: string; preview?: JobWrite; error?: unknown }>()
  const { document, error: broken } = parseYaml(text)
  const asked = useRef(0)
  useEffect(() => {
    const mine = ++asked.current
    if (document === undefined) return undefined
    const timer = setTimeout(() => {
      const done = (result: { preview?: JobWrite; error?: unknown }): void => {
        if (mine === asked.current) setAnswer({ text, ...result })
      }
      write(document, base, true).then(
        (preview) => done({ preview }),
        (error: unknown) => done({ error }),
      )
    }, quietMs)
    return () => clearTimeout(timer)
  }, [text, base])
  const error = broken === undefined ? answer?.error : new Error(broken)
  const isFresh = answer?.text === text && broken === undefined
  return {
    text,
    setText,
    document,
    base,
    setBase,
    preview: isFresh ? answer.preview : undefined,
    error,
    save: async () => {
      if (document === undefined) throw new Error(broken)
      return await write(document, base, false)
    },
  }
}

/** Asks the node to write it, or what would be if it did. */
async function write(
  document: Document,
  base: Base | undefined,
  dryRun: boolean,
): Promise<JobWrite> {
  const query = dryRun ? { dryRun: 1 } : {}
  if (base === undefined) return await ask('POST', '/jobs', { body: document, query })
  const name = String(base.document['name'])
  const headers: Record<string, string> = dryRun ? {} : { 'if-match': `"${base.etag}"` }
  return await ask('PUT', apiPath`/jobs/${name}`, { body: document, query, headers })
}

/** The version that was written meanwhile, when that is why a write was refused. */
export function newerOf(error: unknown): Base | undefined {
  if (!(error instanceof Refused) || error.status !== 412) return undefined
  const { current, currentDocument } = error.problem ?? {}
  if (current === undefined || currentDocument === undefined) return undefined
  return { etag: current, document: currentDocument }
}

export const textOf = (document: Document): string => printYaml(document)
