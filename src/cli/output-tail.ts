import type { OutputPage } from './answers.ts'
import { apiPath } from './client.ts'
import type { Client } from './client.ts'
import type { Io } from './io.ts'

export interface Tail {
  readonly slot?: string | undefined
  readonly attempt?: number | undefined
  /** Wait for more until the attempt has ended. */
  readonly follow: boolean
}

const waitMs = 20_000

/** Copies an execution's output to standard output, to its end or to what there is. */
export async function copyOutput(io: Io, client: Client, id: string, tail: Tail): Promise<void> {
  let { slot, attempt } = tail
  let offset = 0
  for (;;) {
    const wait = tail.follow ? waitMs : undefined
    const query = { slot, attempt, offset, wait }
    const page = await client.get<OutputPage>(apiPath`/executions/${id}/output`, query)
    if (page.offset > offset) io.stderr.write(`… ${page.offset - offset} bytes were not kept …\n`)
    const bytes = Buffer.from(page.data, page.encoding === 'utf8' ? 'utf8' : 'base64')
    io.stdout.write(bytes)
    offset = page.offset + bytes.length
    ;({ slot, attempt } = page)
    const isDrained = offset >= page.total || bytes.length === 0
    if (io.signal.aborted || (isDrained && (page.ended || !tail.follow))) return
  }
}
