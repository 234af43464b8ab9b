// The output of one attempt as it comes, wherever it is held; taken up again where it broke off.

import { apiPath, Refused, send } from './session.ts'

export interface Tail {
  readonly id: string
  readonly slot: string
  readonly attempt: number
}

export interface TailHandlers {
  readonly text: (text: string) => void
  /** Bytes that the node does not hold any more. */
  readonly dropped: (bytes: number) => void
  readonly trouble: (error: unknown) => void
}

/** Longer output is for a file, not for a page. */
export const tailBytesMax = 4_000_000
const againMs = 1_000

/** Reads to the end of the attempt; true when everything fitted. */
export async function followOutput(
  tail: Tail,
  handlers: TailHandlers,
  signal: AbortSignal,
): Promise<boolean> {
  const decoder = new TextDecoder()
  let offset = 0
  while (!signal.aborted) {
    try {
      const query = { slot: tail.slot, attempt: tail.attempt, offset, follow: 1 }
      const path = apiPath`/executions/${tail.id}/output`
      const { headers, body } = await send('GET', path, { query, signal })
      offset = Number(headers.get('x-output-offset') ?? offset)
      handlers.dropped(Number(headers.get('x-output-dropped') ?? 0))
      for await (const bytes of body!) {
        offset += bytes.length
        handlers.text(decoder.decode(bytes, { stream: true }))
        if (offset > tailBytesMax) return false
      }
      return true
    } catch (error) {
      if (signal.aborted) return true
      handlers.trouble(error)
      // what the node refuses it will refuse again, unless the member comes back
      if (error instanceof Refused && error.status === 404) return true
      await new Promise((resolve) => setTimeout(resolve, againMs))
    }
  }
  return true
}

/** Saves everything that is kept of an attempt as a file. */
export async function downloadOutput({ id, slot, attempt }: Tail): Promise<void> {
  const query = { slot, attempt }
  const response = await send('GET', apiPath`/executions/${id}/output`, { query })
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = `${id.replaceAll(/[^\w.-]/g, '_')}.${attempt}.log`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
